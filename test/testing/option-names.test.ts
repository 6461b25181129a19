/** Options that do nothing are told: test runners do not check types. Oracle: host/testing/api.d.ts. */
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
  const made = async () => call(given({ optoins: "loc 0x1000" }));
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
