/**
 * Power states and the power button. Oracle: the manual's pages of guest_power_state_current() and _notify_register()
 * (bitsets of CPUs that wait or are off; (state & mask) compared with bits) and docs/abi for what is our own.
 */
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { ENDING_VDEV } from "../../test/support/ending-vdev.ts";
import { moduleFile, read, vdevPlan, vmOf, vmPlan, write } from "../../test/support/vm.ts";
import { AT, TABLE, type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { parseConfig } from "../config/parse-config.ts";
import { Recorder } from "../recording/recorder.ts";
import { replay } from "../recording/replay.ts";
import { parseRecording } from "../recording/text.ts";
import type { VmEvent } from "./events.ts";
import { planFromConfig } from "./plan-from-config.ts";
import { stateDigest, VmSnapshot } from "./snapshot.ts";
import { createVm } from "./startup.ts";
import type { Vm } from "./vm.ts";

const DEVICE = 0x1c000000n;
const [WAIT, OFF] = [1, 2];

const FIELDS = `
  (import "qvm" "guest_power_state_current" (func $current (param i32 i32 i32 i32 i32) (result i32)))
  (import "qvm" "guest_power_state_notify_create" (func $create (param i32) (result i32)))
  (import "qvm" "guest_power_state_notify_delete" (func $delete (param i32)))
  (import "qvm" "guest_power_state_notify_register" (func $watch (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "qvm" "guest_terminate" (func $end (param i32)))
  (import "qvm" "qvm_report" (func $report (param i32 i32)))
  (data (i32.const ${AT.scratch}) "fired %d\\00")
  (global $a (mut i32) (i32.const 0)) (global $b (mut i32) (i32.const 0)) (global $failures (mut i32) (i32.const 0))
  (func $power (param $notify i32) (param $data i32)
    (i32.store (i32.const ${AT.scratch + 64}) (local.get $data))
    (call $report (i32.const ${AT.scratch}) (i32.const ${AT.scratch + 64}))
    (if (i32.eq (local.get $data) (i32.const 99)) (then (call $end (i32.const 45))))
    (if (i32.eq (local.get $data) (i32.const 98)) (then (call $delete (global.get $b)))))
  (elem (i32.const ${TABLE.extra}) $power)`;

/** register(notification, cmd, base 0, mask, bits, power, data), all 64-bit values below 2^32. */
const watch = (which: string, cmd: number, mask: number, bits: number, data: number) =>
  `(call $watch (global.get $${which}) (i32.const ${cmd}) (i32.const 0) (i32.const ${mask}) (i32.const 0)
     (i32.const ${bits}) (i32.const 0) (i32.const ${TABLE.extra}) (i32.const ${data}))`;

/** Creates two notifications at OPTIONS_END; reads answer guest_power_state_current(cmd at the offset) as it is. */
const watching = (at: string): WatVdev => ({
  fields: FIELDS,
  control: `
    (if (i32.eqz (local.get $ctrl)) (then
      (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
    (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
      (global.set $a (call $create (i32.load offset=8 (local.get $vdp))))
      (global.set $b (call $create (i32.load offset=8 (local.get $vdp)))) ${at}))
    (i32.const 0)`,
  // Value: the bitset, or the negative errno.
  vread: `(local $n i32)
    (local.set $n (call $current (i32.load offset=8 (local.get $vdp)) (i32.and (i32.load (local.get $vopnd)) (i32.const 15))
      (i32.shr_u (i32.and (i32.load (local.get $vopnd)) (i32.const 0xf0)) (i32.const 4)) (i32.const 2) (i32.const ${AT.scratch + 128})))
    (i32.store offset=32 (local.get $gcp) (select (i32.load (i32.const ${AT.scratch + 128})) (local.get $n) (i32.gt_s (local.get $n) (i32.const 0))))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
  vwrite: `${watch("a", WAIT, 1, 1, 7)} (i32.const 0)`,
});

function powered(at: string, cpus = 4): { vm: Vm; fired: () => string[] } {
  const { vm, events } = vmOf(watVdev(watching(at)), { cpus, policy: "report" });
  const fired = () => events.flatMap((event) => (event.kind === "report" ? [event.text] : []));
  return { vm, fired };
}

const byte = (vm: Vm, offset: number) => BigInt.asIntN(32, read(vm, DEVICE + BigInt(offset), 1)[1] << 24n) >> 24n;

describe("guest_power_state_current()", () => {
  it("gives the CPUs that wait, are off, or either", () => {
    const { vm } = powered(watch("a", WAIT, 1, 1, 1));
    expect([WAIT, OFF, WAIT | OFF].map((cmd) => byte(vm, cmd))).toEqual([0n, 0n, 0n]);
    vm.setPowerState(0, "wait");
    vm.setPowerState(2, "off");
    vm.setPowerState(3, "wait");
    expect([WAIT, OFF, WAIT | OFF].map((cmd) => byte(vm, cmd))).toEqual([0b1001n, 0b0100n, 0b1101n]);
    vm.setPowerState(0, "on");
    expect([WAIT, OFF, WAIT | OFF].map((cmd) => byte(vm, cmd))).toEqual([0b1000n, 0b0100n, 0b1100n]);
  });

  it("refuses what it does not know with -EINVAL, and a base other than 0", () => {
    const { vm } = powered(watch("a", WAIT, 1, 1, 1));
    expect([0, 4, 8, 15, 0x11, 0xf1].map((offset) => byte(vm, offset))).toEqual(new Array(6).fill(-22n));
    expect(vm.findings.all).toEqual([]);
  });

  it("needs a notification that was registered first", () => {
    const { vm } = powered("");
    expect(byte(vm, WAIT)).toBe(-22n);
    expect(vm.findings.all).toMatchObject([{ severity: "violation", call: { name: "guest_power_state_current" } }]);
  });

  it("has a word for 64 CPUs", () => {
    const { vm } = powered(watch("a", WAIT, 1, 1, 1), 65);
    vm.setPowerState(64, "wait");
    vm.setPowerState(1, "off");
    expect([vm.power.words, vm.power.bitset(WAIT, 0), vm.power.bitset(WAIT, 1), vm.power.bitset(OFF, 0)]).toEqual([
      2,
      0n,
      1n,
      2n,
    ]);
  });
});

describe("a notification", () => {
  it("fires each time its condition begins to hold, and only then, in the order of creation", () => {
    const { vm, fired } = powered(`${watch("b", WAIT, 3, 3, 2)} ${watch("a", WAIT | OFF, 3, 3, 1)}`);
    vm.setPowerState(0, "wait");
    vm.setPowerState(3, "wait");
    expect(fired()).toEqual([]);
    vm.setPowerState(1, "wait");
    expect(fired()).toEqual(["fired 1", "fired 2"]);
    vm.setPowerState(1, "wait");
    vm.setPowerState(2, "off");
    expect(fired()).toHaveLength(2);
    vm.setPowerState(1, "off");
    expect(fired()).toHaveLength(2);
    vm.setPowerState(1, "wait");
    expect(fired().slice(2)).toEqual(["fired 2"]);
  });

  it("can wait for all to run: bits 0 under the mask", () => {
    const { vm, fired } = powered(watch("a", WAIT, 15, 0, 4));
    vm.setPowerState(2, "wait");
    expect(fired()).toEqual([]);
    vm.setPowerState(2, "on");
    expect(fired()).toEqual(["fired 4"]);
  });

  it("does not fire because the condition holds when it is registered", () => {
    const { vm, fired } = powered("");
    vm.setPowerState(0, "wait");
    write(vm, DEVICE, 0n);
    vm.setPowerState(1, "wait");
    expect(fired()).toEqual([]);
    vm.setPowerState(0, "on");
    vm.setPowerState(0, "wait");
    expect(fired()).toEqual(["fired 7"]);
  });

  it("may delete another that was about to fire", () => {
    const { vm, fired } = powered(`${watch("a", OFF, 1, 1, 98)} ${watch("b", OFF, 1, 1, 2)}`);
    vm.setPowerState(0, "off");
    expect(fired()).toEqual(["fired 98"]);
  });

  it("may end the VM", () => {
    const { vm, fired } = powered(`${watch("a", OFF, 1, 1, 99)} ${watch("b", OFF, 1, 1, 2)}`);
    vm.setPowerState(0, "off");
    expect(fired()).toEqual(["fired 99"]);
    expect(vm.ended?.exitCode).toBe(45);
    vm.setPowerState(0, "on");
    expect(vm.power.stateOf(0)).toBe("off");
  });

  it.each([
    ["cmd", watch("a", 4, 1, 1, 1)],
    ["bits outside mask", watch("a", WAIT, 1, 3, 1)],
    ["base", watch("a", WAIT, 1, 1, 1).replace("(i32.const 0)", "(i32.const 1)")],
  ])("with a wrong %s is not registered, and a warning", (_what, call) => {
    const { vm, fired } = powered(call);
    vm.setPowerState(0, "wait");
    expect(fired()).toEqual([]);
    expect(vm.findings.all).toMatchObject([{ severity: "warning", rule: "argument" }]);
  });

  it("is limited in number: NULL when there are too many", () => {
    const many = watVdev({
      ...watching(""),
      vwrite: `(local $n i32) (local $i i32)
        (loop $more
          (if (call $create (i32.load offset=8 (local.get $vdp))) (then (local.set $n (i32.add (local.get $n) (i32.const 1)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $i) (i32.const 1000))))
        (i32.store (i32.const 64) (local.get $n)) (i32.const 0)`,
    });
    const { vm } = vmOf(many);
    expect(write(vm, DEVICE, 0n)).toBe(0);
    expect(vm.instances[0]!.u32(64)).toBe(62);
  });

  it("that is no notification of the module's is refused", () => {
    const { vm } = vmOf(watVdev({ ...watching(""), vwrite: "(call $delete (i32.const 4096)) (i32.const 0)" }));
    expect(write(vm, DEVICE, 0n)).toBe(1);
    expect(vm.findings.all).toMatchObject([{ severity: "violation", rule: "argument" }]);
  });
});

describe("power states", () => {
  it("are put back with a VM, notifications too", () => {
    const { vm, fired } = powered(watch("a", WAIT, 3, 3, 1));
    vm.setPowerState(0, "wait");
    const start = new VmSnapshot(vm);
    const digest = stateDigest(vm);
    vm.setPowerState(1, "wait");
    vm.setPowerState(2, "off");
    expect(stateDigest(vm)).not.toBe(digest);
    for (let round = 0; round < 3; round++) {
      start.restore();
      expect(stateDigest(vm)).toBe(digest);
      expect([0, 1, 2].map((cpu) => vm.power.stateOf(cpu))).toEqual(["wait", "on", "on"]);
      vm.setPowerState(1, "wait");
    }
    expect(fired()).toEqual(["fired 1", "fired 1", "fired 1", "fired 1"]);
  });

  it("of two snapshots that were as many changes apart are not taken for each other", () => {
    const { vm } = powered(watch("a", WAIT, 3, 3, 1));
    const first = new VmSnapshot(vm);
    vm.setPowerState(1, "wait");
    const second = new VmSnapshot(vm);
    first.restore();
    vm.setPowerState(2, "off");
    second.restore();
    expect([1, 2].map((cpu) => vm.power.stateOf(cpu))).toEqual(["wait", "on"]);
  });

  it("are inputs: recorded, and replayed to the byte", () => {
    const file = moduleFile(watVdev(watching(watch("a", WAIT, 1, 1, 1))), "watching");
    const config = "cpu cpu\nvdev watching loc 0x1c000000\n";
    const modulePath = [dirname(file)];
    const text: string[] = [];
    const early: VmEvent[] = [];
    const recorders: Recorder[] = [];
    const vm = createVm(planFromConfig(parseConfig(config, "p.qvmconf"), { modulePath }), {
      listener: (event) => (recorders[0] === undefined ? early.push(event) : recorders[0].event(event)),
    });
    recorders.push(
      new Recorder(vm, { guest: "script", pieces: [{ text: config, file: "p.qvmconf" }] }, (t) => text.push(t)),
    );
    for (const event of early) recorders[0]!.event(event);
    vm.setPowerState(1, "off");
    read(vm, DEVICE + 2n, 1);
    vm.setPowerState(0, "wait");
    recorders[0]!.end(vm.terminate());
    expect(text.join("")).toMatch(/^power 1 off\nreadb 0x1c000002 .*0x2\npower 0 wait\nreport watching "fired 1"\n/m);
    const again = (recorded: string) => replay(parseRecording(recorded, "p.rec"), { modulePath });
    expect(again(text.join("")).divergence).toBeUndefined();
    expect(again(text.join("").replace("power 1 off", "power 1 wait")).divergence).toBeDefined();
    expect(() => again(text.join("").replace("power 1 off", "power 7 off"))).toThrow(/CPU 7/);
  });

  it("nobody can see are no events: a guest that waits a million times records none", () => {
    const { vm, events } = vmOf(watVdev());
    vm.setPowerState(0, "wait");
    expect(events.filter((event) => event.kind === "power")).toEqual([]);
    expect(() => vm.setPowerState(1, "wait")).toThrow(RangeError);
  });
});

describe("the power button", () => {
  function buttons(which: readonly boolean[]): { vm: Vm; pressed: () => string[] } {
    const events: VmEvent[] = [];
    const plans = which.map((has, i) =>
      vdevPlan(moduleFile(watVdev(ENDING_VDEV)), {
        name: `v${i}`,
        loc: { space: "memory", address: 0x10000n * BigInt(i + 1) },
        options: () => (has ? [{ index: 0, name: "button" }] : []),
      }),
    );
    const vm = createVm(vmPlan(plans), { listener: (event) => events.push(event) });
    const pressed = () =>
      events.flatMap((event) => (event.kind === "report" && event.text === "pressed" ? [event.source] : []));
    return { vm, pressed };
  }

  it("is that of the vdevs that registered one", () => {
    const { vm, pressed } = buttons([false, true, true]);
    expect(vm.control("button")).toBe(true);
    expect(pressed()).toEqual(["v1", "v2"]);
    expect(vm.ended).toBeUndefined();
  });

  it("is told to every vdev when none registered, and nobody takes it", () => {
    const { vm, pressed } = buttons([false, false]);
    expect(vm.control("button")).toBe(false);
    expect(pressed()).toEqual(["v0", "v1"]);
  });

  it("is gone with a vdev that stopped", () => {
    const { vm, pressed } = buttons([false, true]);
    expect(write(vm, 0x20000n, 3n)).toBe(1);
    expect(vm.control("button")).toBe(false);
    expect(pressed()).toEqual(["v0"]);
  });

  it("cannot be registered while the guest runs", () => {
    const late = watVdev({ ...ENDING_VDEV, vread: "(drop (call $button (local.get $vdp))) (i32.const 0)" });
    const { vm } = vmOf(late);
    read(vm, DEVICE);
    expect(vm.findings.all).toMatchObject([{ severity: "violation", rule: "phase" }]);
  });
});
