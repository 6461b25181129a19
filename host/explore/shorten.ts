import { accessOf } from "../guests/script/together.ts";
import { ACTOR, type Actor, actorOf, kindOf, whichOf } from "./actor.ts";
import { FollowingChooser, PctChooser, Random, RandomChooser } from "./chooser.ts";
import type { FoundSchedule } from "./found.ts";
import { type Attempt, countOf, lightestOf, UNDISTURBED, weight } from "./lightest.ts";
import type { Began } from "./run-schedule.ts";
import type { VcpuStep, Workload } from "./workload.ts";

/** Runs in which one finding's schedule is cut down. */
const RUNS = 400;

/** Schedules that are tried with one access less, where leaving it out changed what the others come to. */
const RANDOM_RUNS = 8;

/** Runs in which then is looked for a lighter one among all there are: of its own accesses, and of each few of them. */
const OWN_RUNS = 600;
const FEWER_RUNS = 60;

/** And in which values are made plainer. */
const VALUE_RUNS = 300;

/** Of how many accesses every selection is gone through. */
const SELECTED_OF = 5;

/**
 * Looks for the shortest schedule that still leads to a finding: fewer accesses, then fewer switches. First it is cut
 * down as long as that helps, then schedules are gone through from the shortest on, and then values are made plain.
 * @param attempt runs a workload; the decisions it came to when it leads to the finding, else undefined
 * @param began where accesses began in its last run, the first of which was the one that was found
 * @param keepsValues whether what is written stays as it is: a user's script
 */
export function shorten(
  found: FoundSchedule,
  attempt: Attempt,
  began: () => Beginnings,
  keepsValues = false,
): FoundSchedule {
  let best = cutDown(found, attempt, began);
  const take = (workload: Workload, runs: number): boolean => {
    const decisions = lightestOf(workload, weight(best), runs, attempt);
    if (decisions === undefined) return false;
    best = { ...best, workload, decisions };
    return true;
  };
  take(best.workload, OWN_RUNS);
  if (selections(best.workload).some((workload) => take(workload, FEWER_RUNS))) take(best.workload, OWN_RUNS);
  return keepsValues ? best : withPlainValues(best, attempt);
}

/** Makes values that are written 0, or clears the bits that need not be set, high ones first. */
function withPlainValues(found: FoundSchedule, attempt: Attempt): FoundSchedule {
  let best = found;
  let runs = 0;
  for (const [vcpu, steps] of found.workload.vcpus.entries()) {
    for (const [i, { step }] of steps.entries()) {
      if (step.kind !== "write") continue;
      let least = step.value;
      const attemptValue = (value: bigint): boolean => {
        if (value === least || runs++ >= VALUE_RUNS) return false;
        const workload = withValue(best.workload, vcpu, i, value);
        const decisions = attempt(workload, new FollowingChooser(best.decisions));
        if (decisions === undefined || weight({ workload, decisions }) > weight(best)) return false;
        least = value;
        best = { ...best, workload, decisions };
        return true;
      };
      if (attemptValue(0n)) continue;
      for (let bit = 8 * step.width - 1; bit >= 0; bit--) attemptValue(least & ~(1n << BigInt(bit)));
    }
  }
  return best;
}

function withValue(workload: Workload, vcpu: number, index: number, value: bigint): Workload {
  const vcpus = workload.vcpus.map((steps, i) => {
    const { step, access, ...rest } = steps[index] ?? {};
    if (i !== vcpu || step?.kind !== "write" || access === undefined) return steps;
    const written = { ...step, value };
    return steps.with(index, { ...rest, step: written, access: accessOf(written, access.vcpu) });
  });
  return { ...workload, vcpus };
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
function cutDown(found: FoundSchedule, attempt: Attempt, beginnings: () => Beginnings): FoundSchedule {
  const random = new Random(1);
  let best = found;
  let began = beginnings();
  let runs = 0;
  const tryIt: TryIt = (workload, given) => {
    if (runs++ >= RUNS) return false;
    const decisions = given === best.decisions ? withoutThoseOf(given, leftOut(best.workload, workload), began) : given;
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
    began = beginnings();
    return true;
  };
  tryIt(best.workload, []);
  for (let again = true; again && runs < RUNS; ) {
    again = withoutAccesses(() => best, tryIt);
    again = withoutOutside(() => best, tryIt) || again;
    again = withoutMemory(() => best, tryIt) || again;
    again = withoutDecisions(() => best, tryIt) || again;
  }
  return best;
}

type Beginnings = ReadonlyMap<VcpuStep, Began>;

/** Accesses of one workload that another has not. */
function leftOut(from: Workload, fewer: Workload): VcpuStep[] {
  const kept = new Set(fewer.vcpus.flat());
  return from.vcpus.flat().filter((step) => !kept.has(step));
}

/** The decisions as they are when these accesses are never made: their threads have no number then. */
function withoutThoseOf(decisions: readonly Actor[], left: readonly VcpuStep[], began: Beginnings): readonly Actor[] {
  const gone = left.flatMap((step) => began.get(step) ?? []);
  if (gone.length === 0) return decisions;
  const threads = new Set(gone.map(({ thread }) => thread));
  const beginnings = new Set(gone.map((one) => one.decisions - 1));
  return decisions.flatMap((actor, i) => {
    const kind = kindOf(actor);
    if (kind === ACTOR.vcpu && beginnings.has(i)) return [];
    if (kind !== ACTOR.thread && kind !== ACTOR.wake) return [actor];
    const thread = whichOf(actor);
    if (threads.has(thread)) return [];
    return [actorOf(kind, thread - gone.filter((one) => one.thread < thread).length)];
  });
}

type TryIt = (workload: Workload, decisions: readonly Actor[]) => boolean;

/** Leaves accesses out, from the last: many at once first, then one by one. */
function withoutAccesses(best: () => FoundSchedule, tryIt: TryIt): boolean {
  let better = false;
  for (let vcpu = best().workload.vcpus.length - 1; vcpu >= 0; vcpu--) {
    const stepsOf = ({ workload }: FoundSchedule) => workload.vcpus[vcpu] ?? [];
    const leave = (steps: readonly VcpuStep[]): boolean => {
      const { workload, decisions } = best();
      return tryIt({ ...workload, vcpus: workload.vcpus.with(vcpu, steps) }, decisions);
    };
    better = inBlocks(() => stepsOf(best()), leave) || better;
  }
  return better;
}

/** Leaves out what comes from outside. */
function withoutOutside(best: () => FoundSchedule, tryIt: TryIt): boolean {
  return inBlocks(
    () => best().workload.outside,
    (outside) => tryIt({ ...best().workload, outside }, best().decisions),
  );
}

/** Leaves out blocks of a list, from its end, halving their length. @param leave with this list; whether it stays so */
function inBlocks<T>(list: () => readonly T[], leave: (fewer: readonly T[]) => boolean): boolean {
  let better = false;
  for (let size = Math.max(1, list().length >> 1); size >= 1; size >>= 1) {
    for (let end = list().length; end > 0; end -= size) {
      const at = Math.max(0, end - size);
      if (leave(list().toSpliced(at, end - at))) better = true;
    }
  }
  return better;
}

/** Leaves guest memory as nobody has written it. */
function withoutMemory(best: () => FoundSchedule, tryIt: TryIt): boolean {
  return inBlocks(
    () => best().workload.memory ?? [],
    (memory) => tryIt({ ...best().workload, memory }, best().decisions),
  );
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
