/** Oracle: lists and tracefiles written here by hand, after the form that explanations.ts describes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { parseLcov } from "../../host/report/lcov-file.ts";
import { compare, parseExplanations } from "./explanations.ts";

const SOURCE = ["if (a) b();", "  return c ? 1 : 2;", "if (a) b();", "while (d) e();"];

/** Ways as `BRDA` has them: line, condition, way, count. */
function against(list: string, ...ways: readonly string[]) {
  const lcov = ["TN:", "SF:vdevs/x/x.ts", ...ways.map((way) => `BRDA:${way}`), "end_of_record", ""].join("\n");
  return compare(parseLcov(lcov), () => SOURCE, parseExplanations(list));
}

describe("branches that were not taken", () => {
  it("are unexplained when nothing is said of them, whether their condition was decided or not", () => {
    const { unexplained, explained, stale } = against("", "1,0,0,1", "1,0,1,0", "4,1,0,-", "4,1,1,-");
    expect(unexplained.map(({ lines, text, ways }) => [lines, text, ways])).toEqual([
      [[1], "if (a) b();", 1],
      [[4], "while (d) e();", 2],
    ]);
    expect([explained, stale]).toEqual([[], []]);
  });

  it("are explained by the text of their line, wherever it stands", () => {
    const list = "# Why\n\n- `x.ts` `return c ? 1 : 2;` 1: c is never\n  false there.\n\nThe end.\n";
    const { unexplained, explained } = against(list, "2,0,0,1", "2,0,1,0");
    expect(unexplained).toEqual([]);
    expect(explained).toMatchObject([{ lines: [2], ways: 1, why: "c is never false there." }]);
  });

  it("are unexplained as far as they are more than an entry says, over all lines with its text", () => {
    const list = "- `x.ts` `if (a) b();` 1: a is set.\n";
    expect(against(list, "1,0,0,0", "1,0,1,1", "3,1,0,0", "3,1,1,1").unexplained).toMatchObject([
      { lines: [1, 3], ways: 1 },
    ]);
    expect(against(list.replace("1:", "2:"), "1,0,0,0", "3,1,0,0").unexplained).toEqual([]);
  });

  it("are found by the beginning of a long line", () => {
    expect(against("- `x.ts` `while (…` 1: d ends.\n", "4,0,0,0").unexplained).toEqual([]);
    expect(against("- `x.ts` `while (` 1: d ends.\n", "4,0,0,0").unexplained).toHaveLength(1);
    expect(against("- `y.ts` `while (…` 1: of another file.\n", "4,0,0,0").unexplained).toHaveLength(1);
  });

  it("make an entry stale when they are taken, or fewer, or their line is gone", () => {
    const list = "- `x.ts` `if (a) b();` 2: one.\n- `x.ts` `gone();` 1: two.\n";
    const { stale, unexplained } = against(list, "1,0,0,0", "1,0,1,1");
    expect(unexplained).toEqual([]);
    expect(stale).toHaveLength(2);
    expect(stale[0]).toContain("says 2, and 1 ways are not taken");
    expect(against(list, "1,0,0,1", "1,0,1,1").stale[0]).toContain("all ways are taken now");
  });
});

describe("a list of explanations", () => {
  it.each(["- x.ts: no marks", "- `x.ts` `if (a)` many: why", "- `x.ts` `if (a)` 1:"])("is refused: %s", (item) => {
    expect(() => parseExplanations(`${item}\n`)).toThrow("WHY");
  });

  it("names files and lines that there are, for every shipped vdev", () => {
    const vdevs = join(packageRoot(), "vdevs");
    for (const { name } of readdirSync(vdevs, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      const list = parseExplanations(readFileSync(join(vdevs, name, "uncovered.md"), "utf8"));
      for (const { file, text, ways } of list) {
        const lines = readFileSync(join(vdevs, name, file), "utf8").split("\n");
        const meant = text.endsWith("…") ? text.slice(0, -1) : text;
        expect(lines.some((line) => line.trim().startsWith(meant))).toBe(true);
        expect(ways).toBeGreaterThan(0);
      }
    }
  });
});
