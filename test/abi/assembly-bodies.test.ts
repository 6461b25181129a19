/** Oracle: the C standard's words on the functions of <string.h> and <stdlib.h>, and the manual on guest_cpu_to_vrs(). */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { VRS_BUS_ERROR, VRS_ERRNO } from "../../abi/generated/constants.ts";
import { compileVdev } from "../../build/asc/compile.ts";
import { run } from "../support/assembly.ts";

const PROGRAM = `
import { memcmp, memcpy, memmove, memset, strcmp, strlen, strtoul, strtoull } from "vdevbox/abi/posix";
import { guest_cpu_to_vrs } from "vdevbox/abi/vdev-core";
export function block(): usize { return memory.data(4096); }
export function length(s: usize): u32 { return strlen(s); }
export function compare(a: usize, b: usize): i32 { return strcmp(a, b); }
export function compare_bytes(a: usize, b: usize, n: u32): i32 { return memcmp(a, b, n); }
export function copy(a: usize, b: usize, n: u32): usize { return memcpy(a, b, n); }
export function move(a: usize, b: usize, n: u32): usize { return memmove(a, b, n); }
export function fill(s: usize, c: i32, n: u32): usize { return memset(s, c, n); }
export function number(s: usize, end: usize, base: i32): u32 { return strtoul(s, end, base); }
export function long_number(s: usize, end: usize, base: i32): u64 { return strtoull(s, end, base); }
export function to_vrs(error: i32): u32 { return guest_cpu_to_vrs(error); }
`;

type Exports = Awaited<ReturnType<typeof run>>;
let module: Exports;
let bytes: Uint8Array;
let a: number;
let b: number;
beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), "vdevbox-"));
  writeFileSync(join(dir, "program.ts"), PROGRAM);
  module = await run((await compileVdev({ file: join(dir, "program.ts"), entries: "program" })).wasm);
  rmSync(dir, { recursive: true });
  bytes = new Uint8Array(module.memory.buffer);
  a = module.block!();
  b = a + 1024;
});

function put(at: number, text: string): number {
  bytes.set([...Buffer.from(text), 0], at);
  return at;
}

describe("strings", () => {
  it("have the length up to their NUL, in bytes", () => {
    expect([put(a, ""), put(b, "déjà")].map((at) => module.length!(at))).toEqual([0, 6]);
  });

  it.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "abd", -1],
    ["abc", "ab", 1],
    ["", "a", -1],
    ["é", "z", 1],
  ])("%j and %j compare as unsigned bytes", (left, right, sign) => {
    expect(Math.sign(module.compare!(put(a, left), put(b, right)))).toBe(sign);
  });
});

describe("bytes", () => {
  it("are copied, moved when they overlap, filled and compared", () => {
    put(a, "0123456789");
    expect(module.move!(a + 2, a, 5)).toBe(a + 2);
    expect(Buffer.from(bytes.subarray(a, a + 10)).toString()).toBe("0101234789");
    expect(module.copy!(b, a, 11)).toBe(b);
    expect(module.compare_bytes!(a, b, 11)).toBe(0);
    expect(module.fill!(b + 1, 0x1ff, 2)).toBe(b + 1);
    expect([...bytes.subarray(b, b + 4)]).toEqual([0x30, 0xff, 0xff, 0x31]);
    expect(Math.sign(module.compare_bytes!(a, b, 11))).toBe(-1);
    expect(module.compare_bytes!(a, b, 1)).toBe(0);
  });
});

describe("strtoul", () => {
  it.each<[string, number, number, string]>([
    ["42", 10, 42, ""],
    [" \t\n+17x", 10, 17, "x"],
    ["0x1F", 0, 31, ""],
    ["0X1f", 16, 31, ""],
    ["1f", 16, 31, ""],
    ["017", 0, 15, ""],
    ["08", 0, 0, "8"],
    ["0x", 0, 0, "x"],
    ["0xg", 16, 0, "xg"],
    ["z", 36, 35, ""],
    ["101", 2, 5, ""],
    ["-1", 10, 0xffffffff, ""],
    ["4294967295", 10, 0xffffffff, ""],
    ["4294967296", 10, 0xffffffff, ""],
    ["99999999999999999999999", 10, 0xffffffff, ""],
    ["", 10, 0, ""],
    ["  abc", 10, 0, "  abc"],
    ["+", 10, 0, "+"],
    ["-", 0, 0, "-"],
  ])("reads %j in base %d", (text, base, value, rest) => {
    const at = put(a, text);
    expect(module.number!(at, b, base) >>> 0).toBe(value);
    const end = new DataView(module.memory.buffer).getUint32(b, true);
    expect(Buffer.from(bytes.subarray(end, bytes.indexOf(0, end))).toString()).toBe(rest);
  });

  it("takes NULL for the end", () => {
    bytes.fill(0xee, 0, 8);
    expect(module.number!(put(a, "7"), 0, 10)).toBe(7);
    expect([...bytes.subarray(0, 4)]).toEqual([0xee, 0xee, 0xee, 0xee]);
  });

  it("has a form for 64 bits", () => {
    const number = module.long_number as unknown as (at: number, end: number, base: number) => bigint;
    const read = (text: string, base: number) => BigInt.asUintN(64, number(put(a, text), 0, base));
    expect(read("0xffffffffffffffff", 0)).toBe(2n ** 64n - 1n);
    expect(read("18446744073709551616", 10)).toBe(2n ** 64n - 1n);
    expect(read("18446744073709551615", 10)).toBe(2n ** 64n - 1n);
    expect(read("1000000000000", 10)).toBe(10n ** 12n);
  });
});

it("guest_cpu_to_vrs() makes -1 a bus error and an errno VRS_ERRNO + errno", () => {
  expect(module.to_vrs!(-1)).toBe(VRS_BUS_ERROR);
  expect(module.to_vrs!(22)).toBe(VRS_ERRNO + 22);
});
