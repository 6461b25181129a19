/**
 * The end of the guest while threads do what its last access began. Oracle: the lesson cancelled-with-lock, whose worker keeps
 * its lock when it is cancelled in the middle of one piece of work, and its corrected twin.
 */
import { describe, expect, it } from "vitest";
import { Search } from "../../host/explore/search.ts";
import { parseWorkload } from "../../host/explore/workload.ts";
import { PLANTED } from "../planted/threads/expected.ts";
import { compilePlanted, type Twin } from "../planted/threads/planted.ts";
import { isPlanted } from "../planted/threads/search.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";

/** One access, and none behind it that need not be made. */
const ONCE = parseWorkload("writel 0x1c000000 1", "once.script", 2);
const LESSON = PLANTED.find(({ name }) => name === "cancelled-with-lock")!;

async function search(twin: Twin) {
  const { wasm, sourceMap } = await compilePlanted(twin);
  const plan = vmPlan([vdevPlan(moduleFile(wasm, `ends-${twin}`, sourceMap), { type: LESSON.name })], { cpus: 2 });
  return new Search({ plan, pieces: [], create: {}, seed: 1, schedules: 1000, workload: ONCE, now: () => 0 }).run();
}

describe("the guest's end", () => {
  it("comes between a script's last access and the end of what that began", async () => {
    const { found, unexplained } = await search("planted");
    expect(unexplained).toBe(0);
    expect(found.map((one) => isPlanted(one, LESSON))).toEqual([true]);
    const { text, schedule } = found[0]!;
    expect(schedule.workload.vcpus.flat()).toHaveLength(1);
    expect(text).toMatch(/the guest ends[\s\S]*VDEV_CTRL_TERMINATE/);
  }, 120_000);

  it("is nothing to a thread that gives its lock back", async () => {
    expect((await search("fixed")).found).toEqual([]);
  }, 120_000);
});
