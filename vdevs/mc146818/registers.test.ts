/**
 * Oracle: Motorola MC146818A data sheet, address map and register descriptions, written out here a second time; for the
 * century, PCs. Nothing here is taken from registers.ts but what is tested. The reset values are those that a PC's
 * firmware leaves at 1970-01-01T00:00:00, a Thursday: README.md says so.
 */
import { describe, expect, it } from "vitest";
import { type DeviceLab, putBack } from "../../test/support/device.ts";
import { get, line, rtc, SECOND, set } from "../../test/support/mc146818.ts";
import { bitsSeen, type Expected, testRegisters } from "../../test/support/registers.ts";
import * as table from "./registers.ts";

const EXPECTED: readonly Expected[] = [
  ["SECONDS_RW", 0x00, 1, 0, 0xff, 0xff, "special"],
  ["SECONDS_ALARM_RW", 0x01, 1, 0, 0xff, 0xff, "RW"],
  ["MINUTES_RW", 0x02, 1, 0, 0xff, 0xff, "special"],
  ["MINUTES_ALARM_RW", 0x03, 1, 0, 0xff, 0xff, "RW"],
  ["HOURS_RW", 0x04, 1, 0, 0xff, 0xff, "special"],
  ["HOURS_ALARM_RW", 0x05, 1, 0, 0xff, 0xff, "RW"],
  ["WEEKDAY_RW", 0x06, 1, 5, 0xff, 0xff, "special"],
  ["DAY_RW", 0x07, 1, 1, 0xff, 0xff, "special"],
  ["MONTH_RW", 0x08, 1, 1, 0xff, 0xff, "special"],
  ["YEAR_RW", 0x09, 1, 0x70, 0xff, 0xff, "special"],
  ["A_RW", 0x0a, 1, 0x26, 0xff, 0x7f, "special"],
  ["B_RW", 0x0b, 1, 0x02, 0xff, 0xff, "special"],
  ["C_RO", 0x0c, 1, 0, 0xf0, 0, "special"],
  ["D_RO", 0x0d, 1, 0x80, 0x80, 0, "RO"],
  ["RAM_LOW_RW", 0x0e, 36, 0, 0xff, 0xff, "RW"],
  ["CENTURY_RW", 0x32, 1, 0x19, 0xff, 0xff, "special"],
  ["RAM_HIGH_RW", 0x33, 77, 0, 0xff, 0xff, "RW"],
];

const CONSTANTS = {
  MC146818_BYTES: 128,
  ...{ A_UIP: 0x80, A_DV_AT: 4, A_RS: 0x0f, DV_32768_HZ: 2, DV_RESET: 6 },
  ...{ B_SET: 0x80, B_PIE: 0x40, B_AIE: 0x20, B_UIE: 0x10, B_SQWE: 0x08, B_DM: 0x04, B_24H: 0x02, B_DSE: 0x01 },
  ...{ C_IRQF: 0x80, C_PF: 0x40, C_AF: 0x20, C_UF: 0x10 },
  ...{ HOURS_PM: 0x80, ALARM_ANY: 0xc0 },
};

const A = 0x0a;
const B = 0x0b;
const C = 0x0c;
const D = 0x0d;
const BITS = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80];
const fresh = putBack(() => rtc("start 0"));

describe("the registers", () => {
  testRegisters({
    table,
    expected: EXPECTED,
    constants: CONSTANTS,
    unit: 1,
    size: 128,
    fresh() {
      const one = fresh();
      return { get: (index) => get(one, index), set: (index, value) => set(one, index, value) };
    },
    keeps: [
      ...["SECONDS_RW", "MINUTES_RW", "HOURS_RW", "WEEKDAY_RW", "DAY_RW", "MONTH_RW", "YEAR_RW", "CENTURY_RW"],
      "A_RW", // but for UIP, which is 0 here
    ],
    others: ["B_RW", "C_RO"],
    touches: {},
  });
});

