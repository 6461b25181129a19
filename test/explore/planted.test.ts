/** The planted thread mistakes, searched as `vdevbox explore MODULE` does. Oracle: the remarks in the lessons, and that their twins are correct. */
import { beforeAll, describe, expect, it } from "vitest";
import { PLANTED } from "../planted/threads/expected.ts";
import { expectFound } from "../planted/threads/found.ts";
import { compilePlanted, type Twin } from "../planted/threads/planted.ts";
import { searchLesson } from "../planted/threads/search.ts";
import { moduleFile } from "../support/vm.ts";

/** Schedules of a corrected twin; `npm run test:system` runs 10,000 of each. */
const FEW = 60;

/** One mistake of each class but starvation, which is searched with all a callback's steps; `npm run test:system` has all. */
const SOME = PLANTED.filter(
  (one, i) => one.class !== "starvation" && PLANTED.findIndex((other) => other.class === one.class) === i,
);

const files: Partial<Record<Twin, string>> = {};
beforeAll(async () => {
  for (const twin of ["planted", "fixed"] as const) {
    const { wasm, sourceMap } = await compilePlanted(twin);
    files[twin] = moduleFile(wasm, twin, sourceMap);
  }
}, 120_000);

describe("a planted thread mistake", () => {
  it.each(SOME)("$name is found as $class, with its lines", (planted) => expectFound(files.planted!, planted), 60_000);

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
