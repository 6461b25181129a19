import type { Vm } from "./vm.ts";

/**
 * The virtual time guest accesses take. They are counted beside the clock, down to the one with which an alarm comes
 * due, and the clock shows then what they took: most accesses cost a subtraction and a comparison of small integers.
 *
 * While the dispatcher goes through a batch, the accesses behind it are counted whenever somebody asks for the time, so
 * that vdevs see the same time as when accesses are made one by one.
 */
export class AccessTime {
  /** Called in a batch in which alarms change: the next may come due earlier. */
  onAlarms: (() => void) | undefined;
  readonly #vm: Vm;
  readonly #accessNs: number;
  /** Most accesses that are counted before the clock is brought up to date: their time as a number is exact. */
  readonly #most: number;
  /** Accesses to the one with which an alarm may come due, that one included; and how many these were when it was set. */
  #left: number;
  #set: number;
  /** Time that accesses took before that, and that the clock does not show. */
  #earlierNs = 0;
  /** In a batch, the record from which on accesses are not yet counted; else -1. */
  #from = -1;
  /** What the count of traps would have been before the ring's first record. */
  #before = 0;

  constructor(vm: Vm, accessNs: number) {
    this.#vm = vm;
    this.#accessNs = accessNs;
    this.#most = Math.min(COUNT_MAX, Math.floor(EXACT_NS / accessNs)) | 0;
    this.#left = this.#most;
    this.#set = this.#most;
  }

  /** Whether accesses take time. */
  get passes(): boolean {
    return this.#accessNs > 0;
  }

  /** To be called behind an access in a VM in which they take time. @returns whether alarms may have fired */
  pass(): boolean {
    this.#left--;
    if (this.#left > 0) return false;
    this.#catchUp();
    return true;
  }

  /** Nanoseconds the clock does not show yet. */
  get elapsedNs(): number {
    if (this.#from >= 0) this.#count((this.#vm.context.trap - this.#before - 1) | 0); // the count may wrap around
    return this.#earlierNs + (this.#set - this.#left) * this.#accessNs;
  }

  /** The clock is about to be moved to a time that has them in it. */
  forget(): void {
    this.#earlierNs = 0;
    this.#set = this.#left;
  }

  /** To be called when an alarm was set, cancelled, or the clock was moved. */
  alarmsChanged(): void {
    this.#earlierNs = this.elapsedNs;
    const untilAlarmNs = this.#vm.clock.untilNextNs - this.#earlierNs;
    const accesses = this.#accessNs === 0 ? this.#most : Math.ceil(untilAlarmNs / this.#accessNs);
    this.#left = Math.max(1, Math.min(this.#most, accesses)) | 0;
    this.#set = this.#left;
    this.onAlarms?.();
  }

  /** How many accesses there are to the one with which the next alarm comes due, that one included; at least 1. */
  get accessesToAlarm(): number {
    if (this.#accessNs === 0) return Number.POSITIVE_INFINITY;
    if (this.#from >= 0) this.#count((this.#vm.context.trap - this.#before - 1) | 0);
    return Math.max(1, this.#left);
  }

  /** The dispatcher is about to go through a ring from a record on. */
  beginBatch(from: number): void {
    if (this.#accessNs === 0) return;
    this.#from = from;
    this.#before = this.#vm.context.trap - from;
  }

  /** It has come to a record, with no more accesses than `accessesToAlarm` said. What came due with the last one fires. */
  endBatch(to: number): void {
    if (this.#from < 0) return;
    this.#count(to);
    this.#from = -1;
    if (this.#left <= 0) this.#catchUp();
  }

  /** Counts the accesses of a batch up to a record. */
  #count(to: number): void {
    this.#left -= to - this.#from;
    this.#from = to;
  }

  /** Lets the clock show the time accesses took, firing what came due. In a VM that has ended nothing fires any more. */
  #catchUp(): void {
    if (this.#vm.ended === undefined) this.#vm.advance(this.#vm.nowNs);
  }
}

/** A small integer of the engine's. */
const COUNT_MAX = 2 ** 30;
/** Most time the clock does not show: below it, sums of numbers are exact. */
const EXACT_NS = 2 ** 52;
