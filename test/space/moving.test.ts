/**
 * Regions that a running vdev moves, changes and removes. Oracle: what gasp_region_set_soft() is documented to do, and
 * that a guest access reaches the region that was there when it began.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { TrapRing } from "../../host/dispatcher/batch.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import { runBatch } from "../../host/vm/batch.ts";
import { stateDigest, VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const { done, busError } = AccessStatus;
const DEVICE = 0x1c000000n;
const OTHER = 0x1c001000n;
const [BASE, ACCESS, RESULT, COUNT] = [0n, 8n, 16n, 24n];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vdevbox-space-"));
  const file = fileURLToPath(new URL("./assembly/bar.ts", import.meta.url));
  await compileVdev({ file, outFile: join(folder, "bar.wasm") });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two devices of one module, and 64 KiB of RAM at 0. */
function machine(unsupported: "fail" | "ignore" = "fail"): Vm {
  const plan = (name: string, address: bigint) =>
    vdevPlan(join(folder, "bar.wasm"), { type: "bar", name, loc: { space: "memory", address } });
  const ram = [{ start: 0n, length: 0x10000n, writable: true }];
  return createVm(vmPlan([plan("bar", DEVICE), plan("other", OTHER)], { ram, unsupported, cpus: 2 }));
}

const place = (vm: Vm, to: bigint, device = DEVICE) => write(vm, device + BASE, to, 8);
const register = (vm: Vm, offset: bigint) => read(vm, DEVICE + offset, 8)[1];
/** Warnings are the manual's advice against gasp_*() on a vCPU thread. */
const violations = (vm: Vm) => vm.findings.all.filter((one) => one.severity !== "warning");

describe("a window that the guest moves", () => {
  it.each([
    ["into a page of its own", 0x50000000n, 0x60000000n],
    ["within its page", 0x50000000n, 0x50000010n],
    ["beside another region", 0x50000000n, DEVICE + 0x20n],
    ["over 4 GiB", 0xfffffff8n, 0x100000000n],
    ["to 2^52", 0x50000000n, 1n << 52n],
    ["to the last bytes of memory", 0x50000000n, (1n << 64n) - 16n],
  ])("answers there and nowhere else: %s", (_what, first, second) => {
    const vm = machine();
    expect(place(vm, first)).toBe(done);
    expect(read(vm, first, 8)).toEqual([done, first]);
    place(vm, second);
    expect(read(vm, second, 8)).toEqual([done, second]);
    expect(read(vm, second + 8n, 8)).toEqual([done, second + 8n]);
    expect(read(vm, first, 4)[0]).toBe(busError);
    expect([register(vm, RESULT), violations(vm)]).toEqual([2n, []]);
    place(vm, 0n);
    expect([read(vm, second, 8)[0], register(vm, RESULT)]).toEqual([busError, 1n]);
  });

  it("is reached by the next access of any vCPU, one by one and in a batch", () => {
    const vm = machine();
    const ring = new TrapRing(vm.dispatcher);
    ring.setRead(0, "memory", 0x50000000, 0, 4, 1);
    ring.setWrite(1, "memory", Number(DEVICE), 0, 8, 0x50000000, 0, 0);
    ring.setRead(2, "memory", 0x50000000, 0, 4, 1);
    ring.setWrite(3, "memory", 0x50000004, 0, 4, 0x60000000, 0, 1);
    ring.setRead(4, "memory", 0x50000000, 0, 4, 0);
    ring.setRead(5, "memory", 0x60000000, 0, 4, 1);
    expect(runBatch(vm, ring, 6)).toBe(6);
    expect([0, 1, 2, 3, 4, 5].map((i) => ring.status(i))).toEqual([busError, done, done, done, busError, done]);
    expect([ring.valueLo(2), ring.valueLo(5)]).toEqual([0x50000000, 0x60000000]);
  });

  it("is gone for the next access of a batch once it is taken away", () => {
    const vm = machine();
    place(vm, 0x50000000n);
    const ring = new TrapRing(vm.dispatcher);
    ring.setRead(0, "memory", 0x50000000, 0, 4, 0);
    ring.setWrite(1, "memory", Number(DEVICE), 0, 8, 0, 0, 0);
    ring.setRead(2, "memory", 0x50000000, 0, 4, 0);
    ring.setRead(3, "memory", 0x50000000, 0, 4, 0);
    expect(runBatch(vm, ring, 4)).toBe(4);
    expect([0, 1, 2, 3].map((i) => ring.status(i))).toEqual([done, done, busError, busError]);
    expect(vm.traps).toBe(5);
  });

  it.each([
    ["RAM", 0x1000n],
    ["its own registers", DEVICE + 8n],
    ["another vdev", OTHER - 8n],
    ["the end of memory", (1n << 64n) - 8n],
  ])("does not go where %s is: the call says which region failed, and nobody else is harmed", (_what, to) => {
    const vm = machine();
    place(vm, 0x50000000n);
    place(vm, to);
    // Region 0, the removal, was done; region 1 is the first that failed.
    expect(register(vm, RESULT)).toBe(1n);
    expect(read(vm, 0x50000000n, 8)[0]).toBe(busError);
    write(vm, 0x1000n, 0x12n);
    expect([read(vm, 0x1000n)[1], read(vm, OTHER + ACCESS, 8)]).toEqual([0x12n, [done, 3n]]);
    expect(violations(vm)).toEqual([]);
  });
});

