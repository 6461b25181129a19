/**
 * Walks of guest memory, room in it for vdevs, and rights of its pages. Oracle: docs/address-space.md, and for walks a
 * list of the bytes that are memory, written down here once more.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import type { VmPlan } from "../../host/vm/plan.ts";
import { stateDigest, VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm, VmOptions } from "../../host/vm/vm.ts";
import { read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const { done, busError } = AccessStatus;
const DEVICE = 0x1c000000n;
const AT = { start: 0n, length: 8n, cap: 16n, flags: 24n, walk: 32n, rights: 40n, info: 48n, result: 56n, count: 64n };
const PIECES = 0x48n;
const FOUND = 0x80n;
const TOP = 1n << 64n;
const ENXIO = -6n;
const EINVAL = -22n;

/** Two RAM ranges that touch, ROM behind them, a hole, RAM again; and RAM up to the last byte there is. */
const RAM: VmPlan["ram"] = [
  { start: 0x1000n, length: 0x2000n, writable: true },
  { start: 0x3000n, length: 0x1000n, writable: true },
  { start: 0x4000n, length: 0x1000n, writable: false },
  { start: 0x6000n, length: 0x1000n, writable: true },
  { start: TOP - 0x1000n, length: 0x1000n, writable: true },
];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vdevbox-memory-"));
  const file = fileURLToPath(new URL("./assembly/walker.ts", import.meta.url));
  await compileVdev({ file, outFile: join(folder, "walker.wasm") });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function machine(options: VmOptions = {}, ram = RAM): Vm {
  const plan = vdevPlan(join(folder, "walker.wasm"), { loc: { space: "memory", address: DEVICE } });
  return createVm(vmPlan([plan], { ram }), options);
}

const register = (vm: Vm, offset: bigint) => read(vm, DEVICE + offset, 8)[1];
const signed = (vm: Vm, offset: bigint) => BigInt.asIntN(64, register(vm, offset));

interface Walked {
  readonly pieces: readonly (readonly [bigint, bigint])[];
  readonly result: bigint;
  readonly count: bigint;
}

function walk(vm: Vm, start: bigint, length: bigint, cap = 0n): Walked {
  write(vm, DEVICE + AT.start, start, 8);
  write(vm, DEVICE + AT.length, length, 8);
  write(vm, DEVICE + AT.cap, cap, 8);
  write(vm, DEVICE + AT.count, 0n, 8);
  write(vm, DEVICE + AT.walk, 0n, 8);
  const pieces = Array.from({ length: Number(register(vm, PIECES)) }, (_, i) => {
    const at = FOUND + BigInt(i) * 16n;
    return [register(vm, at), register(vm, at + 8n)] as const;
  });
  return { pieces, result: signed(vm, AT.result), count: register(vm, AT.count) };
}

