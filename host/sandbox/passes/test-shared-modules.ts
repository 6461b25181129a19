import { threadModule } from "../wasm/thread-module.ts";
import { allocatorLockPass } from "./allocator-lock.ts";
import { instrument } from "./instrument.ts";
import type { Pass } from "./pass.ts";
import { sharedGlobalsPass } from "./shared-globals.ts";
import { type Exports, wat } from "./test-modules.ts";

/** Frames of the test modules: 8 KiB of them, of which the upper half becomes words. */
export const FRAMES = 1024;
export const WORDS = 5120;

/** A module with memory and frames as a vdev has them. */
export function vdevText(fields: string, memory = "1 4"): string {
  return `(module ${fields}
    (memory (export "memory") ${memory})
    (global $__vdevbox_frame (export "__vdevbox_frame") i32 (i32.const ${FRAMES})))`;
}

export interface Shared {
  readonly memory: WebAssembly.Memory;
  /** The instance that writes the data. */
  readonly first: Exports;
  /** One more, as for another thread. */
  another(imports?: WebAssembly.Imports): Exports;
}

/** Rewrites a module to be shared, after other passes, and makes its first instance. */
export function shared(
  module: string | Uint8Array,
  {
    before = [],
    imports = {},
    lock = true,
  }: { before?: readonly Pass[]; imports?: WebAssembly.Imports; lock?: boolean } = {},
): Shared {
  const original = typeof module === "string" ? wat(module) : module;
  const passes = [...before, sharedGlobalsPass(), ...(lock ? [allocatorLockPass()] : [])];
  const { bytes } = instrument(original, { id: "test", passes });
  const compiled = new WebAssembly.Module(bytes);
  const [type] = WebAssembly.Module.imports(compiled).filter(({ kind }) => kind === "memory");
  if (type?.name !== "memory") throw new Error("the memory is not imported");
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const instance = (made: WebAssembly.Module, more: WebAssembly.Imports): Exports =>
    new WebAssembly.Instance(made, {
      env: { abort: () => {} },
      ...more,
      vdevbox: { memory, contended: () => {}, ...more.vdevbox },
    }).exports;
  const thread = new WebAssembly.Module(threadModule(bytes, "__vdevbox_start"));
  return { memory, first: instance(compiled, imports), another: (more = imports) => instance(thread, more) };
}
