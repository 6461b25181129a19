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

describe("a pass", () => {
  it("names physical ranges or devices, and vectors of the host", () => {
    const text = `pass loc mem:0xfe200000,4k,rwn loc 0x2000,4k,+r-w=0x1000 intr gic:44=150,gic:45,u,t=7
      pass loc io:0x60,1,rw,=0 pass loc pci:0:12.0=pci:0x8086/0x100e`;
    expect(parse(text).notes).toHaveLength(3); // that a pass has no effect
    expect(withoutPlaces(parse(text).passes)).toEqual([
      {
        intr: [
          { pic: "gic", line: 44, vector: 150 },
          { pic: "gic", line: 45, attributes: ["u", "t"], vector: 7 },
        ],
        locs: [
          { space: "memory", address: 0xfe20_0000n, length: 4096n, permissions: "rwn" },
          { space: "memory", address: 0x2000n, length: 4096n, permissions: "+r-w", host: 0x1000n },
        ],
        settings: [],
      },
      {
        intr: [],
        locs: [{ space: "io", address: 0x60n, length: 1n, permissions: "rw", host: 0n }],
        settings: [],
      },
      {
        intr: [],
        locs: [
          {
            space: "pci",
            pci: { by: "function", bus: 0, device: 12, function: 0 },
            host: { by: "id", vendor: 0x8086, device: 0x100e },
          },
        ],
        settings: [],
      },
    ]);
  });
});

describe("a reserve", () => {
  it("has any number of places and interrupts, until the next context", () => {
    const config = parse(`reserve loc 0xa0000,0x20000 intr 39 intr 40 set exit-on-halt off loc io:0xcf,0x8
      reserve loc pci:0:1 loc io:0x80
      vdev a loc 0x1000 intr gic:39`);
    expect(withoutPlaces(config.reserves)).toEqual([
      {
        locs: [
          { space: "memory", address: 0xa0000n, length: 0x20000n },
          { space: "io", address: 0xcfn, length: 8n },
        ],
        intr: [{ value: 39 }, { value: 40 }],
      },
      {
        locs: [
          { space: "pci", pci: { by: "function", bus: 0, device: 1, function: 0 } },
          { space: "io", address: 0x80n, length: 1n },
        ],
        intr: [],
      },
    ]);
    expect(config.vdevs[0]).toMatchObject({ loc: { address: 0x1000n }, intr: [{ line: 39 }] });
    expect(config.settings).toMatchObject([{ name: "exit-on-halt" }]);
  });
});

describe("set", () => {
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
  const long = "x".repeat(3 << 20);

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
    expect(refusal(text).length).toBeLessThan(5000);
    expect(refusal(text)).toMatch(/^vm\.conf:\d+:\d+: /);
  });

  it("is cut where it is in quotation marks, with its length", () => {
    expect(refusal(long)).toBe(`vm.conf:1:1: "${"x".repeat(99)}… (${long.length + 2} characters)" is not an option`);
    expect(notes(`set ${long} 1`)[0]!.length).toBeLessThan(300);
  });
});