describe("a region that its own callback takes away", () => {
  it("moves while its write is in progress, and that write is done", () => {
    const vm = machine();
    place(vm, 0x50000000n);
    expect(write(vm, 0x50000008n, 0x60000000n, 8)).toBe(done);
    expect([read(vm, 0x50000000n)[0], read(vm, 0x60000000n)[0]]).toEqual([busError, done]);
  });

  it("still has its answer: a bus error is the vdev's, whatever `unsupported` says", () => {
    const vm = machine("ignore");
    place(vm, 0x50000000n);
    expect(write(vm, 0x50000008n, 0xdeadn, 8)).toBe(busError);
    expect(write(vm, 0x50000008n, 0xdeadn, 8)).toBe(done); // nobody is there now, and writes to nobody are ignored
    expect(violations(vm)).toEqual([]);
  });

  it("and answers nonsense is told so, and not taken for an address where nothing is", () => {
    const vm = machine("ignore");
    place(vm, 0x50000000n);
    expect(write(vm, 0x50000008n, 0xbadn, 8)).toBe(busError);
    expect(violations(vm).map(({ rule, vdev }) => [rule, vdev?.name])).toEqual([["result", "bar"]]);
  });
});

describe("rights of a region", () => {
  it("change in place, from the next access on", () => {
    const vm = machine();
    place(vm, 0x50000000n);
    for (const [flags, reads, writes] of [
      [1n, done, busError],
      [2n, busError, done],
      [0x80n, busError, busError],
      [3n, done, done],
    ] as const) {
      write(vm, DEVICE + ACCESS, flags, 8);
      expect([flags, register(vm, RESULT)]).toEqual([flags, 1n]);
      expect(read(vm, 0x50000000n)[0]).toBe(reads);
      expect(write(vm, 0x50000004n, 0x50000000n, 8)).toBe(writes);
    }
  });

  it("cannot be to pass accesses to the host, where nothing is", () => {
    const vm = machine();
    place(vm, 0x50000000n);
    write(vm, DEVICE + ACCESS, 0x18n, 8); // GRF_PASS_RD | GRF_PASS_WR
    expect(register(vm, RESULT)).toBe(0n);
    expect(read(vm, 0x50000000n)[0]).toBe(done);
  });
});

describe("a VM put back", () => {
  it("has its regions where they were, whatever a vdev did to them", () => {
    const vm = machine();
    place(vm, 0x50000000n);
    const snapshot = new VmSnapshot(vm);
    const digest = stateDigest(vm);
    const run = [
      () => place(vm, 0x60000000n),
      () => place(vm, 0n),
      () => write(vm, DEVICE + ACCESS, 1n, 8),
      () => place(vm, 0x60000000n, OTHER),
      () => write(vm, 0x50000008n, 0xdeadn, 8),
    ];
    for (const change of run) {
      change();
      expect(stateDigest(vm)).not.toBe(digest);
      snapshot.restore();
      expect(stateDigest(vm)).toBe(digest);
      expect([read(vm, 0x50000000n, 8), read(vm, 0x60000000n)[0]]).toEqual([[done, 0x50000000n], busError]);
      expect(register(vm, COUNT)).toBe(1n);
      snapshot.restore();
    }
  });

  it("goes between two snapshots with as many changes behind them", () => {
    const vm = machine();
    const empty = new VmSnapshot(vm);
    place(vm, 0x50000000n);
    const first = new VmSnapshot(vm);
    empty.restore();
    place(vm, 0x60000000n);
    first.restore();
    expect([read(vm, 0x50000000n)[0], read(vm, 0x60000000n)[0]]).toEqual([done, busError]);
    empty.restore();
    expect([read(vm, 0x50000000n)[0], read(vm, 0x60000000n)[0]]).toEqual([busError, busError]);
  });

  it("has no region that an access before it took away", () => {
    const vm = machine("ignore");
    place(vm, 0x50000000n);
    const snapshot = new VmSnapshot(vm);
    write(vm, 0x50000008n, 0xdeadn, 8);
    snapshot.restore();
    place(vm, 0n); // the same trap number as the write above
    expect(write(vm, 0x50000008n, 1n, 8)).toBe(done);
    expect(violations(vm)).toEqual([]);
  });
});
