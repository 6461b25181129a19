import type { Thread } from "./thread.ts";

/** Decides whose turn it is. A schedule that depends on nothing but its seed gives the same run each time. */
export interface Schedule {
  /** @param ready at least one thread, the one that has waited longest for its turn first */
  choose(ready: readonly Thread[]): Thread;
  /** Whether the thread in progress gives its turn away before a call to the host. */
  preempts(call: string): boolean;
  /** The thread in progress, whose turn it is again, makes the call before which it gave its turn away. */
  goesOn?(call: string): void;
  /** Where it has come to, for putting a VM back. */
  save(): number;
  restore(saved: number): void;
}

/** Threads go on in the order in which they became able to, and only when the one in progress waits. */
export const IN_ORDER: Schedule = {
  choose: (ready) => ready[0]!,
  preempts: () => false,
  save: () => 0,
  restore: () => {},
};

/** How often a random schedule switches: at one call in this many. */
const SWITCH_EVERY = 4;

/** A schedule that switches at random, from a seed. */
export function seededSchedule(seed: number): Schedule {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const below = (limit: number): number => {
    // xorshift32: small, and the same everywhere.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % limit;
  };
  if (state === 0) state = 1;
  return {
    choose: (ready) => ready[below(ready.length)]!,
    preempts: () => below(SWITCH_EVERY) === 0,
    save: () => state,
    restore: (saved) => {
      state = saved;
    },
  };
}
