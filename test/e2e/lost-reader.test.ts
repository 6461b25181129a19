/**
 * A reader that goes away (`| head`). Oracle: the exit codes of docs/command-line.md, which are the same with and without
 * one. And modules alone, which get what they need.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox } from "./command-line.ts";

const file = (name: string) => join(scratch(), name);

/** The exit code of `vdevbox ARGUMENTS | true`, and what it said on standard error. */
function codeWithoutReader(...args: string[]): { code: number; err: string } {
  const line = '"$0" build/vdevbox.mjs "$@" | true';
  const shell = spawnSync("bash", ["-c", `${line}; exit \${PIPESTATUS[0]}`, process.execPath, ...args], {
    cwd: packageRoot(),
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: shell.status!, err: shell.stderr };
}

beforeAll(() => {
  const source = join(packageRoot(), "test/explore/assembly/hostile.ts");
  expect(vdevbox("build", source, "--out-dir", scratch()).code).toBe(0);
  for (const type of ["trapping", "wired"]) copyFileSync(file("hostile.wasm"), file(`${type}.wasm`));
}, 60_000);

describe("a reader that goes away", () => {
  it.each([
    ["explore", ["--schedules", "30", "--out"]],
    ["fuzz", ["--executions", "100", "--out"]],
  ])(
    "leaves %s its exit code",
    (command, options) => {
      const told = (type: string) =>
        codeWithoutReader(command, file(`${type}.wasm`), ...options, file(`${command}-${type}`));
      expect(told("trapping")).toMatchObject({ code: 1, err: expect.not.stringContaining("cannot be written") });
      expect(told("wired").code).toBe(0);
    },
    60_000,
  );

  it("leaves run its exit code and its recording", () => {
    const script = file("many.script");
    writeFileSync(script, "repeat 1000 {\nprint a line that fills the pipe sooner or later\n}\nreadl 0\nexpect 1\n");
    writeFileSync(file("one.qvmconf"), "system one\nram 0,1M\n");
    const recording = file("one.rec");
    const args = ["run", file("one.qvmconf"), "--guest", script, "--record"];
    const { code } = vdevbox(...args, file("read.rec"));
    expect(code).toBe(1); // an expectation failed
    expect(codeWithoutReader(...args, recording).code).toBe(code);
    expect(readFileSync(recording, "utf8")).toBe(readFileSync(file("read.rec"), "utf8"));
  }, 60_000);
});

describe("a module alone that needs an interrupt", () => {
  it.each([
    ["explore", "--schedules"],
    ["fuzz", "--executions"],
  ])("gets one from %s", (command, count) => {
    const run = vdevbox(command, file("wired.wasm"), count, "20", "--out", file(`${command}-alone`));
    expect([run.code, run.err]).toEqual([0, expect.not.stringContaining("needs an interrupt")]);
  });

  it("is told of the one it was given", () => {
    const run = vdevbox("explore", file("wired.wasm"), "intr nowhere:3", "--schedules", "20");
    expect(run.code).toBe(65);
    expect(run.err).toContain("nowhere");
  });
});
