import type { Vm } from "./vm.ts";

/**
 * The virtual time guest accesses take. It is summed up beside the clock, as a number, and the clock shows it when an
 * alarm comes due: most accesses cost an addition and a comparison.
 *
 * While the dispatcher goes through a batch, the accesses behind it are counted whenever somebody asks for the time, so
 * that vdevs see the same time as when accesses are made one by one.
 */
export class AccessTime {
  /** Called in a batch in which alarms change: the next may come due earlier. */
  onAlarms: (() => void) | undefined;
  readonly #vm: Vm;
  readonly #accessNs: number;
  /** Time that accesses took and that the clock does not show, and how much of it there may be before an alarm is due. */
  #elapsedNs = 0;
  #untilAlarmNs = CATCH_UP_NS;
  /** In a batch, the record from which on accesses are not yet counted; else -1. */
  #from = -1;
  /** What the count of traps would have been before the ring's first record. */
  #before = 0;

  constructor(vm: Vm, accessNs: number) {
    this.#vm = vm;
    this.#accessNs = accessNs;
  }

  /** Whether accesses take time. */
  get passes(): boolean {
    return this.#accessNs > 0;
  }

  /** To be called behind an access in a VM in which they take time. */
  pass(): void {
    this.#elapsedNs += this.#accessNs;
    if (this.#elapsedNs >= this.#untilAlarmNs) this.#catchUp();
  }

  /** Nanoseconds the clock does not show yet. */
  get elapsedNs(): number {
    if (this.#from >= 0) this.#count((this.#vm.context.trap - this.#before - 1) | 0); // the count may wrap around
    return this.#elapsedNs;
  }

  /** The clock is about to be moved to a time that has them in it. */
  forget(): void {
    this.#elapsedNs = 0;
  }

  /** To be called when an alarm was set, cancelled, or the clock was moved. */
  alarmsChanged(): void {
    this.#untilAlarmNs = Math.min(this.#vm.clock.untilNextNs, CATCH_UP_NS);
    this.onAlarms?.();
  }

  /** How many accesses there are to the one with which the next alarm comes due, that one included; at least 1. */
  get accessesToAlarm(): number {
    if (this.#accessNs === 0) return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.ceil((this.#untilAlarmNs - this.elapsedNs) / this.#accessNs));
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
    if (this.#elapsedNs >= this.#untilAlarmNs) this.#catchUp();
  }

  #count(to: number): void {
    this.#elapsedNs += (to - this.#from) * this.#accessNs;
    this.#from = to;
  }

  /** Lets the clock show the time accesses took, firing what came due. In a VM that has ended nothing fires any more. */
  #catchUp(): void {
    if (this.#vm.ended === undefined) this.#vm.advance(this.#vm.nowNs);
  }
}

/** Most time the clock does not show: below it, sums of numbers are exact. */
const CATCH_UP_NS = 2 ** 52;
