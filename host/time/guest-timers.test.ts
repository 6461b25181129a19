/** Guest timers: one-shot by nature, periodic when the callback arms them again with what it was given. */
import { describe, expect, it } from "vitest";
import { read, vmOf, write } from "../../test/support/vm.ts";
import { AT, type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import type { Vm } from "../vm/vm.ts";

const DEVICE = 0x1c000000n;

const IMPORTS = `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))
  (import "qvm" "guest_timer_notify" (func $notify (param i32 i32 i32 i32) (result i32)))
  (import "qvm" "guest_timer_state" (func $state (param i32 i32)))
  (global $timer (mut i32) (i32.const 0))`;

/**
 * A device whose timer is armed for 100 cycles by a write and counts how often it fired, which a read gives.
 * Memory: 64 the count, 72 the time of the last, 80 the cookie it got, 88 the resolution.
 */
function device(again: string, more: WatVdev = {}): Uint8Array<ArrayBuffer> {
  return watVdev({
    fields: IMPORTS,
    control: `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
        (global.set $timer (call $create (i32.const 0) (local.get $vdp) (i32.const 0x1234) (i32.const 88)))))
      (i32.const 0)`,
    vwrite: "(call $notify (global.get $timer) (i32.const 0) (i32.const 100) (i32.const 0))",
    vread: `(call $state (global.get $timer) (i32.const ${AT.scratch}))
      (i32.store offset=32 (local.get $gcp) (i32.load (i32.const 64))) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
    timer: `(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
      (i64.store (i32.const 72) (i64.load offset=24 (local.get $tdp)))
      (i32.store (i32.const 80) (local.get $data))
      ${again}`,
    ...more,
  });
}

const ONE_SHOT = "";
const PERIODIC = "(drop (call $notify (global.get $timer) (local.get $tdp) (i32.const 100) (i32.const 0)))";
const FROM_NOW = "(drop (call $notify (global.get $timer) (i32.const 0) (i32.const 100) (i32.const 0)))";

const fired = (vm: Vm) => Number(read(vm, DEVICE)[1]);

describe("a guest timer", () => {
  it("is told its resolution, fires once, with its cookie and the time", () => {
    const { vm } = vmOf(device(ONE_SHOT));
    const { instance } = vm.vdevs[0]!;
    expect(instance.u64(88)).toBe(1_000_000_000n);
    vm.clockStep(7n);
    write(vm, DEVICE, 1n);
    vm.clockStep(99n);
    expect(fired(vm)).toBe(0);
    vm.clockStep(1n);
    expect(fired(vm)).toBe(1);
    expect([instance.u64(72), instance.u32(80)]).toEqual([107n, 0x1234]);
    vm.clockStep(10_000n);
    expect(fired(vm)).toBe(1);
    expect(vm.clockStep()).toBe(false);
  });

  it("repeats without drift however time passes", () => {
    const { vm } = vmOf(device(PERIODIC));
    write(vm, DEVICE, 1n);
    const times: bigint[] = [];
    for (const step of [100n, 50n, 50n, 250n, 49n, 1n, 1n]) {
      vm.clockStep(step);
      times.push(vm.vdevs[0]!.instance.u64(72));
    }
    // Now 501: fired at 100, 200, ..., 500.
    expect(times).toEqual([100n, 100n, 200n, 400n, 400n, 500n, 500n]);
    expect(fired(vm)).toBe(5);
    expect(vm.clock.nextDeadlineNs).toBe(600n);
  });

  it("armed with the data of its last firing counts from that, however late it is armed", () => {
    // The write arms it for 100 cycles: the first time from now, later with a guest_timer_data.
    const vwrite = `(call $notify (global.get $timer) (select (i32.const ${AT.scratch}) (i32.const 0) (i32.load (i32.const 64))) (i32.const 100) (i32.const 0))`;
    const { vm } = vmOf(device(ONE_SHOT, { vwrite }));
    write(vm, DEVICE, 1n);
    vm.clockStep(130n);
    write(vm, DEVICE, 1n);
    // It fired at 100, and it is 130 now.
    expect(vm.clock.nextDeadlineNs).toBe(200n);
    vm.clockStep(370n);
    expect(vm.vdevs[0]!.instance.u64(72)).toBe(200n);
    write(vm, DEVICE, 1n);
    // 300 has passed: due at once, at 500.
    expect(vm.clock.nextDeadlineNs).toBe(500n);
  });

  it("set anew before it fires has only the new deadline", () => {
    const { vm } = vmOf(device(ONE_SHOT));
    write(vm, DEVICE, 1n);
    vm.clockStep(60n);
    write(vm, DEVICE, 1n);
    vm.clockStep(60n);
    expect(fired(vm)).toBe(0);
    vm.clockStep(40n);
    expect(fired(vm)).toBe(1);
    expect(vm.clock.pending).toBe(0);
  });

  it("tells when it was started and what time it is", () => {
    const { vm } = vmOf(device(ONE_SHOT));
    vm.clockStep(5n);
    write(vm, DEVICE, 1n);
    vm.clockStep(20n);
    read(vm, DEVICE);
    const { instance } = vm.vdevs[0]!;
    expect([0, 8, 16, 24].map((offset) => instance.u64(AT.scratch + offset))).toEqual([5n, 25n, 5n, 25n]);
  });

  it("counts from the end of its callback when armed without data", () => {
    const { vm } = vmOf(device(FROM_NOW), { accessNs: 30 });
    // The write takes 30 ns after it armed the timer at 0; each read takes 30 ns.
    write(vm, DEVICE, 1n);
    expect(fired(vm)).toBe(0);
    expect(fired(vm)).toBe(0);
    expect(fired(vm)).toBe(0);
    expect(fired(vm)).toBe(1);
    expect(vm.nowNs).toBe(150n);
  });

  it("of a factory without a timer callback stops the vdev, as qvm would crash", () => {
    const { vm } = vmOf(device(ONE_SHOT, { without: ["timer"] }));
    write(vm, DEVICE, 1n);
    vm.clockStep(100n);
    expect(vm.findings.all.map((one) => [one.severity, one.rule, one.situation.callback])).toEqual([
      ["fault", "callback", "timer"],
    ]);
    expect(read(vm, DEVICE)[0]).toBe(1);
  });

  it("of a vdev that has stopped never fires again", () => {
    const { vm } = vmOf(device(PERIODIC, { vread: "(unreachable)" }));
    write(vm, DEVICE, 1n);
    expect(vm.clock.pending).toBe(1);
    read(vm, DEVICE);
    expect(vm.clock.pending).toBe(0);
    vm.clockStep(1000n);
    expect(vm.vdevs[0]!.instance.u32(64)).toBe(0);
  });

  it("runs apart from the vCPUs: its callback has a thread of its own", () => {
    const { vm } = vmOf(device("(unreachable)"));
    write(vm, DEVICE, 1n);
    vm.clockStep(100n);
    expect(vm.findings.all[0]!.situation).toMatchObject({ callback: "timer", thread: "timer", vcpu: undefined });
  });

  it("that is refused says why where its resolution would be", () => {
    const late = device(ONE_SHOT, {
      vread: `(drop (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const 88))) (i32.const 3)`,
    });
    const { vm } = vmOf(late, { policy: "report" });
    read(vm, DEVICE);
    // EPERM
    expect(vm.vdevs[0]!.instance.u64(88)).toBe(1n);
  });

  it("is one of 1024 at most: the next is NULL with EAGAIN", () => {
    const many = `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
        (loop $l
          (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
          (br_if $l (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const 88))))))
      (i32.const 0)`;
    const { vm } = vmOf(device(ONE_SHOT, { control: many }));
    expect(vm.vdevs[0]!.instance.u32(64)).toBe(1025);
    expect(vm.vdevs[0]!.instance.u64(88)).toBe(11n);
  });
});
