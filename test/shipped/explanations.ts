/** Branches of a shipped vdev that a campaign did not take, held against what its `uncovered.md` says of them. */
import { basename } from "node:path";
import type { FileCoverage } from "../../host/report/lcov-file.ts";

/** An entry of `uncovered.md`: why ways of the branches of a source line are not taken. */
export interface Explanation {
  /** Name of the source file, without its folder. */
  readonly file: string;
  /** The line's text; with `…` at its end the beginning of it. Every line that has it is meant. */
  readonly text: string;
  /** Ways that are not taken, at most, of all those lines. */
  readonly ways: number;
  readonly why: string;
}

/** Ways of the branches of one line, or of lines with the same text, that were not taken. */
export interface Untaken {
  readonly file: string;
  readonly lines: readonly number[];
  readonly text: string;
  readonly ways: number;
}

export interface Comparison {
  readonly explained: readonly (Untaken & { readonly why: string })[];
  readonly unexplained: readonly Untaken[];
  /** Entries that say more than there is, a sentence each. */
  readonly stale: readonly string[];
}

const ENTRY = /^- `([\w-]+\.ts)` `(.+)` (\d+): (.+)$/;

/**
 * Reads the list of `uncovered.md`: `` - `FILE` `LINE` WAYS: WHY ``, and more of why on lines that are indented. What is no item of a
 * list is text for readers.
 * @throws Error for an item of another form
 */
export function parseExplanations(text: string): Explanation[] {
  const items = text.split(/^(?=- )/m).filter((item) => item.startsWith("- "));
  return items.map((item) => {
    const [first, ...rest] = item.split("\n");
    const more = rest
      .slice(
        0,
        Math.max(
          0,
          rest.findIndex((line) => !/^ +\S/.test(line)),
        ),
      )
      .map((line) => line.trim());
    const line = [first, ...more].join(" ");
    const [, file, source, ways, why] = ENTRY.exec(line) ?? [];
    if (why === undefined) throw new Error(`no "- \`FILE\` \`LINE\` WAYS: WHY": ${line}`);
    return { file: file!, text: source!, ways: Number(ways), why };
  });
}

/** @param textOf the lines of a source file */
export function compare(
  coverage: readonly FileCoverage[],
  textOf: (file: string) => readonly string[],
  explanations: readonly Explanation[],
): Comparison {
  const left = coverage.flatMap((file) => untakenOf(file, textOf(file.file)));
  const explained: (Untaken & { readonly why: string })[] = [];
  const unexplained: Untaken[] = [];
  const stale: string[] = [];
  for (const entry of explanations) {
    const meant = left.filter((one) => basename(one.file) === entry.file && isMeant(entry.text, one.text));
    for (const one of meant) left.splice(left.indexOf(one), 1);
    const ways = meant.reduce((sum, one) => sum + one.ways, 0);
    const lines = meant.flatMap((one) => one.lines);
    if (ways > 0) {
      const { file, text } = meant[0]!;
      explained.push({ file, lines, text, ways: Math.min(ways, entry.ways), why: entry.why });
      if (ways > entry.ways) unexplained.push({ file, lines, text, ways: ways - entry.ways });
    }
    if (ways < entry.ways) {
      const taken = ways === 0 ? "all ways are taken now, or there is no such line" : `${ways} ways are not taken`;
      stale.push(`${entry.file}: \`${entry.text}\` says ${entry.ways}, and ${taken}`);
    }
  }
  return { explained, unexplained: [...left, ...unexplained], stale };
}

function isMeant(pattern: string, text: string): boolean {
  return pattern.endsWith("…") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** Lines with the same text together. */
function untakenOf({ file, branches }: FileCoverage, texts: readonly string[]): Untaken[] {
  const byText = new Map<string, { readonly lines: Set<number>; ways: number }>();
  for (const { line, isTaken } of branches) {
    if (isTaken) continue;
    const text = texts[line - 1]?.trim() ?? "";
    const known = byText.get(text) ?? { lines: new Set(), ways: 0 };
    known.lines.add(line);
    known.ways++;
    byText.set(text, known);
  }
  return [...byText].map(([text, { lines, ways }]) => ({ file, lines: [...lines].sort((a, b) => a - b), text, ways }));
}
