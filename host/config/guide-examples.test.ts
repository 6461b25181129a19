import { describe, expect, it } from "vitest";
import { bindOptions } from "./bind-options.ts";
import { parseConfig } from "./parse-config.ts";
import { printConfig } from "./print-config.ts";
import { withoutPlaces } from "./test-support.ts";
import { vcpuCount } from "./vm-config.ts";

/** One configuration for each way the manual's pages write theirs. */
const ARM = `
# A. one home-made device
system lab_a
cpu sched 9
ram 0x80000000,64M
load ./tiny.elf
vdev pl011
    hostdev >-              # console to stdout
    loc 0x1c090000
    intr gic:37
vdev counter
    loc 0x1d000000
    intr gic:48
    log info,debug stderr   # this vdev only
`;
const WATCHDOG = `
system lab_b
ram 0x80000000,256M
cpu
cpu
logger error,fatal,warn slog  logger info stdout
dump /var/lab_b.dump
load guest.ifs
vdev wdt-sp805 loc 0x1c0f0000 intr gic:49 frequency 1000000 action dump,terminate
`;
const TWICE = `
system lab_c
ram 0x80000000,512M
cpu
vdev gic version 3
vdev virtio-entropy delayed 5 name rng_pci
vdev virtio-entropy loc 0x20001000 intr gic:50 name rng_mmio
`;
const X86 = `
system lab_d
ram 0xa0000  ram 512M
cpu
vdev ioapic  loc 0xf8000000  intr apic  name pic0
vdev ser8250 loc io:0x3f8    intr pic0:4 hostdev /dev/ser1 batch 2000
vdev hpet    loc 0xf8008000  intr pic0:2,pic0:8
`;
const SHARED = `
system lab_e
ram 0x80000000,128M
cpu
vdev shmem loc 0x1c050000 intr gic:38 create trace_ring,0x10000 allow trace_ring
pass loc mem:0xfe200000,0x1000,rwn
set fdt-dump-file /var/lab_e.dtb
dryrun
`;

const parse = (text: string) => parseConfig(text, "t");

describe("configurations as the manual writes them", () => {
  it("A: one device, an image that is noted as unused", () => {
    const config = parse(ARM);
    const [pl011, counter] = config.vdevs;
    expect(config.system?.text).toBe("lab_a");
    expect(config.cpus[0]!.sched).toBe(9);
    expect(bindOptions(pl011!, ["hostdev", "delayed"])).toMatchObject([{ index: 0, argument: ">-" }]);
    expect(bindOptions(counter!, [])).toEqual([]);
    expect(counter!.log).toMatchObject({ severities: ["info", "debug"], destination: "stderr" });
    expect(config.notes.map((note) => note.place.line)).toEqual([4, 6]); // sched, load
  });

  it("B: two vCPUs, two loggers, options with lists", () => {
    const config = parse(WATCHDOG);
    expect(vcpuCount(config)).toBe(2);
    expect(config.loggers).toHaveLength(2);
    expect(bindOptions(config.vdevs[0]!, ["action", "frequency"])).toMatchObject([
      { index: 1, name: "frequency", argument: "1000000" },
      { index: 0, name: "action", argument: "dump,terminate" },
    ]);
  });

  it("C: one type twice, once without a location", () => {
    const [gic, pci, mmio] = parse(TWICE).vdevs;
    expect(bindOptions(gic!, ["version"])).toMatchObject([{ argument: "3" }]);
    expect(pci).toMatchObject({ intr: [], name: { text: "rng_pci" } });
    expect(pci!.loc).toBeUndefined();
    expect(mmio).toMatchObject({ loc: { address: 0x2000_1000n }, intr: [{ pic: "gic", line: 50 }] });
  });

  it("D: a named PIC, ports, two lines of one vdev, RAM without an address", () => {
    const config = parse(X86);
    const [ioapic, serial, hpet] = config.vdevs;
    expect(config.memory.map(({ address, length }) => [address, length])).toEqual([
      [undefined, 0xa0000n],
      [undefined, 512n << 20n],
    ]);
    expect(withoutPlaces(ioapic!.intr)).toEqual([{ pic: "apic" }]);
    expect(withoutPlaces(serial!.loc)).toEqual({ space: "io", address: 0x3f8n });
    expect(withoutPlaces(hpet!.intr)).toEqual([
      { pic: "pic0", line: 2 },
      { pic: "pic0", line: 8 },
    ]);
  });

  it("E: a pass is accepted with a note, and a VM-wide variable behind it reaches the VM", () => {
    const config = parse(SHARED);
    expect(bindOptions(config.vdevs[0]!, ["create", "allow", "deny"]).map((option) => option.argument)).toEqual([
      "trace_ring,0x10000",
      "trace_ring",
    ]);
    expect(config.passes).toMatchObject([
      { locs: [{ space: "memory", address: 0xfe20_0000n, length: 0x1000n, permissions: "rwn" }] },
    ]);
    expect(config.settings).toMatchObject([{ name: "fdt-dump-file", value: "/var/lab_e.dtb" }]);
    expect(config.dryrun).toBe(true);
    expect(config.notes.map((note) => note.text)).toEqual([
      expect.stringContaining('"pass" has no effect'),
      expect.stringContaining('"fdt-dump-file" is kept and changes nothing'),
    ]);
  });

  it("print and read again as they were", () => {
    for (const text of [ARM, WATCHDOG, TWICE, X86, SHARED]) {
      const config = parse(text);
      expect(withoutPlaces(parse(printConfig(config)))).toEqual(withoutPlaces(config));
    }
  });
});
