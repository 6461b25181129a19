/** One way of a condition of the compiled code. */
export interface BranchWay {
  readonly line: number;
  /** Number of the condition in its file. */
  readonly condition: number;
  readonly way: number;
  readonly isTaken: boolean;
}

/** What was reached of one source file. */
export interface FileCoverage {
  readonly file: string;
  /** Lines with code, and whether they were reached. */
  readonly lines: ReadonlyMap<number, boolean>;
  readonly branches: readonly BranchWay[];
}

/** Reads a tracefile of LCOV, as sourceCoverage() writes it; what is no record of one is passed over. */
export function parseLcov(text: string): FileCoverage[] {
  const files: FileCoverage[] = [];
  let lines = new Map<number, boolean>();
  let branches: BranchWay[] = [];
  let file: string | undefined;
  for (const row of text.split("\n")) {
    const at = row.indexOf(":");
    const [kind, rest] = at < 0 ? [row, ""] : [row.slice(0, at), row.slice(at + 1)];
    if (kind === "SF") {
      [file, lines, branches] = [rest, new Map(), []];
    } else if (kind === "DA") {
      const [line, count] = rest.split(",").map(Number);
      if (isLine(line)) lines.set(line, count! > 0);
    } else if (kind === "BRDA") {
      const [line, condition, way, count] = rest.split(",");
      if (isLine(Number(line))) {
        branches.push({
          line: Number(line),
          condition: Number(condition),
          way: Number(way),
          isTaken: Number(count) > 0, // "-" is no number
        });
      }
    } else if (kind === "end_of_record" && file !== undefined) {
      files.push({ file, lines, branches });
      file = undefined;
    }
  }
  return files;
}

function isLine(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && value! > 0;
}
