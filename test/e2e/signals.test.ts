/**
 * Signals to a run. Oracle: qvm's (SIGTERM and SIGINT press the power button, SIGQUIT cuts the power, SIGUSR1 and SIGUSR2
 * ask for STATUS), docs/ending.md, and a replay of what was recorded.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCore } from "../support/elf-core.ts";
import { endingVdev, WRITE } from "../support/ending-vdev.ts";
import { scratch } from "./command-line.ts";
import { type Cue, type Signalled, signalled, started } from "./signalled.ts";

/** A run in a folder of its own, recorded; the recording must replay. */
async function run(name: string, config: string, guest: string, cues: readonly Cue[]): Promise<Signalled> {
  const folder = join(scratch(), name.replace(/\W/g, "-"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ender.wasm"), endingVdev());
  const file = (what: string, text: string) => {
    writeFileSync(join(folder, what), text);
    return join(folder, what);
  };
  const program = guest.startsWith("start:") ? file("g.s", guest) : file("g.script", guest);
  const recording = join(folder, "run.rec");
  const outcome = await signalled(cues, "run", file("vm.qvmconf", config), "--guest", program, "--record", recording);
  if (outcome.killedBy === null) {
    const again = await signalled([], "replay", recording);
    expect(again.out).toContain("identical");
  }
  return outcome;
}

const ENDER = "system signals\nram 0,4M\nvdev ender loc 0xe0000000\n";
/** x86 code: prints a line, writes a value to the device, then does something. */
const rom = (value: number, then: string) =>
  `start:\n movl $${value}, 0xe0000000\n mov $0x6f, %al\n out %al, $0xe9\n mov $0x0a, %al\n out %al, $0xe9\n${then}\n`;
const LOOP = "again: jmp again";
const ENDLESS = "print begun\nrepeat 1000000 {\nrepeat 1000000 {\n}\n}\n";

describe.concurrent("STATUS", () => {
  it("comes with SIGUSR1 and SIGUSR2 while x86 code loops, and Node's inspector does not", async () => {
    const outcome = await run("status rom", ENDER, rom(0, LOOP), [
      ["o\n", "SIGUSR1"],
      ["status 1\n", "SIGUSR2"],
      [/status 1\n(.*\n)*ender: status 1\n/, "SIGINT"],
    ]);
    expect(outcome.out.match(/^ender: status 1$/gm)).toHaveLength(2);
    expect(outcome.err).not.toContain("Debugger");
    expect(outcome.code).toBe(3);
  });

  it("comes between two accesses of a script", async () => {
    const script = "print begun\nrepeat 1000000 {\nrepeat 1000 {\nwritel 0xe0000000 0\n}\n}\n";
    const outcome = await run("status script", ENDER, script, [
      ["begun", "SIGUSR1"],
      [/status \d+\n/, "SIGTERM"],
    ]);
    expect(outcome.out).toMatch(/^ender: status \d+$/m);
    expect(outcome.out).toContain("ender: terminated");
    expect(outcome.code).toBe(3);
  });

  it("comes while a script waits for centuries of virtual time", async () => {
    const config = `${ENDER}vdev trace loc 0xe1000000\n`;
    const outcome = await run("status wait", config, "print begun\nclock_step 18446744073709551615\n", [
      ["begun", "SIGUSR2"],
      ["status 0\n", "SIGINT"],
    ]);
    expect(outcome.out).toContain("ender: status 0");
    expect(outcome.code).toBe(3);
  });

  it("waits for the VM when it comes before it is there", async () => {
    const folder = join(scratch(), "status early");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "ender.wasm"), endingVdev());
    writeFileSync(join(folder, "vm.qvmconf"), ENDER);
    const fifo = join(folder, "g.script");
    execFileSync("mkfifo", [fifo]);
    // The run stands still where it reads its script, before it builds the VM, until the script is written.
    const cues: [string, NodeJS.Signals][] = [["status 0\n", "SIGINT"]];
    const process = started(cues, "run", join(folder, "vm.qvmconf"), "--guest", fifo);
    const script = await open(fifo, "w"); // returns when the run has opened it too
    process.kill("SIGUSR1");
    await script.write(ENDLESS);
    await script.close();
    expect((await process.outcome).code).toBe(3);
  });

  it("in which a vdev ends the VM ends the guest too", async () => {
    const outcome = await run("status ends", ENDER, rom(WRITE.endInStatus, LOOP), [["o\n", "SIGUSR1"]]);
    expect(outcome.err).toContain("guest_terminate() with cause 42 (exit code 42)");
    expect(outcome.code).toBe(42);
  });

  it("with SIGUSR2 also writes the guest dump, and the guest goes on", async () => {
    const dump = join(scratch(), "usr2.core");
    const config = `${ENDER}dump ${dump}\n`;
    const outcome = await run("status dump", config, rom(0, LOOP), [
      ["o\n", "SIGUSR1"],
      ["status 1\n", "SIGUSR2"],
      ["guest dump written", "SIGINT"],
    ]);
    expect(outcome.out).toContain(`guest dump written to ${dump} (asked for from outside)`);
    expect(existsSync(`${dump}.1`)).toBe(false);
    // The program's own code is in its RAM: `jmp again` is EB FE.
    const core = readCore(readFileSync(dump));
    const code = core.segments.find(({ virtual }) => virtual === 0xc0000n)!; // behind what is no RAM of a PC
    expect(code.bytes.includes(Buffer.from([0xeb, 0xfe]))).toBe(true);
    // The processor is in that loop, behind an `out` of a line feed: eip is at offset 72 + 4 * 12 of NT_PRSTATUS.
    const [registers] = core.notes.filter(({ name, type }) => name === "CORE" && type === 1);
    const eip = registers!.bytes.readUInt32LE(72 + 4 * 12);
    const at = eip - 0xc0000;
    expect([...code.bytes.subarray(at, at + 2)]).toEqual([0xeb, 0xfe]);
    // The STATUS of SIGUSR2 is in it.
    expect(core.notes.map(({ text }) => text)).toContain("ender: status 1\n");
    expect(outcome.code).toBe(3);
  });
});

