/**
 * Vdevs that use guest memory well and badly, in AssemblyScript as an author would write them. Oracle: the remark at the
 * end of the line that is to be named, and docs/address-space.md for what is a double fetch and what is not.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { TrapRing } from "../../host/dispatcher/batch.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import { runBatch } from "../../host/vm/batch.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm, VmOptions } from "../../host/vm/vm.ts";
import { read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
const RAM = 0x1000n;
const MAP_TWICE = 1n;
const KEEP = 6n;

let folder: string;
let lines: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vdevbox-fetches-"));
  const file = fileURLToPath(new URL("./assembly/fetcher.ts", import.meta.url));
  lines = readFileSync(file, "utf8").split("\n");
  await compileVdev({ file, outFile: join(folder, "fetcher.wasm") });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function machine(options: VmOptions = {}): Vm {
  const plan = vdevPlan(join(folder, "fetcher.wasm"), { loc: { space: "memory", address: DEVICE } });
  return createVm(vmPlan([plan], { ram: [{ start: RAM, length: 0x1000n, writable: true }] }), options);
}

/** A guest that writes its memory between any two reads of a vdev: every third byte counts up. */
function restless(vm: Vm): void {
  let count = 5;
  vm.ram.interposer = (_address, bytes) => {
    count++;
    return bytes.map((byte, i) => (i % 3 === 2 ? count : byte));
  };
}

/** Has a vdev do something. @returns its result */
function execute(vm: Vm, command: bigint): bigint {
  expect(write(vm, DEVICE, command)).toBe(AccessStatus.done);
  return read(vm, DEVICE)[1];
}

/** All findings but the advice of the manual not to call gasp_*() on a vCPU thread: rule, message, line. */
function findings(vm: Vm): (readonly [string, string, string | undefined])[] {
  return vm.findings.all
    .filter((one) => one.rule !== "advice")
    .map((one) => [one.rule, one.message, lines[(one.stack[0]?.line ?? 0) - 1]?.split("// ")[1]]);
}

describe("a double fetch", () => {
  it.each([
    ["a mapping made twice", 1n, "gasp_map_sys", "gasp_map_sys", "second map"],
    ["a transfer of a header and then of all", 2n, "guest_cpu_read", "guest_cpu_read", "whole"],
    ["a mapping and a transfer", 15n, "guest_cpu_read", "gasp_map_sys", "again"],
  ])("is %s with two values: told with address, values and place", (_what, command, call, before, remark) => {
    const vm = machine();
    restless(vm);
    execute(vm, command);
    const said = `${call}() got 0x07 for the guest byte at 0x1002, and ${before}() had got 0x06 in the same callback`;
    expect(findings(vm)).toEqual([["double-fetch", said, remark]]);
    expect(vm.findings.all.find((one) => one.rule === "double-fetch")).toMatchObject({
      severity: "warning",
      situation: { callback: "vwrite", trap: 1 },
    });
  });

  it.each([
    ["one mapping that is read twice", 3n],
    ["bytes the vdev wrote itself in a mapping", 4n],
    ["bytes the vdev wrote itself with guest_cpu_write()", 5n],
    ["a mapping to write only and then one to read", 7n],
  ])("is not %s", (_what, command) => {
    const vm = machine();
    // Only what the vdev has not written may change behind its back: here nothing else does.
    if (command === 3n || command === 7n) restless(vm);
    execute(vm, command);
    expect(findings(vm)).toEqual([]);
  });

  it("is not the same bytes twice while they stay the same", () => {
    const vm = machine();
    for (const command of [1n, 2n, 15n]) execute(vm, command);
    expect(findings(vm)).toEqual([]);
  });

  it("is not a mapping in another callback, nor one that stays open over callbacks", () => {
    const vm = machine();
    for (let i = 0n; i < 5n; i++) {
      write(vm, RAM, i);
      execute(vm, KEEP);
    }
    restless(vm);
    for (const command of [3n, 3n]) {
      const fresh = machine();
      restless(fresh);
      execute(fresh, command);
      execute(fresh, command);
      expect(findings(fresh)).toEqual([]);
    }
    expect(findings(vm)).toEqual([]);
  });

  it("is not one with what a restored VM had read in a trap of the same number", () => {
    const vm = machine();
    const snapshot = new VmSnapshot(vm);
    write(vm, DEVICE, 3n);
    snapshot.restore();
    vm.ram.load(RAM, 1)![0] = 0xff;
    write(vm, DEVICE, 3n);
    expect(findings(vm)).toEqual([]);
  });

  it("is found again in a replay, which knows what was read and asks nobody", () => {
    const events: VmEvent[] = [];
    const vm = machine({ listener: (event) => events.push(event) });
    restless(vm);
    write(vm, DEVICE, MAP_TWICE);
    const reads = events.flatMap((event) => (event.kind === "ram-read" ? [event.bytes] : []));
    expect(reads).toHaveLength(2);
    const again = machine({ ramSource: () => reads.shift()! });
    again.ram.interposer = () => {
      throw new Error("a replay asks the recording");
    };
    write(again, DEVICE, MAP_TWICE);
    expect(findings(again)).toEqual(findings(vm));
  });
});