it("A reads UIP besides its seven bits, and only near an update", () => {
  const one = fresh();
  const reads = [get(one, A)];
  one.vm.clockStep(SECOND - 1000n);
  for (const bit of BITS.slice(0, 4)) {
    set(one, A, 0x20 | bit); // another tap leaves the divider alone
    reads.push(get(one, A));
    expect(reads.at(-1)).toBe(0xa0 | bit);
    set(one, A, 0x80 | 0x20 | bit); // and UIP is not written
    expect(get(one, A)).toBe(0xa0 | bit);
  }
  for (const divider of [0x00, 0x10, 0x30, 0x40, 0x50, 0x60, 0x70]) {
    set(one, A, divider | 0x80);
    reads.push(get(one, A));
    expect(reads.at(-1)).toBe(divider); // no update without divider
  }
  expect(bitsSeen(reads)).toEqual([0xff, 0xffffffff]);
});

describe("B", () => {
  it.each(BITS)("keeps bit %i, alone and missing, but for UIE when SET comes", (bit) => {
    const one = fresh();
    for (const value of [bit, 0xff - bit]) {
      set(one, B, 0);
      expect(get(one, B)).toBe(0);
      set(one, B, value);
      expect(get(one, B)).toBe(value > 0x90 ? value & 0xef : value);
      set(one, B, value); // SET is there already
      expect(get(one, B)).toBe(value);
    }
  });
});

describe("C", () => {
  /** A second has passed: an update, an alarm and many periods. */
  function flagged(enables: number): DeviceLab {
    const one = fresh();
    for (const alarm of [0x01, 0x03, 0x05]) set(one, alarm, 0xff);
    set(one, B, 0x02 | enables);
    one.vm.clockStep(SECOND);
    return one;
  }

  it("has PF, AF and UF, and IRQF when one is enabled by the bit of B in its place; a read clears all", () => {
    const reads: number[] = [];
    for (const enables of [0, 0x10, 0x20, 0x40, 0x70, 0x0d]) {
      const one = flagged(enables);
      const interrupts = (enables & 0x70) !== 0;
      expect(line(one)).toBe(interrupts);
      reads.push(get(one, C), get(one, C));
      expect(reads.slice(-2)).toEqual([interrupts ? 0xf0 : 0x70, 0]);
      expect(line(one)).toBe(false);
    }
    expect(bitsSeen(reads)).toEqual([0xf0, 0xffffffff]);
  });

  it("has each flag without the others", () => {
    const periodic = fresh();
    periodic.vm.clockStep(SECOND / 100n);
    expect(get(periodic, C)).toBe(0x40);
    const update = fresh();
    set(update, A, 0x20);
    set(update, 0x01, 0x30); // half a minute off
    update.vm.clockStep(SECOND);
    expect(get(update, C)).toBe(0x10);
    update.vm.clockStep(29n * SECOND);
    expect(get(update, C)).toBe(0x30);
  });

  it.each([...BITS, 0, 0xff])("takes no write, and loses no flag by it: %i", (value) => {
    const one = flagged(0x10);
    set(one, C, value);
    expect([line(one), get(one, C)]).toEqual([true, 0xf0]);
    set(one, C, value);
    expect(get(one, C)).toBe(0);
  });
});

it.each(BITS)("D stays when bit %i is written, and when it is read", (bit) => {
  const one = fresh();
  set(one, D, bit);
  set(one, D, 0xff - bit);
  expect([get(one, D), get(one, D)]).toEqual([0x80, 0x80]);
});

it("64 bytes are seen twice, for a chip that has no more", () => {
  const small = rtc("start 0 bytes 64");
  for (let index = 0x0e; index < 0x40; index++) {
    set(small, index, index);
    expect(get(small, index + 0x40)).toBe(index);
    set(small, index + 0x40, 0xff - index);
    expect(get(small, index)).toBe(0xff - index);
  }
});
