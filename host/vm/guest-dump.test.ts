/** Guest dumps are ELF core files. Oracle: a reader of its own (test/support/elf-core.ts), and the bytes in guest RAM. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PT, readCore } from "../../test/support/elf-core.ts";
import { ENDING_VDEV, endingVdev, WRITE } from "../../test/support/ending-vdev.ts";
import { vmOf, write } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { coreFile } from "./core-file.ts";
import { VmSnapshot } from "./snapshot.ts";
import type { Vm } from "./vm.ts";

/** e_machine of x86-64, as the ELF specification numbers it. */
const EM_X86_64 = 62;

const folder = mkdtempSync(join(tmpdir(), "vdevbox-dump-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = () => join(folder, `d${count++}.core`);

const DEVICE = 0x1c000000n;
const RAM = [
  { start: 0n, length: 0x40000n, writable: true },
  { start: 0x80000800n, length: 0x1800n, writable: true },
  { start: 0xfff00000n, length: 0x1000n, writable: false },
];

function dumping(dump: string | undefined): { vm: Vm; said: string[] } {
  const { vm, events } = vmOf(
    endingVdev(),
    { ram: RAM, ...(dump !== undefined && { dump }) },
    { vdev: { name: "dog" } },
  );
  const said: string[] = [];
  vm.listener = (event) => {
    events.push(event);
    if (event.kind === "log") said.push(`${event.severity} ${event.text}`);
  };
  return { vm, said };
}

describe("a core file", () => {
  it("has one PT_LOAD for each range, with its address, its rights and every byte", () => {
    const file = fresh();
    const { vm } = dumping(file);
    write(vm, 0x10n, 0x1122334455667788n, 8);
    write(vm, 0x3fffcn, 0xcafef00dn);
    write(vm, 0x80000800n, 0xa5n, 1);
    vm.ram.ranges[2]!.bytes.fill(0x90);
    expect(write(vm, DEVICE, BigInt(WRITE.dump))).toBe(0);
    const core = readCore(readFileSync(file));
    const loads = core.segments.filter(({ type }) => type === PT.load);
    expect(loads.map(({ virtual, physical, memoryBytes, flags }) => [virtual, physical, memoryBytes, flags])).toEqual([
      [0n, 0n, 0x40000n, 6],
      [0x80000800n, 0x80000800n, 0x1800n, 6],
      [0xfff00000n, 0xfff00000n, 0x1000n, 4],
    ]);
    expect(loads.map((load, i) => load.bytes.equals(vm.ram.ranges[i]!.bytes))).toEqual([true, true, true]);
    expect(loads[0]!.bytes.readBigUInt64LE(0x10)).toBe(0x1122334455667788n);
    expect(loads[0]!.bytes.readUInt32LE(0x3fffc)).toBe(0xcafef00d);
  });

  it("says in a note what the VM was and why", () => {
    const file = fresh();
    const { vm } = dumping(file);
    vm.clockStep(5000n);
    write(vm, DEVICE, BigInt(WRITE.biteWithDump));
    expect(vm.ended).toEqual({ exitCode: 4, reason: "the watchdog dog bit" });
    const [note, ...more] = readCore(readFileSync(file)).notes;
    expect(more).toEqual([]);
    expect(note).toMatchObject({ name: "vdevbox", type: 0x564d });
    expect(JSON.parse(note!.text)).toMatchObject({
      system: "test",
      reason: "the watchdog dog bit",
      virtualNs: "5000",
      guestAccesses: 1,
      vdevs: [{ name: "dog", stopped: null }],
    });
  });

  it("of a VM without memory, and of many odd ranges, is right too", () => {
    const whole = (ranges: Parameters<typeof coreFile>[1]) => {
      const core = coreFile(EM_X86_64, ranges, [{ name: "a", type: 7, bytes: Buffer.from("xyz") }]);
      const file = Buffer.alloc(core.length);
      for (const { offset, bytes } of core.pieces) file.set(bytes, offset);
      return readCore(file);
    };
    expect(whole([])).toMatchObject({ bits: 64, machine: 62, notes: [{ name: "a", type: 7, text: "xyz" }] });
    const ranges = Array.from({ length: 100 }, (_, i) => ({
      start: BigInt(i) * 0x123457n,
      bytes: new Uint8Array(1 + i * 1001).fill(i),
      writable: i % 2 === 0,
    }));
    const loads = whole(ranges).segments.filter(({ type }) => type === PT.load);
    expect(loads.map(({ virtual }) => virtual)).toEqual(ranges.map(({ start }) => start));
    expect(loads.filter((load, i) => !load.bytes.equals(ranges[i]!.bytes))).toEqual([]);
  });

  it("takes no room on disk for memory that is zero", () => {
    const file = fresh();
    const { vm } = vmOf(endingVdev(), { dump: file, ram: [{ start: 0n, length: 64n << 20n, writable: true }] });
    expect(vm.control("dump")).toBe(true);
    expect(statSync(file).size).toBeGreaterThan(64 << 20);
    expect(statSync(file).blocks * 512).toBeLessThan(1 << 20);
  });

  it("has what a vdev changed in a mapping, though the callback has not ended", () => {
    const file = fresh();
    const mapping = watVdev({
      ...ENDING_VDEV,
      fields: `(import "qvm" "gasp_map_vdma" (func $map (param i32 i32 i32 i32 i32) (result i32)))
        ${ENDING_VDEV.fields}`,
      vwrite: `(local $at i32)
        (local.set $at (call $map (local.get $vdp) (i32.const 3) (i32.const 0x100) (i32.const 0) (i32.const 16)))
        (i32.store (local.get $at) (i32.const 0x600dda7a))
        (drop (call $dump)) (i32.const 0)`,
    });
    const { vm } = vmOf(mapping, { dump: file, ram: RAM });
    expect(write(vm, DEVICE, 0n)).toBe(0);
    expect(vm.findings.count("violation")).toBe(0);
    const [, load] = readCore(readFileSync(file)).segments;
    expect(load!.bytes.readUInt32LE(0x100)).toBe(0x600dda7a);
  });
});

describe("the files of a run", () => {
  it("are FILE, FILE.1, … up to eight, and no dump changes an earlier one", () => {
    const file = fresh();
    const { vm, said } = dumping(file);
    for (let i = 0; i < 10; i++) {
      write(vm, 0n, BigInt(i), 1);
      expect(write(vm, DEVICE, BigInt(WRITE.dump))).toBe(i < 8 ? 0 : 1);
    }
    const names = [file, ...Array.from({ length: 7 }, (_, i) => `${file}.${i + 1}`)];
    expect(names.map((name) => readCore(readFileSync(name)).segments[1]!.bytes[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(existsSync(`${file}.8`)).toBe(false);
    expect(said[0]).toBe(`info guest dump written to ${file} (asked for by dog)`);
  });

  it("begin with FILE again when the VM is put back", () => {
    const file = fresh();
    const { vm } = dumping(file);
    const start = new VmSnapshot(vm);
    write(vm, DEVICE, BigInt(WRITE.dump));
    start.restore();
    write(vm, 0n, 9n, 1);
    write(vm, DEVICE, BigInt(WRITE.dump));
    expect(readCore(readFileSync(file)).segments[1]!.bytes[0]).toBe(9);
    expect(existsSync(`${file}.1`)).toBe(false);
  });

  it("are asked for in vain in a loop only so often: the module is stopped", () => {
    const greedy = watVdev({ ...ENDING_VDEV, vwrite: "(loop $more (drop (call $dump)) (br $more)) (i32.const 0)" });
    const { vm, events } = vmOf(greedy);
    expect(write(vm, DEVICE, 0n)).toBe(1);
    expect(vm.findings.all.at(-1)).toMatchObject({ severity: "fault", rule: "limit" });
    expect(events.length).toBeLessThan(5000);
  });

  it("are none without `dump FILE`, which is told", () => {
    const { vm, said } = dumping(undefined);
    expect(write(vm, DEVICE, BigInt(WRITE.dump))).toBe(1);
    expect(said).toEqual(["warn no guest dump is written (asked for by dog): the configuration has no `dump FILE`"]);
  });

  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "f"), "");
  it.each([
    ["a folder that is not there", join(folder, "none", "x.core"), "ENOENT"],
    ["a folder", join(folder, "sub"), "EISDIR"],
    ["a file in a file", join(folder, "f", "x"), "ENOTDIR"],
  ])("that cannot be written, as in %s, are one sentence and no end of the VM", (_what, file, errno) => {
    const { vm, said } = dumping(file);
    const before = readdirSync(folder).length;
    expect(write(vm, DEVICE, BigInt(WRITE.dump))).toBe(1);
    expect(said).toEqual([`error the guest dump cannot be written to ${file}: ${errno}`]);
    expect(vm.ended).toBeUndefined();
    expect(readdirSync(folder)).toHaveLength(before);
  });
});