describe("mappings of the same bytes", () => {
  it("show what the vdev wrote through another, and through guest_cpu_write(), within one callback", () => {
    const vm = machine();
    expect(execute(vm, 8n)).toBe(0x33332211n);
    expect([read(vm, RAM, 1)[1], findings(vm)]).toEqual([0x33n, []]);
  });

  it("made during a batch are renewed for its later accesses, as they are one by one", () => {
    const vm = machine();
    const ring = new TrapRing(vm.dispatcher);
    const device = Number(DEVICE);
    ring.setWrite(0, "memory", device, 0, 4, Number(KEEP), 0, 0);
    ring.setWrite(1, "memory", Number(RAM), 0, 4, 0x42, 0, 0);
    ring.setRead(2, "memory", device, 0, 4, 0);
    // Maps and reads the bytes again: were the open mapping as old as the batch, this would be a double fetch.
    ring.setWrite(3, "memory", device, 0, 4, 15, 0, 0);
    ring.setRead(4, "memory", device, 0, 4, 0);
    expect(runBatch(vm, ring, 5)).toBe(5);
    expect([0, 1, 2, 3, 4].map((i) => ring.status(i))).toEqual([0, 0, 0, 0, 0]);
    expect([ring.valueLo(4), vm.traps, findings(vm)]).toEqual([1, 5, []]);
  });
});

describe("a wrong pointer", () => {
  it.each([
    ["behind a mapping", 10n, "bytes right before or behind a mapping of guest memory were written", "too short"],
    ["before a mapping", 13n, "bytes right before or behind a mapping of guest memory were written", undefined],
    ["to a mapping that is only to read", 11n, "a mapping made without PROT_WRITE was written to", "only to read"],
    ["to a mapping given back", 9n, "bytes of a mapping were written after it was given back", "given back"],
  ])("that writes %s is told of, and the guest's memory is as it was", (_where, command, message, remark) => {
    const vm = machine();
    write(vm, RAM, 0x1234567812345678n, 8);
    execute(vm, command);
    expect(findings(vm)).toEqual([["mapping", message, remark]]);
    expect([read(vm, RAM, 8)[1], read(vm, RAM + 16n, 8)[1]]).toEqual([0x1234567812345678n, 0n]);
    execute(vm, 0n);
    expect(findings(vm)).toHaveLength(1);
  });

  it("that reads a mapping given back gets no byte of the guest's", () => {
    const vm = machine();
    write(vm, RAM, 0x55n, 1);
    expect(execute(vm, 12n)).toBe(0xdbn);
  });

  it("is no matter when only the length of gasp_unmap() is wrong: the mapping is gone, and the vdev is told", () => {
    const vm = machine();
    execute(vm, 14n);
    expect(findings(vm)).toEqual([["argument", "gasp_unmap() was given 15 bytes of a mapping of 16", undefined]]);
    expect(vm.windows.any).toBe(false);
  });
});
