import { sep } from "node:path";
import { type Finding, formatFinding, formatFrame, type StackFrame } from "../gate/finding.ts";

/** A finding as the terminal shows it: paths as seen from here, and a recursion in one line. */
export function findingText(finding: Finding): string {
  return fromHere(formatFinding({ ...finding, stack: collapsed(finding.stack) }));
}

/** Equal frames in a row as one, which says how many. */
function collapsed(stack: readonly StackFrame[]): readonly StackFrame[] {
  const runs: { readonly frame: StackFrame; times: number }[] = [];
  for (const frame of stack) {
    const last = runs.at(-1);
    if (last !== undefined && formatFrame(last.frame) === formatFrame(frame)) last.times++;
    else runs.push({ frame, times: 1 });
  }
  return runs.map(({ frame, times }) =>
    times === 1 ? frame : { ...frame, function: `${frame.function} (× ${times})` },
  );
}

/** A text with the files below the working folder named as seen from it. */
export function fromHere(text: string): string {
  const here = process.cwd();
  return here === sep ? text : text.replaceAll(`${here}${sep}`, "");
}
