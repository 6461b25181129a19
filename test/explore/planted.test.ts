/** The planted thread mistakes, searched as `vdevbox explore MODULE` does. Oracle: the table of the lessons. */
import { beforeAll, describe, expect, it } from "vitest";
import { PLANTED } from "../planted/threads/expected.ts";
import { compilePlanted, type Twin } from "../planted/threads/planted.ts";
import { isPlanted, searchLesson } from "../planted/threads/search.ts";
import { moduleFile } from "../support/vm.ts";

/** Schedules of a corrected twin; `npm run test:system` runs 10,000 of each. */
const FEW = 60;
/** More than any of them needs, and no time: the same on every machine. */
const ENOUGH = 6000;

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
      const { found, unexplained } = await searchLesson(files.planted!, planted, { schedules: ENOUGH }, true);
      expect(found.some((one) => isPlanted(one, planted))).toBe(true);
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
