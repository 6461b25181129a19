/**
 * Oracle: the rule of docs/configuration.md for places and lines that nobody chose, computed here by trying every
 * candidate in turn; and the manual's lifecycle for what a vdev chooses itself.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  VFF_INTR_NO,
  VFF_INTR_NONPCI,
  VFF_MANUAL_REGION,
  VFF_VDEV_MEM,
  VFF_VDEV_PCI,
} from "../../abi/generated/constants.ts";
import { guest_intr, vdev_s } from "../../abi/generated/layouts.ts";
import { read } from "../../test/support/vm.ts";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { formatLocation, locationOf } from "./location.ts";
import type { Vm } from "./vm.ts";

/** Registers of that many bytes, at memory (0) or ports (0x8000). */
const sized = (bytes: number, type = 0, more = "") =>
  `(if (i32.eqz (local.get $ctrl)) (then
    (i64.store offset=16 (local.get $vdp) (i64.const -1))
    (i32.store offset=24 (local.get $vdp) (i32.const ${bytes}))
    (i32.store offset=28 (local.get $vdp) (i32.const ${type})))) ${more} (i32.const 0)`;
const SIGNALS = '(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))';
const ASSIGN = 8;

const places = (vm: Vm) => vm.vdevs.map(formatLocation);
const lines = (vm: Vm) =>
  vm.vdevs.map(({ instance, vdp }) => {
    const at = vdp + vdev_s.v_intr;
    const pic = instance.picOf(instance.u32(at + guest_intr.pic));
    return pic === undefined ? "none" : `${pic}:${instance.u32(at + guest_intr.param)}`;
  });

