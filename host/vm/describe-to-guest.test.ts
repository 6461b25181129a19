/** Oracle: the control callbacks of the 7.0.0 reference by number, in the order of docs/configuration.md. */
import { describe, expect, it } from "vitest";
import { VFF_VDEV_PCI } from "../../abi/generated/constants.ts";
import { vpci_bar } from "../../abi/generated/layouts.ts";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { AT, type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";

const [ASSIGN, PCI_BARS, GEN_FDT, GEN_ACPI, CONFIGURED, STARTING] = [8, 10, 6, 5, 2, 9];

/** A vdev that tells every ctrl with its argument, and answers `ending`. */
const telling = (ending = "(i32.const 0)", more: WatVdev = {}, type = 0) =>
  watVdev({
    ...more,
    fields: `(import "qvm" "vdev_logf" (func $logf (param i32 i32 i32 i32)))
      (data (i32.const ${AT.scratch}) "%x %x\\00")`,
    control: `(if (i32.eqz (local.get $ctrl)) (then
        (i32.store offset=24 (local.get $vdp) (i32.const 16))
        (i32.store offset=28 (local.get $vdp) (i32.const ${type}))))
      (i32.store (i32.const ${AT.scratch + 64}) (local.get $ctrl))
      (i32.store (i32.const ${AT.scratch + 72}) (local.get $arg))
      (call $logf (i32.const 0) (local.get $vdp) (i32.const ${AT.scratch}) (i32.const ${AT.scratch + 64}))
      ${ending}`,
  });

/** `name ctrl arg` of what each vdev was called with from ASSIGN on, numbers in hexadecimal. */
function told(
  text: string,
  modules: Record<string, Uint8Array> = { dev: telling(), port: telling(undefined, {}, 0x8000) },
) {
  const { vm, error, events } = startConfig(modules, text);
  expect(error).toBe("");
  const said = events.flatMap((event) =>
    event.kind === "log" && event.vdevLogf ? [`${event.source} ${event.text}`] : [],
  );
  return { vm: vm!, events, said: said.slice(said.findIndex((line) => line.includes(` ${ASSIGN.toString(16)} `))) };
}

const each = (ctrl: number, arg = 0) => ["a", "b"].map((name) => `${name} ${ctrl.toString(16)} ${arg.toString(16)}`);
const PAIR = "vdev dev loc 0x1000 name a\nvdev dev loc 0x2000 name b";

describe("what describes a vdev to the guest", () => {
  it("is the device tree on ARM, with the node for vdevs, between ASSIGN and GUEST_CONFIGURED", () => {
    const expected = [...each(ASSIGN), ...each(GEN_FDT, 1), ...each(CONFIGURED), ...each(STARTING)];
    expect(told(`set vdevbox-architecture arm\n${PAIR}`).said).toEqual(expected);
    expect(told(`${PAIR} intr gic:40`).said).toEqual(expected);
  });

  it("is ACPI on a PC", () => {
    const expected = [...each(ASSIGN), ...each(GEN_ACPI), ...each(CONFIGURED), ...each(STARTING)];
    expect(told(`set vdevbox-architecture x86\n${PAIR}`).said).toEqual(expected);
    expect(told(`${PAIR} intr 8259:4`).said).toEqual(expected);
    expect(told("vdev dev loc io:0x3f8 name a\nvdev dev loc 0x2000 name b").said).toEqual(expected);
    expect(told("vdev port loc 0x3f8 name a\nvdev dev loc 0x2000 name b").said).toEqual(expected);
  });

  it("is nothing when nobody tells what machine it is, or when vdevs disagree", () => {
    const expected = [...each(ASSIGN), ...each(CONFIGURED), ...each(STARTING)];
    expect(told(PAIR).said).toEqual(expected);
    expect(told("vdev dev loc io:0x3f8 name a\nvdev dev loc 0x2000 name b intr gic:40").said).toEqual(expected);
  });

  it("is asked of PCI devices first: their BARs, with room for six", () => {
    const six = "(if (i32.eq (local.get $ctrl) (i32.const 10)) (then (return (i32.const -6)))) (i32.const 0)";
    const pci = telling(six, { factory: { factory_flags: VFF_VDEV_PCI } });
    const { said, vm, events } = told("set vdevbox-architecture arm\nvdev pci name a\nvdev dev loc 0x2000 name b", {
      pci,
      dev: telling(),
    });
    const [bars, ...rest] = said.slice(2);
    const room = Number.parseInt(/^a a ([0-9a-f]+)$/.exec(bars!)![1]!, 16);
    expect(rest).toEqual([...each(GEN_FDT, 1), ...each(CONFIGURED), ...each(STARTING)]);
    const { instance } = vm.vdevs[0]!;
    expect(instance.bytes.slice(room, room + 6 * vpci_bar.SIZEOF).every((byte) => byte === 0)).toBe(true);
    expect(PCI_BARS).toBe(10);
    expect(events.some((event) => event.kind === "log" && event.severity === "warn")).toBe(false);
  });

  it("may be declined, which is told and stops nothing", () => {
    const declines = (ctrl: number) =>
      `(select (i32.const 22) (i32.const 0) (i32.eq (local.get $ctrl) (i32.const ${ctrl})))`;
    const warnings = (ctrl: number, text: string) =>
      told(text, {
        dev: telling(declines(ctrl)),
        pci: telling(declines(ctrl), { factory: { factory_flags: VFF_VDEV_PCI } }),
      }).events.flatMap((event) =>
        event.kind === "log" && event.severity === "warn" ? [`${event.source} ${event.text}`] : [],
      );
    expect(warnings(GEN_FDT, `vdev dev loc 0x1000 name a intr gic:40`)).toEqual([
      "a VDEV_CTRL_GEN_FDT answered EINVAL (22)",
    ]);
    expect(warnings(PCI_BARS, "vdev pci name a")).toEqual([
      "a VDEV_CTRL_PCI_BARS answered EINVAL (22), and neither 0 nor -6",
    ]);
  });
});
