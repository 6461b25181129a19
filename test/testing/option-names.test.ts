/** What types would have told is told: test runners do not check them. Oracle: host/testing/api.d.ts. */
import { expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import type { TestVmOptions } from "../../host/testing/api.js";
import { createVm, deviceConformance, exploreDevice, fuzzDevice } from "../../host/testing/testing.ts";
import { guestScripts } from "../../host/testing/with-fast-check.ts";

const module = `${packageRoot()}/build/out/vdevs/wdt-sp805.wasm`;
const given = (more: object) => ({ module, ...more }) as TestVmOptions;

it.each([
  ["createVm", (options: TestVmOptions) => createVm(options)],
  ["fuzzDevice", (options: TestVmOptions) => fuzzDevice(options)],
  ["exploreDevice", (options: TestVmOptions) => exploreDevice(options)],
  ["deviceConformance", (options: TestVmOptions) => deviceConformance(options)],
  ["guestScripts", (options: TestVmOptions) => guestScripts(options)],
] as const)("%s() tells a word that is no option", async (name, call) => {
  const made = async () => call(given({ optoins: "loc 0x10000000" }));
  await expect(made).rejects.toThrow(`${name}() has no option "optoins" (did you mean "options"?)`);
});

it("a reset that deviceConformance() would not see is told", () => {
  expect(() => deviceConformance(given({ reset: () => {} }))).toThrow(
    '"reset" belongs to the second argument of deviceConformance()',
  );
  expect(() => deviceConformance(given({}), { reset: "writel 0x1000 1" as never })).toThrow("is a function");
  expect(() => deviceConformance(given({}), { rest: () => {} } as never)).toThrow('did you mean "reset"?');
});

it("one object does for all that takes a device", () => {
  createVm(given({ executions: 10, schedules: 5, seed: 3 })).terminate();
  deviceConformance(given({ executions: 10, seed: 3 }), { programs: 1 });
});

it("a register that has no such name is told, read or written", () => {
  const registers = createVm(given({ options: "loc 0x10000000" })).registers(0x10000000, { WDOGLOAD: 0, WDOGVALUE: 4 });
  const misspelt = registers as Record<string, unknown>;
  expect(() => misspelt.WDOGLAOD).toThrow('there is no register WDOGLAOD (did you mean "WDOGLOAD"?)');
  expect(() => {
    misspelt.WDOGLAOD = 3;
  }).toThrow("there is no register WDOGLAOD");
  registers.WDOGLOAD = 3;
  expect(registers).toMatchObject({ WDOGLOAD: 3n });
  expect(() => expect(registers).toEqual({ WDOGLOAD: 4n })).toThrow("to deeply equal"); // shown as other objects are
});

it("a value that does not fit is told, and a negative number is one of two's complement", () => {
  const vm = createVm(given({ options: "loc 0x10000000" }));
  expect(() => vm.write(0x10000000, 0x1_0000_0000)).toThrow("0x100000000 does not fit into 4 bytes");
  expect(() => vm.write(0x10000000, -0x8000_0001)).toThrow("does not fit into 4 bytes");
  vm.write(0x10000000, -2);
  expect(vm.read(0x10000000)).toBe(0xffff_fffen);
  vm.write(0x10000000, 0xffff_ffff);
  expect(vm.read(0x10000000)).toBe(0xffff_ffffn);
});

it("a module that is not there is told by its path", () => {
  const missing = module.replace("sp805", "sp80");
  expect(() => createVm({ module: missing })).toThrow(
    `${missing}: there is no such file (did you mean "wdt-sp805.wasm"?)`,
  );
});
