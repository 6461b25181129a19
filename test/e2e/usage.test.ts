/** What the command line says of itself and of wrong words. Oracle: docs/command-line.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox, vdevboxInterrupted } from "./command-line.ts";

const file = (name: string, text: string) => {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
};
const conf = () => file("usage.qvmconf", "system usage\nvdev trace loc 0xe0000000\n");

describe("help", () => {
  it("knows its version", () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
    expect(vdevbox("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  it("of a command is had in two ways", () => {
    expect(vdevbox("help", "run").out).toBe(vdevbox("run", "--help").out);
    expect(vdevbox("help").out).toBe(vdevbox("--help").out);
    expect(vdevbox("help", "rnu")).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "run"') });
  });

  it("of build lists all its options", () => {
    expect(vdevbox("build", "--help").out).toMatch(/^usage: .*--out-dir DIR.*--force.*--json/);
  });
});

describe("words nobody asked for", () => {
  it("are refused by demo", () => {
    const run = vdevbox("demo", "now");
    expect(run.err).toContain('"now" is one too many');
    expect(run.code).toBe(2);
  });

  it("that are a source and no module are told how to build it", () => {
    const source = file("late.ts", "");
    const run = vdevbox("check", source);
    expect(run.err).toContain(`vdevbox build ${source} && vdevbox check build/out/vdevs/late.wasm`);
    expect(run.code).toBe(2);
  });
});

describe("build", () => {
  it("tells programs every error with its place, and every warning", () => {
    const wrong = file("wrong.ts", "export function f(): u32 {\n  return y;\n}\n");
    const odd = file("odd.ts", "export class Unused {\n  x: i32;\n}\n");
    const run = vdevbox("build", wrong, odd, "--json", "--out-dir", join(scratch(), "out"));
    expect(run.code).toBe(1);
    const [first, second] = JSON.parse(run.out);
    expect(first).toMatchObject({ status: "failed", warnings: [] });
    expect(first.errors).toEqual([expect.objectContaining({ message: "Cannot find name 'y'.", line: 2, column: 10 })]);
    expect(second).toMatchObject({ status: "built", errors: [] });
    expect(second.warnings).toEqual([expect.objectContaining({ file: odd, line: 1 })]);
  });

  it("shows warnings to people", () => {
    const odd = file("odd2.ts", "\nexport class Unused {\n  x: i32;\n}\n");
    const run = vdevbox("build", odd, "--out-dir", join(scratch(), "out2"));
    expect(run.err).toMatch(/odd2\.ts:2:\d+: warning: /);
    expect(run.code).toBe(0);
  });
});

describe("the limit of a recording", () => {
  it.each([
    [["--record", "x.rec", "--record-limit", "1"], "--record-limit takes a size of 64k to 256M, and not 1"],
    [["--record", "x.rec", "--record-limit", "4G"], "--record-limit takes a size of 64k to 256M, and not 4G"],
    [["--record-limit", "64k"], "--record-limit is for --record FILE"],
  ])("%j is refused", (args, sentence) => {
    expect(vdevbox("run", conf(), ...args)).toEqual({ code: 2, out: "", err: `${sentence}\n` });
  });

  it("ends it and not the run, and it replays up to there", () => {
    const script = file(
      "many.script",
      "repeat 4000\n  writel 0xe0000000 1\n  writel 0xe0000000 2\n  clock_step 7\nend\n",
    );
    const varied = file("varied.script", Array.from({ length: 3000 }, (_, i) => `writel 0xe0000000 ${i}`).join("\n"));
    const recording = join(scratch(), "limit.rec");
    const limit = ["--record", recording, "--record-limit", "64k"];
    expect(vdevbox("run", conf(), "--guest", script, ...limit).err).not.toContain("reached its limit");
    const run = vdevbox("run", conf(), "--guest", varied, ...limit);
    expect(run.err).toMatch(/^the recording has reached its limit of 64k and ends here; the run goes on without it$/m);
    expect(run.err).toMatch(/exit code 0\).* 3000 guest accesses/);
    expect(readFileSync(recording).length).toBeLessThanOrEqual(64 << 10);
    const again = vdevbox("replay", recording);
    expect(again.out).toMatch(
      /identical; \d+ events are the same\. The recording ends there, at its limit; the run went on/,
    );
    expect(again.code).toBe(0);
  });
});

describe("options of the command line", () => {
  const cases: [words: string[], sentence: string][] = [
    [
      ["--max-time", "-1"],
      '--max-time takes SECONDS, and "-1" looks like an option; write --max-time=-1 if it is the value',
    ],
    [["--record"], "--record takes FILE, which is missing"],
    [["--json=yes"], "--json takes no value"],
    [["--record", "r1", "--record", "r2"], "--record is given 2 times (r1, r2), and only one can be meant"],
    [["--guest=none", "--guest", "none"], "--guest is given 2 times (none, none), and only one can be meant"],
  ];
  it.each(cases)("%j are refused in words of vdevbox's own", (words, sentence) => {
    expect(vdevbox("run", conf(), ...words)).toMatchObject({ code: 2, err: `${sentence}\n`, out: "" });
  });

  it("that repeat may, and a switch too", () => {
    const run = vdevbox("run", conf(), "--module-path", scratch(), "--module-path", scratch(), "--json", "--json");
    expect(run.code).toBe(0);
  });

  it("name folders that are there", () => {
    const nowhere = join(scratch(), "nowhere");
    const run = vdevbox("run", conf(), "--module-path", nowhere);
    expect(run.err).toBe(`${nowhere}: there is no such folder to look for modules in (--module-path)\n`);
    expect(run.code).not.toBe(0);
  });

  it("do not find a module, and then say every name it could have", () => {
    expect(vdevbox("run", "vdev nobody").err).toContain("looked for nobody.wasm and vdev-nobody.wasm in ");
  });
});

describe("limits of a ROM guest", () => {
  const endless = () => file("endless.s", "start:\nmovl 0xe0000000, %eax\njmp start\n");
  const sleeper = () => file("sleeper.s", "start:\nsti\nhlt\njmp start\n");
  const run = (program: string, ...limit: string[]) => vdevbox("run", conf(), "--guest", program, ...limit, "--json");

  it("end it after so many instructions, at the same one each time", () => {
    const [first, second] = [1, 2].map(() => run(endless(), "--max-instructions", "200000"));
    expect(first).toMatchObject({ code: 7 });
    expect(first!.out).toContain("was still running after 200000 instructions");
    expect(second!.out).toBe(first!.out);
  });

  it("end it after so much virtual time, though it only sleeps", () => {
    const slept = run(sleeper(), "--max-time", "2.5");
    expect(slept.code).toBe(7);
    // The thread of trace wakes each second: the third time would be at 3 s.
    expect(JSON.parse(slept.out)).toMatchObject({ virtualNs: "2500000000" });
    expect(slept.out).toContain("was still running after 2.5 s of virtual time");
  });

  it("end a run whose recording replays", () => {
    const recording = join(scratch(), "limited.rec");
    run(sleeper(), "--max-time", "2.5", "--record", recording);
    expect(vdevbox("replay", recording).out).toContain("identical");
  });

  it("are no options of a script, and numbers", () => {
    const script = file("nothing.script", "");
    expect(run(script, "--max-time", "1")).toMatchObject({ code: 2, err: expect.stringContaining("for ROM guests") });
    for (const wrong of ["0", "-1", "soon", "1e3", "99999999999999999999"]) {
      expect(run(endless(), `--max-instructions=${wrong}`).err).toContain("takes a number of instructions");
    }
    for (const wrong of ["0", "soon", "1s", "99999999999"]) {
      expect(run(endless(), `--max-time=${wrong}`).err).toContain("takes seconds of virtual time");
    }
  });
});

describe("the exit code", () => {
  it("is what the text says, also for a script whose expectation failed", () => {
    const script = file("fails.script", "readl 0xe0000000\nexpect 9\n");
    const run = vdevbox("run", conf(), "--guest", script);
    expect(run.code).toBe(1);
    expect(run.err).toContain("(exit code 1)");
  });

  it("is what the text and the recording say after Ctrl-C", async () => {
    const script = file("long.script", "print go\nrepeat 1000000 {\nrepeat 1000000 {\n}\n}\n");
    const recording = join(scratch(), "ctrl-c.rec");
    const run = await vdevboxInterrupted("go", "run", conf(), "--guest", script, "--record", recording);
    expect(run.code).toBe(3);
    expect(run.err).toContain("(exit code 3)");
    expect(vdevbox("replay", recording).out).toContain("(the run's exit code was 3)");
  });
});
