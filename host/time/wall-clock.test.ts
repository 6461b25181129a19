/** Virtual time that follows real time: every moment counted from the start, so that no lateness adds up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeTime } from "../../test/support/fake-time.ts";
import { vmOf } from "../../test/support/vm.ts";
import { AT, watVdev } from "../../test/support/wat-vdev.ts";
import type { Vm } from "../vm/vm.ts";
import { MONOTONIC, WallClock } from "./wall-clock.ts";

const PERIOD = 1000;
const S = 1_000_000_000n;

/** A vdev with a periodic timer from the start on; 64 of its memory counts, 72 has the time of the last. */
function ticking(): Vm {
  const notify = (tdp: string) =>
    `(drop (call $notify (global.get $timer) ${tdp} (i32.const ${PERIOD}) (i32.const 0)))`;
  const { vm } = vmOf(
    watVdev({
      fields: `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))
        (import "qvm" "guest_timer_notify" (func $notify (param i32 i32 i32 i32) (result i32)))
        (global $timer (mut i32) (i32.const 0))`,
      control: `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
        (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
          (global.set $timer (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const ${AT.scratch})))))
        (if (i32.eq (local.get $ctrl) (i32.const 2)) (then ${notify("(i32.const 0)")}))
        (i32.const 0)`,
      timer: `(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
        (i64.store (i32.const 72) (i64.load offset=24 (local.get $tdp)))
        ${notify("(local.get $tdp)")}`,
    }),
  );
  return vm;
}

const ticks = (vm: Vm) => [vm.vdevs[0]!.instance.u32(64), vm.vdevs[0]!.instance.u64(72)];

describe("wall time", () => {
  it("is real time since the start, whatever happens in between and however late it is looked at", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { maxLength: 50 }), (passes) => {
        const vm = ticking();
        const time = new FakeTime();
        const wall = new WallClock(vm, time);
        let total = 0n;
        for (const ns of passes) {
          total += BigInt(ns);
          time.pass(BigInt(ns));
          wall.sync();
          expect(vm.nowNs).toBe(total);
          const due = total / BigInt(PERIOD);
          expect(ticks(vm)).toEqual([Number(due), due * BigInt(PERIOD)]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("lets timers fire when they are due though every sleep is late, without drift", async () => {
    let n = 0n;
    const time = new FakeTime(() => (n++ * 7919n) % 400n);
    const vm = ticking();
    const wall = new WallClock(vm, time);
    const start = time.nowNs();
    expect(await wall.wait(1_000_000n)).toBe(true);
    expect(vm.nowNs).toBe(1_000_000n);
    expect(ticks(vm)).toEqual([1000, 1_000_000n]);
    // The thousand latenesses did not add up: what is too much is that of the last sleep.
    expect(time.nowNs() - start - 1_000_000n).toBeLessThan(400n);
  });

  it("waits for the next timer, and for nothing when none is set", async () => {
    const time = new FakeTime();
    const vm = ticking();
    const wall = new WallClock(vm, time);
    await wall.wait();
    expect([vm.nowNs, time.sleptNs, ...ticks(vm)]).toEqual([1000n, 1000n, 1, 1000n]);
    vm.clock.cancelAll();
    expect(await wall.wait()).toBe(true);
    expect([vm.nowNs, time.sleptNs]).toEqual([1000n, 1000n]);
  });

  it("works off what a stopped host missed, a tenth of a second at once, and drops nothing", () => {
    const time = new FakeTime();
    const vm = ticking();
    const wall = new WallClock(vm, time);
    time.pass(S);
    const seen: bigint[] = [];
    for (let i = 0; i < 11; i++) {
      wall.sync();
      seen.push(vm.nowNs);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10].map((tenths) => (BigInt(tenths) * S) / 10n));
    expect(ticks(vm)).toEqual([1_000_000, S]);
  });

  it("jumps over time in which nothing is due", () => {
    const time = new FakeTime();
    const vm = ticking();
    vm.clock.cancelAll();
    const wall = new WallClock(vm, time);
    time.pass(3600n * S);
    wall.sync();
    expect(vm.nowNs).toBe(3600n * S);
  });

  it("ends its wait when it is cancelled, and with the VM", async () => {
    const time = new FakeTime();
    const vm = ticking();
    const wall = new WallClock(vm, time);
    time.onSleep = () => {
      if (vm.nowNs >= 5000n) wall.cancel();
    };
    expect(await wall.wait(S)).toBe(false);
    expect(vm.nowNs).toBe(5000n);
    expect(await wall.wait(S)).toBe(false);
    const other = ticking();
    const until = new WallClock(other, time);
    time.onSleep = () => {
      if (other.nowNs >= 3000n) other.end(0, "over");
    };
    expect(await until.wait(S)).toBe(true);
    expect(other.nowNs).toBe(3000n);
  });
});

describe("the host's clock", () => {
  it("does not sleep when it is told not to, or once it is cancelled", async () => {
    const aborted = new AbortController();
    const sleep = MONOTONIC.sleep(3600n * S, aborted.signal);
    aborted.abort();
    await sleep;
    await MONOTONIC.sleep(3600n * S, aborted.signal);
    await MONOTONIC.sleep(0n, new AbortController().signal);
    const [first, second] = [MONOTONIC.nowNs(), MONOTONIC.nowNs()];
    expect(second).toBeGreaterThanOrEqual(first);
  });
});