describe("a walk", () => {
  it("goes through memory piece by piece, over the borders of ranges", () => {
    expect(walk(machine(), 0x2ff0n, 0x1020n)).toEqual({
      pieces: [
        [0x2ff0n, 0x10n],
        [0x3000n, 0x1000n],
        [0x4000n, 0x10n],
      ],
      result: 0n,
      count: 3n,
    });
  });

  it.each([
    ["a hole", 0x4ff0n, 0x20n, [[0x4ff0n, 0x10n]], ENXIO],
    ["a hole at once", 0x5000n, 1n, [], ENXIO],
    ["a vdev's region", DEVICE, 4n, [], ENXIO],
    ["nothing, of no length", 0x5000n, 0n, [], 0n],
    ["the end of memory", TOP - 0x10n, 0x10n, [[TOP - 0x10n, 0x10n]], 0n],
    ["past the end of memory", TOP - 0x10n, 0x11n, [], EINVAL * -1n],
    ["a length no memory has", 0x1000n, 1n << 32n, [], EINVAL * -1n],
    ["a length that overflows", 0x1000n, TOP - 1n, [], EINVAL * -1n],
  ])("into %s", (_what, start, length, pieces, result) => {
    const walked = walk(machine(), start, length);
    expect(walked).toEqual({ pieces, result, count: BigInt(pieces.length) });
  });

  it("agrees with a list of bytes, whatever the guest asks for", () => {
    const vm = machine();
    const rangeOf = (at: bigint) => RAM.findIndex((one) => at >= one.start && at < one.start + one.length);
    const near = fc.tuple(fc.constantFrom(...RAM.flatMap((one) => [one.start, one.start + one.length])), fc.integer());
    const start = near.map(([place, by]) => BigInt.asUintN(64, place + BigInt(by % 80)));
    fc.assert(
      fc.property(start, fc.nat(120), fc.integer({ min: 3, max: 200 }), (from, length, cap) => {
        fc.pre(from + BigInt(length) <= TOP);
        const expected: [bigint, bigint][] = [];
        let at = from;
        for (; at < from + BigInt(length) && rangeOf(at) >= 0; at++) {
          const last = expected.at(-1);
          const goesOn =
            last !== undefined && rangeOf(last[0]) === rangeOf(at) && last[1] < BigInt(cap) && last[0] + last[1] === at;
          if (goesOn) last[1]++;
          else expected.push([at, 1n]);
        }
        const whole = at === from + BigInt(length);
        expect(walk(vm, from, BigInt(length), BigInt(cap))).toEqual({
          pieces: expected,
          result: whole ? 0n : ENXIO,
          count: BigInt(expected.length),
        });
      }),
      { numRuns: 150 },
    );
  });
});

describe("room in guest memory", () => {
  it("is taken from the top of RAM, is nobody else's then, and only where memory is", () => {
    const vm = machine({}, RAM.slice(0, 3));
    const results = Array.from({ length: 11 }, (_, i) => register(vm, 0x300n + BigInt(i) * 8n));
    const none = TOP - 1n; // QSL_NO_LOCATION
    expect(results.slice(0, 5)).toEqual([0x3000n, 0x2000n, 0x2ff0n, 0x1000n, none]);
    // EOK, EBUSY, and EINVAL: over the end of ROM, nowhere, over the end of the address space.
    expect(results.slice(5, 10)).toEqual([0n, 16n, 22n, 22n, 22n]);
    expect(results[10]).toBe(none);
    expect(vm.findings.all).toEqual([]);
  });
});

