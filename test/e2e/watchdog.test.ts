/** The watchdog examples as a user runs them. Oracle: their README files, and 4, qvm's exit code for a watchdog. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox } from "./command-line.ts";

describe.each(["wdt-sp805", "wdt-ib700"])("%s", (name) => {
  const example = (extension: string) => `examples/${name}/${name}.${extension}`;

  it("bites the guest of its example, which replays identically", () => {
    const recording = join(scratch(), `${name}.rec`);
    const run = vdevbox("run", example("qvmconf"), "--guest", example("script"), "--record", recording);
    expect(run.err).toContain(`the watchdog ${name} bit (exit code 4)`);
    expect(run.err).toMatch(/(\d+) of \1 expectations held/);
    expect(run.err).toContain("no findings");
    expect(run.code).toBe(4);
    const again = vdevbox("replay", recording);
    expect([again.out.includes("identical"), again.err]).toEqual([true, ""]);
  });

  it("passes check without findings", () => {
    const check = vdevbox("check", `build/out/vdevs/${name}.wasm`, "--json");
    expect(check.code).toBe(0);
    expect(JSON.parse(check.out)).toMatchObject({ verdict: "ok" });
  });
});

describe("x86 code with two watchdogs", () => {
  const guest = "rom:examples/watchdog/guest.s";
  const conf = "examples/watchdog/watchdog.qvmconf";

  it("kicks one, is woken by it, and is bitten by the other, the same each time", () => {
    const recording = join(scratch(), "two.rec");
    const run = vdevbox("run", conf, "--guest", guest, "--record", recording);
    expect(run.out).toContain("kicked 10 times, barks:      00000000\n");
    expect(run.out).toContain("slept too long, barks:       00000001\n");
    expect(run.err).toContain("the watchdog wdt-ib700 bit (exit code 4)");
    expect(run.code).toBe(4);
    expect(vdevbox("replay", recording).out).toContain("identical");
  });

  it("is bitten by the first when its interrupt goes where nobody looks", () => {
    const moved = join(scratch(), "moved.qvmconf");
    writeFileSync(moved, readFileSync(join(packageRoot(), conf), "utf8").replace("intr 8259:5", "intr 8259:6"));
    const run = vdevbox("run", moved, "--guest", guest);
    expect(run.out).not.toContain("slept too long, barks:       0");
    expect(run.err).toContain("the watchdog wdt-sp805 bit (exit code 4)");
    expect(run.code).toBe(4);
  });
});
