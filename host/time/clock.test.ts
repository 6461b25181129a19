/**
 * Virtual time: alarms fire in the order of their deadlines, those of one instant in the order they were set. The oracle
 * of the random runs is a plain list that is sorted for every step.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Alarm, END_OF_TIME_NS, type SavedAlarms, VirtualClock } from "./clock.ts";

class TestAlarm extends Alarm {
  value = 0;
  readonly #fire: () => void;

  constructor(fire: () => void = () => {}) {
    super();
    this.#fire = fire;
  }

  override fire(): void {
    this.#fire();
  }

  override keep(): number {
    return this.value;
  }

  override putBack(value: number): void {
    this.value = value;
  }
}

function alarm(fire?: () => void): TestAlarm {
  return new TestAlarm(fire);
}

describe("a clock", () => {
  it("stands still until it is moved", () => {
    const clock = new VirtualClock();
    let fired = 0;
    clock.set(
      alarm(() => fired++),
      0n,
    );
    expect([clock.nowNs, fired]).toEqual([0n, 0]);
    clock.advanceTo(0n);
    expect([clock.nowNs, fired]).toEqual([0n, 1]);
  });

  it("fires with the time standing at the deadline, and ends at the target", () => {
    const clock = new VirtualClock();
    const at: bigint[] = [];
    const note = () => at.push(clock.nowNs);
    for (const ns of [30n, 10n, 20n, 41n]) clock.set(alarm(note), ns);
    clock.advanceTo(40n);
    expect(at).toEqual([10n, 20n, 30n]);
    expect(clock.nowNs).toBe(40n);
    expect(clock.nextDeadlineNs).toBe(41n);
    expect(clock.pending).toBe(1);
  });

  it("never goes back", () => {
    const clock = new VirtualClock();
    clock.advanceTo(100n);
    clock.advanceTo(50n);
    expect(clock.nowNs).toBe(100n);
    const at: bigint[] = [];
    clock.set(
      alarm(() => at.push(clock.nowNs)),
      10n,
    );
    clock.advanceTo(100n);
    expect(at).toEqual([100n]);
  });

  it("keeps the order of alarms of one instant, those set meanwhile last", () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const late = alarm(() => order.push("set while firing"));
    const first = alarm(() => {
      order.push("first");
      clock.set(late, 5n);
    });
    clock.set(first, 5n);
    clock.set(
      alarm(() => order.push("second")),
      5n,
    );
    clock.advanceTo(5n);
    expect(order).toEqual(["first", "second", "set while firing"]);
  });

  it("moves an alarm that is set again, also to an earlier time", () => {
    const clock = new VirtualClock();
    const at: bigint[] = [];
    const one = alarm(() => at.push(clock.nowNs));
    for (const ns of [50n, 70n, 20n]) clock.set(one, ns);
    expect(clock.pending).toBe(1);
    clock.advanceTo(100n);
    expect(at).toEqual([20n]);
  });

  it("forgets what was cancelled, even by an alarm of the same instant", () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const victim = alarm(() => order.push("victim"));
    clock.set(
      alarm(() => clock.cancel(victim)),
      5n,
    );
    clock.set(victim, 5n);
    clock.advanceTo(10n);
    expect(order).toEqual([]);
    expect(clock.nextDeadlineNs).toBeUndefined();
    clock.cancel(victim);
  });

  it("keeps nothing of an alarm that is set a million times while time stands", () => {
    const clock = new VirtualClock();
    const one = alarm();
    for (let i = 0; i < 1_000_000; i++) clock.set(one, BigInt(i));
    expect([clock.pending, clock.nextDeadlineNs]).toEqual([1, 999_999n]);
  });

  it("stops early when told to, at the alarm that said so", () => {
    const clock = new VirtualClock();
    let stop = false;
    clock.set(
      alarm(() => {
        stop = true;
      }),
      10n,
    );
    clock.set(
      alarm(() => expect.fail("fired after the stop")),
      20n,
    );
    clock.advanceTo(30n, () => stop);
    expect(clock.nowNs).toBe(10n);
    expect(clock.pending).toBe(1);
  });

  it("puts back what was touched since and nothing else, as long as it is the same state again", () => {
    const clock = new VirtualClock();
    const put: number[] = [];
    const alarms = [0, 1, 2, 3].map((name) => {
      const one = alarm();
      one.putBack = () => put.push(name);
      clock.set(one, BigInt(100 + name));
      return one;
    });
    const saved = clock.save(alarms);
    clock.restore(saved);
    expect(put).toEqual([]);
    clock.set(alarms[2]!, 500n);
    clock.cancel(alarms[1]!);
    clock.set(alarms[2]!, 600n);
    clock.restore(saved);
    expect(put).toEqual([2, 1]);
    clock.restore(saved);
    expect(put).toEqual([2, 1]);
    const other = clock.save(alarms);
    clock.restore(saved);
    clock.restore(other);
    expect(put.slice(2)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it("ends with the last unsigned 64-bit number, where nothing fires any more", () => {
    const clock = new VirtualClock();
    const at: bigint[] = [];
    const note = () => at.push(clock.nowNs);
    const last = alarm(note);
    const [never, moved] = [alarm(note), alarm(note)];
    clock.set(last, END_OF_TIME_NS - 1n);
    clock.set(never, END_OF_TIME_NS);
    clock.set(moved, 5n);
    clock.set(moved, END_OF_TIME_NS + 100n);
    expect([never.isSet, moved.isSet, clock.pending]).toEqual([false, false, 1]);
    clock.advanceTo(END_OF_TIME_NS * 2n);
    expect(at).toEqual([2n ** 64n - 2n]);
    expect(clock.nowNs).toBe(2n ** 64n - 1n);
  });
});

// ---------------------------------------------------------------------------------------------- random operations

const ALARMS = 12;

/** An alarm of the model: its own deadline and how often it was set before, nothing of a heap. */
interface Model {
  now: bigint;
  sets: number;
  set: Map<number, { deadline: bigint; order: number }>;
  /** Period of an alarm that sets itself again when it fires; 0n: it does not. */
  readonly periods: bigint[];
  fired: string[];
}

