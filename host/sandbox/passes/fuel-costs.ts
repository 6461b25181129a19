import type { CallGraph } from "../wasm/call-graph.ts";
import { callEdges } from "../wasm/call-graph.ts";
import type { DefinedFunction, WasmModule } from "../wasm/module.ts";
import { definedFunction } from "../wasm/module.ts";
import { OP, PREFIX } from "../wasm/opcodes.ts";
import { strongComponents } from "../wasm/strong-components.ts";
import { walkBody } from "../wasm/walk.ts";

/** One unit of fuel stands for this many bytes of code, at most about half a dozen plain instructions. */
const CODE_BYTES_PER_UNIT = 16;
/** A function costing more bytes than this pays for itself at its entry instead of being paid by its callers. */
const PREPAID_BYTES_MAX = 1024;

/**
 * Instructions that take far longer than their bytes say, counted as that many bytes more: the engine calls out for
 * stores to a table, and synchronises the processor's caches for atomics. Measured on Node 20, so that a unit of any
 * code takes 1 to 20 ns. (Bulk operations are charged by the fuel pass when they run.)
 */
const SLOW_BYTES: ReadonlyMap<number, number> = new Map([
  [OP.tableSet, 128],
  [OP.tableGet, 16],
  [OP.atomicNotify, 64],
  [OP.atomicFence, 64],
]);
/** Of every other atomic instruction. */
const ATOMIC_BYTES = 16;

function slowBytes(opcode: number): number {
  return SLOW_BYTES.get(opcode) ?? (opcode >> 12 === PREFIX.threads ? ATOMIC_BYTES : 0);
}

/**
 * What each check charges, in units of fuel.
 *
 * A *region* is a function body without its loops, or a loop body without inner loops. Inside a region control only
 * moves forward, so that between two charges of a region each of its instructions runs at most once: the bytes of the
 * region bound the work. A region is charged when it is entered, that is at the function's entry and at every turn
 * of a loop. Small functions that only direct calls reach and that are on no cycle are *prepaid*: they carry no check
 * at their entry, and each call site charges their bytes to its own region.
 */
export interface FuelCosts {
  /** Units of the function's own region; undefined for a prepaid function. */
  entry(func: DefinedFunction): number | undefined;
  /** Units of the loop whose `loop` instruction stands at that offset. */
  loop(offset: number): number;
}

export function fuelCosts(module: WasmModule, graph: CallGraph): FuelCosts {
  const components = strongComponents(callEdges(graph));
  const reachedFromOutside = new Set<number>(graph.addressTaken);
  for (const { index } of module.functionReferences) reachedFromOutside.add(index);
  const loopBytes = new Map<number, number>();
  const entryBytes = new Map<number, number>();
  const prepaid = new Map<number, number>();
  // Callees come before callers: edges lead from higher components to lower.
  for (const node of components.members.flat()) {
    const func = definedFunction(module, node);
    if (func === undefined) continue;
    const bytes = regionBytes(module, func, prepaid, loopBytes);
    if (!reachedFromOutside.has(node) && !components.isCyclic(node) && bytes <= PREPAID_BYTES_MAX) {
      prepaid.set(node, bytes);
    } else {
      entryBytes.set(node, bytes);
    }
  }
  const units = (bytes: number) => Math.ceil(bytes / CODE_BYTES_PER_UNIT);
  return {
    entry: ({ index }) => (entryBytes.has(index) ? units(entryBytes.get(index)!) : undefined),
    loop: (offset) => units(loopBytes.get(offset)!),
  };
}

/** Bytes of the function's outermost region; those of its loops go into `loopBytes` by offset. */
function regionBytes(
  module: WasmModule,
  func: DefinedFunction,
  prepaid: ReadonlyMap<number, number>,
  loopBytes: Map<number, number>,
): number {
  // Locals are zeroed and parameters moved at every entry.
  let own = func.localCount + func.type.parameters.length + func.type.results.length;
  const loops: { readonly offset: number; readonly depth: number; bytes: number }[] = [];
  walkBody(module, func, ({ opcode, offset, end, depth, immediates }) => {
    if (opcode === OP.loop) loops.push({ offset, depth, bytes: 0 });
    const loop = loops.at(-1);
    const callee = opcode === OP.call ? (prepaid.get(immediates[0]) ?? 0) : 0;
    const bytes = end - offset + slowBytes(opcode) + callee;
    if (loop === undefined) own += bytes;
    else loop.bytes += bytes;
    if (loop !== undefined && opcode === OP.end && depth === loop.depth) {
      loops.pop();
      loopBytes.set(loop.offset, loop.bytes);
    }
  });
  return own;
}
