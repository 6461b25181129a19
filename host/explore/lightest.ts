import { type Actor, isFault } from "./actor.ts";
import { type Chooser, plainChoice } from "./chooser.ts";
import type { FoundSchedule } from "./found.ts";
import type { Workload } from "./workload.ts";

/** Stands for a decision that is not to be followed: nobody is called so. */
export const UNDISTURBED: Actor = -1;

/** Runs a workload; the decisions it came to when it leads to what is looked for, else undefined. */
export type Attempt = (workload: Workload, chooser: Chooser) => readonly Actor[] | undefined;

/** How long a schedule is to a reader: its accesses, what is done besides, what goes wrong in it, how often it changes from one to another. */
export function weight({ workload, decisions }: Pick<FoundSchedule, "workload" | "decisions">): number {
  const switches = decisions.filter((actor, i) => i > 0 && actor !== decisions[i - 1]).length;
  const besides = workload.outside.length + (workload.memory?.length ?? 0);
  const before = countOf(workload) * 1000 + besides * 200;
  return before + decisions.filter(isFault).length * 100 + switches * 10 + decisions.length / 1000;
}

/** Accesses of a workload. */
export function countOf({ vcpus }: Workload): number {
  return vcpus.reduce((sum, steps) => sum + steps.length, 0);
}

/**
 * Goes through the schedules of a workload for the lightest that leads to a finding: first the one that nobody disturbs,
 * then those in which one decision differs from what would follow by itself, then two, and so on. Every schedule is
 * among them once; one whose beginning weighs as much as the lightest so far is left out with all that begin like it. So
 * what is found is the lightest there is, unless there were too many.
 * @param below weight that is to be improved on
 * @param runs schedules that may be run
 * @returns undefined when there is none below that weight
 */
export function lightestOf(
  workload: Workload,
  below: number,
  runs: number,
  attempt: Attempt,
): readonly Actor[] | undefined {
  let lightest: readonly Actor[] | undefined;
  let least = below;
  let left = runs;
  let beginnings: (readonly Actor[])[] = [[]];
  while (beginnings.length > 0) {
    const next: (readonly Actor[])[] = [];
    for (const beginning of beginnings) {
      if (weight({ workload, decisions: beginning }) >= least) continue;
      if (left-- === 0) return lightest;
      const chooser = new BeginningChooser(beginning);
      const decisions = attempt(workload, chooser);
      const came = decisions === undefined ? least : weight({ workload, decisions });
      if (came < least) {
        least = came;
        lightest = decisions;
      }
      next.push(...chooser.differing());
    }
    beginnings = next;
  }
  return lightest;
}

/** Follows a beginning and disturbs nobody after it; keeps who else could have gone on. */
class BeginningChooser implements Chooser {
  readonly #beginning: readonly Actor[];
  #made: Actor[] = [];
  #others: (readonly Actor[])[] = [];

  constructor(beginning: readonly Actor[]) {
    this.#beginning = beginning;
  }

  begin(): void {
    this.#made = [];
    this.#others = [];
  }

  choose(current: Actor, enabled: readonly Actor[]): Actor {
    const wanted = this.#beginning[this.#made.length];
    const chosen = wanted !== undefined && enabled.includes(wanted) ? wanted : plainChoice(current, enabled);
    this.#made.push(chosen);
    this.#others.push(enabled.filter((actor) => actor !== chosen));
    return chosen;
  }

  passed(): void {
    this.#made.push(UNDISTURBED);
    this.#others.push([]);
  }

  /** Beginnings that go on with one other decision, made behind this one. */
  *differing(): Generator<readonly Actor[]> {
    for (let at = this.#beginning.length; at < this.#made.length; at++) {
      for (const other of this.#others[at]!) yield [...this.#made.slice(0, at), other];
    }
  }
}
