/** Oracle: Arm DDI 0270, written out a second time in test/support/sp805.ts. */
import { describe, expect, it } from "vitest";
import { compiledVdev } from "../../test/support/compiled-vdev.ts";
import { testRegisters } from "../../test/support/registers.ts";
import * as Sp805 from "../../test/support/sp805.ts";
import * as table from "./registers.ts";

const { CONTROL, EXPECTED, FULL, INTCLR, INTEN, KEY, LOAD, LOCK, MIS, RIS, read, TICK_NS, VALUE, write } = Sp805;
const vmOf = compiledVdev("wdt-sp805");
const fresh = () => vmOf("vdev wdt-sp805 intr gic:49").vm;
const BITS = Array.from({ length: 32 }, (_, bit) => 2 ** bit);

const CONSTANTS = {
  SP805_SIZE: 4096,
  ...{ CONTROL_INTEN: 1, CONTROL_RESEN: 2, LOCK_KEY: 0x1acce551 },
  ...{ ITCR_TEST_MODE: 1, ITOP_WDOGRES: 1, ITOP_WDOGINT: 2 },
};

describe("the registers", () => {
  testRegisters({
    table,
    expected: EXPECTED,
    constants: CONSTANTS,
    unit: 4,
    size: 4096,
    fresh() {
      const vm = fresh();
      return { get: (offset) => read(vm, offset), set: (offset, value) => write(vm, offset, value) };
    },
    keeps: ["WDOGLOAD_RW", "WDOGCONTROL_RW", "WDOGITCR_RW"],
    others: ["WDOGLOCK_RW"],
    touches: { WDOGLOAD_RW: ["WDOGVALUE_RO"], WDOGCONTROL_RW: ["WDOGVALUE_RO"] },
  });
});

it.each(BITS)("WDOGVALUE has bit %i of WDOGLOAD at once, and counts down from it", (bit) => {
  const vm = fresh();
  write(vm, LOAD, bit);
  expect(read(vm, VALUE)).toBe(bit);
  write(vm, CONTROL, INTEN);
  vm.clockStep(TICK_NS);
  expect(read(vm, VALUE)).toBe(bit - 1);
});

it.each(BITS)("%i of WDOGINTCLR, and 0, clears the interrupt and loads the counter", (bit) => {
  for (const value of [bit, 0]) {
    const vm = fresh();
    write(vm, LOAD, 10);
    write(vm, CONTROL, INTEN);
    vm.clockStep(13n * TICK_NS);
    expect([read(vm, RIS), read(vm, MIS), read(vm, VALUE)]).toEqual([1, 1, 8]);
    write(vm, INTCLR, value);
    expect([read(vm, RIS), read(vm, MIS), read(vm, VALUE)]).toEqual([0, 0, 10]);
  }
});

it.each(BITS)("%i of WDOGCONTROL lets the interrupt out when it is INTEN, and never stays otherwise", (bit) => {
  const vm = fresh();
  write(vm, LOAD, 10);
  write(vm, CONTROL, bit);
  vm.clockStep(13n * TICK_NS);
  expect([read(vm, RIS), read(vm, MIS), Sp805.level(vm)]).toEqual(bit === 1 ? [1, 1, true] : [0, 0, false]);
});

it.each(BITS)("%i of the key of WDOGLOCK matters, and WDOGLOCK reads bit 0 only", (bit) => {
  const vm = fresh();
  write(vm, LOCK, (KEY ^ bit) >>> 0);
  expect(read(vm, LOCK)).toBe(1);
  write(vm, LOAD, 5);
  expect(read(vm, LOAD)).toBe(FULL);
  write(vm, LOCK, KEY);
  expect(read(vm, LOCK)).toBe(0);
  write(vm, LOAD, 5);
  expect(read(vm, LOAD)).toBe(5);
});

it("bits that WDOGCONTROL does not have are not kept where only the status shows them", () => {
  const { vm, status } = vmOf("vdev wdt-sp805 intr gic:49");
  write(vm, CONTROL, FULL - 3);
  expect(status()[0]).toContain("control 0x0,");
  write(vm, CONTROL, FULL);
  expect(status()[0]).toContain("control 0x3,");
});
