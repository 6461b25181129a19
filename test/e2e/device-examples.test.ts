/** Every example of a device runs, holds, is recorded and replays. Oracle: the expectations in its script or program. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox } from "./command-line.ts";

const DEVICES = ["mc146818", "pl011", "pl031"];

describe.each(DEVICES)("examples/%s", (name) => {
  const folder = join("examples", name);
  const guests = readdirSync(join(packageRoot(), folder)).filter((file) => /\.(script|s)$/.test(file));

  it("has a configuration, a guest and a README", () => {
    expect(guests.length).toBeGreaterThan(0);
    for (const file of [`${name}.qvmconf`, "README.md"])
      expect(existsSync(join(packageRoot(), folder, file))).toBe(true);
  });

  it.each(guests)("%s holds, and replays to the byte", (guest) => {
    const recording = join(scratch(), `${name}-${guest}.rec`);
    const conf = join(folder, `${name}.qvmconf`);
    const run = vdevbox("run", conf, "--guest", join(folder, guest), "--record", recording);
    expect(run.err).toMatch(/ no findings\n$/);
    expect(run.code).toBe(0);
    expect(vdevbox("replay", recording).out).toContain("identical");
  });

  it("its vdev has no finding in `vdevbox check`", () => {
    const check = vdevbox("check", `build/out/vdevs/${name}.wasm`);
    expect(check.out).toMatch(/^[^\n]*: ok\n/);
    expect(check.code).toBe(0);
  });
});

describe("examples/worker", () => {
  const folder = "examples/worker";
  const conf = (seed: string) =>
    readFileSync(join(packageRoot(), folder, "worker.qvmconf"), "utf8").replace(
      "vdevbox-seed 1",
      `vdevbox-seed ${seed}`,
    );

  it.each(["1", "2", "3"])("holds and replays to the byte, whose turn it may be (seed %s)", (seed) => {
    const modules = scratch();
    expect(vdevbox("build", join(folder, "worker.ts"), "--out-dir", modules).code).toBe(0);
    expect(vdevbox("check", join(modules, "worker.wasm")).out).toMatch(/^[^\n]*: ok\n/);
    const file = join(modules, "worker.qvmconf");
    writeFileSync(file, conf(seed));
    const recording = join(modules, "worker.rec");
    const run = vdevbox("run", file, "--guest", join(folder, "worker.script"), "--record", recording);
    expect(run.err).toMatch(/ no findings\n$/);
    expect(run.code).toBe(0);
    expect(vdevbox("replay", recording).out).toContain("identical");
  });
});

it("what a guest sends through the pl011 is on standard output", () => {
  const run = (guest: string) =>
    vdevbox("run", "examples/pl011/pl011.qvmconf", "--guest", `examples/pl011/${guest}`).out;
  expect(run("hello.s")).toBe("Hello from x86 code, through an Arm UART, out of a WebAssembly sandbox.\n");
  expect(run("pl011.script")).toMatch(/^hello\npl011: fr /);
});
