/** Oracle: what a sentence shows as an example, typed behind the vdev it is about, makes the VM start. */
import { describe, expect, it } from "vitest";
import { VFF_INTR_NONPCI, VFF_INTR_REQ, VFF_VDEV_MEM, VFF_VDEV_X86_IO } from "../../abi/generated/constants.ts";
import { write } from "../../test/support/vm.ts";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";

/** Starts vdevs of a module with these flags beside others; `{}` in the text is where the option is missing. */
function tried(flags: number, text: string) {
  const modules = { dev: watVdev({ factory: { factory_flags: flags } }), other: watVdev() };
  const { error } = startConfig(modules, text.replace("{}", ""));
  const example = /, as in `([^`]+)`$/.exec(error)?.[1];
  return {
    error,
    example,
    again: example === undefined ? undefined : startConfig(modules, text.replace("{}", example)).error,
  };
}

describe("a missing interrupt", () => {
  it.each([
    [VFF_INTR_REQ, "vdev dev loc 0x1000 {}", "intr gic:40"],
    [VFF_INTR_NONPCI, "vdev dev loc 0x1000 {}", "intr gic:40"],
    [
      VFF_INTR_REQ,
      "vdev other loc 0x3000 intr gic:40 vdev dev loc 0x1000 {} vdev other name b loc 0x2000 intr gic:41",
      "intr gic:42",
    ],
    [VFF_INTR_REQ, "reserve intr 40 vdev dev loc 0x1000 {}", "intr gic:41"],
    [VFF_INTR_REQ, "vdev gic name main vdev dev loc 0x1000 {}", "intr main:40"],
    [VFF_INTR_REQ, "set vdevbox-architecture x86 vdev dev loc 0x1000 {}", "intr ioapic:5"],
    [VFF_INTR_REQ | VFF_VDEV_X86_IO, "vdev dev loc io:0x60 {}", "intr ioapic:5"],
    [
      VFF_INTR_NONPCI,
      "vdev ioapic name pic0 vdev other loc io:0x300 intr pic0:16 vdev dev loc 0x1000 {}",
      "intr pic0:5",
    ],
  ])("of flags 0x%x in %s is shown with a free line: %s", (flags, text, shown) => {
    const { error, example, again } = tried(flags, text);
    expect(error).toMatch(/needs an interrupt.*: give it one with `intr PIC:LINE`, as in `/);
    expect(example).toBe(shown);
    expect(again).toBe("");
  });

  it("is shown without an example where only a line that comes later would do", () => {
    const { error } = tried(VFF_INTR_REQ, "vdev dev loc 0x1000 {} vdev gic name late");
    expect(error).toMatch(/: give it one with `intr PIC:LINE`$/);
  });

  it("is shown to a vdev that signals all the same", () => {
    const fields = `(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))`;
    const signals = watVdev({
      fields,
      vwrite: "(drop (call $signal (i32.add (local.get $vdp) (i32.const 32)) (i32.const 1))) (i32.const 0)",
    });
    const { vm } = startConfig({ dev: signals }, "vdev dev loc 0x1000");
    write(vm!, 0x1000n, 1n);
    expect(vm!.findings.all[0]?.advice).toBe(
      "Give the vdev an interrupt, as in `intr gic:40`, or check v_intr.pic before the call.",
    );
    expect(startConfig({ dev: signals }, "vdev dev loc 0x1000 intr gic:40").error).toBe("");
    const another = watVdev({ fields, vwrite: "(drop (call $signal (i32.const 4096) (i32.const 1))) (i32.const 0)" });
    const { vm: second } = startConfig({ dev: another }, "vdev dev loc 0x1000 intr gic:40");
    write(second!, 0x1000n, 1n);
    expect(second!.findings.all[0]?.advice).toBe("Connect it before the call: v_intr is, and this is another one.");
  });
});

describe("a missing location", () => {
  it.each([
    [VFF_VDEV_MEM, "vdev dev {}", "loc 0x1c000000"],
    [VFF_VDEV_MEM, "ram 0x1c000000,64k vdev other loc 0x1c010000 vdev dev {}", "loc 0x1c011000"],
  ])("of flags 0x%x in %s is shown with a free place: %s", (flags, text, shown) => {
    const { error, example, again } = tried(flags, text);
    expect(error).toMatch(/: dev has no location: give it one with `loc ADDRESS`, as in `/);
    expect(example).toBe(shown);
    expect(again).toBe("");
  });
});
