// Output nobody can take. Oracle: /dev/full of Linux, to which every write fails with ENOSPC, and docs/ending.md: 2 for
// a file that cannot be written, named by the text at the end of the run.
import { spawnSync } from "node:child_process";
import { existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { endingVdev } from "../support/ending-vdev.ts";
import { scratch, vdevbox } from "./command-line.ts";

const FULL = "/dev/full";

function file(name: string, content: string | Uint8Array): string {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  return path;
}

/** `vdevbox ARGUMENTS > /dev/full`. */
function intoFull(...args: string[]): { code: number | null; err: string } {
  const binary = join(packageRoot(), "build", "vdevbox.mjs");
  const stdio = ["ignore", openSync(FULL, "w"), "pipe"] as const;
  const run = spawnSync(process.execPath, [binary, ...args], {
    cwd: packageRoot(),
    stdio: [...stdio],
    timeout: 60_000,
    encoding: "utf8",
  });
  return { code: run.status, err: run.stderr };
}

describe.skipIf(!existsSync(FULL))("a full disk", () => {
  const conf = () => {
    file("ender.wasm", endingVdev());
    return file("vm.qvmconf", "system full\nram 0,4M\nvdev ender loc 0xe0000000\n");
  };
  const script = () => file("g.script", "print hello\nwritel 0xe0000000 0\n");
  const told = /^standard output cannot be written: ENOSPC$/m;

  it("under the output of a run ends it with 2 and a sentence", () => {
    for (const options of [[], ["--json"], ["--explain"]]) {
      const run = intoFull("run", conf(), "--guest", script(), ...options);
      expect(run.err).toMatch(told);
      expect(run.err.match(told)).toHaveLength(1);
      expect(run.code).toBe(2);
    }
  });

  it("ends a guest that would go on for ever, and the recording of it", () => {
    const endless = file("endless.script", "repeat 1000000 {\nrepeat 1000000 {\nprint more\n}\n}\n");
    const recording = join(scratch(), "endless.rec");
    const run = intoFull("run", conf(), "--guest", endless, "--record", recording);
    expect(run.err).toMatch(/standard output cannot be written \(exit code 2\)/);
    expect(run.code).toBe(2);
    expect(vdevbox("replay", recording).out).toContain("identical");
  });

  it("is an error of check, replay and help too", () => {
    const recording = join(scratch(), "run.rec");
    vdevbox("run", conf(), "--guest", script(), "--record", recording);
    for (const command of [["check", join(scratch(), "ender.wasm")], ["replay", recording], ["--help"]]) {
      const run = intoFull(...command);
      expect(run.err).toMatch(told);
      expect(run.code).toBe(2);
    }
  });

  it("under the recording: a sentence names the file, the last line the exit code", () => {
    const run = vdevbox("run", conf(), "--guest", script(), "--record", FULL);
    const [sentence, summary] = run.err.trimEnd().split("\n").slice(-2);
    expect(sentence).toBe("/dev/full: the recording cannot be written: ENOSPC");
    expect(summary).toMatch(/^full: .*but the recording cannot be written \(exit code 2\)/);
    expect(run.code).toBe(2);
    expect(run.out).toContain("ender: terminated");
  });

  it("under the recording, with --json and --explain", () => {
    const json = vdevbox("run", conf(), "--guest", script(), "--record", FULL, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ exitCode: 2 });
    expect(json.code).toBe(2);
    const explained = vdevbox("run", conf(), "--guest", script(), "--record", FULL, "--explain");
    expect(explained.out).toContain("Exit code 2.");
    expect(explained.out).not.toContain("The recording is in");
  });
});

it("a reader that goes away is no error", () => {
  const script = file("many.script", "repeat 1000 {\nprint a line that fills the pipe sooner or later\n}\n");
  const conf = file("one.qvmconf", "system one\n");
  const shell = spawnSync(
    "sh",
    ["-c", `"$0" build/vdevbox.mjs run ${conf} --guest ${script} | head -1`, process.execPath],
    {
      cwd: packageRoot(),
      encoding: "utf8",
    },
  );
  expect(shell.stdout).toMatch(/^a line/);
  expect(shell.stderr).not.toContain("cannot be written");
});
