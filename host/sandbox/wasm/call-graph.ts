import type { DefinedFunction, FunctionType, WasmModule } from "./module.ts";
import { OP } from "./opcodes.ts";
import { walkBody } from "./walk.ts";

/** A call in a function body. */
export interface CallSite {
  readonly offset: number;
  /** The callee, or the index of the callee's type for an indirect call. */
  readonly target: { readonly function: number } | { readonly type: number };
}

/**
 * Who may call whom. Indirect calls are approximated by type: they reach every function of the type that the module
 * puts into a table or takes a reference of.
 */
export interface CallGraph {
  /** Call sites of each function by its index; empty for imports. */
  readonly sites: readonly (readonly CallSite[])[];
  /** Functions that element segments or `ref.func` name. */
  readonly addressTaken: ReadonlySet<number>;
  /** Addressable functions of the type, imports included. */
  indirectTargets(typeIndex: number): readonly number[];
}

/** A key equal for types that an indirect call does not tell apart. */
function shape(type: FunctionType): string {
  return `${type.parameters.join()}>${type.results.join()}`;
}

/**
 * Reads all bodies and collects the calls.
 * @throws UserError when a body cannot be read.
 */
export function buildCallGraph(module: WasmModule): CallGraph {
  const addressTaken = new Set<number>();
  for (const { where, index } of module.functionReferences) {
    if (where === "element" || where === "global") addressTaken.add(index);
  }
  const sites: CallSite[][] = module.functionTypes.map(() => []);
  for (const func of module.functions) collectCalls(module, func, sites[func.index], addressTaken);
  const byShape = new Map<string, number[]>();
  for (const index of addressTaken) {
    const key = shape(module.types[module.functionTypes[index]]);
    const group = byShape.get(key);
    if (group === undefined) byShape.set(key, [index]);
    else group.push(index);
  }
  return { sites, addressTaken, indirectTargets: (typeIndex) => byShape.get(shape(module.types[typeIndex])) ?? [] };
}

function collectCalls(module: WasmModule, func: DefinedFunction, sites: CallSite[], addressTaken: Set<number>): void {
  walkBody(module, func, ({ opcode, offset, immediates }) => {
    if (opcode === OP.call) sites.push({ offset, target: { function: immediates[0] } });
    else if (opcode === OP.callIndirect) sites.push({ offset, target: { type: immediates[0] } });
    else if (opcode === OP.refFunc) addressTaken.add(immediates[0]);
  });
}

/**
 * The graph as adjacency lists. Nodes below `functionCount` are functions; one more node for each type called
 * indirectly keeps the lists linear in the size of the module.
 */
export function callEdges(graph: CallGraph): number[][] {
  const functionCount = graph.sites.length;
  const edges: number[][] = [];
  const typeNodes = new Map<number, number>();
  for (const sites of graph.sites) {
    const targets = new Set<number>();
    for (const { target } of sites) targets.add("function" in target ? target.function : typeNode(target.type));
    edges.push([...targets]);
  }
  function typeNode(type: number): number {
    const known = typeNodes.get(type);
    if (known !== undefined) return known;
    const node = functionCount + typeNodes.size;
    typeNodes.set(type, node);
    return node;
  }
  for (const type of typeNodes.keys()) edges.push([...graph.indirectTargets(type)]);
  return edges;
}
