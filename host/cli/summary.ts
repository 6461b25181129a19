import { counted } from "../plural.ts";
import type { Findings } from "../vm/findings.ts";
import type { SessionEnd } from "./session.ts";

/** Why a run ended. What is wrong with a ROM program is told on a line of its own, and not here once more. */
export function endReason(end: SessionEnd): string {
  return end.guestError === undefined ? end.reason : "the guest failed";
}

/** What a run came to in numbers; what there was none of is left out. */
export function countedFindings(findings: Findings): string {
  const counts = (["violation", "warning", "fault"] as const)
    .map((severity) => [findings.count(severity), severity] as const)
    .filter(([count]) => count > 0)
    .map(([count, severity]) => counted(count, severity));
  return counts.length === 0 ? "no findings" : counts.join(", ");
}

/** `2 of 3 expectations held`; undefined when there were none. */
export function countedExpectations({ script }: SessionEnd): string | undefined {
  if (script === undefined || script.expectations === 0) return undefined;
  return `${script.held} of ${counted(script.expectations, "expectation")} held`;
}
