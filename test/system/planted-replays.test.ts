/** Recordings of what a search finds in every planted lesson. Oracle: a run from the recording alone, event by event. */
import { afterAll, beforeAll, it } from "vitest";
import { PLANTED } from "../planted/threads/expected.ts";
import { LessonFolder } from "../planted/threads/replays.ts";

const lessons = new LessonFolder();
beforeAll(() => lessons.fill(), 120_000);
afterAll(() => lessons.remove());

it.each(PLANTED)("the recordings of $name are replayed to the same", ({ name }) => lessons.expectReplays(name));
