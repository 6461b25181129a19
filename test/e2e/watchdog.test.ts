/** The watchdog examples as a user runs them. Oracle: their README files, and 4, qvm's exit code for a watchdog. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch, vdevbox } from "./command-line.ts";

describe.each(["wdt-sp805", "wdt-ib700"])("%s", (name) => {
  const example = (extension: string) => `examples/${name}/${name}.${extension}`;

  it("bites the guest of its example, which replays identically", () => {
    const recording = join(scratch(), `${name}.rec`);
    const run = vdevbox("run", example("qvmconf"), "--guest", example("script"), "--record", recording);
    expect(run.err).toContain(`the watchdog ${name} bit (exit code 4)`);
    expect(run.err).toMatch(/(\d+) of \1 expectations held/);
    expect(run.err).toContain("0 violations, 0 warnings, 0 faults");
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
