import { describe, expect, it } from "vitest";
import { moduleFile, read, vdevPlan, vmPlan } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { TRAPS_MAX, TrapRing } from "../dispatcher/batch.ts";
import { AccessStatus } from "../guests/bus.ts";
import { runBatch } from "./batch.ts";
import type { VmEvent } from "./events.ts";
import type { VmPlan } from "./plan.ts";
import { createVm } from "./startup.ts";
import type { Vm, VmOptions } from "./vm.ts";

const BASE = 0x1c000000;
const OTHER = BASE + 0x1000;
const RAM = 0x1000;

/** Answers reads with 1, 2, 3 and so on; does what is said at one offset instead. */
function counting(atOffset?: number, instead = ""): Uint8Array {
  const special =
    atOffset === undefined
      ? ""
      : `(if (i32.eq (i32.load (local.get $vopnd)) (i32.const ${BASE + atOffset})) (then ${instead}))`;
  return watVdev({
    fields: "(global $n (mut i32) (i32.const 0))",
    vread: `${special}
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (i32.store offset=32 (local.get $gcp) (global.get $n))
      (i32.store offset=40 (local.get $gcp) (i32.const 3))
      (i32.const 0)`,
  });
}

/** The module at BASE, one that only counts at OTHER, and a page of RAM. */
function machine(module: Uint8Array, plan: Partial<VmPlan> = {}, options: VmOptions = {}): { vm: Vm; ring: TrapRing } {
  const vdevs = [
    vdevPlan(moduleFile(module), { type: "first", loc: { space: "memory", address: BigInt(BASE) } }),
    vdevPlan(moduleFile(counting()), { type: "other", loc: { space: "memory", address: BigInt(OTHER) } }),
  ];
  const ram = [{ start: BigInt(RAM), length: 0x1000n, writable: true }];
  const vm = createVm(vmPlan(vdevs, { ram, ...plan }), options);
  return { vm, ring: new TrapRing(vm.dispatcher) };
}

/** Fills the ring with 4-byte reads. */
function reads(ring: TrapRing, addresses: readonly number[]): number {
  addresses.forEach((address, i) => {
    ring.setRead(i, "memory", address, 0, 4, 0);
  });
  return addresses.length;
}

function outcomes(ring: TrapRing, count: number): [AccessStatus, number][] {
  return Array.from({ length: count }, (_, i) => [ring.status(i), ring.valueLo(i)]);
}

const { done, busError, stop } = AccessStatus;

describe("a batch of traps", () => {
  it("has the outcomes its accesses would have one by one", () => {
    const { vm, ring } = machine(counting());
    ring.setRead(0, "memory", BASE, 0, 4, 0);
    ring.setWrite(1, "memory", RAM + 8, 0, 4, 0xdeadbeef, 0, 0);
    ring.setRead(2, "memory", RAM + 8, 0, 2, 0);
    ring.setRead(3, "memory", 0x9000_0000, 0, 4, 0);
    ring.setRead(4, "memory", BASE + 0xffe, 0, 4, 0);
    ring.setWrite(5, "memory", BASE, 0, 4, 1, 0, 0);
    ring.setRead(6, "io", 0x80, 0, 1, 0);
    ring.setRead(7, "memory", BASE, 0, 4, 0);
    expect(runBatch(vm, ring, 8)).toBe(8);
    expect(outcomes(ring, 8)).toEqual([
      [done, 1],
      [done, 0xdeadbeef],
      [done, 0xbeef],
      [busError, 0xffffffff],
      [busError, 0xffffffff],
      [done, 1],
      [busError, 0xff],
      [done, 2],
    ]);
    expect(vm.traps).toBe(8);
  });

  it("goes on at the next after a vdev faulted", () => {
    const { vm, ring } = machine(counting(8, "unreachable"));
    const count = reads(ring, [BASE, OTHER, BASE + 8, OTHER, BASE, OTHER]);
    expect(runBatch(vm, ring, count)).toBe(6);
    expect(outcomes(ring, count).map(([status]) => status)).toEqual([done, done, busError, done, busError, done]);
    expect(ring.valueLo(5)).toBe(3);
    expect(ring.notDone).toBe(2);
    expect(vm.findings.all.map((finding) => [finding.severity, finding.situation.trap])).toEqual([["fault", 3]]);
  });

  it("makes no access after the one that ended the VM", () => {
    const terminate = 5;
    const { vm, ring } = machine(counting(8, `(return (i32.const ${terminate}))`));
    const count = reads(ring, [OTHER, BASE + 8, OTHER]);
    expect(runBatch(vm, ring, count)).toBe(2);
    expect(outcomes(ring, 2).map(([status]) => status)).toEqual([done, stop]);
    expect(vm.traps).toBe(2);
    expect(runBatch(vm, ring, count)).toBe(0);
  });

  it("tells a listener of every access, in order", () => {
    const seen: string[] = [];
    const listener = (event: VmEvent) => {
      if (event.kind === "access") seen.push(`${event.op} ${event.address.toString(16)} ${event.value}`);
    };
    const { vm, ring } = machine(counting(), {}, { listener });
    runBatch(vm, ring, reads(ring, [BASE, OTHER, BASE]));
    expect(seen).toEqual(["read 1c000000 1", "read 1c001000 1", "read 1c000000 2"]);
  });

  it("lets virtual time pass with each access", () => {
    const { vm, ring } = machine(counting(), { accessNs: 100 });
    runBatch(vm, ring, reads(ring, [BASE, BASE, BASE]));
    expect(vm.nowNs).toBe(300n);
  });

  it("may be run again as it stands", () => {
    const { vm, ring } = machine(counting());
    const count = reads(ring, [BASE, BASE]);
    runBatch(vm, ring, count);
    runBatch(vm, ring, count);
    expect(ring.notDone).toBe(0);
    expect(outcomes(ring, count)).toEqual([
      [done, 3],
      [done, 4],
    ]);
    expect(read(vm, BigInt(BASE))).toEqual([done, 5n]);
  });

  it("has a limit", () => {
    const { vm, ring } = machine(counting());
    expect(() => runBatch(vm, ring, TRAPS_MAX + 1)).toThrow(RangeError);
    expect(() => ring.setRead(TRAPS_MAX, "memory", BASE, 0, 4, 0)).toThrow(RangeError);
  });
});
