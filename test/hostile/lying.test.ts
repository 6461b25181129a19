/**
 * Modules whose results are lies, or that change under the host's feet what the host has put into their memory. What
 * they say harms only themselves: the guest gets a bus error, and the finding says what a callback may return.
 */
import { describe, expect, it } from "vitest";
import { vdev_s } from "../../abi/generated/layouts.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import { createVm } from "../../host/vm/startup.ts";
import { moduleFile, read, vdevPlan, vmOf, vmPlan, write } from "../support/vm.ts";
import { AT, type WatVdev, watVdev } from "../support/wat-vdev.ts";

const DEVICE = 0x1c000000n;

/** A device whose thunks answer this instead of calling vread and vwrite. */
function lying(read: string, write = "(i32.const 0)"): WatVdev {
  return {
    fields: `(func $r (param i32 i32 i32 i32 i64 i32) (result i64) ${read}) (export "__vdevbox_vread" (func $r))`,
    omit: '(func (export "__vdevbox_vread")',
    vwrite: write,
  };
}

describe("a status that is none", () => {
  it.each([
    [2, "VRS_ABORT"],
    [4, "VRS_CONTINUE"],
    [6, "0x6"],
    [0xff, "0xff"],
    [0x1100, "0x1100"],
    [0x3fffffff, "0x3fffffff"],
  ])("%i from vread and vwrite is a bus error and a violation", (status, name) => {
    const module = watVdev({ vread: `(i32.const ${status})`, vwrite: `(i32.const ${status})` });
    const { vm } = vmOf(module, { policy: "report" });
    expect(read(vm, DEVICE)[0]).toBe(AccessStatus.busError);
    expect(write(vm, DEVICE, 1n)).toBe(AccessStatus.busError);
    expect(vm.findings.all.map((one) => [one.severity, one.rule, one.message, one.situation.callback])).toEqual([
      ["violation", "result", `vread of device returned ${name}, which it may not`, "vread"],
      ["violation", "result", `vwrite of device returned ${name}, which it may not`, "vwrite"],
    ]);
  });

  it.each([0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffb, 0xfffffffc, 0xbfffffff])(
    "%i from the thunk itself is a bus error, and the VM goes on",
    (status) => {
      const { vm } = vmOf(watVdev(lying(`(i64.shl (i64.const ${status}) (i64.const 32))`)));
      for (const width of [1, 2, 4, 8] as const) expect(read(vm, DEVICE, width)[0]).toBe(AccessStatus.busError);
      expect(read(vm, 0x5000n)[0]).toBe(AccessStatus.busError);
      expect(vm.ended).toBeUndefined();
      expect(vm.terminate().exitCode).toBe(6);
    },
  );

  it.each([-1, -2, -3, -4, -5, -6, -0x80000000])("%i from vwrite is one too", (status) => {
    const { vm } = vmOf(watVdev({ vwrite: `(i32.const ${status})` }), {
      ram: [{ start: 0x1000n, length: 0x1000n, writable: true }],
    });
    expect(write(vm, DEVICE, 1n)).toBe(AccessStatus.busError);
    expect(vm.findings.all.map((one) => one.rule)).toEqual(["result"]);
  });
});

describe("a read without an answer", () => {
  it("keeps the guest's register at 0 and is warned of once", () => {
    const { vm } = vmOf(watVdev({ vread: "(i32.const 0)" }));
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 0n]);
    expect(read(vm, DEVICE, 8)).toEqual([AccessStatus.done, 0n]);
    expect(vm.findings.all.map((one) => [one.severity, one.rule])).toEqual([["warning", "result"]]);
    expect(vm.findings.times(vm.findings.all[0]!)).toBe(2);
  });

  it("that is a bus error is none to warn of", () => {
    const { vm } = vmOf(watVdev({ vread: "(i32.const 3)" }));
    expect(read(vm, DEVICE)).toEqual([AccessStatus.busError, 0n]);
    expect(vm.findings.all).toEqual([]);
  });
});

