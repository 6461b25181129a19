/** What `deviceConformance` says of devices. Oracle: the mistakes marked in test/planted/devices/assembly, and the shipped devices. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { deviceConformance } from "../../host/testing/testing.ts";
import { Devices } from "./devices.ts";

const devices = new Devices();
beforeAll(() => devices.make("survives-reset", "leaked-lock", "zero-divisor"), 60_000);

const SHIPPED = [
  ["pl011", "loc 0x9000000 intr gic:33"],
  ["pl031", "loc 0x9010000 intr gic:34"],
  ["wdt-sp805", "loc 0x1c0f0000 intr gic:40"],
  ["wdt-ib700", ""],
  ["mc146818", ""],
  ["trace", ""],
] as const;

describe("deviceConformance", () => {
  it.each(SHIPPED)("passes %s", (name, options) => {
    deviceConformance({ module: join(packageRoot(), `build/out/vdevs/${name}.wasm`), options });
  });

  it.each(["leaked-lock", "zero-divisor"])("fails with what a guest brings about in %s, and its script", (name) => {
    const check = () => deviceConformance(devices.vm(name, "planted"), { programs: 2000 });
    expect(check).toThrow(new RegExp(`${name}\\.ts:\\d+[\\s\\S]*\\nafter this script:\\n(.*\\n)*.* 0x1\\d\\d\\d`));
    deviceConformance(devices.vm(name, "fixed"), { programs: 2000 });
  });

  it("fails with a register that a reset forgets, but where that is to stay", () => {
    const given = devices.vm("survives-reset", "fixed");
    deviceConformance(given, { reset: (vm) => vm.write(0x1010, 1) });
    const forgetsAll = { reset: () => {} };
    expect(() => deviceConformance(given, forgetsAll)).toThrow(
      /^after a reset, the register at 0x10\d\d reads 0x\w+ and not 0x\w+\nafter this script:\n/,
    );
    deviceConformance(given, { ...forgetsAll, notReset: [0x1000, 0x1004, 0x1008, 0x100c] });
  });

  it("says in a sentence what it cannot check", () => {
    expect(() => deviceConformance({ text: "system lab\n" })).toThrow(
      "no vdev has a place where a guest could reach it",
    );
  });
});
