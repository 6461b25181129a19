/**
 * Where virtual time ends: the largest unsigned 64-bit number of nanoseconds, 584 years. Time stops there, so what vdevs
 * see of it never wraps, and a deadline at it or past it never comes.
 */
export const END_OF_TIME_NS = 0xffff_ffff_ffff_ffffn;

/**
 * Something that happens at a time: a timer. It belongs to one clock; while it is set it has one deadline. Times are
 * virtual nanoseconds since the VM was made. The clock keeps `order`, `place` and `touched` in it.
 */
export abstract class Alarm {
  /** Counts while `isSet`. */
  deadlineNs = 0n;
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
  #orders = 0;
  #fired = 0;
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
      if (next.deadlineNs > this.#nowNs) this.#nowNs = next.deadlineNs;
      this.#fired++;
      next.fire();
      if (stop()) return;
    }
    if (target > this.#nowNs) this.#nowNs = target;
  }

  /** Sets the time without firing anything: used when a VM is put back to an earlier state. */
  restoreNow(nowNs: bigint): void {
    this.#nowNs = nowNs;
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
    alarm.order = order;
    if (!alarm.isSet) {
      alarm.place = this.#heap.length;
      this.#heap.push(alarm);
    }
    this.#up(alarm.place);
    this.#down(alarm.place);
  }

  #remove(alarm: Alarm): void {
    const { place } = alarm;
    const last = this.#heap.pop()!;
    alarm.place = -1;
    if (last === alarm) return;
    this.#heap[place] = last;
    last.place = place;
    this.#up(place);
    this.#down(last.place);
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a]!;
    const y = this.#heap[b]!;
    return x.deadlineNs < y.deadlineNs || (x.deadlineNs === y.deadlineNs && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a]!, this.#heap[b]!];
    this.#heap[a] = y;
    this.#heap[b] = x;
    y.place = a;
    x.place = b;
  }

  #up(from: number): void {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.#before(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #down(from: number): void {
    for (let i = from; ; ) {
      const left = 2 * i + 1;
      if (left >= this.#heap.length) return;
      const child = left + 1 < this.#heap.length && this.#before(left + 1, left) ? left + 1 : left;
      if (!this.#before(child, i)) return;
      this.#swap(i, child);
      i = child;
    }
  }
}