describe("what the host has put into module memory", () => {
  const wreck = (at: string, bytes: number) => `(memory.fill ${at} (i32.const 255) (i32.const ${bytes}))`;

  it("is not believed when the vdev_t is overwritten", () => {
    const { vm } = vmOf(
      watVdev({
        vwrite: `${wreck("(local.get $vdp)", vdev_s.SIZEOF)} (i32.const 0)`,
        vread: `${wreck("(local.get $vdp)", vdev_s.SIZEOF)} (unreachable)`,
      }),
    );
    expect(write(vm, DEVICE, 1n)).toBe(AccessStatus.done);
    expect(write(vm, DEVICE, 1n)).toBe(AccessStatus.done);
    expect(read(vm, DEVICE)[0]).toBe(AccessStatus.busError);
    vm.control("status");
    const [finding] = vm.findings.all;
    expect([finding!.rule, finding!.vdev!.name]).toEqual(["trap", "device"]);
    expect(vm.terminate().exitCode).toBe(6);
  });

  it("is not believed when the factory is overwritten", () => {
    const { vm } = vmOf(watVdev({ vwrite: `${wreck(`(i32.const ${AT.factory})`, 52)} (i32.const 0)` }));
    write(vm, DEVICE, 1n);
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 7n]);
    vm.control("status");
    vm.clockStep(1000n);
    expect(vm.terminate().exitCode).toBe(0);
    expect(vm.findings.all).toEqual([]);
  });

  it("is the module's own loss when it is the frames", () => {
    const fields = '(import "qvm" "guest_cpu_write" (func $put (param i32 i32 i32 i32 i32 i32) (result i32)))';
    const vread = `${wreck(`(i32.const ${AT.frames})`, 512 * 16)}
      (drop (call $put (local.get $gcp) (i32.const 0) (local.get $oopnd) (i32.const 1) (i32.const ${AT.scratch}) (i32.const 4)))
      (i32.const 0)`;
    const { vm } = vmOf(watVdev({ fields, vread }), { policy: "report" });
    expect([0, 1]).toContain(read(vm, DEVICE)[0]);
    expect(write(vm, DEVICE, 1n)).toBe(AccessStatus.done);
    expect(vm.terminate().exitCode).toBe(0);
  });

  it("is read once when it is blocks of a transfer: their length cannot grow behind the check", () => {
    const fields = '(import "qvm" "guest_cpu_read" (func $get (param i32 i32 i32 i32 i32 i32) (result i32)))';
    // A block of 0xffffffff bytes, and one that lies over the data it describes.
    const vread = `
      (i64.store (i32.const ${AT.scratch}) (i64.const 0x1000))
      (i32.store offset=8 (i32.const ${AT.scratch}) (i32.const -1))
      (i32.store offset=32 (local.get $gcp)
        (call $get (i32.const 0) (i32.const 0) (i32.const ${AT.scratch}) (i32.const 1) (i32.const ${AT.scratch}) (i32.const 16)))
      (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`;
    const { vm } = vmOf(watVdev({ fields, vread }), { ram: [{ start: 0x1000n, length: 0x1000n, writable: true }] });
    // EINVAL
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 22n]);
  });
});

describe("an interrupt that is none", () => {
  const fields = '(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))';
  const signalling = (pic: string, line: string) => `
    (i32.store (i32.const ${AT.scratch}) ${pic})
    (i32.store offset=4 (i32.const ${AT.scratch}) ${line})
    (i32.store offset=32 (local.get $gcp) (call $signal (i32.const ${AT.scratch}) (i32.const 1)))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`;

  it("of a made-up controller is a violation", () => {
    const { vm } = vmOf(watVdev({ fields, vread: signalling("(i32.const 0x1234)", "(i32.const 5)") }));
    expect(read(vm, DEVICE)[0]).toBe(AccessStatus.busError);
    expect(vm.findings.all[0]).toMatchObject({ rule: "argument", severity: "violation" });
    expect(vm.findings.all[0]!.call!.arguments.map((one) => one.name)).toEqual(["gip", "gis"]);
  });

  it("of a line its controller does not have is a violation", () => {
    const pic = `(i32.load offset=${vdev_s.v_intr} (local.get $vdp))`;
    for (const line of [24, -1, 0x7fffffff]) {
      const { vm } = vmOf(
        watVdev({ fields, vread: signalling(pic, `(i32.const ${line})`) }),
        {},
        {
          vdev: { intr: { pic: "ioapic", line: 3 } },
        },
      );
      expect(read(vm, DEVICE)[0]).toBe(AccessStatus.busError);
      expect(vm.findings.all[0]!.message).toMatch(/has lines 0 to 23/);
      expect(vm.lines.high()).toEqual([]);
    }
  });
});

describe("a module that unmaps, frees or claims too much", () => {
  const REGION = `(import "qvm" "gasp_lock" (func $lock (param i32 i32) (result i32)))
    (import "qvm" "gasp_unlock" (func $unlock (param i32 i32) (result i32)))
    (import "qvm" "gasp_region_set_soft" (func $set (param i32 i32 i32) (result i32)))`;

  it("fills the maps of the dispatcher and is told so, and the VM goes on", () => {
    // Every write claims 256 more regions of 16 bytes, until there is no room for more.
    const vwrite = `(local $i i32)
      (drop (call $lock (i32.load offset=8 (local.get $vdp)) (i32.const 0)))
      (loop $l
        (i32.store (i32.const ${AT.scratch}) (i32.const 3))
        (i32.store offset=8 (i32.const ${AT.scratch}) (local.get $vdp))
        (i64.store offset=24 (i32.const ${AT.scratch}) (i64.extend_i32_u (i32.add (i32.const 0x40000000) (i32.mul (global.get $n) (i32.const 32)))))
        (i32.store offset=32 (i32.const ${AT.scratch}) (i32.const 16))
        (drop (call $set (i32.load offset=8 (local.get $vdp)) (i32.const 1) (i32.const ${AT.scratch})))
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const 256))))
      (drop (call $unlock (i32.load offset=8 (local.get $vdp)) (i32.const 0)))
      (i32.const 0)`;
    const bad = moduleFile(watVdev({ fields: `${REGION} (global $n (mut i32) (i32.const 0))`, vwrite }), "greedy");
    const vm = createVm(
      vmPlan([
        vdevPlan(bad, { type: "greedy" }),
        vdevPlan(moduleFile(watVdev()), { loc: { space: "memory", address: 0x9000n } }),
      ]),
    );
    for (let i = 0; i < 70; i++) expect(write(vm, DEVICE, 1n)).toBe(AccessStatus.done);
    expect(vm.spaces.memory.regions.length).toBeLessThan(16384);
    expect(read(vm, 0x40000000n)).toEqual([AccessStatus.done, 7n]);
    expect(read(vm, 0x9000n)).toEqual([AccessStatus.done, 7n]);
    expect(vm.terminate().exitCode).toBe(0);
  });
});
