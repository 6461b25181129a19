/**
 * What a vdev module and the host agree on beside the qvm API itself: names and numbers of `abi/runtime`. A module that
 * lacks one of the exports was not built for vdevbox and is refused.
 */

/** Version of this contract; the module's `__vdevbox_abi`. */
export const CONTRACT_VERSION = 1;

/** Bytes of module memory that belong to one activation, and how many a module has. See abi/runtime/frame.ts. */
export const FRAME_BYTES = 512;
export const FRAME_COUNT = 16;

/**
 * Frames that are frames where threads share the module's memory. What follows them, the upper half of the table, holds
 * what the threads share beside memory; see passes/shared-globals.ts.
 */
export const SHARED_FRAME_COUNT = 8;

/** Exports by kind. The functions are what the instrumentation arms fuel at. */
export const REQUIRED_EXPORTS = {
  memory: "memory",
  table: "table",
  __vdevbox_abi: "global",
  __vdevbox_frame: "global",
  __vdevbox_start: "function",
  __vdevbox_alloc: "function",
  __vdevbox_vread: "function",
  __vdevbox_operand: "function",
  __vdevbox_vwrite: "function",
  __vdevbox_call: "function",
} as const;

/** Signatures of exported functions the host calls, as WebAssembly has them. */
export const EXPORT_SIGNATURES: Readonly<Record<string, string>> = {
  __vdevbox_start: "()",
  __vdevbox_alloc: "(i32) -> i32",
  __vdevbox_vread: "(i32, i32, i32, i32, i64, i32) -> i64",
  __vdevbox_operand: "(i32) -> i64",
  __vdevbox_vwrite: "(i32, i32, i32, i32, i64, i32, i64) -> i32",
  __vdevbox_call: "(i32, i32, i32, i32, i32, i32, i32) -> i32",
  vdevbox_invariants: "(i32)",
};

/** What a vdev's author may export for the host to call; see host/vm/invariants.ts. */
export const AUTHORS_EXPORTS: readonly string[] = ["vdevbox_invariants"];

/** C signatures of callbacks, for `__vdevbox_call`; the numbers of abi/runtime/entry.ts. */
export const SHAPE = {
  intIII: 0,
  voidIIII: 1,
  intII: 2,
  voidII: 3,
  intI: 4,
  intIIII: 5,
  msi: 6,
  voidI: 7,
  void: 8,
} as const;

/** Import modules a vdev may name; all else is refused. */
export const IMPORT_MODULES = ["qvm", "posix"] as const;

/** Most memory a vdev module may ask for, in 64 KiB pages (64 MiB). */
export const MEMORY_LIMIT_PAGES = 1024;
