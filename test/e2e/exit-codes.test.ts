/** Every exit code of a run, from the command line. Oracle: qvm's list of exit codes, as `run --help` has it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PT, readCore } from "../support/elf-core.ts";
import { endingVdev, WRITE } from "../support/ending-vdev.ts";
import { scratch, vdevbox } from "./command-line.ts";
import { signalled } from "./signalled.ts";

/** A folder with the vdev `ender` in it, and files of a test. */
const folder = (name: string) => {
  const path = join(scratch(), name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "ender.wasm"), endingVdev());
  return (file: string, text: string) => {
    writeFileSync(join(path, file), text);
    return join(path, file);
  };
};
const ENDER = "system codes\nram 0,4M\nvdev ender loc 0xe0000000\n";
const writes = (value: number) => `writel 0xe0000000 ${value}\n`;

interface Case {
  readonly what: string;
  readonly code: number;
  readonly script?: string;
  readonly rom?: string;
  readonly config?: string;
  /** What the user is told. */
  readonly said: RegExp;
  /** Whether the vdev got as far as OPTIONS_START, and so its TERMINATE. */
  readonly terminated: boolean;
}

const CASES: readonly Case[] = [
  { what: "nothing special", code: 0, script: writes(0), said: /the guest ended \(exit code 0\)/, terminated: true },
  { what: "VRS_TERMINATE", code: 0, script: writes(WRITE.vrsTerminate), said: /VRS_TERMINATE/, terminated: true },
  { what: "a failed expectation", code: 1, script: "readl 0xe0000000\nexpect 1\n", said: /expected/, terminated: true },
  {
    what: "a watchdog",
    code: 4,
    script: writes(WRITE.bite),
    said: /watchdog ender bit \(exit code 4\)/,
    terminated: true,
  },
  {
    what: "x86 code that turns paging on without page tables",
    code: 7,
    rom: "mov $0, %eax\nmov %eax, %cr3\nmov %cr0, %eax\nor $0x80000000, %eax\nmov %eax, %cr0\nl: jmp l\n",
    said: /\.s:7: the guest took a page fault .*\n.*the guest failed \(exit code 7\)/,
    terminated: true,
  },
  {
    what: "a string that is not closed",
    code: 65,
    config: 'system "codes\n',
    said: /\.qvmconf:1:8: this string is not closed/,
    terminated: false,
  },
  {
    what: "a file that is not there, named inside a configuration",
    code: 65,
    config: `${ENDER}@nowhere.qvmconf\n`,
    said: /\.qvmconf:4:1: .*nowhere\.qvmconf/,
    terminated: false,
  },
  {
    what: "an unsupported access",
    code: 5,
    script: "readl 0xd0000000\n",
    config: `${ENDER}unsupported mem abort\n`,
    said: /unsupported 4-byte read at 0xd0000000: nothing is there \(exit code 5\)/,
    terminated: true,
  },
  {
    what: "a vdev that faults",
    code: 6,
    script: writes(WRITE.trap),
    said: /a vdev stopped \(exit code 6\)/,
    terminated: false,
  },
  { what: "an x86 program that crashes", code: 7, rom: "jmp 0x50000000", said: /left RAM/, terminated: true },
  {
    what: "an x86 program's own code",
    code: 9,
    rom: "mov $9, %eax\nout %eax, $EXIT_PORT",
    said: /with 9/,
    terminated: true,
  },
  {
    what: "guest_terminate(40)",
    code: 40,
    script: writes(WRITE.terminate40),
    said: /cause 40 \(exit code 40\)/,
    terminated: true,
  },
  {
    what: "a fatal error before the start",
    code: 64,
    config: `${ENDER} fatal\n`,
    said: /vm\.qvmconf:\d+:\d+: ender ended the VM in option fatal: it is over/,
    terminated: true,
  },
  {
    what: "a wrong configuration",
    code: 65,
    config: "vdev nonesuch loc 0x1000\n",
    said: /nonesuch/,
    terminated: false,
  },
  {
    what: "an interrupt controller nobody has",
    code: 65,
    config: `${ENDER} intr gik:42\n`,
    said: /vm\.qvmconf:4:\d+: there is no interrupt controller gik \(did you mean "gic"\?\); known are gic/,
    terminated: true,
  },
  {
    what: "a fatal error after the start",
    code: 96,
    script: writes(WRITE.fatal),
    said: /it is over \(exit code 96\)/,
    terminated: true,
  },
];

