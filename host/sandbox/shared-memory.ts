import type { ModuleImports } from "./instance.ts";
import type { SharedModule } from "./load.ts";
import { LOCK, SHARED_HOOKS, SHARED_WORD } from "./passes/pass.ts";

/** Longest time a thread waits for the allocator's lock before it looks again, in milliseconds. */
const LOCK_WAIT = 10;

/** A memory for the instances of a module that parallel threads run. */
export function sharedMemoryFor({ memory }: SharedModule): WebAssembly.Memory {
  return new WebAssembly.Memory({ ...memory, shared: true });
}

/**
 * The imports of such an instance: `imports` and the memory. Unless `imports` say what is to be done while the
 * allocator is another thread's, the thread waits.
 */
export function sharedImports(imports: ModuleImports, memory: WebAssembly.Memory): WebAssembly.Imports {
  const { module, contended, memory: name } = SHARED_HOOKS;
  const wait = (address: number) => waitForLock(memory, address);
  return { ...imports, [module]: { [contended]: wait, ...imports[module], [name]: memory } };
}

/** Waits while the lock at an address is contended: until it may be free, 10 ms at most. */
export function waitForLock(memory: WebAssembly.Memory, address: number): void {
  Atomics.wait(new Int32Array(memory.buffer), address >>> 2, LOCK.contended, LOCK_WAIT);
}

/** Says when a shared memory has grown: its old buffer stays as long as it was, whoever made it grow. */
export class SharedGrowth {
  readonly #memory: WebAssembly.Memory;
  readonly #count: Int32Array;
  #seen = 0;

  constructor(memory: WebAssembly.Memory, { words }: SharedModule) {
    this.#memory = memory;
    this.#count = new Int32Array(memory.buffer, words.address + SHARED_WORD.grown, 1);
  }

  /** Whether memory has grown since `buffer` was last called. */
  get hasHappened(): boolean {
    return this.#count[0] !== this.#seen;
  }

  /** The buffer as long as memory is now. Growing by nothing makes the engine look. */
  buffer(): ArrayBufferLike {
    this.#seen = Atomics.load(this.#count, 0);
    this.#memory.grow(0);
    return this.#memory.buffer;
  }
}
