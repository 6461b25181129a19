/** Whole configurations of every kind the manual's pages show: what each says is stated here in other words. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkControllers } from "./check-controllers.ts";
import { parseConfig } from "./parse-config.ts";
import { printConfig } from "./print-config.ts";
import { vdevboxSettings } from "./settings.ts";
import { errorOf, withoutPlaces } from "./test-support.ts";
import type { VdevItem, VmConfig } from "./vm-config.ts";

const FOLDER = fileURLToPath(new URL("testdata", import.meta.url));
const files = readdirSync(FOLDER);
const parse = (file: string): VmConfig => parseConfig(readFileSync(join(FOLDER, file), "utf8"), file);
const vdev = (config: VmConfig, name: string): VdevItem =>
  config.vdevs.find((one) => (one.name?.text ?? one.type) === name)!;
const own = (item: VdevItem) => item.own.map((word) => word.text).join(" ");

describe.each(files)("%s", (file) => {
  it("prints as what it is, and printing that changes nothing", () => {
    const config = parse(file);
    const printed = printConfig(config);
    expect(withoutPlaces(parseConfig(printed, "printed"))).toEqual(withoutPlaces(config));
    expect(printConfig(parseConfig(printed, "printed"))).toBe(printed);
  });

  it("has its interrupt controllers in order", () => checkControllers(parse(file).vdevs));
});

describe("an ARM board", () => {
  const config = parse("arm-board.qvmconf");

  it("has its processors, memory, images and messages", () => {
    expect(config.cpus.map(({ sched, runmask, partition }) => [sched, runmask?.join(), partition])).toEqual([
      [10, "2,3", undefined],
      [10, "2,3", undefined],
      [9, undefined, "background"],
    ]);
    expect(config.ram.reduce((sum, { length }) => sum + length, 0n)).toBe(1n << 30n);
    expect(config.loads.map(({ kind, file }) => `${kind} ${file}`)).toEqual([
      "image /images/guest.ifs",
      "initrd /images/guest rootfs.cpio.gz",
    ]);
    expect(config.cmdline?.text).toBe("console=ttyAMA0,115200 root=/dev/ram0 rw quiet");
    expect(config.loggers).toHaveLength(3);
    expect(config.dump?.text).toBe("/var/dumps/head_unit.core");
  });

  it("has a vdev for each stanza, options of its own included", () => {
    expect(config.vdevs).toHaveLength(9);
    expect(own(vdev(config, "gic"))).toBe("version 3 gicd 0x2f000000 gicr 0x2f100000");
    expect(own(vdev(config, "pl011"))).toBe("hostdev >- hostdev </dev/null batch 500");
    expect(vdev(config, "wdt-sp805").intr).toMatchObject([{ pic: "gic", line: 49 }]);
    expect(own(vdev(config, "shmem"))).toBe("create frames,0x400000 create events,4096 allow frames,events deny *");
    expect(config.passes.map((pass) => pass.intr.map(({ line, vector }) => [line, vector]))).toEqual([
      [[153, 185]],
      [
        [158, 190],
        [159, undefined],
      ],
    ]);
  });
});

describe("a PC", () => {
  const config = parse("pc.qvmconf");

  it("has controllers at ports, an I/O APIC with its upstream, and PCI functions", () => {
    expect(withoutPlaces(vdev(config, "pic_slave").loc)).toEqual({ space: "io", address: 0xa0n });
    expect(withoutPlaces(vdev(config, "pic0").intr)).toEqual([{ pic: "apic" }]);
    expect(vdev(config, "pic0").hostvector?.value).toBe(32);
    expect(vdev(config, "hpet").intr.map((pin) => pin.line)).toEqual([2, 8, 11]);
    expect(own(vdev(config, "hpet"))).toBe("legacy-free");
    expect(vdev(config, "nic").loc).toMatchObject({ pci: { bus: 0, device: 3, function: 0 } });
    expect(vdev(config, "vcon").loc).toBeUndefined();
    expect(config.passes.map((pass) => pass.loc?.space)).toEqual(["pci", "pci", "io"]);
  });
});

describe("a test rig", () => {
  const config = parse("rig.qvmconf");

  it("has vdevbox's own variables, and of one vdev its own policy", () => {
    expect(vdevboxSettings(config.settings)).toEqual({
      policy: "report",
      onFault: "stop",
      instances: "private",
      accessNs: 250n,
      architecture: "arm",
      steps: 5n << 20n,
      stackBytes: 65536n,
    });
    expect(vdevboxSettings(vdev(config, "under_test").settings)).toEqual({ policy: "strict" });
    expect(config.unsupported.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
      "mem abort",
      "io abort",
      "reference fail",
    ]);
    expect(config.notes).toEqual([]);
  });
});

describe("an ugly one", () => {
  it("means what it says, whatever the lines", () => {
    const config = parse("ugly.qvmconf");
    expect(config.ram.map(({ length }) => length)).toEqual([64n << 20n, 65536n, 4096n]);
    expect(config.cpus.map(({ sched }) => sched)).toEqual([12, undefined]);
    const [first, second] = config.vdevs;
    expect(withoutPlaces(first)).toEqual({
      type: "first",
      loc: { space: "default", address: 0x1c10_0000n },
      intr: [{ pic: "gic", line: 42 }],
      name: { text: "cpu" },
      log: { severities: ["warn", "error"], destination: "slog" },
      settings: [
        { name: "vdevbox-policy", value: "strict" },
        { name: "colour", value: 'deep "blue" \\ #1' },
      ],
      own: [
        { text: "ownoption", quoted: false },
        { text: "1", quoted: false },
        { text: "", quoted: true },
        { text: "ab", quoted: true },
      ],
    });
    expect(second?.loc).toMatchObject({ space: "memory", address: 1n << 30n });
    expect([config.dryrun, config.debug]).toEqual([true, true]);
  });
});

describe("interrupt controllers", () => {
  const refusal = (text: string) => errorOf(() => checkControllers(parseConfig(text, "t").vdevs));

  it("stand in front of their users", () => {
    expect(refusal("vdev uart loc 1 intr mux:3\nvdev mux loc 2")).toBe(
      "t:1:22: mux comes after uart: put the stanza of a controller before its users'; it is at t:2:1",
    );
    expect(refusal("vdev uart intr p:3 vdev mux name p")).toMatch(/^t:1:16: p comes after uart: .* it is at t:1:20$/);
  });

  it("are in no circle", () => {
    expect(refusal("vdev mux intr mux:3")).toBe("t:1:15: mux cannot interrupt itself");
    expect(refusal("vdev mux name a intr b:1\nvdev mux name b intr a:1")).toBe(
      "t:1:22: b comes after a: put the stanza of a controller before its users'; it is at t:2:1, and interrupts go in a circle, from b to a",
    );
    expect(refusal("vdev m name a intr b:1 vdev m name b intr c:1 vdev m name c intr a:1")).toMatch(
      /it is at t:1:24, and interrupts go in a circle, from b to c, c to a$/,
    );
  });

  it("that are no vdevs of the configuration are left to who connects them", () => {
    checkControllers(parseConfig("vdev a intr gic:1 vdev b intr nobody:1", "t").vdevs);
  });
});
