/** Virtual time: alarms fire in the order of their deadlines, those of one instant in the order they were set. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Alarm, VirtualClock } from "./clock.ts";

function alarm(deadlineNs: bigint, fire: () => void = () => {}): Alarm {
  return { deadlineNs, fire };
}

describe("a clock", () => {
  it("stands still until it is moved", () => {
    const clock = new VirtualClock();
    let fired = 0;
    clock.set(alarm(0n, () => fired++));
    expect([clock.nowNs, fired]).toEqual([0n, 0]);
    clock.advanceTo(0n);
    expect([clock.nowNs, fired]).toEqual([0n, 1]);
  });

  it("fires with the time standing at the deadline, and ends at the target", () => {
    const clock = new VirtualClock();
    const at: bigint[] = [];
    for (const ns of [30n, 10n, 20n, 41n]) clock.set(alarm(ns, () => at.push(clock.nowNs)));
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
    clock.set(alarm(10n, () => at.push(clock.nowNs)));
    clock.advanceTo(100n);
    expect(at).toEqual([100n]);
  });

  it("keeps the order of alarms of one instant, those set meanwhile last", () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const late = alarm(5n, () => order.push("set while firing"));
    clock.set(
      alarm(5n, () => {
        order.push("first");
        clock.set(late);
      }),
    );
    clock.set(alarm(5n, () => order.push("second")));
    clock.advanceTo(5n);
    expect(order).toEqual(["first", "second", "set while firing"]);
  });

  it("forgets what was cancelled, even by an alarm of the same instant", () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const victim = alarm(5n, () => order.push("victim"));
    clock.set(alarm(5n, () => clock.cancel(victim)));
    clock.set(victim);
    clock.advanceTo(10n);
    expect(order).toEqual([]);
    expect(clock.nextDeadlineNs).toBeUndefined();
    clock.cancel(victim);
  });

  it("stops early when told to, at the alarm that said so", () => {
    const clock = new VirtualClock();
    let stop = false;
    clock.set(
      alarm(10n, () => {
        stop = true;
      }),
    );
    clock.set(alarm(20n, () => expect.fail("fired after the stop")));
    clock.advanceTo(30n, () => stop);
    expect(clock.nowNs).toBe(10n);
    expect(clock.pending).toBe(1);
  });

  it("lists its alarms in the order they will fire", () => {
    const clock = new VirtualClock();
    const [a, b, c] = [alarm(7n), alarm(3n), alarm(7n)];
    for (const one of [a, b, c]) clock.set(one);
    expect(clock.alarms()).toEqual([b, a, c]);
  });

  it("fires any set of alarms sorted by deadline, then by when they were set", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.array(fc.nat(30)), (deadlines, cancelled) => {
        const clock = new VirtualClock();
        const fired: number[] = [];
        const alarms = deadlines.map((ns, i) => alarm(BigInt(ns), () => fired.push(i)));
        for (const one of alarms) clock.set(one);
        for (const i of cancelled) if (alarms[i] !== undefined) clock.cancel(alarms[i]);
        clock.advanceTo(20n);
        const kept = deadlines.map((_, i) => i).filter((i) => !cancelled.includes(i));
        expect(fired).toEqual(kept.sort((x, y) => deadlines[x]! - deadlines[y]! || x - y));
      }),
    );
  });
});
