/** Oracle: what the files say in their comments, and the manuals of the devices in them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { read, write } from "../../test/support/vm.ts";
import { AccessStatus } from "../guests/bus.ts";
import { formatPin } from "../interrupts/controllers.ts";
import type { VmEvent } from "../vm/events.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { parseConfig } from "./parse-config.ts";

const FOLDER = fileURLToPath(new URL("testdata", import.meta.url));

/** `date -u -d 2024-02-29T23:59:58Z +%s` */
const LEAP_DAY = 1_709_251_198;

/** The VM a file asks for, started, and what it says. */
function start(file: string): { vm: Vm; events: VmEvent[] } {
  const events: VmEvent[] = [];
  const vm = createVm(planFromConfig(parseConfig(readFileSync(join(FOLDER, file), "utf8"), join(FOLDER, file))), {
    listener: (event) => events.push(event),
  });
  return { vm, events };
}

/** A byte or word that a guest reads. */
function get(vm: Vm, space: "memory" | "io", address: number, width: 1 | 4): number {
  const [status, value] = read(vm, BigInt(address), width, space);
  expect(status).toBe(AccessStatus.done);
  return Number(value);
}

/** PrimeCell ids of a part in memory: what their manuals give for PeriphID0 and the four of CellID. */
const ids = (vm: Vm, base: number) =>
  [0xfe0, 0xff0, 0xff4, 0xff8, 0xffc].map((offset) => get(vm, "memory", base + offset, 4));
const CELL = [0x0d, 0xf0, 0x05, 0xb1];

describe("a test rig, started", () => {
  const { vm, events } = start("rig.qvmconf");

  it("has every device where the file puts it, by the ids of its manual", () => {
    for (const base of [0x1c090000, 0x1c0a0000, 0x1c0b0000, 0x1c0c0000]) expect(ids(vm, base)).toEqual([0x11, ...CELL]); // DDI 0183: PL011
    for (const base of [0x1c170000, 0x1c180000]) expect(ids(vm, base)).toEqual([0x31, ...CELL]); // DDI 0224: PL031
    for (const base of [0x1c0f0000, 0x1c100000]) expect(ids(vm, base)).toEqual([0x05, ...CELL]); // DDI 0270: SP805
    expect(vm.vdevs.map(({ name }) => name)).toEqual([
      ...["under_test", "neighbour", "the third one", "console", "modem", "gps", "early"],
      ...["clock", "stopwatch", "watchdog", "slow_watchdog"],
    ]);
  });

  it("gives each of them its own options and settings", () => {
    expect(get(vm, "memory", 0x1c170000, 4)).toBe(LEAP_DAY);
    expect(get(vm, "memory", 0x1c180000, 4)).toBe(0);
    const flags = [0x1c090000, 0x1c0a0000].map((base) => get(vm, "memory", base + 0x18, 4) & 7);
    expect(flags).toEqual([0, 7]); // DDI 0183, UARTFR: CTS, DSR and DCD of the modem that asserts them
    const enabled = [0x1c0b0000, 0x1c0c0000].map((base) => get(vm, "memory", base + 0x30, 4) & 1);
    expect(enabled).toEqual([0, 1]); // UARTCR.UARTEN
    expect(vm.vdevs.map(({ plan }) => plan.policy)).toEqual(["strict", ...Array(10).fill(undefined)]);
    expect(vm.instances).toHaveLength(11);
    expect(vm.plan).toMatchObject({ cpus: 2, onFault: "stop", architecture: "arm", accessNs: 250 });
  });

  it("has its interrupts at the controller's name, nothing at the type's, and breaks no rule", () => {
    const sources = [...vm.lines.all()].flatMap((line) => (line.state.sources.length > 0 ? [formatPin(line)] : []));
    for (const line of [36, 37, 38, 39, 40, 41, 49]) expect(sources).toContain(`irq:${line}`);
    expect(sources.filter((name) => name.startsWith("gic:"))).toEqual([]);
    expect(events.filter(({ kind }) => kind === "finding")).toEqual([]);
  });
});

describe("a PC, started", () => {
  const { vm } = start("pc-lab.qvmconf");
  const cmos = (port: number, index: number) => {
    expect(write(vm, BigInt(port), BigInt(index), 1, "io")).toBe(AccessStatus.done);
    return get(vm, "io", port + 1, 1);
  };
  /** Data sheet of the MC146818: seconds, minutes, hours, day, month and year at 0, 2, 4, 7, 8 and 9, in BCD. */
  const time = (port: number) =>
    [9, 8, 7, 4, 2, 0].map((index) => cmos(port, index).toString(16).padStart(2, "0")).join(" ");

  it("has one clock at the VM's time of day and one at its own", () => {
    expect(time(0x70)).toBe("99 12 31 23 59 59");
    expect(time(0x72)).toBe("00 02 28 12 34 56");
  });

  it("has its memory, the host's number included, with a hole between and a ROM that is none to write", () => {
    const ranges = vm.plan.ram.map(({ start, length, writable }) => [start, length, writable]);
    expect(ranges).toEqual([
      [0n, 0xa0000n, true],
      [0x100000n, 0xf00000n, true],
      [0x80000000n, 0x4000000n, true],
      [0xf0000n, 0x10000n, false],
    ]);
    expect(read(vm, 0xa0000n)[0]).toBe(AccessStatus.busError);
    expect(write(vm, 0xf0000n, 1n)).toBe(AccessStatus.busError);
    expect(get(vm, "io", 0x300, 1)).toBe(0xff); // unsupported io ignore
  });

  it("has Arm parts beside its own, and interrupts at a pair of 8259s and at an I/O APIC", () => {
    expect(ids(vm, 0xfe000000)).toEqual([0x11, ...CELL]);
    expect(ids(vm, 0xfe001000)).toEqual([0x11, ...CELL]);
    const sources = [...vm.lines.all()].flatMap((line) => (line.state.sources.length > 0 ? [formatPin(line)] : []));
    expect(sources).toEqual(expect.arrayContaining(["8259:3", "8259:4", "8259:8", "pic0:8", "pic0:11"]));
    expect(vm.interrupts.controllers.all.map(({ name, lines }) => [name, lines])).toEqual(
      expect.arrayContaining([
        ["8259", 16],
        ["pic0", 24],
      ]),
    );
  });
});
