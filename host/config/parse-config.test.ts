import { describe, expect, it } from "vitest";
import { parseConfig, parseConfigPieces } from "./parse-config.ts";
import { vdevboxSettings } from "./settings.ts";
import { errorOf, withoutPlaces } from "./test-support.ts";
import { vcpuCount } from "./vm-config.ts";

const parse = (text: string) => parseConfig(text, "vm.conf");
const refusal = (text: string) => errorOf(() => parse(text));
const own = (text: string) => parse(text).vdevs.map((vdev) => vdev.own.map((word) => word.text));
const notes = (text: string) => parse(text).notes.map((note) => note.text);

describe("a VM's own options", () => {
  it("fill the configuration", () => {
    const config = parse(`
      system lab
      ram 0x80000000,64M  ram 4k
      rom 0xF0000,64K
      load a.elf  initrd load b.img  cmdline "root=/dev/vda ro"
      logger error,warn slog  logger info stdout
      dump /var/x.dump  safety none  debug  dryrun
      unsupported register ignore  unsupported mem fail
    `);
    expect(withoutPlaces(config)).toEqual({
      system: { text: "lab" },
      cpus: [],
      memory: [
        { kind: "ram", address: 0x8000_0000n, length: 64n << 20n },
        { kind: "ram", length: 4096n },
        { kind: "rom", address: 0xf0000n, length: 65536n },
      ],
      vdevs: [],
      passes: [],
      reserves: [],
      loads: [
        { kind: "image", file: "a.elf" },
        { kind: "initrd", file: "b.img" },
      ],
      cmdline: { text: "root=/dev/vda ro" },
      loggers: [
        { severities: ["error", "warn"], destination: "slog" },
        { severities: ["info"], destination: "stdout" },
      ],
      dump: { text: "/var/x.dump" },
      safety: "none",
      debug: true,
      dryrun: true,
      settings: [],
      unsupported: [
        { kind: "register", action: "ignore" },
        { kind: "mem", action: "fail" },
      ],
    });
  });

  it("apply to the VM inside a vdev too, and leave its context open", () => {
    const config = parse("vdev a loc 0x1000 ram 1m debug intr gic:3 speed 5");
    expect(config.memory).toHaveLength(1);
    expect(config.vdevs[0]!.intr).toMatchObject([{ pic: "gic", line: 3 }]);
    expect(own("vdev a ram 1m speed 5")).toEqual([["speed", "5"]]);
  });

  it("of one kind: the last one wins", () => {
    const config = parse("cmdline a cmdline b unsupported mem fail unsupported io fail unsupported mem ignore");
    expect(config.cmdline?.text).toBe("b");
    expect(config.unsupported.map(({ kind, action }) => `${kind} ${action}`)).toEqual(["io fail", "mem ignore"]);
  });

  it("know where they stand", () => {
    expect(parse("cpu\n  cpu").cpus[1]!.place).toEqual({ file: "vm.conf", line: 2, column: 3 });
  });

  it("say what is kept without effect", () => {
    const cpu = "cpu sched 9 runmask 0,1 partition p cluster c";
    expect(notes(`load x cmdline y dump z debug ${cpu} vdev t sched 8 pass loc mem:0,1,r`)).toEqual([
      expect.stringContaining('"load"'),
      expect.stringContaining('"cmdline"'),
      expect.stringContaining('"debug"'),
      expect.stringContaining('"sched" of a cpu'),
      expect.stringContaining('"runmask"'),
      expect.stringContaining('"partition"'),
      expect.stringContaining('"cluster"'),
      expect.stringContaining('"sched" of a vdev'),
      expect.stringContaining('"pass"'),
    ]);
    expect(notes("system s ram 1m cpu vdev t loc 0x1000 intr gic:1 x y")).toEqual([]);
  });
});

describe("vCPUs", () => {
  it("are one a cpu, and one when there is none", () => {
    expect(vcpuCount(parse("ram 1m"))).toBe(1);
    expect(vcpuCount(parse("cpu"))).toBe(1);
    expect(vcpuCount(parse("cpu sched 9 cpu runmask 2,3"))).toBe(2);
    expect(withoutPlaces(parse("cpu sched 9 cpu runmask 2,3").cpus)).toEqual([
      { sched: 9, settings: [] },
      { runmask: [2, 3], settings: [] },
    ]);
  });
});

