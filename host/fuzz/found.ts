import { linesOf } from "../explore/found.ts";
import type { Finding } from "../gate/finding.ts";

/** What stays the same about a finding when another program leads to it: rule and lines, as its author mends it. */
export function causeOf(finding: Finding): string {
  if (finding.compared !== undefined) return [finding.severity, finding.rule, finding.compared.what].join("|");
  if (finding.stack.length > 0 || finding.accesses !== undefined || finding.call !== undefined) {
    return `${finding.severity}|${linesOf(finding)}`;
  }
  return [finding.severity, finding.rule, finding.vdev?.type, finding.message].join("|");
}

/** Whether a finding is worth a program of its own: advice of the manual is told by `run` and `check`. */
export function counts(finding: Finding): boolean {
  return finding.rule !== "advice";
}
