import type { LineReport } from "../interrupts/lines.ts";

/** Counts that mean that something went wrong, or at least not as the vdev's author may think. */
const TROUBLE = [
  ["lost", "lost"],
  ["spurious", "spurious"],
  ["masked", "while masked"],
  ["storms", "storms"],
] as const;

/** The lines worth a sentence at the end of a run: interrupts lost, spurious, masked or in storms. */
export function troubledLines(lines: readonly LineReport[]): string[] {
  return lines.flatMap((line) => {
    const counts = TROUBLE.flatMap(([name, words]) => (line[name] > 0 ? [`${line[name]} ${words}`] : []));
    if (counts.length === 0) return [];
    const end = line.high ? ", high at the end" : "";
    return [`${line.line} was raised ${times(line.raised)}: ${counts.join(", ")}${end}`];
  });
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