describe("a vdev", () => {
  it("has its common options told from its own", () => {
    const [vdev] = parse(
      "vdev trace emit-logger loc mem:0x1c000000 emit-trace 3 name t0 log info,debug stderr sched 8",
    ).vdevs;
    expect(withoutPlaces(vdev)).toEqual({
      type: "trace",
      loc: { space: "memory", address: 0x1c00_0000n },
      intr: [],
      name: { text: "t0" },
      log: { severities: ["info", "debug"], destination: "stderr" },
      sched: { value: 8 },
      settings: [],
      own: [
        { text: "emit-logger", quoted: false },
        { text: "emit-trace", quoted: false },
        { text: "3", quoted: false },
      ],
    });
  });

  it("takes a bare location for its own default space", () => {
    const spaces = parse("vdev a loc 0x10 vdev a loc mem:16 vdev a loc io:0x3f8").vdevs.map((vdev) => vdev.loc?.space);
    expect(spaces).toEqual(["default", "memory", "io"]);
  });

  it("keeps the last of a repeated option, and all interrupts of an hpet", () => {
    const [a, hpet] = parse("vdev a loc 1 loc 2 intr x:1 intr y:2 name p name q vdev hpet intr x:1,x:2 intr x:3").vdevs;
    expect(withoutPlaces(a)).toMatchObject({
      loc: { address: 2n },
      intr: [{ pic: "y", line: 2 }],
      name: { text: "q" },
    });
    expect(hpet!.intr.map((pin) => pin.line)).toEqual([1, 2, 3]);
  });

  it("may be a PCI function, by its place or by its id", () => {
    const locs = parse("vdev a loc pci:0:3 vdev a loc pci:0x1:31.7 vdev a loc pci:0x1c05/4 vdev a loc pci:1/2/3").vdevs;
    expect(locs.map((vdev) => withoutPlaces(vdev.loc))).toEqual([
      { space: "pci", pci: { by: "function", bus: 0, device: 3, function: 0 } },
      { space: "pci", pci: { by: "function", bus: 1, device: 31, function: 7 } },
      { space: "pci", pci: { by: "id", vendor: 0x1c05, device: 4 } },
      { space: "pci", pci: { by: "id", vendor: 1, device: 2, index: 3 } },
    ]);
  });

  it.each([
    ["dump dryrun", "dryrun"],
    ["load ram", "ram"],
    ["system cpu", "cpu"],
  ])("notes an option's word that %s takes as its argument", (text, word) => {
    expect(notes(text).filter((note) => note.includes(`takes the word "${word}"`))).toHaveLength(1);
    expect(notes(text.replace(word, `"${word}"`)).filter((note) => note.includes("takes the word"))).toEqual([]);
  });

  it("notes images that are not on this machine, and no others", () => {
    expect(notes("load 0x80000000,/nowhere/ifs.bin").join()).toContain("there is no file /nowhere/ifs.bin here");
    expect(notes("initrd load /nowhere/root").join()).toContain("there is no file /nowhere/root here");
    expect(notes(`load 0x1000,${import.meta.filename}`).join()).not.toContain("there is no file");
  });

  it.each([
    ["cpu sched 1 sched 2", "sched"],
    ["cpu runmask 1 runmask 2", "runmask"],
    ["cpu partition a partition b", "partition"],
    ["cpu cluster a cluster b", "cluster"],
    ["vdev a sched 1 sched 2", "sched"],
    ["vdev gic hostvector 1 hostvector 2", "hostvector"],
    ["pass loc io:1,1 intr gic:40=1 intr gic:41=2", "intr"],
    ["safety none safety warn", "safety"],
    ["user 1:1 user 2:2", "user"],
    ["set exit-on-halt on set exit-on-halt off", "set exit-on-halt"],
    ["unsupported mem fail unsupported mem abort", "unsupported mem"],
  ])("notes what is given twice in %s", (text, option) => {
    const repeats = notes(text).filter((note) => note.includes("given before"));
    expect(repeats).toEqual([
      expect.stringMatching(`^"${option}" was given before at vm.conf:1:\\d+; only this one counts$`),
    ]);
  });

  it.each([
    "cpu sched 1 cpu sched 2",
    "vdev a loc 1 vdev b loc 2",
    "vdev hpet intr ioapic:2 intr ioapic:8",
    "ram 1m ram 2m load a load b logger info stdout logger info stderr",
    "unsupported mem fail unsupported io fail",
    "set exit-on-halt on cpu set exit-on-halt off",
  ])("notes nothing twice in %s", (text) => {
    expect(notes(text).filter((note) => note.includes("given before"))).toEqual([]);
  });

  it("of which an option is given twice in one file says so, and that the last counts", () => {
    const twice = "vdev a loc 1 loc 2 intr x:1 intr y:2 name p name q log info none log warn none dump a dump b";
    expect(notes(`${twice} cmdline a cmdline b`).filter((note) => note.includes("given before"))).toEqual(
      ["loc", "intr", "name", "log", "dump", "cmdline"].map((option) =>
        expect.stringMatching(new RegExp(`^"${option}" was given before at vm.conf:1:\\d+; only this one counts$`)),
      ),
    );
    expect(notes("vdev hpet intr x:1 intr x:2 vdev b loc 1 vdev b loc 2")).toEqual([]);
    const pieces = [
      { text: "vdev a loc 1", file: "a" },
      { text: "loc 2", file: "command line" },
    ];
    expect(parseConfigPieces(pieces).notes).toEqual([]);
  });

  it("may be split over lines anywhere", () => {
    expect(parse("vdev\nwdt\nintr\n gic:38").vdevs[0]!.intr[0]).toMatchObject({ pic: "gic", line: 38 });
  });

  it("ends where the next context opens", () => {
    const config = parse("vdev a x 1 cpu sched 5 vdev b y 2");
    expect(config.vdevs.map((vdev) => vdev.own.map((word) => word.text))).toEqual([
      ["x", "1"],
      ["y", "2"],
    ]);
    expect(config.vdevs[0]!.sched).toBeUndefined();
  });

  it("takes a quoted word of the grammar as an argument, never as an option", () => {
    expect(own('vdev a mode "debug" "cpu"')).toEqual([["mode", "debug", "cpu"]]);
    expect(parse('vdev a mode "debug"').debug).toBe(false);
  });

  it("may be called like an option on the same line, or in quotes", () => {
    expect(parse("vdev a name debug").vdevs[0]!.name?.text).toBe("debug");
    expect(parse('vdev a name\n"debug"').vdevs[0]!.name?.text).toBe("debug");
  });
});

