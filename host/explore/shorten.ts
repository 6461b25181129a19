import type { Actor } from "./actor.ts";
import { FollowingChooser, PctChooser, Random, RandomChooser } from "./chooser.ts";
import type { FoundSchedule } from "./found.ts";
import { type Attempt, countOf, lightestOf, UNDISTURBED, weight } from "./lightest.ts";
import type { VcpuStep, Workload } from "./workload.ts";

/** Runs in which one finding's schedule is cut down. */
const RUNS = 400;

/** Schedules that are tried with one access less, where leaving it out changed what the others come to. */
const RANDOM_RUNS = 8;

/** Runs in which then is looked for a lighter one among all there are: of its own accesses, and of each few of them. */
const OWN_RUNS = 600;
const FEWER_RUNS = 60;

/** Of how many accesses every selection is gone through. */
const SELECTED_OF = 5;

/**
 * Looks for the shortest schedule that still leads to a finding: fewer accesses, then fewer switches. First it is cut
 * down as long as that helps, then schedules are gone through from the shortest on.
 * @param attempt runs a workload; the decisions it came to when it leads to the finding, else undefined
 */
export function shorten(found: FoundSchedule, attempt: Attempt): FoundSchedule {
  let best = cutDown(found, attempt);
  const take = (workload: Workload, runs: number): boolean => {
    const decisions = lightestOf(workload, weight(best), runs, attempt);
    if (decisions === undefined) return false;
    best = { ...best, workload, decisions };
    return true;
  };
  take(best.workload, OWN_RUNS);
  if (selections(best.workload).some((workload) => take(workload, FEWER_RUNS))) take(best.workload, OWN_RUNS);
  return best;
}

/** Some of a workload's accesses and not all: the fewest first. */
function selections(workload: Workload): Workload[] {
  const { vcpus } = workload;
  const all = vcpus.flat();
  if (all.length > SELECTED_OF) return [];
  const some: Workload[] = [];
  for (let chosen = 0; chosen < 2 ** all.length - 1; chosen++) {
    const isChosen = (step: VcpuStep) => ((chosen >> all.indexOf(step)) & 1) === 1;
    some.push({ ...workload, vcpus: vcpus.map((steps) => steps.filter(isChosen)) });
  }
  return some.sort((one, other) => countOf(one) - countOf(other));
}

/** Leaves accesses and decisions out as long as that leads to the finding still. */
function cutDown(found: FoundSchedule, attempt: Attempt): FoundSchedule {
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
    again = withoutMemory(() => best, tryIt) || again;
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

/** Leaves guest memory as nobody has written it, piece by piece. */
function withoutMemory(best: () => FoundSchedule, tryIt: TryIt): boolean {
  let better = false;
  for (let i = (best().workload.memory?.length ?? 0) - 1; i >= 0; i--) {
    const { workload, decisions } = best();
    const memory = workload.memory!.filter((_, at) => at !== i);
    if (tryIt({ ...workload, memory }, decisions)) better = true;
  }
  return better;
}

function without(workload: Workload, vcpu: number, index: number): Workload {
  const vcpus = workload.vcpus.map((steps, i) => (i === vcpu ? steps.filter((_, at) => at !== index) : steps));
  return { ...workload, vcpus };
}

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
