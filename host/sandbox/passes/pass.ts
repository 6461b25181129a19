import { AUTHORS_EXPORTS } from "../contract.ts";
import type { FunctionImport } from "../wasm/additions.ts";
import type { WasmModule } from "../wasm/module.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";

/** One instrumentation. Passes compose: each adds to the same rewriting of a module, none sees another's code. */
export interface Pass {
  readonly name: string;
  /** Equal for passes that do the same to every module: name, version and options. For the cache. */
  readonly key: string;
  /** Functions the pass needs from the host. */
  imports?(module: WasmModule): readonly FunctionImport[];
  /**
   * Adds what the pass does. `imports` are the indices of its imports, in their order.
   * @throws UserError when the module cannot be instrumented.
   */
  apply(rewriter: ModuleRewriter, imports: readonly number[]): void;
}

const RESERVED_PREFIX = "__vdevbox_";

/** Whether the host calls an exported function of that name, each time as one activation. */
export function isEntry(name: string): boolean {
  return name.startsWith(RESERVED_PREFIX) || AUTHORS_EXPORTS.includes(name);
}

/** What the exported global `__vdevbox_limit` says after a fault. */
export const LIMIT = { none: 0, fuel: 1, depth: 2 } as const;
export type Limit = (typeof LIMIT)[keyof typeof LIMIT];

/** Names of what the passes export. Globals are mutable i32. */
export const EXPORT = {
  fuel: "__vdevbox_fuel",
  fuelBudget: "__vdevbox_fuel_budget",
  fuelRest: "__vdevbox_fuel_rest",
  depth: "__vdevbox_depth",
  limit: "__vdevbox_limit",
  save: "__vdevbox_save",
  restore: "__vdevbox_restore",
  peek: "__vdevbox_peek",
  /** With a number behind: the n-th of the module's mutable globals that are numbers, as `peek` last saw it. */
  peeked: "__vdevbox_peeked_",
} as const;

/** What the memory-access pass, and whoever reserves memory, adds to imports and exports. */
export const MEMORY_HOOKS = {
  module: "vdevbox",
  access: "access",
  bulk: "bulk",
  grown: "grown",
  /** In a build for fuzzing: an access ends with a lock that was taken inside the module; see QuickCallsPass. */
  kept: "kept",
  grow: "__vdevbox_grow",
  /** Exported global: the pages the module has, as it sees them. */
  pages: "__vdevbox_pages",
} as const;

/** Functions that the passes for fuzzing export. */
export const FUZZ_EXPORT = {
  novel: "__vdevbox_novel",
  clearEdges: "__vdevbox_clear_edges",
  keep: "__vdevbox_keep",
  reset: "__vdevbox_reset",
  clearComparisons: "__vdevbox_clear_comparisons",
} as const;

/** The words behind the cells of the memory-access pass, and what cells and words are made of. */
export const SHADOW = {
  /** The epoch in progress, times 32, marked; twice, for accesses of 8 bytes. */
  epoch: 0,
  /** Number of the author's call in progress, marked; for accesses of the library. */
  caller: 8,
  /** Two cells of 4 bytes for each global, that of reads first; each a copy of the epoch's word. */
  globals: 64,
  writeCell: 4,
  /** Set in all these words, and in no cell of memory. */
  mark: 0x40000000,
  /** Set in the cells of writes. */
  write: 0x80000000,
  /** Which bytes of its word a cell shows as touched. */
  bytes: 15,
  /** An epoch's place in a cell. */
  epochShift: 5,
} as const;

/** What a module imports whose memory threads share, all from `vdevbox`. */
export const SHARED_HOOKS = {
  module: "vdevbox",
  /** The shared memory. */
  memory: "memory",
  /** Function of an address: waits while the word there is LOCK.contended, or for a while. */
  contended: "contended",
} as const;

/** Words at the start of what threads share beside the module's memory. */
export const SHARED_WORD = {
  /** Guards the allocator; see LOCK. */
  lock: 0,
  /** Counts how often memory has grown. */
  grown: 4,
  /** From here on: the module's mutable globals. */
  globals: 16,
} as const;

/** States of a lock's word. */
export const LOCK = { free: 0, taken: 1, contended: 2 } as const;