describe("a vdev without a location", () => {
  it("may choose one in VDEV_CTRL_ASSIGN, which counts", () => {
    const chooses = `(if (i32.eq (local.get $ctrl) (i32.const ${ASSIGN})) (then
      (i64.store offset=16 (local.get $vdp) (i64.const 0x7000))))`;
    const { vm, events } = startConfig({ dev: watVdev({ control: sized(16, 0, chooses) }) }, "vdev dev");
    expect(places(vm!)).toEqual(["0x7000"]);
    expect(read(vm!, 0x7000n)).toEqual([0, 7n]);
    expect(events.some((event) => event.kind === "log")).toBe(false);
  });

  it("sees in VDEV_CTRL_ASSIGN what others have been given, and what earlier ones chose there", () => {
    // gasp_find_free(v_gsp, QST_MEMORY, 16 bytes, aligned to 4 KiB): its answer becomes the location.
    const fields = '(import "qvm" "gasp_find_free" (func $find (param i32 i32 i32 i32 i32 i32 i32)))';
    const finds = `(if (i32.eq (local.get $ctrl) (i32.const ${ASSIGN})) (then
      (call $find (i32.load offset=8 (local.get $vdp)) (i32.const 0) (i32.const 16) (i32.const 0)
        (i32.const 4096) (i32.const 0) (i32.add (local.get $vdp) (i32.const 16)))))`;
    const modules = { fixed: watVdev(), finds: watVdev({ fields, control: sized(16, 0, finds) }) };
    const { vm, error } = startConfig(modules, "ram 0,4k vdev finds vdev fixed loc 0x1000 vdev finds");
    expect(error).toBe("");
    expect(places(vm!)).toEqual(["0x2000", "0x1000", "0x3000"]);
  });

  it("is put by the host where nothing is, which it is told", () => {
    const { vm, events } = startConfig({ dev: watVdev({ control: sized(16) }) }, "vdev dev\nvdev dev");
    expect(places(vm!)).toEqual(["0x1c000000", "0x1c001000"]);
    expect(read(vm!, 0x1c001000n)).toEqual([0, 7n]);
    expect(
      events.flatMap((event) => (event.kind === "log" ? [`${event.severity} ${event.source}: ${event.text}`] : [])),
    ).toEqual([
      "info dev: chose no location in VDEV_CTRL_ASSIGN and was put at 0x1c000000",
      "info dev-1: chose no location in VDEV_CTRL_ASSIGN and was put at 0x1c001000",
    ]);
  });

  it("keeps away from RAM, from vdevs further down, and from those that make their own regions", () => {
    const modules = {
      dev: watVdev({ control: sized(16) }),
      manual: watVdev({ factory: { factory_flags: VFF_MANUAL_REGION }, control: sized(16) }),
    };
    const text = "ram 0x1c000000,4k vdev dev vdev dev loc 0x1c001008 vdev manual loc 0x1c003000";
    expect(places(startConfig(modules, text).vm!)).toEqual(["0x1c002000", "0x1c001008", "0x1c003000"]);
    const after =
      "ram 0x1c000000,4k vdev dev loc 0x1c001000 vdev dev loc 0x1c002000 vdev manual loc 0x1c003000 vdev dev";
    expect(places(startConfig(modules, after).vm!).at(-1)).toBe("0x1c004000");
  });

  it("gets ports when ports are its space", () => {
    const { vm } = startConfig(
      { dev: watVdev({ control: sized(5, 0x8000) }) },
      "vdev dev\nvdev dev loc 0x1008\nvdev dev",
    );
    expect(places(vm!)).toEqual(["io:0x1000", "io:0x1008", "io:0x1010"]);
    expect(read(vm!, 0x1010n, 4, "io")).toEqual([0, 7n]);
  });

  it("is put at the lowest aligned place, whatever else there is", () => {
    const sizes = [16, 4096, 5000, 0x10000];
    const modules = Object.fromEntries(sizes.map((size) => [`size${size}`, watVdev({ control: sized(size) })]));
    const device = fc.record({
      size: fc.constantFrom(...sizes),
      at: fc.option(fc.integer({ min: -8, max: 40 }).map((page) => 0x1c000000 + page * 0x1000)),
    });
    fc.assert(
      fc.property(fc.array(device, { maxLength: 6 }), (devices) => {
        const taken = devices.flatMap(({ size, at }) => (at === null ? [] : [{ start: at, end: at + size }]));
        const overlap = taken.some((one, i) =>
          taken.slice(i + 1).some((other) => one.start < other.end && other.start < one.end),
        );
        fc.pre(!overlap);
        const text = devices.map(({ size, at }) => `vdev size${size}${at === null ? "" : ` loc ${at}`}`).join("\n");
        const expected = devices.map(({ size, at }) => {
          if (at !== null) return at;
          const align = sizes.length > 0 ? 2 ** Math.max(12, Math.ceil(Math.log2(size))) : 0;
          let start = 0x1c000000;
          while (taken.some((other) => start < other.end && other.start < start + size)) start += align;
          taken.push({ start, end: start + size });
          return start;
        });
        const { vm } = startConfig(modules, text);
        expect(vm!.vdevs.map((vdev) => Number(locationOf(vdev).address))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("goes above 4 GiB only when nothing below is free", () => {
    const { vm } = startConfig({ dev: watVdev({ control: sized(0x8000_0000) }) }, "vdev dev vdev dev");
    expect(places(vm!)).toEqual(["0x80000000", "0x100000000"]);
  });

  it("stays without when it needs none", () => {
    const nothing = watVdev({ without: ["vread", "vwrite"], control: "(i32.const 0)" });
    expect(places(startConfig({ dev: nothing }, "vdev dev").vm!)).toEqual(["no location"]);
  });

  it("that may be PCI becomes the lowest free PCI device", () => {
    const pci = watVdev({ factory: { factory_flags: VFF_VDEV_PCI | VFF_VDEV_MEM }, control: sized(16) });
    const text = "vdev dev vdev dev loc pci:0:1.3 vdev dev loc pci:0x1c05/4 vdev dev loc 0x1000 vdev dev";
    expect(places(startConfig({ dev: pci }, text).vm!)).toEqual([
      "pci:0:2.0",
      "pci:0:1.3",
      "pci:0:3.0",
      "0x1000",
      "pci:0:4.0",
    ]);
  });
});

describe("a vdev without an interrupt", () => {
  const device = (more: WatVdev = {}) => ({ dev: watVdev({ fields: SIGNALS, control: sized(16), ...more }) });

  it("gets the lowest line nobody has, on the controller of the machine", () => {
    const arm = "vdev dev vdev dev intr gic:32 vdev dev intr gic:34 vdev dev";
    expect(lines(startConfig(device(), arm).vm!)).toEqual(["gic:33", "gic:32", "gic:34", "gic:35"]);
    expect(lines(startConfig(device(), "set vdevbox-architecture x86 vdev dev vdev dev").vm!)).toEqual([
      "ioapic:16",
      "ioapic:17",
    ]);
  });

  it("stays without when it is not known what machine it is, or when the controller has no line left", () => {
    expect(lines(startConfig(device(), "vdev dev").vm!)).toEqual(["none"]);
    const nine = `set vdevbox-architecture x86 ${"vdev dev ".repeat(9)}`;
    expect(lines(startConfig(device(), nine).vm!).slice(-2)).toEqual(["ioapic:23", "none"]);
  });

  it("stays without when its module never signals, or its factory says so", () => {
    expect(lines(startConfig(device({ fields: "" }), "set vdevbox-architecture arm vdev dev").vm!)).toEqual(["none"]);
    const forbids = device({ factory: { factory_flags: VFF_INTR_NO } });
    expect(lines(startConfig(forbids, "set vdevbox-architecture arm vdev dev").vm!)).toEqual(["none"]);
  });

  it("gets one as a PCI device, though it would have to be given one elsewhere", () => {
    const pci = device({ factory: { factory_flags: VFF_VDEV_PCI | VFF_INTR_NONPCI } });
    expect(lines(startConfig(pci, "set vdevbox-architecture arm vdev dev vdev dev").vm!)).toEqual(["gic:32", "gic:33"]);
  });
});
