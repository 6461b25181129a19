import { buildCallGraph, type CallGraph } from "../../sandbox/wasm/call-graph.ts";
import { definedFunction, VALUE, type WasmModule } from "../../sandbox/wasm/module.ts";
import { type Body, readBody } from "./body.ts";
import type { Known } from "./constants.ts";
import { constantGlobals } from "./globals.ts";
import { type Effects, effectsOf } from "./interpreter.ts";

/** Contexts of one function beyond which its arguments are no longer told apart: a recursion that counts has no end. */
const CONTEXTS_MAX = 300;
/** Instructions interpreted beyond which no arguments are told apart any more. */
const STEPS_MAX = 20_000_000;

/** One call on the way to something: where it stands, and whether the callee was found through the function table. */
export interface Step {
  readonly caller: number;
  readonly offset: number;
  readonly indirect: boolean;
}

/** Something that can be reached, with the shortest way to it, outermost call first. */
export interface Reached {
  /** Index of the function called; undefined for an instruction of the last step's caller: `memory.grow`. */
  readonly callee: number | undefined;
  readonly via: readonly Step[];
  /** What is known of the arguments, one list for each way the same call is come to with others. */
  readonly args: readonly (readonly Known[])[];
}

export interface Reachable {
  /** Calls of imports, one for each place that makes one. */
  readonly imports: readonly Reached[];
  /** Calls of the functions asked for, and memory growth outside them. */
  readonly marked: readonly Reached[];
}

interface Found extends Reached {
  readonly args: (readonly Known[])[];
}

/** A function with what is known of its arguments. */
interface Node {
  readonly func: number;
  readonly args: readonly Known[];
  readonly parent: Node | undefined;
  /** The call in `parent`. */
  readonly step: Step | undefined;
}

/**
 * What functions of a module can reach over its calls. Direct calls carry constant arguments along; an indirect call
 * reaches every function of its type that the module can address, with arguments as at the call.
 */
export class Reachability {
  readonly #module: WasmModule;
  readonly #graph: CallGraph;
  readonly #globals: ReadonlyMap<number, number>;
  /** Functions that are reported and not looked into. */
  readonly #marked: ReadonlySet<number>;
  readonly #bodies = new Map<number, Body>();
  readonly #effects = new Map<string, Effects>();
  readonly #contexts = new Map<number, number>();
  #steps = 0;

  constructor(module: WasmModule, marked: ReadonlySet<number> = new Set()) {
    this.#module = module;
    this.#graph = buildCallGraph(module);
    this.#globals = constantGlobals(module);
    this.#marked = marked;
  }

  /** All that a function can reach when it is called with these arguments; missing ones are unknown. */
  from(root: number, args: readonly Known[]): Reachable {
    const imports = new Map<string, Found>();
    const marked = new Map<string, Found>();
    const note = (
      into: Map<string, Found>,
      callee: number | undefined,
      node: Node,
      step: Step | undefined,
      args: readonly Known[] = [],
    ) => {
      const key = `${callee}@${step?.caller}:${step?.offset}`;
      const found = into.get(key);
      if (found !== undefined) found.args.push(args);
      else into.set(key, { callee, via: step === undefined ? way(node) : [...way(node), step], args: [args] });
    };
    const seen = new Set<string>();
    const queue: Node[] = [];
    const visit = (func: number, given: readonly Known[], parent: Node | undefined, step: Step | undefined) => {
      const node: Node = { func, args: this.#argumentsOf(func, given), parent, step };
      if (func < this.#module.importedFunctionCount || this.#marked.has(func)) {
        note(this.#marked.has(func) ? marked : imports, func, parent ?? node, step, node.args);
        return;
      }
      const key = keyOf(func, node.args);
      if (seen.has(key)) return;
      seen.add(key);
      queue.push(node);
    };
    visit(root, args, undefined, undefined);
    for (let node = queue[0], next = 1; node !== undefined; node = queue[next++]) {
      const { func } = node;
      const effects = this.#effectsOf(func, node.args);
      for (const offset of effects.grows) note(marked, undefined, node, { caller: func, offset, indirect: false });
      for (const { offset, target, args: given } of effects.calls) {
        const indirect = "type" in target;
        const callees = indirect ? this.#graph.indirectTargets(target.type) : [target.function];
        for (const callee of callees) visit(callee, given, node, { caller: func, offset, indirect });
      }
    }
    return { imports: [...imports.values()], marked: [...marked.values()] };
  }

  /** The i32 arguments that are worth telling apart. */
  #argumentsOf(func: number, given: readonly Known[]): readonly Known[] {
    const { parameters } = this.#module.types[this.#module.functionTypes[func]!]!;
    const args = parameters.map((type, i) => (type === VALUE.i32 ? given[i] : undefined));
    if (args.every((arg) => arg === undefined) || this.#effects.has(keyOf(func, args))) return args;
    const contexts = (this.#contexts.get(func) ?? 0) + 1;
    this.#contexts.set(func, contexts);
    return contexts > CONTEXTS_MAX || this.#steps > STEPS_MAX ? args.map(() => undefined) : args;
  }

  #effectsOf(func: number, args: readonly Known[]): Effects {
    const key = keyOf(func, args);
    let effects = this.#effects.get(key);
    if (effects === undefined) {
      const body = this.bodyOf(func)!;
      this.#steps += body.instructions.length;
      effects = effectsOf(this.#module, this.#globals, body, args);
      this.#effects.set(key, effects);
    }
    return effects;
  }

  /** Functions with the type of a thread's, `void *(*)(void *)`, whose address is taken. */
  threadRoutines(): readonly number[] {
    const isThreads = ({ parameters, results }: WasmModule["types"][number]) =>
      parameters.join() === `${VALUE.i32}` && results.join() === `${VALUE.i32}`;
    const type = this.#module.types.findIndex(isThreads);
    const targets = type < 0 ? [] : this.#graph.indirectTargets(type);
    return targets.filter((func) => func >= this.#module.importedFunctionCount);
  }

  /** The body of a function; undefined for an import. */
  bodyOf(func: number): Body | undefined {
    let body = this.#bodies.get(func);
    if (body === undefined) {
      const defined = definedFunction(this.#module, func);
      if (defined === undefined) return undefined;
      body = readBody(this.#module, defined);
      this.#bodies.set(func, body);
    }
    return body;
  }
}

function keyOf(func: number, args: readonly Known[]): string {
  return `${func}(${args.join()})`;
}

/** The calls from the root to a node. */
function way(node: Node): Step[] {
  const steps: Step[] = [];
  for (let at: Node | undefined = node; at !== undefined; at = at.parent)
    if (at.step !== undefined) steps.push(at.step);
  return steps.reverse();
}
