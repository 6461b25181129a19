import type { Finding, FoundAccess } from "../gate/finding.ts";
import type { Actor } from "./actor.ts";
import type { FailedExpectation } from "./run-schedule.ts";
import type { Workload } from "./workload.ts";

/** A schedule: what the guest does, and who went on whenever there was a choice. */
export interface FoundSchedule {
  readonly workload: Workload;
  readonly decisions: readonly Actor[];
  /** Words of each module where threads could lose their turn, when memory accesses count. */
  readonly shared: SharedWords;
}

/** By module instance; see Races. */
export type SharedWords = readonly (readonly number[])[];

/** What a search found: what a vdev did wrong, an expectation that did not hold, answers that make no sense. */
export type FoundWhat =
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "expectation"; readonly failed: FailedExpectation }
  /** Answers that no order of the same accesses gives when they are made one at a time. */
  | { readonly kind: "order"; readonly answers: readonly string[] };

/** What stays the same about a finding when another schedule leads to it. */
export function identityOf(what: FoundWhat): string {
  if (what.kind === "order") return "order";
  if (what.kind === "expectation") {
    const { place } = what.failed.step.expectation!;
    return `expect ${place.file}:${place.line}`;
  }
  const { severity, rule, call, stack, vdev, message, accesses } = what.finding;
  const frame = stack[0];
  if (accesses !== undefined) return [rule, vdev?.name, ...placesOf(accesses)].join("|");
  if (call === undefined) return [severity, rule, vdev?.name, message].join("|");
  return [severity, rule, vdev?.name, call.name, frame?.file, frame?.line].join("|");
}

/** Two findings of one kind about the same lines are one to whoever mends them, whichever threads were in it. */
export function linesOf(finding: Finding): string {
  if (finding.accesses !== undefined) return [finding.rule, ...placesOf(finding.accesses)].join("|");
  const places = [finding.stack, ...(finding.also ?? []).map(({ stack }) => stack)].map(([frame]) =>
    frame === undefined ? "" : `${frame.file}:${frame.line}`,
  );
  return [finding.rule, finding.call?.name, ...places.toSorted()].join("|");
}

function placesOf(accesses: readonly FoundAccess[]): string[] {
  return accesses.map(({ place, writes }) => `${place?.file}:${place?.line} ${writes}`).toSorted();
}
