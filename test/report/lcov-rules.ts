/** A parser of LCOV tracefiles of its own, from the manual page geninfo(1), section FILES; strict where that is. */
export interface TraceRecord {
  readonly file: string;
  readonly functions: ReadonlyMap<string, { readonly line: number; readonly count: number }>;
  readonly branches: readonly {
    readonly line: number;
    readonly block: string;
    readonly branch: string;
    readonly taken: string;
  }[];
  readonly lines: ReadonlyMap<number, number>;
}

/** @throws Error for what the manual page does not have, or a total that is wrong */
export function readTracefile(text: string): TraceRecord[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end");
  const records = text.split("end_of_record\n");
  if (records.pop() !== "") throw new Error("something stands behind the last record");
  return records.map(readRecord);
}

function readRecord(text: string): TraceRecord {
  const rows = text.trimEnd().split("\n");
  const fields = (key: string, shape: RegExp) =>
    rows
      .filter((row) => row.startsWith(`${key}:`))
      .map((row) => {
        const match = shape.exec(row.slice(key.length + 1));
        if (match === null) throw new Error(`"${row}" is not as geninfo(1) has it`);
        return match.slice(1) as string[];
      });
  const known = /^(TN|SF|FN|FNDA|FNF|FNH|BRDA|BRF|BRH|DA|LF|LH):/;
  for (const row of rows) if (!known.test(row)) throw new Error(`"${row}" is no line of a tracefile`);
  if (!rows[0]!.startsWith("TN:") || !rows[1]!.startsWith("SF:")) throw new Error("a record begins with TN and SF");

  const counts = new Map(fields("FNDA", /^(\d+),(\S+)$/).map(([count, name]) => [name!, Number(count)]));
  const functions = new Map(
    fields("FN", /^(\d+),(\S+)$/).map(([line, name]) => {
      if (!counts.has(name!)) throw new Error(`function ${name} has no FNDA`);
      return [name!, { line: Number(line), count: counts.get(name!)! }];
    }),
  );
  if (counts.size !== functions.size) throw new Error("a function has FNDA and no FN");
  const branches = fields("BRDA", /^([1-9]\d*),(\d+),(\d+),(-|\d+)$/).map(([line, block, branch, taken]) => ({
    ...{ line: Number(line), block: block!, branch: branch!, taken: taken! },
  }));
  const keys = branches.map(({ line, block, branch }) => `${line},${block},${branch}`);
  if (new Set(keys).size !== keys.length) throw new Error("a branch is there twice");
  const lines = new Map(fields("DA", /^([1-9]\d*),(\d+)$/).map(([line, count]) => [Number(line), Number(count)]));

  const total = (key: string) => Number(fields(key, /^(\d+)$/)[0]?.[0]);
  const check = (key: string, is: number) => {
    if (total(key) !== is) throw new Error(`${key} is ${total(key)}, and there are ${is}`);
  };
  check("FNF", functions.size);
  check("FNH", [...counts.values()].filter((count) => count > 0).length);
  check("BRF", branches.length);
  check("BRH", branches.filter(({ taken }) => taken !== "-" && taken !== "0").length);
  check("LF", lines.size);
  check("LH", [...lines.values()].filter((count) => count > 0).length);
  return { file: rows[1]!.slice("SF:".length), functions, branches, lines };
}