describe("set", () => {
  it("takes what qvm's page calls a boolean in each of its forms", () => {
    const races = (value: string) =>
      vdevboxSettings(parse(`set vdevbox-races ${value} set exit-on-halt ${value}`).settings).races;
    expect(["on", "1", "yes", "true"].map(races)).toEqual([true, true, true, true]);
    expect(["off", "0", "no", "false"].map(races)).toEqual([undefined, undefined, undefined, undefined]);
    expect(() => vdevboxSettings(parse("set threads parallel set vdevbox-races yes").settings)).toThrow(
      /does not go with/,
    );
  });

  it("applies to the open context, and of one name the last wins", () => {
    const config = parse(`
      set vdevbox-policy report set vdevbox-on-fault stop
      vdev a set vdevbox-policy report set vdevbox-policy strict
      vdev b
      cpu set exit-on-halt off
    `);
    expect(vdevboxSettings(config.settings)).toEqual({ policy: "report", onFault: "stop" });
    expect(config.vdevs.map((vdev) => vdevboxSettings(vdev.settings))).toEqual([{ policy: "strict" }, {}]);
    expect(config.cpus[0]!.settings).toMatchObject([{ name: "exit-on-halt", value: "off" }]);
  });

  it("of a VM-wide variable applies to the VM wherever it stands", () => {
    const config = parse("vdev a set vdevbox-instances private set fdt-dump-file f.dtb cpu set vdevbox-access-ns 0x10");
    expect(vdevboxSettings(config.settings)).toEqual({ instances: "private", accessNs: 16n });
    expect(config.settings.map((setting) => setting.name)).toContain("fdt-dump-file");
    expect(config.vdevs[0]!.settings).toEqual([]);
    expect(config.notes.map((note) => note.text)).toEqual([
      expect.stringContaining('"vdevbox-instances" holds for the whole VM'),
      expect.stringContaining('"fdt-dump-file" is kept and changes nothing'),
    ]);
  });

  it("keeps a variable it does not know, with a note", () => {
    expect(parse("vdev a set colour red").vdevs[0]!.settings).toMatchObject([{ name: "colour", value: "red" }]);
    expect(notes("set colour red")).toEqual(['the variable "colour" is not known to vdevbox and has no effect']);
  });

  it("tells the known variable that is nearest to an unknown one", () => {
    expect(notes("set exit-on-hlt on")[0]).toMatch(/has no effect \(did you mean "exit-on-halt"\?\)$/);
  });

  it("takes every value that published configurations give the manual's own variables", () => {
    const values = [
      "exit-on-halt on",
      "exit-on-halt off",
      "counter-offset -0x10",
      "counter-offset 5",
      "host-paddr-gicr 1m",
    ];
    for (const value of values) expect(notes(`set ${value}`)[0]).toContain("is kept and changes nothing");
  });

  it.each([
    ["set vdevbox-polcy report", '1:5: vdevbox has no variable "vdevbox-polcy" (did you mean "vdevbox-policy"?)'],
    ["set vdevbox-policy lax", '1:20: the value of vdevbox-policy must be one of strict, report, not "lax"'],
    ["set vdevbox-access-ns 0xffffffffffffffff", "1:23: the value of vdevbox-access-ns is too large"],
    ["set vdevbox-access-ns soon", "1:23: the value of vdevbox-access-ns must be a number"],
    ["set vdevbox-policy", '1:1: "set" needs the value of vdevbox-policy, but the configuration ends here'],
  ])("refuses %s", (text, expected) => expect(refusal(text)).toContain(`vm.conf:${expected}`));
});

