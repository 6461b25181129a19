/** What `npm start` shows. Oracle: examples/board/README.md, the calendar, and 4, qvm's exit code for a watchdog. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { type Outcome, scratch, vdevbox } from "./command-line.ts";

const CONF = "examples/board/board.qvmconf";
const GUEST = "examples/board/guest.s";

describe("vdevbox demo", () => {
  let recording: string;
  let demo: Outcome;
  let lines: string[];
  beforeAll(() => {
    recording = join(scratch(), "board.rec");
    demo = vdevbox("demo", "--record", recording);
    lines = demo.out.split("\n");
  });

  /** Lines that begin so, without the beginning. */
  const told = (beginning: string) =>
    lines.filter((line) => line.startsWith(beginning)).map((line) => line.slice(beginning.length).trim());

  it("exits with 0 though the VM ended with 4, and says why", () => {
    expect(demo.code).toBe(0);
    expect(demo.out).toContain("The run ended: the watchdog wdt-sp805 bit. Exit code 4.\n");
    expect(lines.at(-2)).toMatch(/^This bite was expected: /);
    expect(demo.err).toMatch(/^note: [^\n]*pl011\.wasm imports [^\n]*\n$/);
  });

  it("shows what the guest sends through the UART as its text", () => {
    expect(told("guest says")).toEqual([
      "Hello from x86 code!",
      "clock: 2024-02-29 23:59:58",
      "watchdog: started, 1500 ms",
      "watchdog: kicked",
      "watchdog: kicked",
      "clock: 2024-03-01 00:00:00", // two seconds after the end of a leap day
      "no more kicks",
      "watchdog: warned, not kicked",
    ]);
  });

  it("shows the accesses to trace and the two kicks", () => {
    expect(demo.out).toContain("the guest writes 0x1000, 4 bytes, to 0xe0000000; trace takes it\n");
    expect(demo.out).toContain("the guest reads 4 bytes at 0xe0000000; trace answers 0x1000\n");
    expect(demo.out).toContain("the guest reads 4 bytes at 0xe0000000; trace answers 0x1002\n"); // two seconds later
    expect(demo.out.match(/the guest writes 0x1, 4 bytes, to 0x1c0f000c; wdt-sp805 takes it\n/g)).toHaveLength(2);
  });

  it("shows two interrupts of the clock and one warning, all of which the guest took", () => {
    expect(told("interrupt").filter((text) => text.endsWith("goes high"))).toEqual([
      "8259:8 goes high",
      "8259:8 goes high",
      "8259:5 goes high",
    ]);
    expect(demo.out).toContain("\n  3 interrupts were raised, 3 taken by the guest; ");
    expect(demo.out).toContain("\n  0 violations, 0 warnings, 0 faults.\n");
  });

  it("stays readable, though the guest polls", () => {
    expect(lines.length).toBeLessThanOrEqual(120);
    expect(Number(/ {2}(\d+) guest accesses were trapped/.exec(demo.out)![1])).toBeGreaterThan(10_000);
  });

  it("is replayed identically", () => {
    const again = vdevbox("replay", recording);
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toContain("identical");
  });
});

it("the demo fails when its guest is not ended by the watchdog", () => {
  const modules = join(scratch(), "wrong-modules");
  mkdirSync(modules);
  // A clock in the place of trace: its first register cannot be written, so step 2 of the program fails.
  copyFileSync(join(packageRoot(), "build/out/vdevs/pl031.wasm"), join(modules, "trace.wasm"));
  vi.stubEnv("VDEVBOX_PATH", modules);
  const demo = vdevbox("demo", "--record", join(scratch(), "wrong.rec"));
  vi.unstubAllEnvs();
  expect(demo.code).toBe(102);
  expect(demo.err).toContain("The demo did not go as it should");
  expect(demo.out).not.toContain("This bite was expected");
});

describe("the board's program", () => {
  const run = (name: string, from: string, to: string, ...more: string[]) => {
    const file = join(scratch(), name);
    const text = readFileSync(join(packageRoot(), name.endsWith(".s") ? GUEST : CONF), "utf8");
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
    const [conf, guest] = name.endsWith(".s") ? [CONF, file] : [file, GUEST];
    return vdevbox("run", conf, "--guest", guest, ...more);
  };

  it("is bitten before its first kick when its clock cannot wake it", () => {
    const bitten = run("deaf.qvmconf", "intr 8259:8", "intr 8259:9");
    expect(bitten.code).toBe(4);
    expect(bitten.out).not.toContain("kicked");
  });

  it("ends with the number of the step when its watchdog barks in between", () => {
    expect(run("slow.s", "movl $1500, LOAD", "movl $700, LOAD").code).toBe(105);
  });

  it("ends with the number of the step when the clock is not what it was set to", () => {
    expect(run("late.s", "0x00,0x58", "0x00,0x57").code).toBe(103);
  });

  it("--json has the numbers of the summary", () => {
    const file = join(scratch(), "short.script");
    writeFileSync(file, "clock_step 2500000000\nreadl 0xe0000000\nexpect 2\n");
    const { counts } = JSON.parse(vdevbox("run", "examples/trace/trace.qvmconf", "--guest", file, "--json").out);
    expect(counts).toEqual({
      traps: 1,
      interruptsRaised: 0,
      interruptsTaken: 0,
      timersFired: 2, // the thread of trace is woken each second
      violations: 0,
      warnings: 0,
      faults: 0,
    });
  });
});

it.each(["trace", "pl011", "mc146818", "wdt-sp805"])("%s has no finding in `vdevbox check`", (name) => {
  const check = vdevbox("check", `build/out/vdevs/${name}.wasm`, "--json");
  expect(check.code).toBe(0);
  expect(JSON.parse(check.out)).toMatchObject({ verdict: "ok" });
});