describe.concurrent("STATUS and a dump asked for just before the power is cut", () => {
  it.each(["SIGINT", "SIGQUIT"] as const)("come before %s takes effect", async (cut) => {
    const dump = join(scratch(), `${cut}.core`);
    // Stopped, the process gets both at once; the kernel then hands over the lower number first, which is the cut's.
    const outcome = await run(`status then ${cut}`, `${ENDER}dump ${dump}\n`, rom(0, LOOP), [
      ["o\n", ["SIGSTOP", "SIGUSR2", cut, "SIGCONT"]],
    ]);
    expect(outcome.out).toMatch(/ender: status 1\n(.*\n)*.*guest dump written to .*\n(.*\n)*ender: terminated/);
    expect(readCore(readFileSync(dump)).segments.length).toBeGreaterThan(1);
    expect(outcome.code).toBe(3);
  });
});

describe.concurrent("the power button", () => {
  it("lets the guest shut down by itself", async () => {
    const program = rom(0, "poll: cmpl $1, 0xe0000000\n jne poll\n mov $0, %eax\n out %eax, $EXIT_PORT");
    const outcome = await run("button guest", `${ENDER} button\n`, program, [["o\n", "SIGTERM"]]);
    expect(outcome.out).toContain("ender: pressed\nender: terminated");
    expect(outcome.err).toContain("SIGTERM: the power button was pressed");
    expect(outcome.err).toContain("the guest exited with 0 (exit code 0)");
    expect(outcome.code).toBe(0);
  });

  it("pressed twice cuts the power: text and code agree", async () => {
    const outcome = await run("button twice", `${ENDER} button\n`, ENDLESS, [
      ["begun", "SIGINT"],
      ["the power button was pressed", "SIGINT"],
    ]);
    expect(outcome.err).toContain("the power was cut by SIGINT (exit code 3)");
    expect(outcome.out).toContain("ender: pressed\nender: terminated");
    expect(outcome.code).toBe(3);
  });

  it("a third time kills, also a run that is busy", async () => {
    const vdevs = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `vdev ender loc 0xe${i}000000 name e${i} button hang\n`);
    const config = `set vdevbox-instances private\n${vdevs.join("")}`;
    const outcome = await run("button thrice", config, ENDLESS, [
      ["begun", "SIGINT"],
      ["the power button was pressed", "SIGINT"],
      ["e0: terminated", "SIGINT"],
    ]);
    expect(outcome).toMatchObject({ code: null, killedBy: "SIGINT" });
  });

  it.each([
    ["SIGTERM", "interrupted by SIGTERM"],
    ["SIGQUIT", "the power was cut by SIGQUIT"],
  ] as const)("%s without a button ends the run with 3", async (signal, text) => {
    const outcome = await run(signal, ENDER, ENDLESS, [["begun", signal]]);
    expect(outcome.err).toContain(`${text} (exit code 3)`);
    expect(outcome.out).toContain("ender: terminated");
    expect(outcome.code).toBe(3);
  });
});

it("--json has the same exit code", async () => {
  const folder = join(scratch(), "json");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "g.script"), ENDLESS);
  const outcome = await signalled(
    [["begun", "SIGINT"]],
    "run",
    "system j",
    "--guest",
    join(folder, "g.script"),
    "--json",
  );
  expect(JSON.parse(outcome.out)).toMatchObject({ exitCode: 3, reason: "interrupted by SIGINT" });
  expect(outcome.code).toBe(3);
});
