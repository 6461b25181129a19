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

  it("of a factory without a timer callback breaks a rule when it fires, where qvm would crash", () => {
    const { vm } = vmOf(device(ONE_SHOT, { without: ["timer"] }));
    write(vm, DEVICE, 1n);
    vm.clockStep(99n);
    expect(vm.findings.all).toEqual([]);
    vm.clockStep(1n);
    expect(vm.findings.all.map((one) => [one.severity, one.rule, one.situation.callback])).toEqual([
      ["violation", "callback", "timer"],
    ]);
    expect(vm.findings.all[0]!.reason!.manual).toMatch(/guest_timer_notify\.html$/);
    expect(read(vm, DEVICE)[0]).toBe(1);
    expect(vm.terminate().exitCode).toBe(6);
  });

  it("of a factory without a timer callback leaves the vdev running under report", () => {
    const { vm } = vmOf(device(ONE_SHOT, { without: ["timer"] }), { policy: "report" });
    write(vm, DEVICE, 1n);
    vm.clockStep(100n);
    write(vm, DEVICE, 1n);
    vm.clockStep(100n);
    expect(vm.findings.all).toHaveLength(1);
    expect(vm.findings.times(vm.findings.all[0]!)).toBe(2);
    expect(read(vm, DEVICE)).toEqual([0, 0n]);
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

  it("is one of 16384 at most: the next is NULL with EAGAIN", () => {
    const many = `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
        (loop $l
          (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
          (br_if $l (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const 88))))))
      (i32.const 0)`;
    const memory = { fields: IMPORTS, memory: "16 32" };
    const { vm } = vmOf(device(ONE_SHOT, { control: many, ...memory }));
    expect(vm.vdevs[0]!.instance.u32(64)).toBe(16_385);
    expect(vm.vdevs[0]!.instance.u64(88)).toBe(11n);
  });
});

describe("a deadline", () => {
  /** Arms with the operands of guest_timer_notify(): what is at 104 of memory is tdp, what is at 96 the cycles. */
  const vwrite =
    "(call $notify (global.get $timer) (i32.load (i32.const 104)) (i32.load (i32.const 96)) (i32.load (i32.const 100)))";
  const NOW = 0;
  const ABSOLUTE = 8; // GUEST_TIMER_ABSOLUTE of this SDK: abi/guest.ts
  const REPEAT = AT.scratch;
  const FOREVER = 2n ** 64n - 1n;

  function machine(): { vm: Vm; arm: (tdp: number, cycles: bigint) => void; firedAt: () => bigint } {
    const { vm } = vmOf(device(ONE_SHOT, { vwrite }));
    const { instance } = vm.vdevs[0]!;
    const arm = (tdp: number, cycles: bigint) => {
      instance.setU32(104, tdp);
      instance.setU64(96, cycles);
      expect(write(vm, DEVICE, 1n)).toBe(0);
    };
    return { vm, arm, firedAt: () => instance.u64(72) };
  }

  it("of 0 cycles comes when time next moves, not in the call, also by 0 ns", () => {
    const { vm, arm, firedAt } = machine();
    vm.clockStep(40n);
    arm(NOW, 0n);
    expect(fired(vm)).toBe(0);
    vm.clockStep(0n);
    expect([fired(vm), firedAt()]).toEqual([1, 40n]);
  });

  it("that is absolute counts from the start of the VM, and one in the past comes at once", () => {
    const { vm, arm, firedAt } = machine();
    vm.clockStep(40n);
    arm(ABSOLUTE, 45n);
    vm.clockStep(4n);
    expect(fired(vm)).toBe(0);
    vm.clockStep(1n);
    expect([fired(vm), firedAt()]).toEqual([1, 45n]);
    for (const past of [0n, 44n]) {
      arm(ABSOLUTE, past);
      expect(vm.clock.nextDeadlineNs).toBe(45n);
    }
    vm.clockStep(10n);
    expect([fired(vm), firedAt()]).toEqual([2, 45n]);
  });

  it("of 2^63 cycles and of the last but one is reached, at that very time", () => {
    for (const cycles of [2n ** 63n, FOREVER - 1n]) {
      const { vm, arm, firedAt } = machine();
      arm(NOW, cycles);
      vm.clockStep(cycles - 1n);
      expect(fired(vm)).toBe(0);
      vm.clockStep(1n);
      expect([fired(vm), firedAt()]).toEqual([1, cycles]);
    }
  });

  it.each([NOW, ABSOLUTE, REPEAT])("of 2^64-1 cycles cancels the timer (tdp %i)", (tdp) => {
    const { vm, arm } = machine();
    arm(NOW, 100n);
    expect(vm.clock.pending).toBe(1);
    arm(tdp, FOREVER);
    expect(vm.clock.pending).toBe(0);
    expect(vm.clockStep()).toBe(false);
    vm.clockStep(FOREVER);
    expect(fired(vm)).toBe(0);
  });

  it("past the end of time never comes, and time stays at its end", () => {
    const { vm, arm } = machine();
    vm.clockStep(10n);
    arm(NOW, FOREVER - 5n);
    for (const step of [FOREVER - 10n, 5n, FOREVER]) vm.clockStep(step);
    expect(vm.nowNs).toBe(FOREVER);
    expect(fired(vm)).toBe(0);
    arm(NOW, 0n);
    vm.clockStep(1n);
    expect(fired(vm)).toBe(0);
  });

  it("of a repeating timer that was never armed counts from now", () => {
    const { vm, arm, firedAt } = machine();
    vm.clockStep(7n);
    arm(REPEAT, 10n);
    vm.clockStep(100n);
    expect(firedAt()).toBe(17n);
  });
});

