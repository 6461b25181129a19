/**
 * Where virtual time ends: the largest unsigned 64-bit number of nanoseconds, 584 years. Time stops there, so what vdevs
 * see of it never wraps, and a deadline at it or past it never comes.
 */
export const END_OF_TIME_NS = 0xffff_ffff_ffff_ffffn;

/**
 * Something that happens at a time: a timer. It belongs to one clock; while it is set it has one deadline. Times are
 * virtual nanoseconds since the VM was made. The clock keeps `due`, `order`, `place` and `touched` in it.
 */
export abstract class Alarm {
  /** Counts while `isSet`. */
  deadlineNs = 0n;
  /** The deadline as a number, which compares faster: exact below 2^53, and never in another order. */
  due = 0;
  /** Alarms of one instant fire in this order. */
  order = 0;
  /** Index in the clock's heap; -1: not set. */
  place = -1;
  /** Set, cancelled or fired since the clock was last saved or restored. */
  touched = false;

  get isSet(): boolean {
    return this.place >= 0;
  }

  /** Called with the clock standing at the deadline, the alarm no longer set. */
  abstract fire(): void;

  /** What the owner keeps of the alarm beside its deadline; changes only with the clock's knowledge (`touch`). */
  abstract keep(): unknown;

  /** Puts back what `keep` gave. */
  abstract putBack(kept: unknown): void;
}

interface SavedAlarm {
  readonly isSet: boolean;
  readonly deadlineNs: bigint;
  readonly order: number;
  readonly kept: unknown;
}

/** All alarms at one time. */
export interface SavedAlarms {
  readonly alarms: ReadonlyMap<Alarm, SavedAlarm>;
  readonly orders: number;
}

/**
 * Virtual time. It stands still while guest and vdevs run and moves only when told to, so a run depends on nothing but
 * its inputs. Alarms fire in order of deadline; those of one instant in the order they were set. Setting, cancelling
 * and firing cost the logarithm of how many are set, and a cancelled alarm leaves nothing behind.
 */
export class VirtualClock {
  #nowNs = 0n;
  /** The same as a number. */
  #now = 0;
  #orders = 0;
  #fired = 0;
  /** Told before the time becomes another. */
  onMoved: (() => void) | undefined;
  /** Binary heap by (deadline, order). */
  readonly #heap: Alarm[] = [];
  /** What `#touched` is relative to. */
  #base: SavedAlarms | undefined;
  readonly #touched: Alarm[] = [];

  get nowNs(): bigint {
    return this.#nowNs;
  }

  /** Alarms that have fired so far. */
  get fired(): number {
    return this.#fired;
  }

  /** Deadlines still to come. */
  get pending(): number {
    return this.#heap.length;
  }

  /** When the next alarm is due; undefined when none is set. */
  get nextDeadlineNs(): bigint | undefined {
    return this.#heap[0]?.deadlineNs;
  }

