/** Guests for properties of fast-check. Oracle: a planted mistake and its corrected twin, and the form of scripts in docs/guests.md. */
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { TestVmOptions } from "../../host/testing/api.js";
import { createVm } from "../../host/testing/testing.ts";
import { guestScripts } from "../../host/testing/with-fast-check.ts";
import type { Twin } from "../planted/devices/devices.ts";
import { Devices } from "./devices.ts";

const devices = new Devices();
beforeAll(() => devices.make("zero-divisor"), 60_000);

/** What a user writes: nothing goes wrong, whatever the guest does. */
const holds = (given: TestVmOptions) =>
  fc.asyncProperty(guestScripts(given), async (script) => {
    const vm = createVm(given);
    await vm.script(script).catch(() => {}); // the VM of a vdev that faulted may end
    return vm.findings.length === 0;
  });

describe("guestScripts", () => {
  it("lead a property to a mistake, and shrink to what it takes", async () => {
    const given = devices.vm("zero-divisor", "planted");
    const failed = await fc.check(holds(given), { numRuns: 2000, seed: 7 });
    expect(failed.failed).toBe(true);
    const [script] = failed.counterexample!;
    const vm = createVm(given);
    await vm.script(script).catch(() => {});
    expect(vm.findings.map(({ rule }) => rule)).toContain("trap");
    const lines = script.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(4); // the device's own trigger script has four
    expect(failed.numShrinks).toBeGreaterThan(0);
  });

  it("have nothing to say of the corrected twin", async () => {
    const { failed } = await fc.check(holds(devices.vm("zero-divisor", "fixed")), { numRuns: 100, seed: 7 });
    expect(failed).toBe(false);
  });

  it.each(["planted"] as Twin[])("touch every register, in each direction, time and nothing outside (%s)", (twin) => {
    const scripts = fc.sample(guestScripts(devices.vm("zero-divisor", twin), { maxLength: 30 }), {
      numRuns: 300,
      seed: 1,
    });
    const lines = scripts.flatMap((script) => script.trimEnd().split("\n"));
    expect(Math.max(...scripts.map((script) => script.trimEnd().split("\n").length))).toBeLessThanOrEqual(30);
    const addresses = lines.flatMap((line) => /^(?:read|write)[bwlq] (0x\w+)/.exec(line)?.[1] ?? []).map(Number);
    expect(Math.min(...addresses)).toBe(0x1000);
    expect(Math.max(...addresses)).toBeLessThan(0x2000);
    for (const verb of ["readl", "writel", "clock_step"])
      expect(lines.some((line) => line.startsWith(verb))).toBe(true);
  });

  it("say in a sentence why there is no VM", () => {
    expect(() => guestScripts({ text: "system lab\n" })).toThrow("no vdev has a place where a guest could reach it");
    expect(() => guestScripts("nowhere.qvmconf")).toThrow("nowhere.qvmconf");
  });
});
