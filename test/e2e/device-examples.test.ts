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

  it("builds, holds and replays to the byte, whose turn it may be", () => {
    const modules = scratch();
    expect(vdevbox("build", join(folder, "worker.ts"), "--out-dir", modules).code).toBe(0);
    expect(vdevbox("check", join(modules, "worker.wasm")).out).toMatch(/^[^\n]*: ok\n/);
    for (const seed of ["1", "2"]) {
      const file = join(modules, "worker.qvmconf");
      writeFileSync(file, conf(seed));
      const recording = join(modules, "worker.rec");
      const run = vdevbox("run", file, "--guest", join(folder, "worker.script"), "--record", recording);
      expect(run.err).toMatch(/ no findings\n$/);
      expect(run.code).toBe(0);
      expect(vdevbox("replay", recording).out).toContain("identical");
    }
  });
});

it("what a guest sends through the pl011 is on standard output", () => {
  const run = (guest: string) =>
    vdevbox("run", "examples/pl011/pl011.qvmconf", "--guest", `examples/pl011/${guest}`).out;
  expect(run("hello.s")).toBe("Hello from x86 code, through an Arm UART, out of a WebAssembly sandbox.\n");
  expect(run("pl011.script")).toMatch(/^hello\npl011: fr /);
});

describe("examples/copier", () => {
  const words = ["examples/copier/copier.qvmconf", "--guest", "examples/copier/guest.s"];
  // The x86 code writes what is copied, and looks at what came: a thread must reach that memory, and not a copy of it.
  it.each([[[]], [["set threads parallel"]]])("copies the memory of x86 code, and back into it %j", (settings) => {
    const folder = join(scratch(), "copier");
    expect(vdevbox("build", "examples/copier/copier.ts", "--out-dir", folder).code).toBe(0);
    const { code, out, err } = vdevbox("run", words[0]!, ...settings, ...words.slice(1), "--module-path", folder);
    expect(out).toBe("guest: copied, and counted meanwhile\n");
    expect(err).toMatch(/\(exit code 0\); .*, no findings/);
    expect(code).toBe(0);
  });
});
