/** Campaigns of planted lessons of threads. Oracle: the lines marked in their sources, and the corrected twins. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { LessonModules, linesIn } from "../planted/threads/campaigns.ts";
import { PLANTED } from "../planted/threads/expected.ts";

const lessons = new LessonModules();
beforeAll(() => lessons.make(), 120_000);
afterAll(() => lessons.remove());

/** What a campaign tells of a class of lessons, where that has another name. */
const RULES: Readonly<Record<string, string>> = {
  fault: "abort",
  "lock-kept": "lock",
  unlock: "lock",
  alive: "thread",
};
/** Faults that are no failed assertion. */
const TRAPS = ["count-divides"];
/** Found in a schedule that shows something else of the same mistake first, or by the start of the VM. */
const OTHERWISE = ["lost-wakeup", "no-predicate-loop", "starvation", "timer-made-late"];
const WANTED = PLANTED.filter(({ name }) => !OTHERWISE.includes(name));

it.each(WANTED)("$name is found", async ({ name, class: kind, bug, with: other }) => {
  const rule = TRAPS.includes(name) ? "trap" : (RULES[kind] ?? kind);
  const told = await lessons.campaign(name, "planted", 100_000, { rule });
  expect(told.map(({ finding }) => finding.rule)).toContain(rule);
  // A thread that a campaign ends before its first turn is nowhere yet but where it was made.
  const lines = kind === "alive" ? other : bug;
  if (kind !== "race") expect(told.flatMap(linesIn)).toEqual(expect.arrayContaining([...lines]));
});

it.each(PLANTED)("nothing is told of the twin of $name", async ({ name }) => {
  expect((await lessons.campaign(name, "fixed", 10_000)).map(({ finding }) => finding.message)).toEqual([]);
});

it("a campaign goes on when a thread that only gives its turn away has used up the steps of a callback", async () => {
  const told = await lessons.campaign("starvation", "planted", 3000, { settings: "set vdevbox-steps 20000\n" });
  expect(told.map(({ finding }) => finding.rule)).toContain("limit");
});
