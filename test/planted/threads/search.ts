import { Search, type SearchFinding, type SearchResult } from "../../../host/explore/search.ts";
import type { Finding } from "../../../host/gate/finding.ts";
import { plainPlan } from "../../../host/vm/plain-plan.ts";
import type { VdevPlan } from "../../../host/vm/plan.ts";
import type { FindingClass, Planted } from "./expected.ts";

/** What a finding must be to be of a class. */
const IS: Readonly<Record<FindingClass, (finding: Finding) => boolean>> = {
  race: ({ rule }) => rule === "race",
  deadlock: ({ rule }) => rule === "deadlock",
  "lock-order": ({ rule }) => rule === "lock-order",
  "lock-kept": ({ rule, message }) =>
    rule === "lock" && /^a (callback returned|thread ended) while it held /.test(message),
  unlock: ({ rule, call }) => rule === "lock" && call?.name === "pthread_mutex_unlock",
  "may-block": ({ rule }) => rule === "may-block",
  "blocked-owner": ({ rule }) => rule === "blocked-owner",
  "no-predicate-loop": ({ rule }) => rule === "predicate",
  "lost-wakeup": ({ rule }) => rule === "lost-wakeup",
  alive: ({ rule, message }) => rule === "thread" && message.includes("is still alive after VDEV_CTRL_TERMINATE"),
  starvation: ({ rule }) => rule === "starvation",
  fault: ({ severity, rule }) => severity === "fault" && rule !== "deadlock",
  gate: ({ severity, rule, call }) => severity === "violation" && rule === "phase" && call !== undefined,
};

/** Lines of the lesson that a finding names. */
export function linesIn(finding: Finding, file: string): number[] {
  const frames = [finding.stack, ...(finding.also ?? []).map(({ stack }) => stack)].flat();
  const places = [...frames, ...(finding.accesses ?? []).map(({ place }) => place)];
  return places.flatMap((place) =>
    place?.file?.endsWith(file) === true && place.line !== undefined ? [place.line] : [],
  );
}

/** Whether a finding is the planted mistake: its class, its line, and where it has another half, that too. */
export function isPlanted(found: SearchFinding, planted: Planted): boolean {
  if (found.what.kind !== "finding" || !IS[planted.class](found.what.finding)) return false;
  const lines = linesIn(found.what.finding, planted.file);
  const has = (wanted: readonly number[]) => wanted.length === 0 || wanted.some((line) => lines.includes(line));
  return has(planted.bug) && (planted.class !== "race" || has(planted.with));
}

/** Schedules in which every planted mistake is found, and no time: the same on every machine. */
export const SCHEDULES = 6000;

/** The finding that is the planted mistake. */
export function firstPlanted(found: readonly SearchFinding[], planted: Planted): SearchFinding | undefined {
  return found.find((one) => isPlanted(one, planted));
}

/** Searches one twin of a lesson. @param until ends the search when it is found, of the planted one */
export async function searchLesson(
  module: string,
  planted: Planted,
  budget: { readonly schedules?: number; readonly milliseconds?: number },
  until: boolean,
): Promise<SearchResult> {
  let found = false;
  const search = new Search({
    plan: plainPlan([planOf(module, planted.name)], { cpus: 2 }),
    pieces: [],
    create: {},
    seed: 1,
    ...budget,
    now: () => performance.now(),
    onFound: (one) => {
      found ||= until && isPlanted(one, planted);
    },
    stopped: () => found,
  });
  return search.run();
}

function planOf(file: string, type: string): VdevPlan {
  const loc = { space: "memory", address: 0x1c000000n } as const;
  return { type, file, name: undefined, loc, intr: undefined, policy: undefined, options: () => [] };
}
