import { expect, it } from "vitest";
import { type Access, REGISTER_NAME, rowsOf } from "../../build/generators/register-rows.ts";

/**
 * One register as its specification has it, written out by hand in the test: name, offset, bytes, reset value, readable
 * bits, writable bits, access class. The name is vdevbox's, all else is the specification's.
 */
export type Expected = readonly [
  name: string,
  offset: number,
  bytes: number,
  reset: number,
  readable: number,
  writable: number,
  access: Access,
];

/** What a guest can do with the registers; offsets as in the table. */
export interface Registers {
  get(offset: number): number;
  set(offset: number, value: number): void;
}

export interface RegisterTest {
  /** The device's registers.ts, imported as a namespace. */
  readonly table: Readonly<Record<string, unknown>>;
  /** Every register of the specification, in the order of offsets. */
  readonly expected: readonly Expected[];
  /** All other constants of registers.ts: bits and sizes, by the specification. */
  readonly constants: Readonly<Record<string, number>>;
  /** Bytes of an access. A register of more bytes is that many registers. */
  readonly unit: 1 | 4;
  /** Bytes the device takes. Where it has no register it reads 0 and forgets what is written. */
  readonly size: number;
  /** A device after reset. */
  fresh(): Registers;
  /** Special registers that read what was written. Those of class RW need no mention. */
  readonly keeps: readonly string[];
  /** The other special registers: the device's own tests look at every bit of them. */
  readonly others: readonly string[];
  /** Registers that change with a write to another, which has the name of the key. */
  readonly touches: Readonly<Record<string, readonly string[]>>;
}

/** The table against the specification, row for row: every row, number and constant. */
export function testTable(test: Pick<RegisterTest, "table" | "expected" | "constants">): void {
  it("has the registers of the specification, all of them and no other", () => {
    const rows = rowsOf(test.table).map(({ name, offset, bytes, reset, readable, writable, access }) => {
      return [name, offset, bytes, reset, readable, writable, access];
    });
    expect(rows).toEqual(test.expected);
  });

  it("has the bits of the specification", () => {
    const others = Object.entries(test.table).filter(([name]) => name !== "REGISTERS" && !REGISTER_NAME.test(name));
    expect(Object.fromEntries(others)).toEqual(test.constants);
  });
}

/** The device against the specification: every bit of every register, written as 1 among zeros and as 0 among ones. */
export function testRegisters(test: RegisterTest): void {
  testTable(test);
  const { expected, unit } = test;
  const named = new Map(expected.map((row) => [row[0], row]));
  const places = ([, offset, bytes]: Expected) => Array.from({ length: bytes / unit }, (_, i) => offset + i * unit);
  const every = expected.flatMap((row) => places(row).map((offset) => [row[0], offset] as const));
  /** All that can be read, but for what a write to `name` may change. */
  const dump = (device: Registers, name = "") => {
    const hidden = name === "" ? [] : [name, ...(test.touches[name] ?? [])];
    return every.filter((place) => !hidden.includes(place[0])).map((place) => [...place, device.get(place[1])]);
  };
  const full = 2 ** (8 * unit) - 1;
  const values = Array.from({ length: 8 * unit }, (_, bit) => 2 ** bit).flatMap((bit) => [bit, full - bit]);
  const and = (a: number, b: number) => (a & b) >>> 0;
  const ofClass = (...classes: Access[]) => expected.filter((row) => classes.includes(row[6]));
  const keeping = expected.filter((row) => row[6] === "RW" || test.keeps.includes(row[0]));

  it("says of every special register how it is tested", () => {
    const special = ofClass("special").map(([name]) => name);
    expect([...test.keeps, ...test.others].sort()).toEqual(special.sort());
    for (const [name, changed] of Object.entries(test.touches)) {
      expect([name, ...changed].filter((one) => !named.has(one))).toEqual([]);
    }
  });

  it("reads the reset values after reset", () => {
    const wanted = expected.flatMap((row) => places(row).map((offset) => [row[0], offset, row[3]]));
    expect(dump(test.fresh())).toEqual(wanted);
  });

  it("has nothing between the registers", () => {
    const device = test.fresh();
    const before = dump(device);
    const taken = new Set(every.map(([, offset]) => offset));
    for (let offset = 0; offset < test.size; offset += unit) {
      if (taken.has(offset)) continue;
      device.set(offset, full);
      expect([offset, device.get(offset)]).toEqual([offset, 0]);
    }
    expect(dump(device)).toEqual(before);
  });

  it.each(keeping)("%s keeps each of its bits and no other, and nothing else does", (...row) => {
    const [name, , , , readable, writable] = row;
    const device = test.fresh();
    const before = dump(device, name);
    for (const offset of places(row)) {
      for (const value of [...values, 0, full]) {
        device.set(offset, value);
        expect([offset, value, device.get(offset)]).toEqual([offset, value, and(and(value, writable), readable)]);
      }
    }
    expect(dump(device, name)).toEqual(before);
    for (const offset of places(row)) expect(device.get(offset)).toBe(and(readable, writable)); // each for itself
  });

  it.each(ofClass("RO"))("%s takes no bit, and passes none on", (...row) => {
    const device = test.fresh();
    const before = dump(device);
    for (const offset of places(row)) for (const value of [...values, 0, full]) device.set(offset, value);
    expect(dump(device)).toEqual(before);
  });

  it.each(ofClass("WO", "W1C"))("%s reads nothing of what is written", (...row) => {
    const device = test.fresh();
    for (const value of [...values, 0, full]) {
      device.set(row[1], value);
      expect([value, device.get(row[1])]).toEqual([value, row[3]]);
    }
  });
}

/**
 * Reads a register in many states, and finds out which of its bits were ever 1 and which ever 0.
 * @returns `[ones, zeros]`
 */
export function bitsSeen(reads: readonly number[]): [ones: number, zeros: number] {
  return [
    reads.reduce((ones, value) => ones | value, 0) >>> 0,
    reads.reduce((zeros, value) => zeros | ~value, 0) >>> 0,
  ];
}
