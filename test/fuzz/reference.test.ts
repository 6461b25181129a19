/**
 * Devices compared with what says how they must answer. Oracle: the register map in test/planted/devices/assembly/lost-events.ts,
 * and for pl031 its manual (Arm DDI 0224), from which examples/pl031/model.ts is written.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../../host/fuzz/reference/load-model.ts";
import { packageRoot } from "../../host/paths.ts";
import type { ReferenceModel, TestVmOptions } from "../../host/testing/api.js";
import { createVm, fuzzDevice } from "../../host/testing/testing.ts";
import { modelOf, type Twin } from "../planted/devices/devices.ts";
import { PLANTED_DEVICES } from "../planted/devices/expected.ts";
import { DeviceModule } from "../planted/devices/time-to-bug.ts";
import { folder } from "../support/assembly.ts";

const CLOCK = { module: join(packageRoot(), "build/out/vdevs/pl031.wasm"), options: "start 0 intr gic:36" };
const modules: DeviceModule[] = [];
let events: ReferenceModel;
let clock: ReferenceModel;
beforeAll(async () => {
  const planted = PLANTED_DEVICES.find(({ name }) => name === "lost-events")!;
  for (const twin of ["planted", "fixed"] as const) modules.push(await DeviceModule.make(planted, twin));
  events = (await loadModel(modelOf("lost-events"))) as ReferenceModel;
  clock = (await loadModel(join(packageRoot(), "examples/pl031/model.ts"))) as ReferenceModel;
}, 60_000);
afterAll(() => {
  for (const module of modules) module.end();
});

const device = (twin: Twin): TestVmOptions => ({
  text: "system lab\nvdev lost-events loc 0x1000\n",
  modulePath: [modules[twin === "planted" ? 0 : 1]!.folder],
});

describe.each(["a model", "another vdev"])("%s as a reference", (kind) => {
  const reference = () => (kind === "a model" ? events : device("fixed"));

  it("shows where a device answers differently, once for each register and width, with the shortest program", async () => {
    const { findings } = await fuzzDevice({ ...device("planted"), reference: reference(), executions: 8000 });
    expect(findings.map(({ rule }) => rule)).toEqual(findings.map(() => "reference"));
    const long = findings.find(({ message }) =>
      message.startsWith("a read of 4 bytes at offset 0x0 of lost-events: "),
    )!;
    expect(new Set(findings.map(({ message }) => message.split(":")[0])).size).toBe(findings.length);
    // Two events, or one twice; one is acknowledged; what is left is read.
    const lines = long.script.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(5);
    expect(lines.slice(-3)[0]).toMatch(/^write[bwlq] 0x1000 /);
    expect(lines.slice(-2)[0]).toBe("readl 0x1000");
    const values = /the device says (0x\w+), the reference (0x\w+)$/.exec(long.message)!;
    expect(lines.at(-1)).toBe(`expect ${values[2]}`);
    await expect(createVm(device("planted")).script(long.script)).rejects.toThrow(`got ok ${values[1]}`);
    await createVm(device("fixed")).script(long.script);
  });

  it("has nothing to say of the mended device", async () => {
    const { findings } = await fuzzDevice({ ...device("fixed"), reference: reference(), executions: 8000 });
    expect(findings).toEqual([]);
  });
});

describe("another vdev", () => {
  it("finds in guest memory what the device found there", async () => {
    const planted = PLANTED_DEVICES.find(({ name }) => name === "descriptor-loop")!;
    const module = await DeviceModule.make(planted, "fixed");
    const queue = {
      text: "system lab\nram 0,1M\nvdev descriptor-loop loc 0xe0000000\n",
      modulePath: [module.folder],
    };
    const { findings } = await fuzzDevice({ ...queue, reference: queue, executions: 5000 });
    module.end();
    expect(findings).toEqual([]);
  });
});

describe("a model", () => {
  it("of a whole device agrees with it: registers, time, and the interrupt line", async () => {
    const { findings } = await fuzzDevice({ ...CLOCK, reference: clock, executions: 10_000 });
    expect(findings).toEqual([]);
  });

  it("is asked for the level of interrupt lines, and the script ends in what it says", async () => {
    const stuck: ReferenceModel = { ...clock, level: (pin) => pin !== "gic:36" };
    const { findings } = await fuzzDevice({ ...CLOCK, reference: stuck, executions: 20_000 });
    const [raised] = findings;
    expect(findings).toHaveLength(1);
    expect(raised!.message).toContain("interrupt line gic:36: the device says high, the reference low");
    expect(raised!.vdev).toBe("pl031");
    const lines = raised!.script.trimEnd().split("\n");
    expect(lines.at(-1)).toBe("expect irq gic:36 off");
    // Unmasked and started, with the time it is to match: 0, in any order.
    expect(lines.slice(0, -1).filter((line) => line.startsWith("write"))).toHaveLength(2);
    expect(lines).toHaveLength(3);
  });

  it("that says a write ends in a bus error is shown wrong by one write", async () => {
    const reference: ReferenceModel = { ...events, write: () => "bus-error" };
    const { findings } = await fuzzDevice({ ...device("fixed"), reference, executions: 2000 });
    const long = findings.find(({ message }) => message.startsWith("a write of 4 bytes at offset 0x4 "))!;
    expect(long.script).toBe("writel 0x1004 0x0\nexpect error\n");
  });

  it("judges only what it answers, and values up to the width", async () => {
    const silent: ReferenceModel = { reset() {}, read: () => undefined, write() {} };
    const wide: ReferenceModel = { ...events, read: (at) => BigInt(events.read(at) as bigint) | (1n << 64n) };
    for (const reference of [silent, wide]) {
      const { findings } = await fuzzDevice({ ...device("fixed"), reference, executions: 3000 });
      expect(findings).toEqual([]);
    }
  });

  it("that fails is told in a sentence", async () => {
    const reference: ReferenceModel = {
      ...events,
      read() {
        throw new TypeError("no such register");
      },
    };
    await expect(fuzzDevice({ ...device("fixed"), reference })).rejects.toThrow(
      "the reference failed: no such register",
    );
    const none = {} as ReferenceModel;
    await expect(
      fuzzDevice({ ...device("fixed"), reference: { ...none, read: () => 0 } as ReferenceModel }),
    ).rejects.toThrow("a model is an object with reset(), read() and write(): reset() is missing");
  });

  it("in a file that is none is told with the file, and its line where it has one", async () => {
    const path = folder(join(modules[0]!.folder, "models"), {
      "broken.ts": "const a = 1;\nconst b = ;\n",
      "none.ts": "export const model = 1;\n",
      "throws.js": "throw new Error('not today');\n",
    });
    const load = (name: string) => loadModel(join(path, name));
    await expect(load("broken.ts")).rejects.toMatchObject({ message: expect.stringContaining("line 2: ") });
    await expect(load("none.ts")).rejects.toMatchObject({ message: expect.stringContaining("reset() is missing") });
    await expect(load("throws.js")).rejects.toMatchObject({ message: expect.stringContaining("not today") });
    await expect(load("absent.ts")).rejects.toMatchObject({ message: "there is no such file" });
  });
});
