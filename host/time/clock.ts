/** One armed timer. Times are virtual nanoseconds since the VM was made. */
export interface Alarm {
  readonly deadlineNs: bigint;
  /** Called with the clock standing at the deadline. */
  fire(): void;
}

interface Entry {
  readonly deadlineNs: bigint;
  readonly order: number;
  readonly alarm: Alarm;
  cancelled: boolean;
}

/**
 * Virtual time. It stands still while guest and vdevs run and moves only when told to, so a run depends on nothing but
 * its inputs. Alarms fire in order of deadline; those of one instant in the order they were set.
 */
export class VirtualClock {
  #nowNs = 0n;
  #order = 0;
  #fired = 0;
  /** Binary heap by (deadline, order). */
  readonly #heap: Entry[] = [];
  readonly #byAlarm = new Map<Alarm, Entry>();

  get nowNs(): bigint {
    return this.#nowNs;
  }

  /** Alarms that have fired so far. */
  get fired(): number {
    return this.#fired;
  }

  /** Deadlines still to come, cancelled ones left out. */
  get pending(): number {
    return this.#byAlarm.size;
  }

  /** What is set, in the order in which it will fire. */
  alarms(): Alarm[] {
    const entries = [...this.#byAlarm.values()];
    entries.sort((a, b) => (a.deadlineNs === b.deadlineNs ? a.order - b.order : a.deadlineNs < b.deadlineNs ? -1 : 1));
    return entries.map((entry) => entry.alarm);
  }

  set(alarm: Alarm): void {
    const entry: Entry = { deadlineNs: alarm.deadlineNs, order: this.#order++, alarm, cancelled: false };
    this.#byAlarm.set(alarm, entry);
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
  }

  cancel(alarm: Alarm): void {
    const entry = this.#byAlarm.get(alarm);
    if (entry === undefined) return;
    entry.cancelled = true;
    this.#byAlarm.delete(alarm);
  }

  cancelAll(): void {
    this.#heap.length = 0;
    this.#byAlarm.clear();
  }

  /** When the next alarm is due; undefined when none is set. */
  get nextDeadlineNs(): bigint | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.cancelled) this.#pop();
    return this.#heap[0]?.deadlineNs;
  }

  /** Moves time to `targetNs`, firing what is due on the way. Stops early when `stop` says so after an alarm. */
  advanceTo(targetNs: bigint, stop: () => boolean = () => false): void {
    for (;;) {
      const deadline = this.nextDeadlineNs;
      if (deadline === undefined || deadline > targetNs) break;
      const entry = this.#pop();
      this.#byAlarm.delete(entry.alarm);
      if (deadline > this.#nowNs) this.#nowNs = deadline;
      this.#fired++;
      entry.alarm.fire();
      if (stop()) return;
    }
    if (targetNs > this.#nowNs) this.#nowNs = targetNs;
  }

  /** Sets the time without firing anything: used when a VM is put back to an earlier state. */
  restore(nowNs: bigint): void {
    this.#nowNs = nowNs;
  }

  #pop(): Entry {
    const top = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down(0);
    }
    return top;
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a]!;
    const y = this.#heap[b]!;
    return x.deadlineNs < y.deadlineNs || (x.deadlineNs === y.deadlineNs && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
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