describe("rights of pages", () => {
  const [RD, WR, EX] = [0x8n, 0x10n, 0x20n];
  const MEMORY = 0x100n;

  /** @returns how many regions were set: 1, or 0 when it was refused */
  function set(vm: Vm, start: bigint, length: bigint, flags: bigint): bigint {
    write(vm, DEVICE + AT.start, start, 8);
    write(vm, DEVICE + AT.length, length, 8);
    write(vm, DEVICE + AT.flags, flags, 8);
    write(vm, DEVICE + AT.rights, 0n, 8);
    return register(vm, AT.result);
  }

  function info(vm: Vm, at: bigint): bigint[] {
    write(vm, DEVICE + AT.start, at, 8);
    write(vm, DEVICE + AT.info, 0n, 8);
    return [register(vm, AT.result), register(vm, FOUND), register(vm, FOUND + 8n), register(vm, FOUND + 16n)];
  }

  it("decide what the guest can do with RAM, page by page, and an access over two pages needs both", () => {
    const vm = machine();
    write(vm, 0x1ffcn, 0x1122334455667788n, 8);
    expect(set(vm, 0x2000n, 0x1000n, RD)).toBe(1n);
    expect([read(vm, 0x2000n), write(vm, 0x2000n, 0n), write(vm, 0x1ffcn, 0n, 8)]).toEqual([
      [done, 0x11223344n],
      busError,
      busError,
    ]);
    expect(read(vm, 0x1ffcn, 8)).toEqual([done, 0x1122334455667788n]);
    expect(set(vm, 0x2000n, 0x1000n, 0x8000n)).toBe(1n); // GRF_NOPERMS
    expect([read(vm, 0x2000n)[0], read(vm, 0x1ffcn, 8)[0], write(vm, 0x2ffcn, 0n)]).toEqual([
      busError,
      busError,
      busError,
    ]);
    expect([write(vm, 0x1ffcn, 0x1n), write(vm, 0x3000n, 0x1n)]).toEqual([done, done]);
    expect(set(vm, 0x2000n, 0x1000n, RD | WR)).toBe(1n);
    expect(read(vm, 0x2000n)).toEqual([done, 0x11223344n]);
  });

  it("are what gasp_region_info() tells of, pages with the same rights together", () => {
    const vm = machine();
    expect(info(vm, 0x1800n)).toEqual([0n, 0x1000n, 0x2000n, MEMORY | RD | WR | EX]);
    expect(info(vm, 0x4800n)).toEqual([0n, 0x4000n, 0x1000n, MEMORY | RD | EX]);
    set(vm, 0x1000n, 0x1000n, RD);
    expect(info(vm, 0x1800n)).toEqual([0n, 0x1000n, 0x1000n, MEMORY | RD]);
    expect(info(vm, 0x2fffn)).toEqual([0n, 0x2000n, 0x1000n, MEMORY | RD | WR | EX]);
    expect(info(vm, TOP - 1n)).toEqual([0n, TOP - 0x1000n, 0x1000n, MEMORY | RD | WR | EX]);
    expect(info(vm, 0x5000n)[0]).toBe(6n);
  });

  it.each([
    ["half a page", 0x1800n, 0x800n, 0x8n],
    ["pages of two ranges", 0x2000n, 0x2000n, 0x8n],
    ["pages and a hole", 0x6000n, 0x2000n, 0x8n],
    ["writing to ROM", 0x4000n, 0x1000n, 0x18n],
    ["trapping RAM to a vdev", 0x1000n, 0x1000n, 0x2n],
    ["removing RAM", 0x1000n, 0x1000n, 0n],
    ["an end past the space", TOP - 0x1000n, 0x2000n, 0x8n],
  ])("are refused, and nothing changes: %s", (_what, start, length, flags) => {
    const vm = machine();
    const digest = stateDigest(vm);
    const snapshot = new VmSnapshot(vm);
    expect(set(vm, start, length, flags)).toBe(0n);
    expect(vm.ram.rights.any).toBe(false);
    snapshot.restore();
    expect(stateDigest(vm)).toBe(digest);
  });

  it("are refused where the guest reaches its memory by itself", () => {
    const vm = machine({ ramBytes: (_start, length) => new Uint8Array(Number(length)) });
    expect(set(vm, 0x1000n, 0x1000n, RD)).toBe(0n);
    expect(write(vm, 0x1000n, 1n)).toBe(done);
  });

  it("end a walk where the guest cannot read", () => {
    const vm = machine();
    set(vm, 0x2000n, 0x1000n, 0x8000n);
    expect(walk(vm, 0x1ff0n, 0x20n)).toEqual({ pieces: [[0x1ff0n, 0x10n]], result: ENXIO, count: 1n });
  });

  it("go back with the VM, and are part of its state", () => {
    const vm = machine();
    const snapshot = new VmSnapshot(vm);
    const digest = stateDigest(vm);
    set(vm, 0x2000n, 0x1000n, RD);
    const readOnly = new VmSnapshot(vm);
    expect(stateDigest(vm)).not.toBe(digest);
    snapshot.restore();
    expect([stateDigest(vm), write(vm, 0x2000n, 1n)]).toEqual([digest, done]);
    readOnly.restore();
    expect(write(vm, 0x2000n, 1n)).toBe(busError);
  });
});
