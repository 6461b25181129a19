/** Oracle: a device that is passed through has its addresses and interrupt for itself, as the manual's `pass` gives them. */
import { describe, expect, it } from "vitest";
import { VFF_VDEV_PCI } from "../../abi/generated/constants.ts";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { formatLocation } from "./location.ts";

const signals = watVdev({ fields: `(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))` });
const pci = watVdev({ factory: { factory_flags: VFF_VDEV_PCI } });
const start = (text: string) => startConfig({ dev: signals, pci }, text);
const placeOf = (text: string) => {
  const { vm, error } = start(text);
  expect(error).toBe("");
  return formatLocation(vm!.vdevs[0]!);
};

describe("what is passed through", () => {
  it("is not given to a vdev or memory without an address", () => {
    expect(placeOf("pass loc mem:0x1c000000,0x1000,rw vdev dev")).toBe("0x1c001000");
    expect(placeOf("vdev dev pass loc mem:0x1c000000,0x1000,rw")).toBe("0x1c001000");
    expect(placeOf("pass loc pci:0:1.0=pci:0x8086/0x1234 vdev pci")).toBe("pci:0:2.0");
    const { vm } = start("ram 0,1M pass loc mem:0x100000,0x1000,rw ram 4096");
    expect(vm!.ram.ranges.map((one) => one.start)).toEqual([0n, 0x101000n]);
  });

  it("keeps its line from vdevs without one", () => {
    const { events } = start(
      "set vdevbox-architecture arm pass loc 0x2000,4k,rw intr gic:32=40,gic:33=41 vdev dev loc 0x1000",
    );
    const said = events.flatMap((event) => (event.kind === "log" ? [event.text] : []));
    expect(said).toContain("was given no interrupt, chose none in VDEV_CTRL_ASSIGN, and was put on gic:34");
  });

  it.each([
    ["pass loc mem:0x1000,4k,rw vdev dev loc 0x1fff", "1:40: dev claims 0x1fff..0x2ffe", "0x1000..0x1fff", "1:10"],
    ["vdev dev loc 0x1000 pass loc mem:0x1fff,1,rw", "1:14: dev claims 0x1000..0x1fff", "0x1fff..0x1fff", "1:30"],
    ["vdev dev loc io:0x60 pass loc io:0x61,1,rw", "1:14: dev claims io:0x60..io:0x105f", "io:0x61..io:0x61", "1:31"],
  ])("has its addresses alone: %s", (text, claim, range, place) => {
    expect(start(text).error).toBe(`vm.qvmconf:${claim}, which overlaps ${range} of a pass (vm.qvmconf:${place})`);
  });

  it("leaves its neighbours alone", () => {
    expect(start("pass loc mem:0x1000,4k,rw loc mem:0x3000,4k,rw loc io:0x2000,1,rw vdev dev loc 0x2000").error).toBe(
      "",
    );
  });
});