function modelAdvance(model: Model, target: bigint): void {
  for (;;) {
    const due = [...model.set].filter(([, { deadline }]) => deadline <= target);
    due.sort(([, x], [, y]) => (x.deadline < y.deadline ? -1 : x.deadline > y.deadline ? 1 : x.order - y.order));
    const [first] = due;
    if (first === undefined) break;
    const [name, { deadline }] = first;
    model.set.delete(name);
    if (deadline > model.now) model.now = deadline;
    model.fired.push(`${name} at ${model.now}`);
    const period = model.periods[name]!;
    if (period > 0n) model.set.set(name, { deadline: model.now + period, order: model.sets++ });
  }
  if (target > model.now) model.now = target;
}

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("set" as const), name: fc.nat(ALARMS - 1), ns: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel" as const), name: fc.nat(ALARMS - 1), ns: fc.nat(0) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("step" as const), name: fc.nat(0), ns: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("save" as const), name: fc.nat(2), ns: fc.nat(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restore" as const), name: fc.nat(2), ns: fc.nat(0) }) },
);

describe("any run of operations", () => {
  const periods = fc.array(fc.constantFrom(0n, 0n, 3n, 7n, 20n), { minLength: ALARMS, maxLength: ALARMS });

  it("fires what a sorted list would, in its order and at its times, saved and put back at any moment", () => {
    fc.assert(
      fc.property(periods, fc.array(operation, { maxLength: 120 }), (every, operations) => {
        const model: Model = { now: 0n, sets: 0, set: new Map(), periods: every, fired: [] };
        const clock = new VirtualClock();
        const fired: string[] = [];
        const alarms: TestAlarm[] = every.map((period, name) => {
          const one: TestAlarm = new TestAlarm(() => {
            fired.push(`${name} at ${clock.nowNs}`);
            one.value++;
            if (period > 0n) clock.set(one, clock.nowNs + period);
          });
          return one;
        });
        const saved: (
          | { alarms: SavedAlarms; now: bigint; values: number[]; fired: string[]; model: Model }
          | undefined
        )[] = [];
        for (const { do: what, name, ns } of operations) {
          switch (what) {
            case "set":
              clock.set(alarms[name]!, model.now + BigInt(ns));
              model.set.set(name, { deadline: model.now + BigInt(ns), order: model.sets++ });
              break;
            case "cancel":
              clock.cancel(alarms[name]!);
              model.set.delete(name);
              break;
            case "step":
              clock.advanceTo(clock.nowNs + BigInt(ns));
              modelAdvance(model, model.now + BigInt(ns));
              break;
            case "save":
              saved[name] = {
                alarms: clock.save(alarms),
                now: clock.nowNs,
                values: alarms.map(({ value }) => value),
                fired: [...fired],
                model: { ...model, set: new Map(model.set), fired: [...model.fired] },
              };
              break;
            case "restore": {
              const was = saved[name];
              if (was === undefined) break;
              clock.restore(was.alarms);
              clock.restoreNow(was.now);
              Object.assign(model, { ...was.model, set: new Map(was.model.set), fired: [...was.model.fired] });
              fired.splice(0, fired.length, ...was.fired);
              expect(alarms.map(({ value }) => value)).toEqual(was.values);
              break;
            }
          }
          expect(clock.nowNs).toBe(model.now);
          expect(clock.pending).toBe(model.set.size);
          const deadlines = [...model.set.values()].map(({ deadline }) => deadline);
          expect(clock.nextDeadlineNs).toBe(deadlines.sort((x, y) => (x < y ? -1 : 1))[0]);
        }
        expect(fired).toEqual(model.fired);
      }),
      { numRuns: 300 },
    );
  });
});
