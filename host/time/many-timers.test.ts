/** 10,000 guest timers of 1,000 vdevs of 8 types in one VM. Oracle: how often a period fits into a time. */
import { beforeAll, describe, expect, it } from "vitest";
import { moduleFile, vdevPlan, vmPlan } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { stateDigest, VmSnapshot } from "../vm/snapshot.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";

const TYPES = 8;
const VDEVS_PER_TYPE = 125;
const TIMERS_PER_VDEV = 10;
const TIMERS_PER_TYPE = VDEVS_PER_TYPE * TIMERS_PER_VDEV;
const HANDLES = 0x20000;
const COUNTS = 0x30000;
/** Cycles between two firings of timer `n` of a type. */
const period = (n: number) => 1000 + n;

/** A module that makes TIMERS_PER_VDEV periodic timers for each vdev; the count of timer n is the n-th word at COUNTS. */
function device(type: number): Uint8Array<ArrayBuffer> {
  const at = (base: number, n: string) => `(i32.add (i32.const ${base}) (i32.shl ${n} (i32.const 2)))`;
  const notify = (n: string, tdp: string) =>
    `(drop (call $notify (i32.load ${at(HANDLES, n)}) ${tdp} (i32.add (i32.const 1000) ${n}) (i32.const 0)))`;
  const eachTimer = (counter: string, work: string) =>
    `(loop $l ${work} (global.set ${counter} (i32.add (global.get ${counter}) (i32.const 1)))
      (br_if $l (i32.rem_u (global.get ${counter}) (i32.const ${TIMERS_PER_VDEV}))))`;
  return watVdev({
    fields: `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))
      (import "qvm" "guest_timer_notify" (func $notify (param i32 i32 i32 i32) (result i32)))
      (global $made (mut i32) (i32.const 0)) (global $armed (mut i32) (i32.const 0))
      (global $type i32 (i32.const ${type}))`,
    memory: "4 16",
    control: `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (if (i32.eq (local.get $ctrl) (i32.const 1)) (then ${eachTimer(
        "$made",
        `(i32.store ${at(HANDLES, "(global.get $made)")} (call $create (i32.const 0) (local.get $vdp) (global.get $made) (i32.const 88)))`,
      )}))
      (if (i32.eq (local.get $ctrl) (i32.const 2)) (then ${eachTimer("$armed", notify("(global.get $armed)", "(i32.const 0)"))}))
      (i32.const 0)`,
    timer: `(i32.store ${at(COUNTS, "(local.get $data)")} (i32.add (i32.const 1) (i32.load ${at(COUNTS, "(local.get $data)")})))
      ${notify("(local.get $data)", "(local.get $tdp)")}`,
  });
}

let vm: Vm;
beforeAll(() => {
  const files = Array.from({ length: TYPES }, (_, type) => moduleFile(device(type)));
  const vdevs = Array.from({ length: TYPES * VDEVS_PER_TYPE }, (_, i) =>
    vdevPlan(files[i % TYPES]!, {
      type: `type-${i % TYPES}`,
      name: `device-${i}`,
      loc: { space: "memory", address: BigInt(0x1000_0000 + i * 0x1000) },
    }),
  );
  vm = createVm(vmPlan(vdevs));
});

const counts = () =>
  vm.instances.map((instance) => Array.from({ length: TIMERS_PER_TYPE }, (_, n) => instance.u32(COUNTS + 4 * n)));
const expected = (ns: number) =>
  Array.from({ length: TYPES }, () => Array.from({ length: TIMERS_PER_TYPE }, (_, n) => Math.floor(ns / period(n))));

describe("10,000 timers", () => {
  it("fire each as often as its period fits, are put back, and fire so again", () => {
    expect([vm.instances.length, vm.vdevs.length, vm.timers.all.length]).toEqual([8, 1000, 10_000]);
    expect(vm.clock.pending).toBe(10_000);
    vm.clockStep(5000n);
    expect(counts()).toEqual(expected(5000));
    const snapshot = new VmSnapshot(vm);
    const digest = stateDigest(vm);
    vm.clockStep(3000n);
    expect(counts()).toEqual(expected(8000));
    snapshot.restore();
    expect([vm.nowNs, stateDigest(vm)]).toEqual([5000n, digest]);
    for (const step of [1n, 999n, 2000n]) vm.clockStep(step);
    expect(counts()).toEqual(expected(8000));
    expect(vm.findings.all).toEqual([]);
  });
});