describe("a per-CPU timer", () => {
  const CPU_TIMER = `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
    (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
      (i32.store (i32.const 112) (call $cpu (i32.const 1)))
      (i32.store (i32.const 116) (call $cpu (i32.const 2)))
      (global.set $timer (call $create (i32.load (i32.const 112)) (local.get $vdp) (i32.const 0x1234) (i32.const 88)))))
    (i32.const 0)`;
  const fields = `(import "qvm" "vdevbox_guest_cpu" (func $cpu (param i32) (result i32))) ${IMPORTS}`;

  it("hands the vCPU it was created with to the callback", () => {
    const timer = "(i32.store (i32.const 120) (local.get $gcp))";
    const { vm } = vmOf(device(ONE_SHOT, { fields, control: CPU_TIMER, timer }), { cpus: 2 });
    const { instance } = vm.vdevs[0]!;
    expect(instance.u32(112)).not.toBe(0);
    // There are vCPUs 0 and 1.
    expect(instance.u32(116)).toBe(0);
    write(vm, DEVICE, 1n);
    vm.clockStep(100n);
    expect(instance.u32(120)).toBe(instance.u32(112));
  });

  it("of a vCPU that is none is refused", () => {
    const control = CPU_TIMER.replace("(i32.load (i32.const 112))", "(i32.const 4096)");
    expect(() => vmOf(device(ONE_SHOT, { fields, control }), { cpus: 2 })).toThrow(
      /gcp = 0x1000 is no guest_cpu of this module instance/,
    );
  });

  it("reaches guest memory through its vCPU, and no register", () => {
    const READ = `(import "qvm" "guest_cpu_read" (func $fetch (param i32 i32 i32 i32 i32 i32) (result i32)))`;
    // A state block at 128: type and location from the test; the bytes land at 160.
    const timer = `(i32.store (i32.const 124) (call $fetch (local.get $gcp) (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 160) (i32.const 4)))`;
    const module = device(ONE_SHOT, { fields: `${READ} ${fields}`, control: CPU_TIMER, timer });
    const { vm } = vmOf(module, { cpus: 2, ram: [{ start: 0x1000n, length: 0x1000n, writable: true }] });
    const { instance } = vm.vdevs[0]!;
    vm.ram.write(0x1100n, Uint8Array.of(1, 2, 3, 4));
    const results = [0, 2].map((type) => {
      instance.setU64(128, type === 0 ? 0x1100n : 0n);
      instance.setU32(136, 4);
      instance.setU32(140, type);
      write(vm, DEVICE, 1n);
      vm.clockStep(100n);
      return [instance.u32(124), instance.u32(160)];
    });
    // EINVAL: outside an access there is no operand.
    expect(results).toEqual([
      [0, 0x04030201],
      [22, 0x04030201],
    ]);
  });
});
