import { dependent, type Footprint } from "../races/footprint.ts";
import type { Races } from "../races/races.ts";

/** What happened between two decisions. */
export interface Step {
  readonly memory: Footprint;
  /** Objects of the host it had to do with: what it waited for, what it signalled. */
  readonly touched: ReadonlySet<object>;
  /** Changes what everybody sees: time, what comes from outside, calls whose effects are not followed further. */
  readonly isGlobal: boolean;
}

/** Whether it makes a difference which of two steps comes first. What is not known counts as if it did. */
export function conflicts(one: Step, other: Step): boolean {
  if (one.isGlobal || other.isGlobal) return true;
  for (const object of one.touched) if (other.touched.has(object)) return true;
  for (const sync of one.memory.syncs) if (other.touched.has(sync)) return true;
  for (const sync of other.memory.syncs) if (one.touched.has(sync)) return true;
  return dependent(one.memory, other.memory);
}

/** Things of the host that calls have to do with, beside the memory and the locks they name. */
const TIME = { name: "time" };
const INTERRUPTS = { name: "interrupts" };
const CHARACTERS = { name: "character devices" };
/** A call that only does what can be seen in memory and in objects that Races is told of. */
const NOTHING = undefined;

/** What calls have to do with; a call that is not here counts as if it changed what everybody sees. */
const CALLS = new Map<string, object | undefined>([
  ...["lock", "trylock", "unlock"].map((what) => [`pthread_mutex_${what}`, NOTHING] as const),
  ...["wait", "signal", "broadcast"].map((what) => [`pthread_cond_${what}`, NOTHING] as const),
  ...["post", "wait", "trywait"].map((what) => [`sem_${what}`, NOTHING] as const),
  ...["pthread_self", "pthread_testcancel", "sched_yield", "(memory)"].map((call) => [call, NOTHING] as const),
  ...["guest_cpu_read", "guest_cpu_write", "vdev_logf", "qvm_report"].map((call) => [call, NOTHING] as const),
  ...["usleep", "delay", "nanosleep", "clock_gettime", "guest_timer_notify"].map((call) => [call, TIME] as const),
  ...["pthread_cond_timedwait", "sem_timedwait", "pthread_mutex_timedlock"].map((call) => [call, TIME] as const),
  ...["guest_intr_signal", "guest_intr_level"].map((call) => [call, INTERRUPTS] as const),
  ...["cdev_read", "cdev_write"].map((call) => [call, CHARACTERS] as const),
]);

/** Collects what happens between two decisions. */
export class StepWatcher {
  readonly #races: Races;
  #touched = new Set<object>();
  #isGlobal = false;
  #isOn = false;

  constructor(races: Races) {
    this.#races = races;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  set isOn(on: boolean) {
    this.#isOn = on;
    this.#races.tracksSteps = on;
  }

  /** A thread makes a call. */
  called(call: string): void {
    if (!this.#isOn) return;
    const object = CALLS.get(call);
    if (object !== undefined) this.#touched.add(object);
    else if (!CALLS.has(call)) this.#isGlobal = true;
  }

  touch(object: object): void {
    if (this.#isOn) this.#touched.add(object);
  }

  global(): void {
    this.#isGlobal = true;
  }

  /** What happened since this was asked last. */
  take(): Step {
    const step = { memory: this.#races.step(), touched: this.#touched, isGlobal: this.#isGlobal };
    this.#races.beginStep();
    this.#touched = new Set();
    this.#isGlobal = false;
    return step;
  }
}
