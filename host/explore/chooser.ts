import { ACTOR, type Actor, isFault, kindOf } from "./actor.ts";

/**
 * Decides who goes on. `current` is the thread in progress when it could go on itself, and -1 else; it is one of
 * `enabled` then. Whatever is not a fault comes before faults.
 */
export interface Chooser {
  choose(current: Actor, enabled: readonly Actor[]): Actor;
  /** A schedule begins. */
  begin(): void;
  /** Whether it is asked from the guest's first access to its last only; before and after, nobody is disturbed. */
  readonly guestOnly?: boolean;
  /** Told of whom goes on where there is no choice. */
  only?(actor: Actor): void;
  /** Told of a decision that another one made in the meantime, and that stands among its own. */
  passed?(): void;
}

/** What a run does that nobody disturbs: a thread goes on while it can, the guest before time, nothing fails. */
export function plainChoice(current: Actor, enabled: readonly Actor[]): Actor {
  return current >= 0 ? current : enabled[0]!;
}

/** A generator of random numbers that is the same everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** Unsigned 32-bit, never 0. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** A fault among the choices is taken once in this many decisions. */
const FAULT_EVERY = 12;

/** Switches at random: a thread that could go on loses its turn at one decision in `every`. */
export class RandomChooser implements Chooser {
  readonly #random: Random;
  #every = 2;

  constructor(random: Random) {
    this.#random = random;
  }

  begin(): void {
    this.#every = this.#random.pick([1, 2, 4, 8]);
  }

  choose(current: Actor, enabled: readonly Actor[]): Actor {
    const random = this.#random;
    if (current >= 0 && random.below(this.#every) !== 0) return current;
    return pickWithFaults(random, enabled);
  }
}

/** One of them, of faults only now and then. */
function pickWithFaults(random: Random, enabled: readonly Actor[]): Actor {
  const faults = enabled.findIndex(isFault);
  const plain = faults < 0 ? enabled.length : faults;
  if (plain === 0 || (faults >= 0 && random.below(FAULT_EVERY) === 0)) {
    return enabled[plain + random.below(enabled.length - plain)]!;
  }
  return enabled[random.below(plain)]!;
}

/**
 * Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): every actor has a random priority and the
 * highest goes on; at `depth` - 1 random decisions the one in progress falls below all others. Finds a bug that needs
 * `depth` orderings with a known probability.
 */
export class PctChooser implements Chooser {
  readonly #random: Random;
  readonly #priorities = new Map<Actor, number>();
  #changes: number[] = [];
  #decisions = 0;
  readonly #length: number;
  #lowest = 0;

  /** @param length how many decisions the schedule may have */
  constructor(random: Random, length: number) {
    this.#random = random;
    this.#length = length;
  }

  begin(): void {
    this.#decisions = 0;
    this.#lowest = 0;
    this.#priorities.clear();
    const depth = 1 + this.#random.below(4);
    this.#changes = [];
    for (let i = 1; i < depth; i++) this.#changes.push(this.#random.below(this.#length));
  }

  choose(current: Actor, enabled: readonly Actor[]): Actor {
    const random = this.#random;
    if (current >= 0 && this.#changes.includes(this.#decisions)) this.#priorities.set(current, --this.#lowest);
    this.#decisions++;
    const faults = enabled.findIndex(isFault);
    if (faults >= 0 && random.below(FAULT_EVERY) === 0) return enabled[faults + random.below(enabled.length - faults)]!;
    let best = enabled[0]!;
    let highest = Number.NEGATIVE_INFINITY;
    const end = faults < 1 ? enabled.length : faults;
    for (let i = 0; i < end; i++) {
      const actor = enabled[i]!;
      const priority = this.#priorityOf(actor);
      if (priority <= highest) continue;
      best = actor;
      highest = priority;
    }
    return best;
  }

  #priorityOf(actor: Actor): number {
    let priority = this.#priorities.get(actor);
    if (priority === undefined) {
      priority = this.#random.next();
      this.#priorities.set(actor, priority);
    }
    return priority;
  }
}

/** Lets one vCPU begin undisturbed, while threads have their turns, and then another chooser decides. */
export class QuietlyFirst implements Chooser {
  readonly #vcpu: Actor;
  readonly #hasBegun: () => boolean;
  readonly #then: Chooser;
  readonly #random: Random;

  /** @param hasBegun whether it has come as far as it was to */
  constructor(vcpu: Actor, hasBegun: () => boolean, then: Chooser, random: Random) {
    this.#vcpu = vcpu;
    this.#hasBegun = hasBegun;
    this.#then = then;
    this.#random = random;
  }

  begin(): void {
    this.#then.begin();
  }

  choose(current: Actor, enabled: readonly Actor[]): Actor {
    if (this.#hasBegun()) return this.#then.choose(current, enabled);
    const goesOn = current < 0 && enabled.includes(this.#vcpu) && this.#random.below(2) === 0;
    return goesOn ? this.#vcpu : plainChoice(current, enabled);
  }
}

/** Has the guest and what comes from outside do things in one order, while threads have their turns, and then another chooser decides. */
export class InOrderFirst implements Chooser {
  readonly #order: readonly Actor[];
  readonly #then: Chooser;
  readonly #random: Random;
  #next = 0;

  constructor(order: readonly Actor[], then: Chooser, random: Random) {
    this.#order = order;
    this.#then = then;
    this.#random = random;
  }

  begin(): void {
    this.#next = 0;
    this.#then.begin();
  }

  only(actor: Actor): void {
    if (actor === this.#order[this.#next]) this.#next++;
  }

  choose(current: Actor, enabled: readonly Actor[]): Actor {
    const wanted = this.#order[this.#next];
    if (wanted === undefined) return this.#then.choose(current, enabled);
    if (current >= 0 || !enabled.includes(wanted)) return plainChoice(current, enabled);
    const threadsFirst = kindOf(enabled[0]!) === ACTOR.thread && this.#random.below(2) === 0;
    if (threadsFirst) return enabled[0]!;
    this.#next++;
    return wanted;
  }
}

/** Follows decisions that were made before; where one cannot be followed nobody disturbs, and behind the last another chooser decides. */
export class FollowingChooser implements Chooser {
  readonly #decisions: readonly Actor[];
  readonly #then: Chooser;
  #next = 0;

  constructor(decisions: readonly Actor[], then: Chooser = PLAIN) {
    this.#decisions = decisions;
    this.#then = then;
  }

  begin(): void {
    this.#next = 0;
    this.#then.begin();
  }

  choose(current: Actor, enabled: readonly Actor[]): Actor {
    const wanted = this.#decisions[this.#next++];
    if (wanted === undefined) return this.#then.choose(current, enabled);
    return enabled.includes(wanted) ? wanted : plainChoice(current, enabled);
  }

  passed(): void {
    this.#next++;
  }
}

/** Disturbs nobody: whatever can come to its end does. */
export const PLAIN: Chooser = { begin() {}, choose: plainChoice };
