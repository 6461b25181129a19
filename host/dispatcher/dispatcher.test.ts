import { describe, expect, it } from "vitest";
import { moduleFile, read, vdevPlan, vmPlan } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { AccessStatus } from "../guests/bus.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";

const PAGE = 0x1c000000n;
const ABOVE_4_GIB = 0x1_2000_0000n;
const BYTES = 16;

/** Sixteen bytes in which every word reads as the low half of the vdev's own location. */
const WHERE = watVdev({
  control: `(if (i32.eqz (local.get $ctrl)) (then
      (i32.store offset=24 (local.get $vdp) (i32.const ${BYTES}))
      (i32.store offset=28 (local.get $vdp) (i32.const 0))))
    (i32.const 0)`,
  vread: `(i32.store offset=32 (local.get $gcp) (i32.load offset=16 (local.get $vdp)))
    (i32.store offset=40 (local.get $gcp) (i32.const 3))
    (i32.const 0)`,
});

/** Vdevs at these addresses, each in a module instance of its own. */
function machine(addresses: readonly bigint[]): Vm {
  const file = moduleFile(WHERE);
  const vdevs = addresses.map((address, i) =>
    vdevPlan(file, { name: `where-${i}`, loc: { space: "memory", address } }),
  );
  return createVm(vmPlan(vdevs, { instances: "private" }));
}

describe("the dispatcher", () => {
  it("finds each of many regions that share a page, and its own module instance", () => {
    const addresses = Array.from({ length: 100 }, (_, i) => PAGE + BigInt(i * 2 * BYTES));
    const vm = machine(addresses);
    for (const address of addresses) expect(read(vm, address + 4n)).toEqual([AccessStatus.done, address]);
  });

  it("answers nothing between regions of a page, before the first and behind the last", () => {
    const vm = machine([PAGE + 0x100n, PAGE + 0x200n]);
    for (const address of [PAGE, PAGE + 0xfcn, PAGE + 0x110n, PAGE + 0x1fcn, PAGE + 0x210n]) {
      expect(read(vm, address)[0], address.toString(16)).toBe(AccessStatus.busError);
    }
  });

  it("finds regions above 4 GiB, and does not mistake their low half for an address", () => {
    const addresses = [ABOVE_4_GIB, ABOVE_4_GIB + 0x1000n, 0xffff_ffff_0000_0000n];
    const vm = machine(addresses);
    for (const address of addresses) {
      expect(read(vm, address)).toEqual([AccessStatus.done, address & 0xffffffffn]);
    }
    expect(read(vm, ABOVE_4_GIB & 0xffffffffn)[0]).toBe(AccessStatus.busError);
    expect(read(vm, ABOVE_4_GIB + 0x800n)[0]).toBe(AccessStatus.busError);
  });

  it("does not begin an access below a region and let it reach in", () => {
    const vm = machine([PAGE + 0x102n]);
    expect(read(vm, PAGE + 0x100n)[0]).toBe(AccessStatus.busError);
    expect(read(vm, PAGE + 0x102n)).toEqual([AccessStatus.done, PAGE + 0x102n]);
  });
});
