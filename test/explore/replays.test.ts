/** Recordings of what a search finds in planted lessons. Oracle: a run from the recording alone, event by event. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLANTED } from "../planted/threads/expected.ts";
import { LessonFolder } from "../planted/threads/replays.ts";

const lessons = new LessonFolder();
beforeAll(() => lessons.fill(), 120_000);
afterAll(() => lessons.remove());

/** One lesson of each of these classes; `npm run test:system` replays all lessons. */
const CLASSES = ["race", "deadlock", "lost-wakeup"];
const SOME = CLASSES.map((wanted) => PLANTED.find((one) => one.class === wanted)!);

describe("the recording of a finding", () => {
  it.each(SOME)("is replayed to the same: $class", ({ name }) => lessons.expectReplays(name), 60_000);

  it("says so when the schedule is another one", async () => {
    const deadlock = (await lessons.firstOf("abba")).find(({ schedule }) => schedule.decisions.length > 1)!;
    const lines = deadlock.recording.split("\n");
    const decisions = [...lines.keys()].filter((i) => /schedule.*(vcpu|thread)\d/.test(lines[i]!));
    const second = decisions[1]!;
    const other = lines.with(second, lines[second]!.replace(/(vcpu|thread)\d+/, "thread99")).join("\n");
    expect(lessons.replayed(other).divergence).toBeDefined();
  }, 60_000);
});
