import { type Actor, isFault } from "./actor.ts";
import { type Chooser, FollowingChooser, PctChooser, Random, RandomChooser } from "./chooser.ts";
import type { FoundSchedule } from "./found.ts";
import type { Workload } from "./workload.ts";

/** Runs that one finding may take. */
const RUNS = 400;

/** Schedules that are tried with one access less, where leaving it out changed what the others come to. */
const RANDOM_RUNS = 8;

/**
 * Looks for the shortest schedule that still leads to a finding: fewer accesses, then fewer switches.
 * @param attempt runs a workload; the decisions it came to when it leads to the finding, else undefined
 */
export function shorten(
  found: FoundSchedule,
  attempt: (workload: Workload, chooser: Chooser) => readonly Actor[] | undefined,
): FoundSchedule {
  const random = new Random(1);
  let best = found;
  let runs = 0;
  const tryIt: TryIt = (workload, decisions) => {
    if (runs++ >= RUNS) return false;
    const fewer = countOf(workload) < countOf(best.workload);
    let came = attempt(workload, new FollowingChooser(decisions));
    for (let i = 0; came === undefined && fewer && i < RANDOM_RUNS; i++) {
      runs++;
      came = attempt(
        workload,
        i % 2 === 0 ? new PctChooser(random, best.decisions.length + 1) : new RandomChooser(random),
      );
    }
    if (came === undefined) return false;
    const shorter = { ...best, workload, decisions: came };
    if (weight(shorter) >= weight(best)) return false;
    best = shorter;
    return true;
  };
  tryIt(best.workload, []);
  for (let again = true; again && runs < RUNS; ) {
    again = withoutAccesses(() => best, tryIt);
    again = withoutDecisions(() => best, tryIt) || again;
  }
  return best;
}

type TryIt = (workload: Workload, decisions: readonly Actor[]) => boolean;

/** Leaves accesses out, one by one, from the last. */
function withoutAccesses(best: () => FoundSchedule, tryIt: TryIt): boolean {
  let better = false;
  for (let vcpu = best().workload.vcpus.length - 1; vcpu >= 0; vcpu--) {
    for (let i = (best().workload.vcpus[vcpu]?.length ?? 0) - 1; i >= 0; i--) {
      const { workload, decisions } = best();
      if (tryIt(without(workload, vcpu, i), decisions)) better = true;
    }
  }
  return better;
}

function without(workload: Workload, vcpu: number, index: number): Workload {
  const vcpus = workload.vcpus.map((steps, i) => (i === vcpu ? steps.filter((_, at) => at !== index) : steps));
  return { ...workload, vcpus };
}

/** What stands for "as if nobody disturbed" in decisions to be followed: nobody is called so. */
const UNDISTURBED: Actor = -1;

/** Takes decisions back: all behind a place, then pieces, halving their length. */
function withoutDecisions(best: () => FoundSchedule, tryIt: TryIt): boolean {
  let better = false;
  for (let size = best().decisions.length >> 1; size >= 1; size >>= 1) {
    for (let at = best().decisions.length - size; at >= 0; at -= size) {
      const { workload, decisions } = best();
      if (at >= decisions.length) continue;
      const fewer = decisions.map((actor, i) => (i >= at && i < at + size ? UNDISTURBED : actor));
      if (tryIt(workload, fewer)) better = true;
    }
  }
  return better;
}

/** How long a schedule is to a reader: its accesses, how often it changes from one to another, what goes wrong in it. */
export function weight({ workload, decisions }: Pick<FoundSchedule, "workload" | "decisions">): number {
  const switches = decisions.filter((actor, i) => i > 0 && actor !== decisions[i - 1]).length;
  return countOf(workload) * 1000 + decisions.filter(isFault).length * 100 + switches * 10 + decisions.length / 1000;
}

function countOf({ vcpus }: Workload): number {
  return vcpus.reduce((sum, steps) => sum + steps.length, 0);
}
