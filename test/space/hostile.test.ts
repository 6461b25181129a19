/** Modules that ask for too much of the address space, or for what is not theirs. Oracle: the VM goes on, in bounded time. */
import { describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { claimRegion } from "../../host/vm/regions.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmOf, vmPlan, write } from "../support/vm.ts";
import { AT, type WatVdev, watVdev } from "../support/wat-vdev.ts";

const DEVICE = 0x1c000000n;
const VICTIM = 0x1c001000n;
const RAM = [{ start: 0x1000n, length: 0x1000n, writable: true }];

const GSP = "(i32.load offset=8 (local.get $vdp))";
/** `set`: one region at AT.scratch with these fields, under the lock; errno is not needed, the count is the result. */
const SET: WatVdev = {
  fields: `(import "qvm" "gasp_lock" (func $lock (param i32 i32) (result i32)))
    (import "qvm" "gasp_unlock" (func $unlock (param i32 i32) (result i32)))
    (import "qvm" "gasp_region_set_soft" (func $set (param i32 i32 i32) (result i32)))`,
};

/** Sets one region when it is written to: at the address written, of this length and with these flags. */
function setter(length: number, flags: number, count = 1, type = 0): WatVdev {
  return {
    ...SET,
    vwrite: `(drop (call $lock ${GSP} (i32.const 0)))
      (i32.store (i32.const ${AT.scratch}) (i32.const ${flags}))
      (i32.store offset=8 (i32.const ${AT.scratch}) (local.get $vdp))
      (i64.store offset=24 (i32.const ${AT.scratch}) (i64.load offset=32 (local.get $gcp)))
      (i32.store offset=32 (i32.const ${AT.scratch}) (i32.const ${length}))
      (i32.store16 offset=36 (i32.const ${AT.scratch}) (i32.const ${type}))
      (i32.store (i32.const 64) (call $set ${GSP} (i32.const ${count}) (i32.const ${AT.scratch})))
      (drop (call $unlock ${GSP} (i32.const 0)))
      (i32.const 0)`,
  };
}

/** The hostile vdev, and one it should not be able to touch. */
function machine(vdev: WatVdev): Vm {
  return createVm(
    vmPlan(
      [
        vdevPlan(moduleFile(watVdev(vdev)), { type: "hostile" }),
        vdevPlan(moduleFile(watVdev()), { type: "victim", loc: { space: "memory", address: VICTIM } }),
      ],
      { ram: RAM },
    ),
  );
}

const broken = (vm: Vm) => vm.findings.all.filter((one) => one.severity !== "warning").map((one) => one.rule);

describe("a region that is asked for", () => {
  it.each<[string, bigint, number, number, number?]>([
    ["of another module, to change", VICTIM, 4096, 3],
    ["of another module, to remove", VICTIM, 4096, 0],
    ["inside another's", VICTIM + 8n, 8, 3],
    ["around another's", VICTIM - 8n, 8192, 3],
    ["over RAM and past it", 0x1000n, 0x2000, 0x108],
    ["past the end of the space", (1n << 64n) - 16n, 0xffffffff, 3],
    ["of no length", 0x50000000n, 0, 3],
    ["of an unknown type", 0x50000000n, 16, 3, 0x1234],
  ])("%s is not given, and everybody is as before", (_what, address, length, flags, type = 0) => {
    const vm = machine(setter(length, flags, 1, type));
    const before = vm.spaces.memory.regions.map(({ start, length: bytes, owner }) => [start, bytes, owner]);
    expect(write(vm, DEVICE, address, 8)).toBe(AccessStatus.done);
    expect(vm.vdevs[0]!.instance.u32(64)).toBe(0);
    expect(vm.spaces.memory.regions.map(({ start, length: bytes, owner }) => [start, bytes, owner])).toEqual(before);
    expect([read(vm, VICTIM), write(vm, 0x1000n, 1n), broken(vm)]).toEqual([[0, 7n], 0, []]);
  });

  it("as the first of 4 billion is a wrong argument", () => {
    const vm = machine(setter(16, 3, -1));
    expect(write(vm, DEVICE, 0x50000000n, 8)).toBe(AccessStatus.busError);
    expect(broken(vm)).toEqual(["argument"]);
    expect(read(vm, VICTIM)).toEqual([0, 7n]);
  });

  it("of the whole space but what is taken costs no more than a page", () => {
    const vm = machine(setter(0xe0000000 | 0, 3));
    expect(write(vm, DEVICE, 0x20000000n, 8)).toBe(AccessStatus.done);
    expect(read(vm, 0xfffffff0n)).toEqual([0, 7n]);
    expect(broken(vm)).toEqual([]);
  });
});

it("a search for room among many regions, over and over, ends in a fault soon", () => {
  const { vm } = vmOf(
    watVdev({
      fields: `(import "qvm" "gasp_lock" (func $lock (param i32 i32) (result i32)))
        (import "qvm" "gasp_find_free" (func $find (param i32 i32 i32 i32 i32 i32 i32)))`,
      vwrite: `(drop (call $lock ${GSP} (i32.const 0)))
        (loop $again (call $find ${GSP} (i32.const 0) (i32.const -1) (i32.const -1) (i32.const 1) (i32.const 0) (i32.const ${AT.scratch})) (br $again))
        (i32.const 0)`,
    }),
    { policy: "report" },
  );
  for (let i = 0n; i < 4000n; i++) claimRegion(vm, vm.vdevs[0]!, "memory", 0x100000000n + i * 32n, 16n, 0, 3);
  expect(write(vm, DEVICE, 1n)).toBe(AccessStatus.busError);
  expect(broken(vm)).toEqual(["limit"]);
});
