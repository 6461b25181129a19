import type { ModuleInstance } from "./instance.ts";
import { BLOCK_BYTES, DIRTY, type DirtyInstrumentation } from "./passes/dirty.ts";

/** The marks that a module built for fuzzing keeps of what was written; the host adds its own writes. */
export class DirtyBlocks {
  readonly #marks: Uint8Array;
  /** What the module's own copy was made for: only that can be put back by it. */
  keptFor: KeptMemory | undefined;

  constructor(memory: WebAssembly.Memory, { marks }: DirtyInstrumentation) {
    this.#marks = new Uint8Array(memory.buffer, marks.address, marks.length);
  }

  /** The host has written bytes of the module's memory. */
  mark(address: number, length: number): void {
    const last = Math.floor((address + length - 1) / BLOCK_BYTES);
    for (let block = Math.floor(address / BLOCK_BYTES); block <= last; block++) this.#marks[block] = DIRTY;
  }
}

/**
 * A module instance's memory as it was when this was made, to be put back as often as wanted. A module built for
 * fuzzing puts back only what was written since, 1 KiB at a time, inside WebAssembly; of all others everything is copied, but the zeroes at the end.
 */
export class KeptMemory {
  readonly #instance: ModuleInstance;
  /** Up to the last word that is not 0. */
  readonly #bytes: Uint8Array;
  readonly #length: number;

  constructor(instance: ModuleInstance) {
    this.#instance = instance;
    this.#bytes = withoutZeroes(instance.bytes);
    this.#length = instance.bytes.length;
    this.#keep();
  }

  /** Memory grown since is cleared, as it was when it was first added, and taken back where that is possible. */
  restore(): void {
    const instance = this.#instance;
    if (instance.dirty?.keptFor === this) {
      // Asyncify's own stores are not marked.
      for (const [start, end] of instance.coroutines?.blocks() ?? []) instance.dirty.mark(start, end - start);
      if (instance.exports.__vdevbox_reset!() !== 0) instance.memoryGrown();
      return;
    }
    const memory = instance.bytes;
    memory.set(this.#bytes);
    memory.fill(0, this.#bytes.length);
    if (memory.length > this.#length) instance.shrinkMemory(this.#length);
    this.#keep();
  }

  #keep(): void {
    const { dirty, exports } = this.#instance;
    if (dirty === undefined) return;
    exports.__vdevbox_keep!();
    dirty.keptFor = this;
  }
}

/** A copy of memory without the zeroes at its end, often most of it: filling with them is faster than copying them. */
function withoutZeroes(memory: Uint8Array): Uint8Array {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0) end--;
  return memory.slice(0, end << 2);
}
