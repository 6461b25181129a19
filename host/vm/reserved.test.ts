/**
 * Oracle: qvm's page `reserve` (what is reserved is chosen for nobody, and explicit places are unaffected), its pages `ram`
 * and `rom` (without an address: right behind the highest address allocated before), and, for random ranges, trying every
 * candidate in turn.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VFF_VDEV_MEM, VFF_VDEV_PCI } from "../../abi/generated/constants.ts";
import { guest_intr, vdev_s } from "../../abi/generated/layouts.ts";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { formatLocation } from "./location.ts";
import { findUnreserved, reservedOf } from "./reserved.ts";
import type { Vm } from "./vm.ts";

const ASSIGN = 8;
/** Registers of that many bytes at no place, at memory (0) or ports (0x8000). */
const sized = (bytes: number, type = 0, more = "") =>
  `(if (i32.eqz (local.get $ctrl)) (then
    (i64.store offset=16 (local.get $vdp) (i64.const -1))
    (i32.store offset=24 (local.get $vdp) (i32.const ${bytes}))
    (i32.store offset=28 (local.get $vdp) (i32.const ${type})))) ${more} (i32.const 0)`;
const SIGNALS = '(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))';
const device = (more: WatVdev = {}) => ({ dev: watVdev({ control: sized(16), ...more }) });

function started(modules: Readonly<Record<string, Uint8Array>>, text: string): Vm {
  const { vm, error } = startConfig(modules, text);
  expect(error).toBe("");
  return vm!;
}
const places = (modules: Readonly<Record<string, Uint8Array>>, text: string) =>
  started(modules, text).vdevs.map(formatLocation);
const ram = (text: string) =>
  started({}, text).plan.ram.map(({ start, length, writable }) => [Number(start), Number(length), writable]);
const lines = (vm: Vm) =>
  vm.vdevs.map(({ instance, vdp }) => {
    const at = vdp + vdev_s.v_intr;
    return `${instance.picOf(instance.u32(at + guest_intr.pic))}:${instance.u32(at + guest_intr.param)}`;
  });

describe("ram and rom without an address", () => {
  it("follow the highest in front of them, whatever is free below and stands behind", () => {
    expect(ram("ram 0xa0000 rom 0xc0000,0x40000 ram 16m")).toEqual([
      [0, 0xa0000, true],
      [0xc0000, 0x40000, false],
      [0x100000, 16 << 20, true],
    ]);
    expect(ram("ram 0x200000,4k rom 4k ram 0x1000,4k ram 8k")).toEqual([
      [0x200000, 4096, true],
      [0x201000, 4096, false],
      [0x1000, 4096, true],
      [0x202000, 8192, true],
    ]);
  });

  it("pass what is reserved, and explicit ones do not", () => {
    expect(ram("ram 0xa0000 ram 4k ram 4k reserve loc 0xa0000,0x20000 loc 0xc1000,1")).toEqual([
      [0, 0xa0000, true],
      [0xc0000, 4096, true],
      [0xc1001, 4096, true],
    ]);
    expect(ram("reserve loc 0,1m ram 0,4k")).toEqual([[0, 4096, true]]);
  });

  it("must fit into the space, and what comes too late collides", () => {
    const refusal = (text: string) => startConfig({}, text).error;
    expect(refusal("rom 0xfffffffffffff000,4k\nram 4k")).toMatch(/:2:5: this ram would reach past the end/);
    expect(refusal("ram 0,4k ram 4k\nrom 0x1000,4k")).toMatch(/:2:5: .*overlap|:2:5: .*ram/);
  });
});

