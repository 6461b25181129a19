/** A VM put back is the VM it was: equal digests, and equal behaviour from there on. */
import { describe, expect, it } from "vitest";
import { read, vmOf, write } from "../../test/support/vm.ts";
import { AT, type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { stateDigest, VmSnapshot } from "./snapshot.ts";
import type { Vm } from "./vm.ts";

const DEVICE = 0x1c000000n;

/** A device that keeps state in all places: a global, memory, a timer, an interrupt line and a region. */
const STATEFUL: WatVdev = {
  fields: `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))
    (import "qvm" "guest_timer_notify" (func $notify (param i32 i32 i32 i32) (result i32)))
    (import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))
    (import "qvm" "gasp_lock" (func $lock (param i32 i32) (result i32)))
    (import "qvm" "gasp_unlock" (func $unlock (param i32 i32) (result i32)))
    (import "qvm" "gasp_region_set_soft" (func $set (param i32 i32 i32) (result i32)))
    (import "qvm" "guest_terminate" (func $end (param i32)))
    (global $count (mut i32) (i32.const 0)) (global $a (mut i32) (i32.const 0)) (global $b (mut i32) (i32.const 0))`,
  control: `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
    (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
      (global.set $a (call $create (i32.const 0) (local.get $vdp) (i32.const 1) (i32.const 88)))
      (global.set $b (call $create (i32.const 0) (local.get $vdp) (i32.const 2) (i32.const 88)))))
    (i32.const 0)`,
  // Everything changes with a write: counts, both timers, the line, and a region of its own at 0x50000000.
  vwrite: `(global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 3)))
    (drop (call $notify (global.get $a) (i32.const 0) (i32.const 100) (i32.const 0)))
    (drop (call $notify (global.get $b) (i32.const 0) (i32.const 100) (i32.const 0)))
    (drop (call $signal (i32.add (local.get $vdp) (i32.const 32)) (i32.const 1)))
    (drop (call $lock (i32.load offset=8 (local.get $vdp)) (i32.const 0)))
    (i32.store (i32.const ${AT.scratch}) (i32.const 3))
    (i32.store offset=8 (i32.const ${AT.scratch}) (local.get $vdp))
    (i64.store offset=24 (i32.const ${AT.scratch}) (i64.const 0x50000000))
    (i32.store offset=32 (i32.const ${AT.scratch}) (i32.const 16))
    (drop (call $set (i32.load offset=8 (local.get $vdp)) (i32.const 1) (i32.const ${AT.scratch})))
    (drop (call $unlock (i32.load offset=8 (local.get $vdp)) (i32.const 0)))
    (i32.const 0)`,
  vread: `(if (i32.eq (i32.load (local.get $vopnd)) (i32.const 0x1c000010)) (then (unreachable)))
    (if (i32.eq (i32.load (local.get $vopnd)) (i32.const 0x1c000020)) (then (call $end (i32.const 40))))
    (if (i32.eq (i32.load (local.get $vopnd)) (i32.const 0x1c000030)) (then (drop (memory.grow (i32.const 1))) (i32.store (i32.const 0x20000) (i32.const 1))))
    (i32.store offset=32 (local.get $gcp) (i32.or (global.get $count) (i32.shl (i32.load (i32.const 72)) (i32.const 8))))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
  // The order in which the two fire: 1 2 or 2 1.
  timer: "(i32.store (i32.const 72) (i32.or (i32.shl (i32.load (i32.const 72)) (i32.const 4)) (local.get $data)))",
};

function stateful(): Vm {
  return vmOf(watVdev(STATEFUL), {}, { vdev: { intr: { pic: "gic", line: 40 } } }).vm;
}

/** What a run of accesses shows from outside. */
function behaviour(vm: Vm): unknown[] {
  const seen: unknown[] = [read(vm, DEVICE), vm.nowNs, vm.traps, vm.lines.high()];
  write(vm, DEVICE, 1n);
  vm.clockStep(100n);
  seen.push(read(vm, DEVICE), read(vm, 0x50000000n), vm.nowNs, vm.lines.high(), vm.clock.pending);
  return seen;
}

describe("a restored VM", () => {
  const changes: Record<string, (vm: Vm) => void> = {
    nothing: () => {},
    "accesses, timers, lines and regions": (vm) => behaviour(vm),
    "time alone": (vm) => vm.clockStep(1_000_000n),
    "a fault": (vm) => expect(read(vm, DEVICE + 0x10n)[0]).toBe(1),
    "its end": (vm) => expect(read(vm, DEVICE + 0x20n)[0]).toBe(2),
    "its end and termination": (vm) => {
      read(vm, DEVICE + 0x20n);
      expect(vm.terminate().exitCode).toBe(40);
    },
    "memory that grew": (vm) => expect(read(vm, DEVICE + 0x30n)[0]).toBe(0),
    "a lock left behind": (vm) => vm.locks.lock(0, 0),
  };

  it.each(Object.keys(changes))("is what it was before %s", (name) => {
    const vm = stateful();
    write(vm, DEVICE, 1n);
    vm.clockStep(50n);
    const snapshot = new VmSnapshot(vm);
    const digest = stateDigest(vm);
    const expected = behaviour(vm);
    for (let round = 0; round < 3; round++) {
      changes[name]!(vm);
      snapshot.restore();
      if (name !== "memory that grew") expect(stateDigest(vm)).toBe(digest);
      expect(vm.ended).toBeUndefined();
      expect(behaviour(vm)).toEqual(expected);
      snapshot.restore();
    }
  });

  it("fires timers of one instant in the order they had, though one was armed anew meanwhile", () => {
    const vm = stateful();
    write(vm, DEVICE, 1n);
    const snapshot = new VmSnapshot(vm);
    vm.clockStep(10n);
    const [first] = vm.timers.all;
    vm.timers.arm(first!, 500n, "now");
    snapshot.restore();
    vm.clockStep(100n);
    expect(vm.vdevs[0]!.instance.u32(72)).toBe(0x12);
  });

  it("answers with fresh memory where module memory had grown", () => {
    const vm = stateful();
    const snapshot = new VmSnapshot(vm);
    read(vm, DEVICE + 0x30n);
    snapshot.restore();
    expect(vm.vdevs[0]!.instance.u32(0x20000)).toBe(0);
  });

  it("has the same digest as another VM with the same history", () => {
    const [one, two] = [stateful(), stateful()];
    for (const vm of [one, two]) behaviour(vm);
    expect(stateDigest(one)).toBe(stateDigest(two));
    write(two, DEVICE, 1n);
    expect(stateDigest(one)).not.toBe(stateDigest(two));
  });
});
