/**
 * The planted devices and their corrected twins. Oracle: the remarks in the sources and the expectations of the trigger
 * scripts, written from the devices' register maps. That a fuzzer finds each mistake by itself is the fuzzer's own test.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "../../../host/config/parse-config.ts";
import { parseScript } from "../../../host/guests/script/parse-script.ts";
import { runScript } from "../../../host/guests/script/run-script.ts";
import type { ScriptResult } from "../../../host/guests/script/script-result.ts";
import { VmScriptMachine } from "../../../host/guests/script/vm-machine.ts";
import { packageRoot } from "../../../host/paths.ts";
import { planFromConfig } from "../../../host/vm/plan-from-config.ts";
import { createVm } from "../../../host/vm/startup.ts";
import type { Vm } from "../../../host/vm/vm.ts";
import { moduleFile, vdevPlan } from "../../support/vm.ts";
import { compileDevice, DEVICE_ADDRESS, deviceNames, machineOf, type Twin, triggerOf } from "./devices.ts";
import { PLANTED_DEVICES, type PlantedDevice } from "./expected.ts";
import { actAtRandom } from "./random-guest.ts";

const files: Partial<Record<Twin, string>> = {};
beforeAll(async () => {
  for (const twin of ["planted", "fixed"] as const) {
    const { wasm, sourceMap } = await compileDevice("all", twin);
    files[twin] = moduleFile(wasm, `devices-${twin}`, sourceMap);
  }
}, 120_000);

function vmOf(twin: Twin, { name, settings }: Pick<PlantedDevice, "name" | "settings">): Vm {
  const machine = planFromConfig(parseConfig(machineOf(settings), `${name}.qvmconf`));
  const loc = { space: "memory", address: BigInt(DEVICE_ADDRESS) } as const;
  return createVm({ ...machine, vdevs: [vdevPlan(files[twin]!, { type: name, loc })], policy: "report" });
}

async function trigger(twin: Twin, planted: PlantedDevice): Promise<{ vm: Vm; result: ScriptResult }> {
  const vm = vmOf(twin, planted);
  const script = parseScript(triggerOf(planted.name), `${planted.name}.script`);
  const result = await runScript(script, new VmScriptMachine(vm), { print: () => {} });
  if (vm.ended === undefined) vm.terminate();
  return { vm, result };
}

const told = (vm: Vm) => vm.findings.all.map(({ rule, message }) => `${rule}: ${message}`);
const ROUNDS = 1000;

describe("planted devices", () => {
  it("are all in the table, and in the module that has them all", () => {
    expect(PLANTED_DEVICES.map(({ name }) => name).sort()).toEqual(deviceNames().sort());
    const all = readFileSync(join(packageRoot(), "test/planted/devices/assembly/all.ts"), "utf8");
    for (const { name } of PLANTED_DEVICES) expect(all).toContain(`import "./${name}";`);
  });

  it.each(PLANTED_DEVICES)("$name: is short, says its class, and marks its line", (planted) => {
    const text = readFileSync(join(packageRoot(), planted.file), "utf8");
    expect(text.split("\n").length).toBeLessThanOrEqual(81);
    expect(text).toMatch(new RegExp(`Finding: ${planted.class}\\.`));
    expect(planted.bug.length).toBeGreaterThan(0);
    expect(planted.toldAt.length > 0).toBe(planted.class === "invariant");
    expect(text).toContain("FIXED");
    expect(text).toContain(`cstr("${planted.name}")`);
  });
});

describe("the trigger script of a planted mistake", () => {
  it.each(PLANTED_DEVICES.filter(({ told }) => told !== undefined))("$name: is told as $told", async (planted) => {
    const { vm } = await trigger("planted", planted);
    const found = vm.findings.all.find(({ rule }) => rule === planted.told);
    expect(found, told(vm).join("\n")).toBeDefined();
    const places = [...found!.stack, ...(found!.accesses ?? []).map(({ place }) => place)];
    const lines = places.flatMap((place) => (place?.file === planted.file ? [place.line] : []));
    expect(planted.bug).toContain(lines[0]);
  });

  it.each(PLANTED_DEVICES.filter(({ told }) => told === undefined))("$name: shows in registers", async (planted) => {
    const { result } = await trigger("planted", planted);
    expect(result.failed).toBeGreaterThan(0);
  });
});

describe("the corrected twin", () => {
  it.each(PLANTED_DEVICES)("$name: keeps the script's expectations, and nothing is told", async (planted) => {
    const { vm, result } = await trigger("fixed", planted);
    expect(result.findings.map(({ message }) => message)).toEqual([]);
    expect(told(vm)).toEqual([]);
  });

  it.each(PLANTED_DEVICES)("$name: has nothing to be told of a guest that acts at random", (planted) => {
    for (const seed of [1, 2]) {
      const vm = vmOf("fixed", planted);
      actAtRandom(vm, Number(vm.vdevs[0]!.regions[0]!.length), seed, ROUNDS);
      expect([seed, told(vm), vm.ended]).toEqual([seed, [], undefined]);
    }
  });
});
