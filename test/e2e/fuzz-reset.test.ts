/** `vdevbox fuzz --reset` as it is typed. Oracle: docs/fuzzing.md, and the register map of the device. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileDevice } from "../planted/devices/devices.ts";
import { scratch, vdevbox } from "./command-line.ts";

let module = "";
beforeAll(async () => {
  const { wasm } = await compileDevice("kept-flip-flop", "planted");
  module = join(scratch(), "kept-flip-flop.wasm");
  writeFileSync(module, wasm);
}, 60_000);

describe("vdevbox fuzz --reset", () => {
  it("tells what a reset leaves behind", () => {
    const words = ["--reset", "writel 0x10000008 1", "--executions", "1000", "--out", join(scratch(), "kept")];
    const { code, out } = vdevbox("fuzz", module, ...words);
    expect(code).toBe(1);
    expect(out).toMatch(/violation: a read of \d bytes? at offset 0x4 of kept-flip-flop after a reset: /);
  });

  it("says in a sentence what it cannot be", () => {
    const say = (...words: string[]) => {
      const { code, err } = vdevbox("fuzz", module, ...words, "--out", join(scratch(), "none"));
      expect(code).toBe(2);
      return err.trimEnd();
    };
    expect(say("--reset", "clock_step")).toMatch(/^--reset:1:1: a reset is made of accesses of one width[^\n]*$/);
    expect(say("--reset", "writel 0x10 1")).toMatch(/^--reset:1:1: no vdev is at 0x10$/);
    expect(say("--reset", "writel 0x10000008 1", "--not-reset", "COUNT")).toContain("--not-reset takes an address");
    expect(say("--cost", "--reset", "writel 0x10000008 1")).toContain("--cost looks for steps only");
    expect(say("--not-reset", "0x10000004")).toContain("--not-reset goes with --reset");
  });
});
