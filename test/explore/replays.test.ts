/** Recordings of what a search finds in planted lessons. Oracle: a run from the recording alone, event by event. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLANTED } from "../planted/threads/expected.ts";
import { LessonFolder } from "../planted/threads/replays.ts";

const lessons = new LessonFolder();
beforeAll(() => lessons.fill(), 120_000);
afterAll(() => lessons.remove());

/** One lesson of each class; `npm run test:system` replays all. */
const ONE_OF_EACH = PLANTED.filter((one, i) => PLANTED.findIndex((other) => other.class === one.class) === i);

describe("the recording of a finding", () => {
  it.each(ONE_OF_EACH)("is replayed to the same: $class", ({ name }) => lessons.expectReplays(name), 60_000);

  it("says so when the schedule is another one", async () => {
    const deadlock = (await lessons.firstOf("abba")).find(({ schedule }) => schedule.decisions.length > 1)!;
    const lines = deadlock.recording.split("\n");
    const decisions = [...lines.keys()].filter((i) => /schedule.*(vcpu|thread)\d/.test(lines[i]!));
    const second = decisions[1]!;
    const other = lines.with(second, lines[second]!.replace(/(vcpu|thread)\d+/, "thread99")).join("\n");
    expect(lessons.replayed(other).divergence).toBeDefined();
  }, 60_000);
});
