/** Mappings of guest memory: copies inside the module that are brought up to date when callbacks begin and end. */
import { describe, expect, it } from "vitest";
import { moduleFile, read, vdevPlan, vmOf, vmPlan, write } from "../../test/support/vm.ts";
import { type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { VmPlan } from "../vm/plan.ts";
import { VmSnapshot } from "../vm/snapshot.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";

const DEVICE = 0x1c000000n;
const RAM = 0x1000n;
const RAM_PLAN: VmPlan["ram"] = [
  { start: RAM, length: 0x2000n, writable: true },
  { start: 0x8000n, length: 0x1000n, writable: false },
];

/**
 * A device: a write of an address maps 16 bytes there, with the rights in bits 60 and up; the pointer is at 64. A read
 * at offset 0 gives the first word of the window, at 4 stores 0x55 into its fifth byte, at 8 unmaps it.
 */
const MAPPER: WatVdev = {
  memory: "2 64",
  fields: `(import "qvm" "gasp_map_sys" (func $map (param i32 i32 i32 i32 i32) (result i32)))
    (import "qvm" "gasp_unmap" (func $unmap (param i32 i32 i32 i32)))`,
  vwrite: `(i32.store (i32.const 64)
      (call $map (i32.load offset=8 (local.get $vdp)) (i32.shr_u (i32.load offset=36 (local.get $gcp)) (i32.const 28))
        (i32.load offset=32 (local.get $gcp)) (i32.and (i32.load offset=36 (local.get $gcp)) (i32.const 0xfffffff)) (i32.const 16)))
    (i32.const 0)`,
  vread: `(local $offset i32)
    (local.set $offset (i32.and (i32.load (local.get $vopnd)) (i32.const 15)))
    (if (i32.eqz (local.get $offset)) (then (i32.store offset=32 (local.get $gcp) (i32.load (i32.load (i32.const 64))))))
    (if (i32.eq (local.get $offset) (i32.const 4)) (then (i32.store8 offset=4 (i32.load (i32.const 64)) (i32.const 0x55))))
    (if (i32.eq (local.get $offset) (i32.const 8)) (then (call $unmap (i32.load offset=8 (local.get $vdp)) (i32.load (i32.const 64)) (i32.const 16) (i32.const 0))))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
};

const READ = 1n << 60n;
const WRITE = 2n << 60n;

function mapper(more: WatVdev = {}): Vm {
  return vmOf(watVdev({ ...MAPPER, ...more }), { ram: RAM_PLAN }).vm;
}

/** Maps 16 bytes. @returns the pointer, 0 when it was refused */
function map(vm: Vm, address: bigint, rights = READ | WRITE): number {
  expect(write(vm, DEVICE, address | rights, 8)).toBe(0);
  return vm.vdevs[0]!.instance.u32(64);
}

const guest = (vm: Vm, address: bigint) => Number(read(vm, address, 1)[1]);

describe("a mapping", () => {
  it("shows the guest's bytes as they are when a callback begins", () => {
    const vm = mapper();
    write(vm, RAM, 0x11223344n);
    expect(map(vm, RAM)).not.toBe(0);
    expect(read(vm, DEVICE)).toEqual([0, 0x11223344n]);
    write(vm, RAM, 0x99n);
    expect(read(vm, DEVICE)).toEqual([0, 0x99n]);
  });

  it("brings what the vdev wrote to the guest when its callback ends, and nothing else", () => {
    const vm = mapper();
    map(vm, RAM);
    write(vm, RAM + 5n, 0xaan, 1);
    read(vm, DEVICE + 4n);
    expect([3n, 4n, 5n].map((offset) => guest(vm, RAM + offset))).toEqual([0, 0x55, 0xaa]);
    expect(guest(vm, RAM + 0x10n)).toBe(0);
  });

  it("without the right to write changes nothing in the guest", () => {
    const vm = mapper();
    map(vm, RAM, READ);
    read(vm, DEVICE + 4n);
    expect(guest(vm, RAM + 4n)).toBe(0);
  });

  it("of ROM can be read and not written", () => {
    const vm = mapper();
    expect(map(vm, 0x8000n, READ)).not.toBe(0);
    expect(map(vm, 0x8000n, READ | WRITE)).toBe(0);
  });

  it.each([
    ["nothing is", 0x5000n],
    ["a device is", DEVICE],
    ["it would reach past RAM", RAM + 0x2000n - 15n],
    ["it would begin before RAM", RAM - 1n],
    ["addresses wrap around", 0xffffffffffffff8n],
  ])("is NULL where %s", (_where, address) => {
    expect(map(mapper(), address)).toBe(0);
  });

  it("may end with the last byte of RAM", () => {
    const vm = mapper();
    expect(map(vm, RAM + 0x2000n - 16n)).not.toBe(0);
    read(vm, DEVICE + 4n);
    expect(guest(vm, RAM + 0x2000n - 12n)).toBe(0x55);
  });

  it("that is unmapped is a mapping no more: a second unmap is a violation", () => {
    const vm = mapper();
    map(vm, RAM);
    read(vm, DEVICE + 8n);
    expect(vm.windows.any).toBe(false);
    read(vm, DEVICE + 4n);
    expect(guest(vm, RAM + 4n)).toBe(0);
    expect(read(vm, DEVICE + 8n)[0]).toBe(1);
    const violations = vm.findings.all.filter((one) => one.severity === "violation");
    expect(violations.map((one) => [one.rule, one.call?.name])).toEqual([["argument", "gasp_unmap"]]);
    expect(violations[0]!.call!.arguments.map((one) => one.name)).toEqual(["gsp", "ptr", "length", "flush"]);
  });

  it("reuses the memory of one that was given back", () => {
    const vm = mapper();
    const first = map(vm, RAM);
    for (let i = 0; i < 50; i++) {
      read(vm, DEVICE + 8n);
      expect(map(vm, RAM + BigInt(i))).toBe(first);
    }
  });

  it("is one of 256 at most", () => {
    const vm = mapper();
    for (let i = 0; i < 256; i++) expect(map(vm, RAM)).not.toBe(0);
    expect(map(vm, RAM)).toBe(0);
  });

  it("of a vdev that stops is written back and closed", () => {
    const vm = mapper({
      vread: "(i32.store8 offset=4 (i32.load (i32.const 64)) (i32.const 0x66)) (unreachable)",
    });
    map(vm, RAM);
    expect(read(vm, DEVICE)[0]).toBe(1);
    expect(guest(vm, RAM + 4n)).toBe(0x66);
    expect(vm.windows.any).toBe(false);
  });

  it("made after a snapshot is gone after it is restored, and its memory is used again", () => {
    const vm = mapper();
    const snapshot = new VmSnapshot(vm);
    const first = map(vm, RAM);
    snapshot.restore();
    expect(vm.windows.any).toBe(false);
    const second = map(vm, RAM) === first ? map(vm, RAM) : 0;
    expect(second).toBeGreaterThanOrEqual(first + 16);
    snapshot.restore();
    expect([map(vm, RAM), map(vm, RAM)]).toEqual([first, second]);
    snapshot.restore();
    const open = map(vm, RAM);
    const later = new VmSnapshot(vm);
    read(vm, DEVICE + 8n);
    later.restore();
    write(vm, RAM, 0x42n);
    expect([open, read(vm, DEVICE)]).toEqual([first, [0, 0x42n]]);
    expect(map(vm, RAM)).not.toBe(open);
  });

  it("keeps what is written and not brought out yet when a callback of another vdev begins inside", () => {
    const vm = mapper();
    const window = map(vm, RAM);
    const { instance } = vm.vdevs[0]!;
    instance.bytes[window + 4] = 0x77;
    vm.windows.enter({} as ModuleInstance); // any other
    expect([guest(vm, RAM + 4n), instance.bytes[window + 4]]).toEqual([0x77, 0x77]);
  });

  it("of every length once, one after the other, does not use up the module's memory", () => {
    const vm = vmOf(watVdev({ memory: "8 8" }), { ram: [{ start: 0n, length: 0x10000n, writable: true }] }).vm;
    const { instance } = vm.vdevs[0]!;
    const rights = { read: true, write: false };
    let mapped = 0;
    for (let length = 1; length <= 20000; length += 7) {
      const window = vm.windows.map(instance, 0n, length, rights, "gasp_map_sys")!;
      if (vm.windows.unmap(instance, window.address) === length) mapped++;
    }
    expect(mapped).toBe(Math.ceil(20000 / 7));
  });

  it.each([
    ["4 GiB less one", RAM, 0xffffffff],
    ["over the end of the space", (1n << 64n) - 8n, 16],
    ["nothing", RAM, 0],
    ["more than one instance may map", 0x100000n, (1 << 20) + 1],
  ])("of %s is refused before anything is copied", (_what, address, length) => {
    const ram = [...RAM_PLAN, { start: 0x100000n, length: 0x200000n, writable: true }];
    const { vm, events } = vmOf(watVdev({ memory: "2 64" }), { ram });
    const { instance } = vm.vdevs[0]!;
    const before = instance.bytes.length;
    expect(vm.windows.map(instance, address, length, { read: true, write: true }, "gasp_map_sys")).toBeUndefined();
    expect([instance.bytes.length, events.filter((event) => event.kind === "ram-read")]).toEqual([before, []]);
  });

  it("is the instance's own: the pointer of another's is none", () => {
    const vdevs = ["one", "two"].map((name, i) =>
      vdevPlan(moduleFile(watVdev(MAPPER)), { name, loc: { space: "memory", address: DEVICE + BigInt(i) * 0x1000n } }),
    );
    const vm = createVm(vmPlan(vdevs, { ram: RAM_PLAN, instances: "private" }));
    const first = map(vm, RAM);
    expect(vm.windows.unmap(vm.vdevs[1]!.instance, first)).toBeUndefined();
    expect(vm.windows.unmap(vm.vdevs[0]!.instance, first)).toBe(16);
  });

  it("goes back with a snapshot: what was open is open, with the guest's bytes of then", () => {
    const vm = mapper();
    write(vm, RAM, 0x11n);
    const window = map(vm, RAM);
    const snapshot = new VmSnapshot(vm);
    write(vm, RAM, 0x22n);
    read(vm, DEVICE);
    snapshot.restore();
    // Nothing in the window counts as written by the vdev: the guest's later byte stays.
    vm.windows.flush();
    expect([vm.vdevs[0]!.instance.bytes[window], guest(vm, RAM)]).toEqual([0x11, 0x22]);
  });
});
