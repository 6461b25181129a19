import { UserError } from "../../errors.ts";
import { callEdges } from "../wasm/call-graph.ts";
import { frameBytes } from "../wasm/frame-size.ts";
import type { FunctionEditor } from "../wasm/function-editor.ts";
import { definedFunction, functionName, VALUE, type WasmModule } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { type StrongComponents, strongComponents } from "../wasm/strong-components.ts";
import { faultIf, globalGet, globalSet, i32Const, limitGlobal, localGet, localTee } from "./instructions.ts";
import { EXPORT, LIMIT, type Pass } from "./pass.ts";

export interface DepthOptions {
  /** Stack that functions on call cycles may take together, in bytes as `frameBytes` estimates. */
  readonly recursionBytes: number;
  /** Stack that the longest chain of calls without a cycle may take, in bytes. */
  readonly chainBytes: number;
}

/**
 * Bounds the engine's stack, so that deep calls end in a fault of the module and never in V8's RangeError, whose depth
 * depends on the machine and on how far the code was optimised.
 *
 * Functions on a cycle of the call graph (indirect calls approximated by type) add their frame's bytes to
 * `__vdevbox_depth` at entry and take them off at every exit; above `recursionBytes`, `__vdevbox_limit` becomes 2 and
 * the module faults. All other functions run at most once between two of those on any path, so that the longest path
 * of the acyclic rest bounds them; a module whose bound exceeds `chainBytes` is refused. One activation thus takes at
 * most `recursionBytes + chainBytes`. Nested activations share `__vdevbox_depth`: n of them take at most
 * `recursionBytes + n * chainBytes`, and the host bounds n.
 *
 * After a fault, and when it switches between threads of a module, the host must set `__vdevbox_depth` itself.
 */
export function depthPass({ recursionBytes, chainBytes }: DepthOptions): Pass {
  for (const bytes of [recursionBytes, chainBytes]) {
    if (!Number.isInteger(bytes) || bytes < 0 || bytes > 2 ** 30) {
      throw new RangeError(`stack limits must be integers from 0 to 2^30, not ${bytes}`);
    }
  }
  return {
    name: "depth",
    key: `depth 1 ${recursionBytes} ${chainBytes}`,
    apply: (rewriter) => boundDepth(rewriter, recursionBytes, chainBytes),
  };
}

function boundDepth(rewriter: ModuleRewriter, recursionBytes: number, chainBytes: number): void {
  const { module } = rewriter;
  const edges = callEdges(rewriter.callGraph);
  const components = strongComponents(edges);
  const frames = module.functionTypes.map((_, index) => {
    const func = definedFunction(module, index);
    return func === undefined ? 0 : frameBytes(module, func);
  });
  refuseLongChains(module, edges, components, frames, chainBytes);
  const cyclic = module.functions.filter(({ index }) => components.isCyclic(index));
  if (cyclic.length === 0) return;
  const depth = rewriter.addGlobal({ type: VALUE.i32, mutable: true, exportAs: EXPORT.depth, onRestore: 0 });
  const limit = limitGlobal(rewriter);
  for (const func of cyclic) countFrame(rewriter.edit(func), depth, limit, frames[func.index], recursionBytes);
}

/**
 * The longest path counted in frame bytes, where functions on cycles count once at the end of a path
 * only by what they call.
 * @throws UserError naming the chain when it is too long.
 */
function refuseLongChains(
  module: WasmModule,
  edges: readonly (readonly number[])[],
  components: StrongComponents,
  frames: readonly number[],
  chainBytes: number,
): void {
  const need = new Array<number>(components.members.length).fill(0);
  const next = new Array<number>(components.members.length).fill(-1);
  for (let component = 0; component < need.length; component++) {
    const members = components.members[component];
    for (const target of members.flatMap((node) => edges[node])) {
      const below = components.componentOf[target];
      if (below !== component && need[below] > need[component]) {
        need[component] = need[below];
        next[component] = below;
      }
    }
    if (!components.isCyclic(members[0])) need[component] += frames[members[0]] ?? 0;
    if (need[component] > chainBytes) {
      throw new UserError(
        `The calls ${describeChain(module, components, next, component)} may take ${need[component]} bytes of stack, ` +
          `more than the ${chainBytes} the sandbox allows; use fewer nested calls or fewer locals.`,
      );
    }
  }
}

const CHAIN_NAMES_MAX = 5;

function describeChain(
  module: WasmModule,
  { members }: StrongComponents,
  next: readonly number[],
  first: number,
): string {
  const names: string[] = [];
  for (let component = first; component >= 0; component = next[component]) {
    const node = members[component][0];
    if (node >= module.functionTypes.length) continue;
    if (names.length === CHAIN_NAMES_MAX) return `${names.join(" > ")} > …`;
    names.push(functionName(module, node));
  }
  return names.join(" > ");
}

function countFrame(editor: FunctionEditor, depth: number, limit: number, bytes: number, most: number): void {
  const reached = editor.addLocal(VALUE.i32);
  editor.prologue([
    ...globalGet(depth),
    ...i32Const(bytes),
    OP.i32Add,
    ...localTee(reached),
    ...i32Const(most),
    OP.i32GtS,
    ...faultIf(limit, LIMIT.depth),
    ...localGet(reached),
    ...globalSet(depth),
  ]);
  editor.epilogue([...localGet(reached), ...i32Const(bytes), OP.i32Sub, ...globalSet(depth)]);
}
