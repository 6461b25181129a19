/** What a device's own reset leaves behind. Oracle: the register maps in test/planted/devices/assembly. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import type { FuzzOptions } from "../../host/testing/api.js";
import { createVm, fuzzDevice } from "../../host/testing/testing.ts";
import type { Twin } from "../planted/devices/devices.ts";
import { PLANTED_DEVICES } from "../planted/devices/expected.ts";
import { DeviceModule } from "../planted/devices/time-to-bug.ts";

const NAMES = ["survives-reset", "reset-during-transfer", "kept-flip-flop"] as const;
type Name = (typeof NAMES)[number];
const modules = new Map<string, DeviceModule>();
/** Folder of the device of assembly/fetcher.ts. */
const fetcher = mkdtempSync(join(tmpdir(), "vdevbox-reset-"));
beforeAll(async () => {
  const source = join(packageRoot(), "test/fuzz/assembly/fetcher.ts");
  const { wasm } = await compileVdev({ file: source, projectDir: packageRoot() });
  writeFileSync(join(fetcher, "fetcher.wasm"), wasm);
  for (const name of NAMES) {
    const planted = PLANTED_DEVICES.find((one) => one.name === name)!;
    for (const twin of ["planted", "fixed"] as const)
      modules.set(`${name} ${twin}`, await DeviceModule.make(planted, twin));
  }
}, 60_000);
afterAll(() => {
  for (const module of modules.values()) module.end();
  rmSync(fetcher, { recursive: true });
});

const device = (name: Name, twin: Twin): FuzzOptions => ({
  text: `system lab\nvdev ${name} loc 0x1000\n`,
  modulePath: [modules.get(`${name} ${twin}`)!.folder],
  executions: 4000,
});
const RESETS = {
  "survives-reset": "writel 0x1010 1",
  "reset-during-transfer": "writel 0x1008 1",
  "kept-flip-flop": "writel 0x1008 1",
} as const;

describe("a campaign that knows how a device is reset", () => {
  it("tells a register that the reset forgets, and reads just that behind it", async () => {
    const reset = RESETS["survives-reset"];
    const { findings } = await fuzzDevice({ ...device("survives-reset", "planted"), reset });
    const [found] = findings.filter(({ message }) =>
      message.includes("a read of 4 bytes at offset 0x4 of survives-reset"),
    );
    expect(found).toMatchObject({ rule: "reset", vdev: "survives-reset" });
    expect(found!.message).toMatch(/after a reset: 0x\w+, and 0x8 when the device was never used$/);
    const lines = found!.script.trimEnd().split("\n");
    expect(lines.slice(1)).toEqual(["writel 0x1010 0x1", "readl 0x1004", "expect 0x8"]);
    expect(lines[0]).toMatch(/^write[bwlq] 0x1004 /);
    await expect(createVm(device("survives-reset", "planted")).script(found!.script)).rejects.toThrow("expected 0x8");
    await createVm(device("survives-reset", "fixed")).script(found!.script);
  });

  it("does not tell what is to stay", async () => {
    const given = { reset: RESETS["survives-reset"], notReset: [0x1004] };
    const { findings } = await fuzzDevice({ ...device("survives-reset", "planted"), ...given });
    expect(findings.filter(({ message }) => message.includes("offset 0x4 "))).toEqual([]);
  });

  it("tells what only the next program comes to see", async () => {
    const reset = RESETS["kept-flip-flop"];
    const { findings } = await fuzzDevice({ ...device("kept-flip-flop", "planted"), reset });
    const [found] = findings.filter(({ message }) => message.includes("a read of 4 bytes at offset 0x4 "));
    expect(found!.rule).toBe("reset");
    await expect(createVm(device("kept-flip-flop", "planted")).script(found!.script)).rejects.toThrow("expected ");
    await createVm(device("kept-flip-flop", "fixed")).script(found!.script);
  });

  it("tells what took something in guest memory with what was there, as the device found it", async () => {
    // What the job makes of DONE, at 8, is there after CANCEL.
    const options = { text: "system lab\nram 0,1M\nvdev fetcher loc 0x10000000\n", modulePath: [fetcher] };
    const { findings } = await fuzzDevice({ ...options, executions: 100_000, reset: "writel 0x10000004 1" });
    const [found] = findings.filter(({ rule }) => rule === "reset");
    expect(found!.script).toMatch(/^write 0x2000 2 0x5a/m);
    await expect(createVm(options).script(found!.script)).rejects.toThrow("expected 0x0");
  });

  it("takes as many accesses as a reset has, and tells them apart from what the device does by itself in time", async () => {
    const reset = [RESETS["reset-during-transfer"], "readl 0x1000"];
    const kept = await fuzzDevice({ ...device("reset-during-transfer", "fixed"), reset });
    // DONE counts on; that is all, with all the timers and time there are.
    expect(kept.findings.map(({ rule }) => rule)).toEqual(kept.findings.map(() => "reset"));
    expect(kept.findings.length).toBeGreaterThan(0);
    for (const { message } of kept.findings) expect(message).toContain("at offset 0xc of reset-during-transfer");
  });

  it.each(NAMES.filter((name) => name !== "reset-during-transfer"))(
    "has nothing to say of %s once mended",
    async (name) => {
      const { findings } = await fuzzDevice({ ...device(name, "fixed"), reset: RESETS[name] });
      expect(findings).toEqual([]);
    },
  );

  it("says what is no reset", async () => {
    const make = (reset: string) => fuzzDevice({ ...device("survives-reset", "fixed"), reset });
    await expect(make("clock_step 5")).rejects.toThrow("a reset is made of accesses of one width");
    await expect(make("writel 0x9000 1")).rejects.toThrow("no vdev is at 0x9000");
  });
});