describe("pieces of a command line", () => {
  it("continue where the one before ended", () => {
    const config = parseConfigPieces([
      { text: "system s\nvdev a loc", file: "a.conf" },
      { text: "0x1000 dryrun", file: "command line" },
    ]);
    expect(config.vdevs[0]!.loc).toMatchObject({
      address: 0x1000n,
      place: { file: "command line", line: 1, column: 1 },
    });
    expect(config.dryrun).toBe(true);
  });

  it("say so when a setting behind a file reaches only the file's last vdev", () => {
    const config = parseConfigPieces([
      { text: "vdev a vdev b set vdevbox-policy strict", file: "a.conf" },
      { text: "set vdevbox-policy report set vdevbox-access-ns 5", file: "command line" },
    ]);
    expect(vdevboxSettings(config.vdevs[1]!.settings)).toEqual({ policy: "report" });
    expect(vdevboxSettings(config.settings)).toEqual({ accessNs: 5n });
    expect(config.notes.map((note) => note.text)).toEqual([
      expect.stringContaining('this sets "vdevbox-policy" of vdev b only'),
    ]);
  });

  it("say that a setting of the whole VM is one only where it reads like a setting of its vdev", () => {
    const notes = (...texts: string[]) =>
      parseConfigPieces(texts.map((text, i) => ({ text, file: `${i}.conf` }))).notes.map((note) => note.text);
    expect(notes("vdev a set vdevbox-steps 5000 vdev b")).toEqual([
      '"vdevbox-steps" holds for the whole VM, also when set inside a vdev',
    ]);
    expect(notes("vdev a", "set vdevbox-steps 5000")).toEqual([]);
    expect(notes("vdev a set vdevbox-time wall set vdevbox-seed 3 cpu set vdevbox-steps 5000")).toEqual([]);
  });

  it("may have system only at the very start", () => {
    const pieces = [
      { text: "ram 1m", file: "a" },
      { text: "system s", file: "b" },
    ];
    expect(errorOf(() => parseConfigPieces(pieces))).toContain('b:1:1: "system" must be the very first');
  });
});

describe("numbers of the host's memory map", () => {
  it("are a range of 64 MiB from 0x80000000 on for each name, and notes say so", () => {
    const config = parse(
      "ram $asinfo_start{ram},$asinfo_length{ram}\npass loc mem:$asinfo_start{fb},$asinfo_length{fb},rw",
    );
    expect(config.memory).toMatchObject([{ address: 0x8000_0000n, length: 0x400_0000n }]);
    expect(config.passes[0]!.locs[0]).toMatchObject({ address: 0x8400_0000n, length: 0x400_0000n });
    expect(config.notes.map(({ text, place }) => `${place.line}:${place.column} ${text}`)).toEqual([
      expect.stringContaining('1:5 "$asinfo_start{ram}" is 0x80000000 here'),
      expect.stringContaining('1:5 "$asinfo_length{ram}" is 0x4000000 here'),
      expect.stringContaining('2:10 "$asinfo_start{fb}" is 0x84000000 here'),
      expect.stringContaining('2:10 "$asinfo_length{fb}" is 0x4000000 here'),
      expect.stringContaining('"pass" has no effect'),
    ]);
  });

  it("are no numbers in quotes", () => {
    expect(parse('cmdline "$asinfo_start{ram}"').cmdline?.text).toBe("$asinfo_start{ram}");
  });
});

describe("a very long word", () => {
  const long = "x".repeat(1 << 18);

  it.each([
    `${long} 1`,
    `ram ${long}`,
    `vdev ../${long}`,
    `vdev a loc pci:${long}`,
    `vdev a intr ${long}`,
    `unsupported ${long} fail`,
    `set vdevbox-${long} 1`,
    `set vdevbox-policy ${long}`,
    `vdev a\nname "${long}" loc ${long}`,
    `cpu "${"a b ".repeat(1 << 20)}"`,
  ])("is not printed whole (case %#)", (text) => {
    const sentence = refusal(text);
    expect(sentence.length).toBeLessThan(5000);
    expect(sentence).toMatch(/^vm\.conf:\d+:\d+: /);
  });

  it("is cut where it is in quotation marks, with its length", () => {
    expect(refusal(long)).toBe(`vm.conf:1:1: "${"x".repeat(99)}… (${long.length + 2} characters)" is not an option`);
    expect(notes(`set ${long} 1`)[0]!.length).toBeLessThan(300);
  });
});
