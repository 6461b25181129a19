/** The planted thread mistakes, searched as `vdevbox explore MODULE` does. Oracle: the table of the lessons. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { PLANTED } from "../planted/threads/expected.ts";
import { compilePlanted, type Twin } from "../planted/threads/planted.ts";
import { firstPlanted, SCHEDULES, searchLesson } from "../planted/threads/search.ts";
import { moduleFile } from "../support/vm.ts";

/** Schedules of a corrected twin; `npm run test:system` runs 10,000 of each. */
const FEW = 60;

const TABLE = readFileSync(join(packageRoot(), "docs/planted-threads.md"), "utf8");

const files: Partial<Record<Twin, string>> = {};
beforeAll(async () => {
  for (const twin of ["planted", "fixed"] as const) {
    const { wasm, sourceMap } = await compilePlanted(twin);
    files[twin] = moduleFile(wasm, twin, sourceMap);
  }
}, 120_000);

describe("a planted thread mistake", () => {
  it.each(PLANTED)(
    "$name is found as $class, with its lines",
    async (planted) => {
      const { found, unexplained } = await searchLesson(files.planted!, planted, { schedules: SCHEDULES }, true);
      const first = firstPlanted(found, planted);
      expect(first).toBeDefined();
      const row = TABLE.split("\n").find((line) => line.startsWith(`| \`${planted.name}\` |`));
      expect(row, "npm run planted writes the table anew").toContain(`| ${first!.schedules} | `);
      expect(unexplained).toBe(0);
    },
    60_000,
  );

  it.each(PLANTED)(
    "$name is not found in its corrected twin",
    async (planted) => {
      const { found, schedules } = await searchLesson(files.fixed!, planted, { schedules: FEW }, false);
      expect(found.map(({ what }) => (what.kind === "finding" ? what.finding.message : what.kind))).toEqual([]);
      expect(schedules).toBe(FEW);
    },
    60_000,
  );
});