describe.concurrent("a run ends with", () => {
  it.each(CASES)("$code after $what", async ({ what, code, script, rom, config, said, terminated }) => {
    const file = folder(`code ${what.replace(/\W/g, "-")}`);
    const guest =
      script !== undefined ? [file("g.script", script)] : rom !== undefined ? [file("g.s", `start:\n${rom}\n`)] : [];
    const run = await signalled(
      [],
      "run",
      file("vm.qvmconf", config ?? ENDER),
      ...guest.flatMap((one) => ["--guest", one]),
    );
    expect(run.err).toMatch(said);
    expect(run.err).not.toMatch(/^\s+at /m);
    expect(run.code).toBe(code);
    if (code < 64 || code === 96) expect(run.out.includes("ender: terminated")).toBe(terminated);
  });

  it("2 after a wrong command line, and whatever was started is terminated", async () => {
    const file = folder("code 2");
    const conf = file("vm.qvmconf", ENDER);
    const run = await signalled([], "run", conf, "--record", conf);
    expect(run.code).toBe(2);
    expect(run.out).toContain("ender: terminated");
  });
});

describe("the text of a run's exit codes", () => {
  it("is in its help", () => {
    const { out } = vdevbox("run", "--help");
    for (const words of [
      "0 normal",
      "3 power cut",
      "4 watchdog",
      "5 unsupported",
      "6 a vdev stopped",
      "7 unexpected",
    ]) {
      expect(out).toContain(words);
    }
    for (const code of ["32-63", "64 and 65", "96"]) expect(out).toContain(code);
  });
});

describe("`dump FILE`", () => {
  it("has guest memory after a watchdog with WDOG_FLAG_DUMP bit", () => {
    const file = folder("dump");
    const dump = file("vm.core", "");
    const conf = file("vm.qvmconf", `${ENDER}dump ${dump}\n`);
    const script = file("g.script", `writel 0x1000 0xfeedf00d\n${writes(WRITE.biteWithDump)}`);
    const run = vdevbox("run", conf, "--guest", script, "--record", join(scratch(), "dump.rec"));
    expect(run.code).toBe(4);
    expect(run.out).toContain(`guest dump written to ${dump} (the watchdog ender bit)`);
    const core = readCore(readFileSync(dump));
    const [load] = core.segments.filter(({ type }) => type === PT.load);
    expect(load!.memoryBytes).toBe(4n << 20n);
    expect(load!.bytes.readUInt32LE(0x1000)).toBe(0xfeedf00d);

    writeFileSync(dump, "mine");
    const again = vdevbox("replay", join(scratch(), "dump.rec"));
    expect(again.out).toContain("identical");
    expect(again.err).toContain("guest dumps of the run: 1");
    expect(readFileSync(dump, "utf8")).toBe("mine");
    expect(vdevbox("replay", join(scratch(), "dump.rec"), "--dump").err).toContain(`guest dump written to ${dump}`);
    expect(readCore(readFileSync(dump)).segments).toHaveLength(2);
  });

  it("never overwrites what the run reads or records", () => {
    const file = folder("dump over");
    const conf = file("vm.qvmconf", "");
    writeFileSync(conf, `${ENDER}dump "${conf}"\n`);
    const run = vdevbox("run", conf);
    expect(run.err).toContain("the guest dump would overwrite this file");
    expect(run.code).toBe(2);
    expect(readFileSync(conf, "utf8")).toContain("dump");
    const recording = join(scratch(), "same.rec");
    const same = vdevbox("run", file("same.qvmconf", `${ENDER}dump ${recording}\n`), "--record", recording);
    expect(same.err).toContain("the guest dump would overwrite this file");
    expect(existsSync(recording)).toBe(true);
  });

  it("is told when it cannot be written, and the VM goes on", () => {
    const file = folder("dump fails");
    const conf = file("vm.qvmconf", `${ENDER}dump ${join(scratch(), "nowhere", "x")}\n`);
    const run = vdevbox("run", conf, "--guest", file("g.script", "dump\nexpect error\nreadl 0xe0000000\nexpect 7\n"));
    expect(run.err).toMatch(/the guest dump cannot be written to .*nowhere.x: ENOENT/);
    expect(run.err).toContain("2 of 2 expectations held");
    expect(run.code).toBe(0);
  });
});