describe("reserve loc", () => {
  it("keeps a vdev without a location away, in memory and at ports", () => {
    expect(places(device(), "reserve loc 0x1c000000,0x1001 vdev dev vdev dev")).toEqual(["0x1c002000", "0x1c003000"]);
    const io = device({ control: sized(4, 0x8000) });
    expect(places(io, "vdev dev vdev dev reserve loc io:0x1000 loc io:0x1005,0x8")).toEqual(["io:0x1010", "io:0x1014"]);
  });

  it("keeps PCI functions free, with all of their device", () => {
    const pci = device({ factory: { factory_flags: VFF_VDEV_PCI | VFF_VDEV_MEM } });
    expect(places(pci, "reserve loc pci:0:1 loc pci:0:3.5 vdev dev vdev dev vdev dev")).toEqual([
      "pci:0:2.0",
      "pci:0:4.0",
      "pci:0:5.0",
    ]);
  });

  it("does not keep the configuration or a vdev from the place", () => {
    const chooses = `(if (i32.eq (local.get $ctrl) (i32.const ${ASSIGN})) (then
      (i64.store offset=16 (local.get $vdp) (i64.const 0x7000))))`;
    const modules = { ...device(), own: watVdev({ control: sized(16, 0, chooses) }) };
    expect(places(modules, "reserve loc 0,1m vdev dev loc 0x1000 vdev own")).toEqual(["0x1000", "0x7000"]);
  });

  it("keeps vdevs that look for free addresses or free guest memory away", () => {
    const find = (name: string, call: string) =>
      watVdev({
        fields: name,
        control: sized(16, 0, `(if (i32.eq (local.get $ctrl) (i32.const ${ASSIGN})) (then ${call}))`),
      });
    const gasp = find(
      '(import "qvm" "gasp_find_free" (func $find (param i32 i32 i32 i32 i32 i32 i32)))',
      `(call $find (i32.load offset=8 (local.get $vdp)) (i32.const 0) (i32.const 16) (i32.const 0)
        (i32.const 4096) (i32.const 0) (i32.add (local.get $vdp) (i32.const 16)))`,
    );
    expect(places({ gasp }, "ram 0,4k reserve loc 0x100f,1 vdev gasp")).toEqual(["0x2000"]);
    const vm = started(device(), "ram 0,1m reserve loc 0xff000,0x1000 loc 0xfe800,0x1000 loc 2m,1m vdev dev");
    expect(vm.reservations.findFree(4096n, 4096n, 0n, (1n << 64n) - 1n)).toBe(0xfd000n);
    expect(vm.reservations.reserve(0xff800n, 16n)).toBe("taken");
    expect(vm.reservations.reserve(0xfc000n, 4096n)).toBeUndefined();
  });

  it("leaves the lowest place that meets nothing, as trying each in turn finds it", () => {
    const span = fc.record({ at: fc.nat(60), length: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(
        fc.array(span, { maxLength: 8 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(20),
        (spans, size, first) => {
          const place = { file: "generated" };
          const locs = spans.map(({ at, length }) => ({
            space: "memory" as const,
            address: BigInt(at),
            length: BigInt(length),
            place,
          }));
          const { memory } = reservedOf([{ place, locs, intr: [] }]);
          const even = (from: bigint) => (from % 2n === 0n ? from : from + 1n);
          let expected = first + (first % 2);
          while (spans.some(({ at, length }) => at < expected + size && expected < at + length)) expected += 2;
          expect(findUnreserved(memory, BigInt(size), BigInt(first), even)).toBe(BigInt(expected));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("reserve intr", () => {
  it("keeps its line from vdevs that were given none, on whichever controller", () => {
    const modules = device({ fields: SIGNALS });
    expect(lines(started(modules, "reserve intr 32 intr 34 vdev dev vdev dev vdev dev intr gic:32"))).toEqual([
      "gic:33",
      "gic:35",
      "gic:32",
    ]);
    const x86 = "set vdevbox-architecture x86 vdev dev reserve intr 16";
    expect(lines(started(modules, x86))).toEqual(["ioapic:17"]);
  });

  it("keeps it from guest_intr_assign_auto()", () => {
    const fields = '(import "qvm" "guest_intr_assign_auto" (func $auto (param i32 i32)))';
    const asks = `(if (i32.eq (local.get $ctrl) (i32.const ${ASSIGN})) (then
      (call $auto (i32.add (local.get $vdp) (i32.const ${vdev_s.v_intr})) (i32.const 1))))`;
    const modules = { dev: watVdev({ fields, control: sized(16, 0, asks) }) };
    const [free] = lines(started(modules, "vdev dev"));
    const first = Number(free!.split(":")[1]);
    expect(lines(started(modules, `vdev dev reserve intr ${first} intr ${first + 1}`))).toEqual([`gic:${first + 2}`]);
  });
});
