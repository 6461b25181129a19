import { CONTEXTS } from "../../abi/generated/conformance.ts";
import type { Reachability, Reachable } from "./analysis/reach.ts";
import type { EntryPoint } from "./entry-points.ts";
import type { CallsByIndex } from "./findings.ts";
import type { SourcePlaces } from "./places.ts";

/** Calls that make threads. */
const CREATES: ReadonlySet<string> = new Set(["vdev_thread_create", "pthread_create"]);

/** Whether a function given to this call is looked into. */
export function isFollowed(call: string): boolean {
  return CREATES.has(call);
}

interface Analysed {
  readonly point: EntryPoint;
  readonly reachable: Reachable;
}

/**
 * The functions that threads may begin in, as entry points: where something that is reached makes threads, every function
 * of a thread's type whose address the module takes. Which one a call is given stands in memory, and that is not followed.
 */
export function threadPoints(
  analysed: readonly Analysed[],
  reachability: Reachability,
  calls: CallsByIndex,
  places: SourcePlaces,
): EntryPoint[] {
  const maker = analysed.find(({ reachable }) =>
    reachable.imports.some(({ callee }) => CREATES.has(calls.get(callee!)?.name ?? "")),
  );
  if (maker === undefined) return [];
  const contexts = CONTEXTS.filter((context) => context.callback === "thread");
  const { factory } = maker.point;
  return reachability.threadRoutines().map((func) => ({
    title: `thread ${places.functionName(func)}`,
    callback: "thread",
    ...(factory !== undefined && { factory }),
    ...{ func, args: [], contexts, early: [] },
  }));
}