  /** Nanoseconds to the next alarm, 0 when it is overdue; infinity when none is set. Exact below 2^53. */
  get untilNextNs(): number {
    const next = this.#heap[0];
    if (next === undefined) return Number.POSITIVE_INFINITY;
    if (next.due <= Number.MAX_SAFE_INTEGER) return Math.max(0, next.due - this.#now);
    return next.deadlineNs <= this.#nowNs ? 0 : Number(next.deadlineNs - this.#nowNs);
  }

  /** Sets an alarm, or moves it when it is set already. At or past the end of time it will never fire: it is cancelled. */
  set(alarm: Alarm, deadlineNs: bigint): void {
    if (deadlineNs >= END_OF_TIME_NS) {
      this.cancel(alarm);
      return;
    }
    this.touch(alarm);
    this.#place(alarm, deadlineNs, this.#orders++);
  }

  cancel(alarm: Alarm): void {
    if (!alarm.isSet) return;
    this.touch(alarm);
    this.#remove(alarm);
  }

  cancelAll(): void {
    for (const alarm of this.#heap) {
      this.touch(alarm);
      alarm.place = -1;
    }
    this.#heap.length = 0;
  }

  /** To be called before an alarm's owner changes what it keeps of it. */
  touch(alarm: Alarm): void {
    if (alarm.touched) return;
    alarm.touched = true;
    this.#touched.push(alarm);
  }

  /** Moves time to `targetNs`, firing what is due on the way. Stops early when `stop` says so after an alarm. */
  advanceTo(targetNs: bigint, stop: () => boolean = () => false): void {
    const target = targetNs < END_OF_TIME_NS ? targetNs : END_OF_TIME_NS;
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.deadlineNs > target) break;
      this.touch(next);
      this.#remove(next);
      if (next.deadlineNs > this.#nowNs) this.restoreNow(next.deadlineNs);
      this.#fired++;
      next.fire();
      if (stop()) return;
    }
    if (target > this.#nowNs) this.restoreNow(target);
  }

  /** Sets the time without firing anything: used when a VM is put back to an earlier state. */
  restoreNow(nowNs: bigint): void {
    if (nowNs !== this.#nowNs) this.onMoved?.();
    this.#nowNs = nowNs;
    this.#now = Number(nowNs);
  }

  /** The state of these alarms, which must be all there are, set or not. */
  save(alarms: Iterable<Alarm>): SavedAlarms {
    const all = new Map<Alarm, SavedAlarm>();
    for (const alarm of alarms) {
      const { isSet, deadlineNs, order } = alarm;
      all.set(alarm, { isSet, deadlineNs, order, kept: alarm.keep() });
    }
    this.#base = { alarms: all, orders: this.#orders };
    this.#forgetTouched();
    return this.#base;
  }

  /** Puts alarms back; those that were not there are cancelled. Costs what was touched since, when nothing else was restored. */
  restore(saved: SavedAlarms): void {
    if (saved === this.#base) {
      for (const alarm of this.#touched) this.#putBack(alarm, saved.alarms.get(alarm));
    } else {
      for (const alarm of this.#heap) alarm.place = -1;
      this.#heap.length = 0;
      for (const [alarm, was] of saved.alarms) this.#putBack(alarm, was);
      this.#base = saved;
    }
    this.#orders = saved.orders;
    if (this.#touched.length > 0) this.#forgetTouched();
  }

  #forgetTouched(): void {
    for (const alarm of this.#touched) alarm.touched = false;
    this.#touched.length = 0;
  }

  #putBack(alarm: Alarm, was: SavedAlarm | undefined): void {
    if (was?.isSet === true) this.#place(alarm, was.deadlineNs, was.order);
    else if (alarm.isSet) this.#remove(alarm);
    if (was !== undefined) alarm.putBack(was.kept);
  }

  // ------------------------------------------------------------------------------------------------------- heap

  #place(alarm: Alarm, deadlineNs: bigint, order: number): void {
    alarm.deadlineNs = deadlineNs;
    alarm.due = Number(deadlineNs);
    alarm.order = order;
    const heap = this.#heap;
    if (!alarm.isSet) {
      alarm.place = heap.length;
      heap.push(alarm);
    }
    this.#settle(alarm, alarm.place);
  }

  #remove(alarm: Alarm): void {
    const { place } = alarm;
    const last = this.#heap.pop()!;
    alarm.place = -1;
    if (last !== alarm) this.#settle(last, place);
  }

  /** Puts an alarm into the heap at or near a place that is free for it, where it belongs. */
  #settle(alarm: Alarm, free: number): void {
    const at = this.#up(alarm, free);
    this.#put(alarm, at === free ? this.#down(alarm, free) : at);
  }

  #put(alarm: Alarm, place: number): void {
    this.#heap[place] = alarm;
    alarm.place = place;
  }

  /** Moves those down that come after an alarm. @returns the place that is then free for it */
  #up(alarm: Alarm, from: number): number {
    let free = from;
    while (free > 0) {
      const place = (free - 1) >> 1;
      const parent = this.#heap[place]!;
      if (!isBefore(alarm, parent)) break;
      this.#put(parent, free);
      free = place;
    }
    return free;
  }

  /** Moves those up that come before an alarm. @returns the place that is then free for it */
  #down(alarm: Alarm, from: number): number {
    const heap = this.#heap;
    let free = from;
    for (let place = 2 * free + 1; place < heap.length; place = 2 * free + 1) {
      if (place + 1 < heap.length && isBefore(heap[place + 1]!, heap[place]!)) place++;
      const child = heap[place]!;
      if (!isBefore(child, alarm)) break;
      this.#put(child, free);
      free = place;
    }
    return free;
  }
}

/** Whether one alarm fires before another: it is due earlier, or was set earlier for the same instant. */
function isBefore(a: Alarm, b: Alarm): boolean {
  if (a.due !== b.due) return a.due < b.due;
  if (a.due > Number.MAX_SAFE_INTEGER && a.deadlineNs !== b.deadlineNs) return a.deadlineNs < b.deadlineNs;
  return a.order < b.order;
}
