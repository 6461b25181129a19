/** Oracle: docs/abi/cdev.md. What a UART does with these calls is tested with vdevs/pl011. */
import { describe, expect, it } from "vitest";
import { EBUSY, EINVAL } from "../../abi/generated/constants.ts";
import { vmOf } from "../../test/support/vm.ts";
import { type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { INPUT_LIMIT_BYTES } from "./character-devices.ts";

/** A vdev whose cdev_state lies at 2048 and that keeps what calls answered from 64 on. */
function character(more: WatVdev = {}) {
  return vmOf(
    watVdev({
      fields: `(import "qvm" "cdev_setup" (func $setup (param i32 i32 i32 i32) (result i32)))
        (import "qvm" "cdev_control" (func $cdev (param i32 i32 i32) (result i32)))
        (import "qvm" "cdev_read" (func $read (param i32 i32 i32) (result i32)))`,
      control: `(if (i32.eqz (local.get $ctrl)) (then
          (i32.store offset=24 (local.get $vdp) (i32.const 16))
          (i32.store offset=28 (local.get $vdp) (i32.const 0))
          (i32.store (i32.const 64) (call $cdev (i32.const 2048) (i32.const 0) (i32.const 0)))
          (i32.store (i32.const 68) (call $setup (i32.const 2048) (local.get $vdp) (i32.const 5) (i32.const -6)))
          (i32.store (i32.const 72) (call $setup (i32.const 2304) (local.get $vdp) (i32.const 5) (i32.const -6)))))
        (i32.const 0)`,
      pulse: `(i32.store (i32.const 76) (local.get $code))
        (i32.store (i32.const 80) (call $read (i32.const 2048) (i32.const 96) (i32.const 3)))
        (i32.store (i32.const 84) (call $read (i32.const 2304) (i32.const 96) (i32.const 3)))
        (i32.const 0)`,
      ...more,
    }),
  );
}

/** A device whose `hostdev` is both ways. */
function connected(more?: WatVdev) {
  const { vm, events } = character(more);
  const device = vm.character.of(vm.vdevs[0]!)!;
  device.hasInput = true;
  device.hasOutput = true;
  return { vm, events, device, word: (at: number) => vm.instances[0]!.u32(at) | 0 };
}

describe("a character device", () => {
  it("needs cdev_setup() first, and a vdev has one", () => {
    const { word } = connected();
    expect([word(64), word(68), word(72)]).toEqual([EINVAL, 0, EBUSY]);
  });

  it("gets a pulse for input, and its bytes in order; another state has none", () => {
    const { vm, word } = connected();
    vm.character.send("device", Uint8Array.of(1, 2, 3, 4, 5));
    expect([word(76), word(80), word(84), [...vm.instances[0]!.bytes.subarray(96, 100)]]).toEqual([
      5,
      3,
      -EINVAL,
      [1, 2, 3, 0],
    ]);
    vm.character.send("device", Uint8Array.of(6));
    expect([word(80), [...vm.instances[0]!.bytes.subarray(96, 99)]]).toEqual([3, [4, 5, 6]]);
  });

  it("gets its other pulse when the host takes bytes again, once", () => {
    const { vm, word, events } = connected();
    vm.character.hold("device", true);
    vm.character.hold("device", true);
    expect(word(76)).toBe(0);
    vm.character.hold("device", false);
    vm.character.hold("device", false);
    expect(word(76)).toBe(-6);
    expect(events.filter(({ kind }) => kind === "flow")).toEqual([
      { kind: "flow", vdev: "device", takes: false },
      { kind: "flow", vdev: "device", takes: true },
    ]);
  });

  it("is stopped by a pulse its factory has no callback for; the VM goes on", () => {
    const { vm } = connected({ without: ["pulse"] });
    vm.character.send("device", Uint8Array.of(1));
    expect(vm.findings.all.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      "violation: a pulse came for device, and its factory has no pulse callback",
    ]);
    expect(vm.ended).toBeUndefined();
    vm.character.send("device", Uint8Array.of(1));
    expect(vm.findings.all).toHaveLength(1);
  });

  it("refuses in a sentence what cannot be sent", () => {
    const { vm, device } = connected();
    expect(vm.character.refusal("tape", 1)).toBe("there is no vdev tape");
    expect(vm.character.refusal("device", INPUT_LIMIT_BYTES + 1)).toBe("device has too much input waiting");
    device.hasInput = false;
    expect(vm.character.refusal("device", 1)).toBe("device has no input: give it `hostdev <-`");
    const other = vmOf(watVdev()).vm;
    expect(other.character.refusal("device", 1)).toBe("device is no character device");
  });
});
