/**
 * Oracle: Arm DDI 0224, chapter 3, written out here a second time; its table 3-1 and the register descriptions after it.
 * Nothing here is taken from registers.ts but what is tested.
 */
import { describe, expect, it } from "vitest";
import { type DeviceLab, deviceLab, putBack } from "../../test/support/device.ts";
import { type Expected, testRegisters } from "../../test/support/registers.ts";
import * as table from "./registers.ts";

const ALL = 0xffffffff;
const EXPECTED: readonly Expected[] = [
  ["RTCDR_RO", 0x000, 4, 0, ALL, 0, "RO"],
  ["RTCMR_RW", 0x004, 4, 0, ALL, ALL, "RW"],
  ["RTCLR_RW", 0x008, 4, 0, ALL, ALL, "special"],
  ["RTCCR_RW", 0x00c, 4, 0, 0x1, 0x1, "special"],
  ["RTCIMSC_RW", 0x010, 4, 0, 0x1, 0x1, "RW"],
  ["RTCRIS_RO", 0x014, 4, 0, 0x1, 0, "RO"],
  ["RTCMIS_RO", 0x018, 4, 0, 0x1, 0, "RO"],
  ["RTCICR_W1C", 0x01c, 4, 0, 0, 0x1, "W1C"],
  ["RTCPERIPHID0_RO", 0xfe0, 4, 0x31, 0xff, 0, "RO"],
  ["RTCPERIPHID1_RO", 0xfe4, 4, 0x10, 0xff, 0, "RO"],
  ["RTCPERIPHID2_RO", 0xfe8, 4, 0x04, 0xff, 0, "RO"],
  ["RTCPERIPHID3_RO", 0xfec, 4, 0x00, 0xff, 0, "RO"],
  ["RTCPCELLID0_RO", 0xff0, 4, 0x0d, 0xff, 0, "RO"],
  ["RTCPCELLID1_RO", 0xff4, 4, 0xf0, 0xff, 0, "RO"],
  ["RTCPCELLID2_RO", 0xff8, 4, 0x05, 0xff, 0, "RO"],
  ["RTCPCELLID3_RO", 0xffc, 4, 0xb1, 0xff, 0, "RO"],
];

const BASE = 0x1c170000;
const DR = 0x000;
const MR = 0x004;
const LR = 0x008;
const CR = 0x00c;
const IMSC = 0x010;
const RIS = 0x014;
const MIS = 0x018;
const ICR = 0x01c;
const BITS = Array.from({ length: 32 }, (_, bit) => 2 ** bit);

const lab = deviceLab("pl031");
const fresh = putBack(() => lab("vdev pl031 loc 0x1c170000 intr gic:36 start 0"));
const get = (one: DeviceLab, offset: number) => one.get(BASE + offset);
const set = (one: DeviceLab, offset: number, value: number) => one.set(BASE + offset, value);

/** A running clock whose time has matched. */
function matched(): DeviceLab {
  const one = fresh();
  set(one, CR, 1); // time and match are both 0
  return one;
}

describe("the registers", () => {
  testRegisters({
    table,
    expected: EXPECTED,
    constants: { PL031_SIZE: 4096, CR_START: 1, INT_MATCH: 1 },
    unit: 4,
    size: 4096,
    fresh() {
      const one = fresh();
      return { get: (offset) => get(one, offset), set: (offset, value) => set(one, offset, value) };
    },
    keeps: ["RTCLR_RW"],
    others: ["RTCCR_RW"],
    touches: { RTCLR_RW: ["RTCDR_RO"] },
  });
});

it.each(BITS)("RTCDR has bit %i of the time that RTCLR set, and counts on from it", (bit) => {
  const one = fresh();
  set(one, LR, bit);
  expect(get(one, DR)).toBe(bit);
  set(one, CR, 1);
  one.vm.clockStep(10n ** 9n);
  expect([get(one, DR), get(one, LR)]).toEqual([bit + 1, bit]);
});

it.each(BITS)("RTCMR has bit %i of the time at which it interrupts", (bit) => {
  const one = fresh();
  set(one, MR, bit);
  set(one, LR, bit - 1);
  set(one, CR, 1);
  expect(get(one, RIS)).toBe(0);
  one.vm.clockStep(10n ** 9n);
  expect(get(one, RIS)).toBe(1);
});

it.each(BITS)("RTCCR is started by bit 0 only, and then by nothing stopped: %i", (bit) => {
  const one = fresh();
  set(one, CR, bit);
  one.vm.clockStep(5n * 10n ** 9n);
  expect([get(one, CR), get(one, DR)]).toEqual(bit === 1 ? [1, 5] : [0, 0]);
  set(one, CR, 1);
  set(one, CR, 0);
  set(one, CR, ALL - 1);
  expect(get(one, CR)).toBe(1);
});

it.each(BITS)("RTCIMSC lets the interrupt through with bit 0 only: %i", (bit) => {
  const one = matched();
  expect([get(one, RIS), get(one, MIS), one.vm.lines.level("gic", 36)]).toEqual([1, 0, false]);
  set(one, IMSC, bit);
  const through = bit === 1;
  expect([get(one, RIS), get(one, MIS), one.vm.lines.level("gic", 36)]).toEqual([1, Number(through), through]);
});

it.each(BITS)("RTCICR clears the interrupt with bit 0 only: %i", (bit) => {
  const one = matched();
  set(one, IMSC, 1);
  set(one, ICR, bit);
  const left = bit === 1 ? 0 : 1;
  expect([get(one, RIS), get(one, MIS), one.vm.lines.level("gic", 36)]).toEqual([left, left, left === 1]);
});

it("bits that a register does not have are not kept where only the status shows them", () => {
  const one = fresh();
  set(one, IMSC, ALL - 1);
  expect(one.status()).toEqual(["time 0, match 0, stopped, interrupt raw 0 mask 0"]);
});
