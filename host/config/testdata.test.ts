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
    const ram = config.memory.filter(({ kind }) => kind === "ram");
    expect(ram.reduce((sum, { length }) => sum + length, 0n)).toBe(1n << 30n);
    expect(config.loads.map(({ kind, file }) => `${kind} ${file}`)).toEqual([
      "image /images/guest.ifs",
      "initrd /images/guest rootfs.cpio.gz",
    ]);
    expect(config.cmdline?.text).toBe("console=ttyAMA0,115200 root=/dev/ram0 rw quiet");
    expect(config.loggers).toHaveLength(3);
    expect(config.dump?.text).toBe("/var/dumps/head_unit.core");
  });

  it("has a vdev for each stanza, options of its own included", () => {
    expect(config.vdevs).toHaveLength(13);
    expect(own(vdev(config, "gic"))).toBe("version 3 gicd 0x2f000000 gicr 0x2f100000");
    expect(own(vdev(config, "pl011"))).toBe("hostdev >- hostdev </dev/null batch 500");
    expect(vdev(config, "wdt-sp805").intr).toMatchObject([{ pic: "gic", line: 49 }]);
    expect(own(vdev(config, "disk2"))).toBe("hostdev /dev/hd0t179 dio enable");
    expect(own(vdev(config, "net1"))).toBe("mac a0b0c0d0e0f1 peer /dev/qvm/cluster/net0 peerfeats 0x8000");
    const lines = config.vdevs.flatMap(({ intr }) => intr.map(({ line }) => line));
    expect(new Set(lines).size).toBe(lines.length);
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
    expect(vdev(config, "data").loc).toMatchObject({ pci: { by: "id", vendor: 0x1af4, device: 0x1042 } });
    expect(own(vdev(config, "data"))).toBe("hostdev </images/data.img threads 8");
    expect(own(vdev(config, "shmem"))).toBe("create frames,16M create control,64k allow frames,control deny *");
    const ports = config.vdevs.filter(({ type }) => type === "ser8250");
    expect(ports.map(({ loc, intr }) => [loc?.space, intr.map(({ pic, line }) => `${pic}:${line}`).join()])).toEqual([
      ["io", "pic0:4"],
      ["io", "pic0:3"],
      ["io", "pic0:5"],
      ["io", "pic0:5"],
      ["memory", "pic0:5"],
    ]);
    expect(config.passes.flatMap((pass) => pass.locs.map(({ space }) => space))).toEqual(["pci", "pci", "io"]);
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
      startTimeNs: 1_709_251_198n * 1_000_000_000n, // date -u -d 2024-02-29T23:59:58Z +%s,
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

describe("a tree of interrupt controllers", () => {
  const config = parse("chain.qvmconf");
  const upstream = (name: string): string[] => {
    const pic = config.vdevs.find((one) => (one.name?.text ?? one.type) === name)?.intr[0]?.pic;
    return pic === undefined ? [] : [pic, ...upstream(pic)];
  };

  it("leads every device to the one at its root", () => {
    for (const { name } of config.vdevs.slice(1))
      if (name !== undefined) expect(upstream(name.text).at(-1)).toBe("root");
    expect(upstream("power button")).toEqual(["key_mux", "pad_mux", "slow_mux", "bus_mux", "root"]);
    expect(upstream("emmc")).toEqual(["fast_mux", "bus_mux", "root"]);
  });

  it("takes each for a mistake whose users come first, in whatever order the file is turned", () => {
    const names = config.vdevs.slice(0, 8).map((one) => one.name!.text);
    expect(names).toEqual(["root", "cpu_mux", "bus_mux", "wake_mux", "slow_mux", "fast_mux", "pad_mux", "key_mux"]);
    const muxes = config.vdevs.slice(0, 8);
    const users = config.vdevs.slice(8);
    checkControllers([...muxes, ...users.toReversed()]);
    expect(errorOf(() => checkControllers([...muxes.toReversed(), ...users]))).toMatch(/comes after key_mux/);
    for (const [i, mux] of muxes.entries()) {
      const late = [...muxes.slice(0, i), ...muxes.slice(i + 1), ...users, mux];
      expect(errorOf(() => checkControllers(late))).toContain(`${names[i]} comes after`);
    }
  });

  it("has lines that devices share, devices with several lines, and options that look like others", () => {
    const on = (pin: string) =>
      config.vdevs
        .filter(({ intr }) => intr.some(({ pic, line }) => `${pic}:${line}` === pin))
        .map((one) => one.name?.text);
    expect(on("pad_mux:0")).toEqual(["gpio0", "gpio1"]);
    expect(vdev(config, "mailbox0").intr.map(({ line }) => line)).toEqual([0, 1, 2, 3]);
    expect(own(vdev(config, "spi # 0"))).toBe("mode loc");
    expect(own(vdev(config, "emmc"))).toBe("bus-width 8 non-removable");
  });
});

describe("an ugly one", () => {
  it("means what it says, whatever the lines", () => {
    const config = parse("ugly.qvmconf");
    const [ram, rom] = ["ram", "rom"].map((kind) => config.memory.filter((item) => item.kind === kind));
    expect(ram!.map(({ length }) => length)).toEqual([64n << 20n, 65536n, 4096n, 8192n]);
    expect(withoutPlaces(rom!)).toEqual([{ kind: "rom", address: 0xfff0_0000n, length: 4096n }]);
    expect(withoutPlaces(config.cpus)).toEqual([
      { sched: 12, runmask: [0], settings: [] },
      { settings: [] },
      { partition: "cpu", cluster: "a b", sched: 0, settings: [{ name: "exit-on-halt", value: "off" }] },
      { settings: [] },
    ]);
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

  it("has comments, quotes and line ends wherever the grammar allows them", () => {
    const config = parse("ugly.qvmconf");
    const third = vdev(config, "third vdev");
    expect(third.intr).toMatchObject([{ pic: "gic", line: 44 }]);
    expect(third.own.map(({ text }) => text)).toEqual(["owned bynobody", "vdev", "loc", "0x1000"]);
    expect(config.settings).toMatchObject([{ name: "fdt-dump-file", value: "a file # with a name that goes on.dtb" }]);
    expect(own(vdev(config, "fourth"))).toBe("x y z");
    expect(config.unsupported).toMatchObject([{ kind: "mem", action: "fail" }]);
    expect(config.passes).toMatchObject([
      { locs: [{ address: 0xfe20_0000n, permissions: "rwn" }], intr: [{ line: 150, vector: 7 }, { line: 151 }] },
    ]);
    expect(config.cmdline?.text).toBe("23");
    expect(config.loads.map(({ kind, file }) => `${kind} ${file}`)).toEqual([
      "image ./a.elf",
      "initrd ./b.cpio",
      "image ./c.elf",
    ]);
    expect(withoutPlaces(vdev(config, "fifth"))).toMatchObject({
      loc: { space: "io", address: 0x3f8n },
      settings: [{ name: "colour", value: "none" }],
    });
    expect(own(vdev(config, "sixth"))).toBe("speed 1 gear 2");
    expect(withoutPlaces(vdev(config, "eighth"))).toMatchObject({
      log: { severities: ["debug"], destination: "none" },
      settings: [{ name: "vdevbox-policy", value: "strict" }],
    });
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
