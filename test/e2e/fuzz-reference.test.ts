/** `vdevbox fuzz --reference` as it is typed. Oracle: docs/fuzzing.md, and the register map of the device. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { compileDevice, modelOf } from "../planted/devices/devices.ts";
import { scratch, vdevbox } from "./command-line.ts";

/** Inside the package, so that a generated test finds `vdevbox/testing`. */
const INSIDE = join(packageRoot(), `build/out/fuzz-reference-${process.pid}`);
const moduleOf = (folder: string) => join(INSIDE, folder, "lost-events.wasm");
beforeAll(async () => {
  for (const twin of ["planted", "fixed"] as const) {
    mkdirSync(join(INSIDE, twin), { recursive: true });
    const { wasm } = await compileDevice("lost-events", twin);
    writeFileSync(moduleOf(twin), wasm);
  }
}, 60_000);
afterAll(() => rmSync(INSIDE, { recursive: true, force: true }));

describe("vdevbox fuzz --reference", () => {
  const campaign = join(INSIDE, "campaign");
  const folder = join(campaign, "findings/reference-lost-events");

  it("tells what a model says, and writes a script that a run shows it with", () => {
    const model = modelOf("lost-events");
    const words = ["--reference", model, "--executions", "1000", "--out", campaign];
    const { code, out } = vdevbox("fuzz", moduleOf("planted"), ...words);
    expect(code).toBe(1);
    expect(out).toMatch(
      /violation: a read of \d bytes? at offset 0x0 of lost-events: the device says 0x0, the reference /,
    );
    const script = join(folder, "program.script");
    const last = readFileSync(script, "utf8").trimEnd().split("\n").at(-1)!;
    expect(last).toMatch(/^expect 0x/);
    const path = ["--module-path", join(INSIDE, "planted")];
    const run = vdevbox("run", join(folder, "vm.qvmconf"), "--guest", script, ...path);
    expect(run.code).toBe(1);
    expect(run.out + run.err).toContain(`expected ${last.slice("expect ".length)}`);
    const replay = vdevbox("replay", join(folder, "finding.rec"), ...path);
    expect(replay.out + replay.err).toContain("identical");
  });

  it("writes a test that fails, and passes once the device answers as it should", () => {
    const config = join(INSIDE, "vitest.config.mjs"); // not this repository's own
    writeFileSync(config, "export default {};\n");
    const vitest = () =>
      spawnSync(
        process.execPath,
        [join(packageRoot(), "node_modules/vitest/vitest.mjs"), "run", "--config", config, "--root", folder],
        { cwd: packageRoot(), encoding: "utf8", timeout: 60_000 },
      ).status;
    expect(vitest()).toBe(1);
    copyFileSync(moduleOf("fixed"), moduleOf("planted"));
    expect(vitest()).toBe(0);
  }, 60_000);

  it("takes another module or configuration, too", () => {
    const out = join(scratch(), "same");
    const config = join(INSIDE, "other.qvmconf");
    writeFileSync(config, "vdev lost-events loc 0x10000000\n");
    const path = ["--module-path", join(INSIDE, "fixed")];
    for (const reference of [moduleOf("fixed"), config]) {
      const words = ["--reference", reference, "--executions", "500", "--out", out, ...path];
      const { code, err } = vdevbox("fuzz", moduleOf("fixed"), ...words);
      expect([code, err]).toEqual([0, expect.not.stringContaining("at ")]);
    }
  });

  it("says in a sentence what is wrong with a reference", () => {
    const model = join(INSIDE, "none.ts");
    writeFileSync(model, "export const model = {};\n");
    for (const [file, sentence] of [
      [model, "none.ts: a model is an object with reset(), read() and write(): reset() is missing"],
      [join(INSIDE, "absent.wasm"), "absent.wasm"],
    ] as const) {
      const { code, err } = vdevbox("fuzz", moduleOf("fixed"), "--reference", file, "--out", join(scratch(), "no"));
      expect(code).toBe(2);
      expect(err).toContain(sentence);
      expect(err.trimEnd().split("\n")).toHaveLength(1);
    }
  });
});