describe("a mistake", () => {
  it.each([
    ["ram 1m\nsystem x", '2:1: "system" must be the very first option of the configuration'],
    ["system a system b", '1:10: "system" must be the very first'],
    ["system", '1:1: "system" needs a name, but the configuration ends here'],
    ['system ""', '1:8: "system" needs a name, not an empty string'],
    ["vdev a loc", '1:8: "loc" needs an address, but the configuration ends here'],
    [
      "vdev a name\nvdev b",
      '1:8: "name" needs a name, but the option "vdev" follows; if that word is meant, put it in quotes',
    ],
    ["ram 0", "1:5: the length of ram must not be zero"],
    ["ram 0x1000,0k", "1:12: the length of ram must not be zero"],
    ["ram 0,64T", "1:7: the length of ram must be a number"],
    ["ram lots,4k", "1:5: the address of ram must be a number"],
    ['ram "0,64T"', "1:5: the length of ram must be a number"],
    ["ram 0,\\\n64T", "1:5: the length of ram must be a number"],
    ["ram $asinfo_start{a},64T", "1:5: the length of ram must be a number"],
    ["rom 0x100\n rom 0x1000,x", "2:13: the length of rom must be a number"],
    ["cpu runmask 0,1,x", "1:17: a host CPU must be a number"],
    ["logger info,wran stderr", "1:13: a severity must be one of"],
    ["ram 1,2,3", '1:5: "ram" takes address,length, not 3 numbers'],
    ["ram lots", '1:5: the length of ram must be a number (decimal or 0x hex, with k, m or g for a size), not "lots"'],
    ["ram 0x80000000, 64M", "the length of ram must be a number"],
    ["ram -1", "the length of ram must be a number"],
    ["ram 010", "1:5: the length of ram starts with a zero, which may mean octal; write 10 or 0x10"],
    [
      "ram 0x10000000000000000",
      "1:5: the length of ram is too large: 0x10000000000000000 is more than 0xffffffffffffffff",
    ],
    ["ram 0x400000000g", "1:5: the length of ram is too large"],
    ["ram 0xfffffffffffff000,8k", "1:5: this ram reaches past the end of the 64-bit memory space"],
    ["ram 0x1000,8k\nrom 0x2000,4k", "2:5: 0x2000..0x2fff overlaps 0x1000..0x2fff at vm.conf:1:5"],
    ["rom 4k,4k,4k", '1:5: "rom" takes address,length, not 3 numbers'],
    ["vdv trace", '1:1: "vdv" is not an option (did you mean "vdev"?)'],
    ["cpu shed 9", '1:5: "shed" is not an option of a cpu (did you mean "sched"?)'],
    ["cpu sched 256", "1:11: a priority is too large"],
    ["loc 0x1000", '1:1: "loc" is an option of vdev and pass and reserve: write it behind one'],
    ["cpu intr gic:1", '1:5: "intr" is an option of vdev and pass and reserve: write it behind one'],
    ['cpu "sched" 9', '1:5: expected an option, found the string "sched"'],
    ["vdev ../x", '1:6: "../x" cannot be the type of a vdev'],
    ["vdev a loc pci:1", '1:12: a PCI location is pci:BUS:DEVICE.FUNCTION or pci:VENDOR/DEVICE, not "pci:1"'],
    ["vdev a loc pci:1:2:3", "1:12: a PCI location is"],
    ["vdev a loc pci:1/2/3/4", "1:12: a PCI location is"],
    ["vdev a loc pci:0:3.", "1:12: a PCI function must be a number"],
    ["vdev a loc pci:0x100:3", "1:12: a PCI bus is too large"],
    ["vdev a loc pci:0:32", "1:12: a PCI device is too large"],
    ["vdev a loc pci:0:1.8", "1:12: a PCI function is too large"],
    ["vdev a loc pci:0x10000/1", "1:12: a PCI vendor is too large"],
    ["vdev a loc port:5", '1:12: a loc starts with mem:, io: or pci:, not "port:"'],
    ["vdev a loc men:5", '1:12: a loc starts with mem:, io: or pci:, not "men:" (did you mean "mem"?)'],
    ["pass loc mem:0x1000", "1:10: the loc of a pass is ADDRESS,LENGTH,PERMISSIONS"],
    ["pass loc mem:0x1000,16,RW", '1:24: "R" is no permission of pass; there are r, w, x, c, e, m, d, n, s, t'],
    ["pass loc mem:0x1000,16,", "1:24: permissions are letters, as in rw"],
    ["pass loc mem:0x1000,16,rw,=", "1:28: the host's address must be a number"],
    ["pass loc pci:0:1=0:2:3", "1:18: a PCI location is"],
    ["pass intr u=150", '1:11: an interrupt of pass is PIC:LINE=VECTOR, not "u=150"'],
    ["pass intr gic:44=150,u", '1:22: an interrupt of pass is PIC:LINE=VECTOR, not "u"'],
    ["pass loc mem:0x1000,0,r", "1:21: the length of pass must not be zero"],
    ["pass loc io:0xfff8,16,rw", "1:10: this pass reaches past the end of the port space"],
    ["pass loc 0xffffffffffffffff,2,r", "1:10: this pass reaches past the end of the 64-bit memory space"],
    ["pass intr gic:x=4", "1:11: an interrupt line must be a number"],
    ["pass loc mem:0x1000,16x,r", "1:21: the length of pass must be a number"],
    ["pass loc mem:zero,16,r", "1:14: an address must be a number"],
    ["pass loc io:1,zero", "1:15: the length of pass must be a number"],
    ["pass intr gic:40=4,gic:4=x", "1:20: a host vector must be a number"],
    ["pass intr gic:4=x", "1:11: a host vector must be a number"],
    ["pass intr gic:4=1=2", "1:11: an interrupt of pass is PIC:LINE=VECTOR"],
    ["set vdevbox-steps 10", "1:19: the value of vdevbox-steps must be at least 1000, not 10"],
    ["set vdevbox-steps 0x40000001", "1:19: the value of vdevbox-steps is too large"],
    ["set vdevbox-stack 1m", "1:19: the value of vdevbox-stack is too large"],
    ["set vdevbox-architecture ppc", "1:26: the value of vdevbox-architecture must be one of arm, x86"],
    ["vdev a loc io:0x10000", "1:12: a port is too large"],
    ["vdev a loc 0xffffffffffffffff", "1:12: an address is too large"],
    ["vdev a loc mem:0x1000g0", "1:12: an address must be a number"],
    ["vdev a loc 0x400000000g", "1:12: an address is too large"],
    ["vdev a loc 0x1000,16", "1:12: the loc of a vdev is one address"],
    ["vdev a intr 5", '1:13: an interrupt is written PIC:LINE, as in gic:42, not "5"'],
    ["vdev a intr gic:4x", "1:13: an interrupt line must be a number"],
    ["vdev a intr gic:44=150", "1:13: a host vector (=N) is for pass only"],
    ["vdev a intr gic:0x100000000", "1:13: an interrupt line is too large"],
    [
      "logger loud stdout",
      '1:8: a severity must be one of fatal, internal, error, warn, info, debug, verbose, not "loud"',
    ],
    ["vdev a log inf stdot", 'not "inf" (did you mean "info"?)'],
    [
      "logger info stdot",
      'where log messages go must be one of stdout, stderr, slog, none, not "stdot" (did you mean "stdout"?)',
    ],
    ["unsupported memory fail", 'not "memory" (did you mean "mem"?)'],
    ["unsupported instr fail", '(did you mean "instruction"?)'],
    ["unsupported re fail", 'not "re"'],
    ["unsupported mem ignored", '(did you mean "ignore"?)'],
    ["safety warning", '(did you mean "warn"?)'],
    ["initrd laod x", 'initrd load FILE (did you mean "load"?)'],
    ["set exit-on-halt bogus", "1:18: the value of exit-on-halt must be one of off, on"],
    ["cpu set exit-on-halt o", "1:22: the value of exit-on-halt must be one of off, on"],
    ["set counter-offset bogus", "1:20: the value of counter-offset must be a number"],
    ["set host-paddr-gicd here", "1:21: the value of host-paddr-gicd must be a number"],
    ['set fdt-dump-file ""', "1:19: the value of fdt-dump-file must be the name of a file"],
    ["pass", '1:1: "pass" needs a loc'],
    ["pass intr gic:44=150 vdev a", '1:1: "pass" needs a loc'],
    ["ram 0x1000,8k\npass loc mem:0x2fff,1,rw", "2:10: 0x2fff..0x2fff overlaps 0x1000..0x2fff at vm.conf:1:5"],
    ["pass loc 0,4k\nrom 0xfff,4k", "2:5: 0xfff..0x1ffe overlaps 0x0..0xfff at vm.conf:1:10"],
    ["unsupported registr ignore", '(did you mean "register"?)'],
    ["unsupported register forget", "what to do must be one of ignore, fail, abort"],
    ["safety high", "safety must be one of none, warn, required"],
    ["initrd x", '1:1: "initrd" is written initrd load FILE'],
    ["reserve", '1:1: "reserve" needs a loc or an intr'],
    ["reserve vdev a loc 0x1000", '1:1: "reserve" needs a loc or an intr'],
    ["reserve loc 0x1000", "1:13: the loc of a reserve is ADDRESS,LENGTH"],
    ["reserve loc 0x1000,0", "1:20: the length of reserve must not be zero"],
    ["reserve loc 0xffffffffffffffff,2", "1:13: this reserve reaches past the end of the 64-bit memory space"],
    ["reserve loc io:0xffff,2", "1:13: this reserve reaches past the end of the port space"],
    ["reserve loc io:0x10000", "1:16: a port is too large"],
    ["reserve loc io 0xcf,0x8", "1:13: the loc of a reserve is ADDRESS,LENGTH, io:PORT"],
    ["reserve loc pci:0x1c05/4", "1:13: what is reserved of PCI is a place"],
    ["reserve loc pci:0:1,4", "1:13: a PCI device must be a number"],
    ["reserve intr gic:39", "1:14: the intr of a reserve is a number without a controller"],
    ["reserve intr x", "1:14: a guest interrupt must be a number"],
    ["reserve name x", '1:9: "name" is an option of vdev: write it behind one'],
    ["reserve intr 3 intrs 4", '1:16: "intrs" is not an option of a reserve (did you mean "intr"?)'],
    ["ram $asinfo_begin{ram},4k", 'no "$asinfo_begin{ram}"'],
    ["ram $asinfo_strat{ram},4k", '(did you mean "asinfo_start"?)'],
    ["ram $asinfo_start,4k", '1:5: "$asinfo_start" needs a name, as in $asinfo_start{ram}'],
    ["ram $asinfo_start{ram,4k", '1:5: "$asinfo_start" needs a name'],
    ["toString 1", '1:1: "toString" is not an option'],
  ])("in %j is told in a sentence with its place", (text, expected) => {
    expect(refusal(text)).toContain(expected);
    expect(refusal(text)).toMatch(/^vm\.conf:\d+:\d+: /);
  });
});
