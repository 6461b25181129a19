/** Corrected thread mistakes in ten thousand schedules each: no false alarm. Oracle: they are correct. */
import { beforeAll, expect, it } from "vitest";
import { PLANTED } from "../planted/threads/expected.ts";
import { compilePlanted } from "../planted/threads/planted.ts";
import { searchLesson } from "../planted/threads/search.ts";
import { moduleFile } from "../support/vm.ts";

const SCHEDULES = 10_000;

let fixed = "";
beforeAll(async () => {
  const { wasm, sourceMap } = await compilePlanted("fixed");
  fixed = moduleFile(wasm, "fixed", sourceMap);
}, 120_000);

it.each(PLANTED)(
  "nothing is found in the corrected twin of $name",
  async (planted) => {
    const { found, schedules } = await searchLesson(fixed, planted, { schedules: SCHEDULES }, false);
    expect(found.map(({ what }) => (what.kind === "finding" ? what.finding.message : what.kind))).toEqual([]);
    expect(schedules).toBe(SCHEDULES);
  },
  120_000,
);
