import type { GateEntry } from "../../abi/definition/schema.ts";
import type { Finding, StackFrame } from "../gate/finding.ts";
import type { Reachable, Reached } from "./analysis/reach.ts";
import { type EntryPoint, isAfterStart } from "./entry-points.ts";
import type { SourcePlaces } from "./places.ts";
import type { ChainStep, CheckFinding } from "./report.ts";
import { type Breach, breaches } from "./rules.ts";

/** ABI function of an import's function index. */
export type CallsByIndex = ReadonlyMap<number, GateEntry>;

/** What is wrong with what an entry point can reach. */
export function findingsAt(
  point: EntryPoint,
  reachable: Reachable,
  calls: CallsByIndex,
  places: SourcePlaces,
): CheckFinding[] {
  const mayHoldLock = namesOf(reachable, calls).includes("gasp_lock");
  const found: CheckFinding[] = [];
  for (const reached of reachable.imports) {
    const entry = calls.get(reached.callee!);
    if (entry === undefined) continue;
    const chain = places.chain(reached.via);
    for (const breach of breachesEverywhere(entry, point, mayHoldLock)) {
      const { wrong, ...rest } = breach;
      const message = `${point.title} can reach ${entry.name}(), which ${wrong}`;
      found.push({ ...rest, ...whereOf(chain), callback: point.title, call: entry.name, message, chain });
    }
  }
  if (isAfterStart(point)) for (const reached of reachable.marked) found.push(allocation(point, reached, places));
  return found;
}

/** Names of the ABI functions that can be reached, in alphabetical order. */
export function namesOf(reachable: Reachable, calls: CallsByIndex): string[] {
  const names = reachable.imports.map(({ callee }) => calls.get(callee!)?.name);
  return [...new Set(names)].filter((name) => name !== undefined).sort();
}

/** The rules that are broken in whatever situation the callback comes. */
function breachesEverywhere(entry: GateEntry, { contexts }: EntryPoint, mayHoldLock: boolean): readonly Breach[] {
  const [first, ...others] = contexts.map((context) => breaches(entry, context, mayHoldLock));
  return (first ?? []).filter(({ rule }) => others.every((other) => other.some((breach) => breach.rule === rule)));
}

function allocation(point: EntryPoint, { callee, via }: Reached, places: SourcePlaces): CheckFinding {
  const what = callee === undefined ? "memory.grow" : places.functionName(callee);
  const chain = places.chain(via);
  return {
    severity: "warning",
    rule: "allocation",
    callback: point.title,
    message: `${point.title} can allocate memory (${what})`,
    reason: {
      text: "memory is allocated before the guest runs: the stub runtime never gives any back",
      status: "vdevbox",
    },
    ...whereOf(chain),
    chain,
    advice: "Keep state in extra_space, use stack_alloc() for what a callback needs, and cstr() for text.",
  };
}

function whereOf(chain: readonly ChainStep[]): Pick<CheckFinding, "place"> {
  const place = chain.at(-1)?.place;
  return place === undefined ? {} : { place };
}

/** A finding of the module's top level, which really ran. */
export function startFinding(finding: Finding): CheckFinding {
  const chain = finding.stack.map(stepOf).reverse();
  return {
    severity: finding.severity,
    rule: finding.rule,
    callback: "module start",
    ...(finding.call === undefined ? {} : { call: finding.call.name }),
    message: finding.message,
    ...(finding.reason === undefined ? {} : { reason: finding.reason }),
    ...whereOf(chain),
    chain,
    advice: finding.advice,
  };
}

function stepOf(frame: StackFrame): ChainStep {
  const { file, line, column } = frame;
  if (file === undefined) return { function: frame.function };
  const place = {
    file,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
  return { function: frame.function, place };
}

/** Leaves out what says the same of the same line again. */
export function withoutRepeats(findings: readonly CheckFinding[]): CheckFinding[] {
  const seen = new Map<string, CheckFinding>();
  for (const finding of findings) {
    const { callback, rule, call, place, chain } = finding;
    const where = place === undefined ? chain.map((step) => step.function).join(">") : `${place.file}:${place.line}`;
    const key = [callback, rule, call, where].join("|");
    if (!seen.has(key)) seen.set(key, finding);
  }
  return [...seen.values()];
}
