/** Matchers as a user's test has them. Oracle: host/testing/vitest-matchers.d.ts. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import "vdevbox/testing/vitest";
import { packageRoot } from "../../host/paths.ts";
import { createVm, fuzzDevice } from "../../host/testing/testing.ts";
import { Devices } from "./devices.ts";

const devices = new Devices();
beforeAll(() => devices.make("zero-divisor"), 60_000);

const uart = () => {
  const module = join(packageRoot(), "build/out/vdevs/pl011.wasm");
  return createVm({ module, options: "loc 0x9000000 intr gic:33 hostdev -" });
};
/** A PL011 that has sent what it was given; TRM: IBRD 0x24, LCR_H 0x2c, CR 0x30, IMSC 0x38. */
const sent = (text: string) => {
  const vm = uart();
  for (const [offset, value] of [
    [0x24, 13],
    [0x2c, 0x70],
    [0x30, 0x301],
  ] as const)
    vm.write(0x9000000 + offset, value);
  for (const char of text) vm.write(0x9000000, char.charCodeAt(0));
  vm.step(10_000_000);
  return vm;
};

describe("matchers", () => {
  it("hold what a vdev wrote against text and patterns", () => {
    const vm = sent("ready");
    expect(vm).toHaveOutput("pl011", "ready");
    expect(vm).toHaveOutput("pl011", /^r.*y$/);
    expect(vm).not.toHaveOutput("pl011", "read");
    expect(() => expect(vm).toHaveOutput("pl011", "steady")).toThrow('pl011 wrote "ready"; expected was "steady"');
  });

  it("read registers, and say what they got in hexadecimal", () => {
    const vm = uart();
    expect(vm).toRead(0x9000018, 0x90); // FR: both FIFOs empty
    expect(vm).toRead(0x9000fe0, 0x11, { width: 1 });
    expect(vm).not.toRead(0x9000018, 0x91n);
    expect(vm).toRead(0x9000018, "bus-error", { width: 8 });
    expect(() => expect(vm).toRead(0x9000018, 0x10)).toThrow("a read of 0x9000018 got 0x90; expected was 0x10");
    expect(() => expect(vm).toRead(0x9000018, 0, { width: 8 })).toThrow("got bus-error; expected was 0x0");
  });

  it("know lines that are high from those that are low", () => {
    const vm = sent("0123456789abcdefghij");
    expect(vm).not.toHaveIrq("gic:33");
    vm.write(0x9000038, 0x20); // the transmit interrupt, which is there once the FIFO of 32 was more than half full and is so no more
    expect(vm).toHaveIrq("gic:33");
    expect(() => expect(vm).not.toHaveIrq("gic:33")).toThrow("gic:33 is high, and was expected to be low");
    expect(() => expect(vm).toHaveIrq("gic:34")).toThrow("gic:34 is low, and was expected to be high");
  });

  it("find a finding by what is said of it, and show all that are there", async () => {
    const result = await fuzzDevice({ ...devices.vm("zero-divisor", "planted"), executions: 3000 });
    expect(result).toHaveFinding({
      rule: "trap",
      vdev: "zero-divisor",
      where: /zero-divisor\.ts:\d+/,
      message: "divide by zero",
    });
    expect(result).not.toHaveFinding({ rule: "trap", severity: "warning" });
    expect(() => expect(result).toHaveFinding({ rule: "race" })).toThrow(
      /a finding with rule race was expected; there are:\n.*trap/s,
    );
    expect(() => expect(result).toHaveNoFindings()).toThrow(/^no findings were expected:\n.*zero-divisor\.ts/s);
    expect(uart()).toHaveNoFindings();
    expect(() => expect(uart()).not.toHaveNoFindings()).toThrow("there are no findings");
    expect(() => expect(uart()).toHaveFinding({ rule: "race" })).toThrow("there are none");
  });
});
