/** Modules that are refused before anything of them runs, or before their VM runs: always with one sentence. */
import { describe, expect, it } from "vitest";
import { QVM_VDEV_ABI } from "../../abi/generated/constants.ts";
import { UserError } from "../../host/errors.ts";
import type { VdevPlan, VmPlan } from "../../host/vm/plan.ts";
import type { CreateOptions } from "../../host/vm/startup.ts";
import { moduleFile, vmOf } from "../support/vm.ts";
import { AT, assemble, TABLE, type WatVdev, watVdev } from "../support/wat-vdev.ts";

type Options = CreateOptions & { readonly vdev?: Partial<VdevPlan> };

/** The sentence a VM with this module is refused with. Anything but a UserError fails the test. */
function refusal(bytes: Uint8Array, plan: Partial<VmPlan> = {}, options: Options = {}): string {
  try {
    vmOf(bytes, plan, options);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("the VM started");
}

const refused = (vdev: WatVdev) => refusal(watVdev(vdev));

describe("bytes that are no vdev module", () => {
  it("are no WebAssembly", () => {
    expect(refusal(new TextEncoder().encode("#!/bin/sh\nexit 0\n"))).toMatch(/is no WebAssembly module$/);
    expect(refusal(new Uint8Array())).toMatch(/is no WebAssembly module$/);
  });

  it("are cut off anywhere", () => {
    const whole = watVdev();
    for (let length = 4; length < whole.length; length += 1 + (length >> 4)) {
      expect(refusal(whole.slice(0, length))).toMatch(/not a valid|no vdev module|no memory|ends|WebAssembly|bytes/);
    }
  });

  it("are damaged at any byte: refused, or run without harm", () => {
    const whole = watVdev();
    for (let at = 8; at < whole.length; at += 7) {
      const damaged = whole.slice();
      damaged[at]! ^= 0xff;
      try {
        vmOf(damaged);
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(UserError);
      }
    }
  });

  it("are missing", () => {
    const gone = `${moduleFile(watVdev(), "gone")}.not`;
    expect(refusal(watVdev(), {}, { vdev: { file: gone } })).toMatch(/^there is no module .*gone/);
  });
});

describe("imports", () => {
  it("of a misspelt function get a suggestion", () => {
    const fields = '(import "qvm" "guest_timer_notifi" (func (param i32 i32 i32 i32) (result i32)))';
    expect(refused({ fields })).toMatch(
      /imports qvm\.guest_timer_notifi, which is no function of the API; did you mean guest_timer_notify\?$/,
    );
  });

  it("from anywhere else are refused by name", () => {
    expect(refused({ fields: '(import "wasi_snapshot_preview1" "fd_write" (func))' })).toMatch(
      /imports wasi_snapshot_preview1\.fd_write; a vdev module may import from qvm and posix, and env\.abort$/,
    );
    expect(refused({ fields: '(import "env" "seed" (func (result f64)))' })).toMatch(/imports env\.seed/);
  });

  it("with 64-bit integers are refused", () => {
    const fields = '(import "qvm" "guest_timer_notify" (func (param i32 i32 i64) (result i32)))';
    expect(refused({ fields })).toMatch(/imports qvm\.guest_timer_notify with a 64-bit integer/);
  });

  it("with another signature are refused with the right one", () => {
    const fields = '(import "qvm" "gasp_lock" (func (param i32) (result i32)))';
    expect(refused({ fields })).toMatch(/imports qvm\.gasp_lock as \(i32\) -> i32, and it is \(i32, i32\) -> i32$/);
  });

  it("whose prototype nobody knows are refused by name", () => {
    expect(refused({ fields: '(import "qvm" "gasp_map" (func))' })).toMatch(
      /imports qvm\.gasp_map, which exists in qvm/,
    );
  });

  it("of memory, tables and globals are refused", () => {
    expect(refused({ fields: '(import "env" "table" (table 1 funcref))' })).toMatch(/imports the table env\.table/);
    expect(refused({ fields: '(import "env" "g" (global i32))' })).toMatch(/imports the global env\.g/);
    const memory = '(import "env" "memory" (memory 1 2))';
    expect(refused({ fields: memory, omit: '(memory (export "memory")' })).toMatch(/memory/);
  });
});

describe("memory", () => {
  it("must have a bound, and not too high a one", () => {
    expect(refused({ memory: "2" })).toMatch(/asks for memory without a bound/);
    expect(refused({ memory: "2 1025" })).toMatch(/up to 1025 pages of memory, and a vdev module may have 1024$/);
  });

  it("must be there", () => {
    expect(refusal(assemble("(module)"))).toMatch(/has no memory of its own, and a vdev module needs one$/);
  });
});

describe("the contract", () => {
  it.each([
    "__vdevbox_abi",
    "__vdevbox_frame",
    "__vdevbox_start",
    "__vdevbox_alloc",
    "__vdevbox_vread",
    "__vdevbox_operand",
    "__vdevbox_vwrite",
    "__vdevbox_call",
  ])("needs the export %s", (name) => {
    expect(refused({ omit: `(export "${name}")` })).toMatch(new RegExp(`no vdev module: it does not export ${name};`));
  });

  it("of another version is refused with both", () => {
    const fields = '(global (export "__vdevbox_abi") i32 (i32.const 2))';
    expect(refused({ fields, omit: '(global (export "__vdevbox_abi") i32 (i32.const 1))' })).toMatch(
      /built for version 2 of the vdevbox contract, and this host has 1/,
    );
  });

  it.each([0, 512 * 3 + 8, 0x20000 - 512, -512])("has its frames inside memory, not at %i", (frames) => {
    const fields = `(global (export "__vdevbox_frame") i32 (i32.const ${frames}))`;
    expect(refused({ fields, omit: `i32 (i32.const ${AT.frames})` })).toMatch(/puts its frames at \d+, which is not/);
  });

  it.each([
    ["a float where the version should be", "__vdevbox_abi", "(global $x f32 (f32.const 1))", "global"],
    ["a version that may change", "__vdevbox_abi", "(global $x (mut i32) (i32.const 1))", "global"],
    ["a start of another signature", "__vdevbox_start", "(func $x (param i32))", "func"],
    ["an alloc of another signature", "__vdevbox_alloc", "(func $x (result i64) (i64.const 0))", "func"],
    ["a vread of another signature", "__vdevbox_vread", "(func $x)", "func"],
    [
      "an operand of another signature",
      "__vdevbox_operand",
      "(func $x (param i32) (result i32) (i32.const 0))",
      "func",
    ],
    ["a vwrite of another signature", "__vdevbox_vwrite", "(func $x (param i32))", "func"],
    ["a call of another signature", "__vdevbox_call", "(func $x (result f64) (f64.const 0))", "func"],
  ])("is not met by %s", (_what, name, field, kind) => {
    const fields = `${field} (export "${name}" (${kind} $x))`;
    expect(refused({ fields, omit: `(export "${name}")` })).toMatch(
      new RegExp(`exports ${name} as .*; build it again$`),
    );
  });

  it("leaves no start function of WebAssembly's own", () => {
    expect(refused({ fields: "(func $begin) (start $begin)" })).toMatch(/has a start function/);
  });
});

describe("the factory", () => {
  it("must be registered", () => {
    const start = '(func (export "__vdevbox_start"))';
    expect(refused({ fields: start, omit: "(call $register" })).toMatch(
      /registers no factory: its top level must call vdev_register_factory\(\)$/,
    );
  });

  it("must be for this ABI", () => {
    const start = `(func (export "__vdevbox_start") (call $register (i32.const ${AT.factory}) (i32.const 2014010101)))`;
    expect(refused({ fields: start, omit: `(i32.const ${QVM_VDEV_ABI | 0})))` })).toMatch(
      /was built for vdev ABI 2014010101, and this host has 2019090401/,
    );
  });

  const registering = (address: number) =>
    refused({
      fields: `(func (export "__vdevbox_start") (call $register (i32.const ${address}) (i32.const ${QVM_VDEV_ABI | 0})))`,
      omit: `(call $register (i32.const ${AT.factory})`,
    });

  it("must be inside memory and aligned", () => {
    expect(registering(0)).toMatch(/factory is NULL/);
    expect(registering(0x20000 - 16)).toMatch(/factory = 0x1fff0 with 52 bytes reaches past/);
    expect(registering(-4)).toMatch(/reaches past/);
    expect(registering(AT.factory + 2)).toMatch(/is not aligned to 4 bytes/);
  });

  it.each(["control", "vread", "vwrite", "timer", "pulse"] as const)("has a %s that is a function", (name) => {
    for (const index of [15, 16, 0x7fffffff, 0xffffffff]) {
      expect(refused({ factory: { [name]: index } })).toContain(
        `${name} = ${index}, which is no function of the module`,
      );
    }
  });

  it("needs a control function", () => {
    expect(refused({ without: ["control"] })).toMatch(/has no control function, which every vdev needs$/);
  });

  it("has an option_list that ends, in memory, made of strings", () => {
    // 256 entries that all point at one string.
    const endless = `(data (i32.const ${AT.optionList}) "${"\\00\\04\\00\\00".repeat(256)}")`;
    expect(refused({ fields: endless, factory: { option_list: AT.optionList } })).toMatch(
      /option_list without NULL in its first 256 entries/,
    );
    expect(refused({ factory: { option_list: 0x1fffe } })).toMatch(/option_list outside its memory/);
    expect(refused({ factory: { option_list: 0xfffffffc } })).toMatch(/option_list outside its memory/);
    const far = `(data (i32.const ${AT.optionList}) "\\ff\\ff\\ff\\ff")`;
    expect(refused({ fields: far, factory: { option_list: AT.optionList } })).toMatch(
      /option_list whose entry 0 is no C string/,
    );
  });

  it("has a name that ends", () => {
    const name = `(data (i32.const ${AT.scratch}) "${"x".repeat(300)}")`;
    expect(refused({ fields: name, factory: { name: AT.scratch } })).toMatch(/a name that is no C string/);
    expect(refused({ factory: { name: 0x20000 } })).toMatch(/a name that is no C string/);
  });

  it("asks for no more extra_space than there is", () => {
    expect(refused({ factory: { extra_space: 0xffffffff } })).toMatch(/extra_space of 4294967295 bytes, more than/);
    // Within the bound of the memory, but more than its first two pages: this module's alloc does not grow it.
    expect(refused({ factory: { extra_space: 0x80000 } })).toMatch(/could not give the host \d+ bytes of its memory/);
  });

  it("may be one of many, and the type must then name one", () => {
    const twice = (first: string, second: string) => ({
      fields: `(data (i32.const 2048) "${first}\\00") (data (i32.const 2064) "${second}\\00")
        (data (i32.const 3072) "\\00\\00\\00\\00\\01\\00\\00\\00")
        (data (i32.const ${3072 + 32}) "\\10\\08\\00\\00")`,
      factory: { name: 2048 },
      start: `(call $register (i32.const 3072) (i32.const ${QVM_VDEV_ABI | 0}))`,
    });
    expect(refused(twice("one", "two"))).toMatch(/has no factory named device, but two, one$/);
    const { vm } = vmOf(watVdev(twice("device", "two")));
    expect(vm.vdevs[0]!.factory.name).toBe("device");
  });

  it("registered three times counts once and gets a warning", () => {
    const again = `(call $register (i32.const ${AT.factory}) (i32.const ${QVM_VDEV_ABI | 0}))`;
    const { vm } = vmOf(watVdev({ start: again + again }));
    expect(vm.instances[0]!.factories).toHaveLength(1);
    expect(vm.findings.all.map((one) => [one.severity, one.rule])).toEqual([["warning", "argument"]]);
  });

  it("is one of 64 at most", () => {
    const start = `(local $at i32) (local.set $at (i32.const ${AT.scratch}))
      (loop $more
        (call $register (local.get $at) (i32.const ${QVM_VDEV_ABI | 0}))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $more))`;
    expect(refused({ start })).toMatch(/registers more than 64 factories/);
  });
});

describe("a vdev that cannot be placed", () => {
  const placing = (length: number, type: number) => ({
    control: `(i32.store offset=24 (local.get $vdp) (i32.const ${length})) (i32.store offset=28 (local.get $vdp) (i32.const ${type})) (i32.const 0)`,
  });

  it("says how long it is, and where", () => {
    expect(refused(placing(0, 0))).toMatch(/left v_block\.length at 0/);
    expect(refused(placing(4096, 7))).toMatch(/has a location of type 0x7, which nothing here can trap/);
    const loc = { space: "io", address: 0x3f8n } as const;
    expect(refusal(watVdev(placing(-1, 0x8000)), {}, { vdev: { loc } })).toMatch(/outside the 64 KiB port space$/);
  });

  it("may not lie across the end of the address space", () => {
    const loc = { space: "memory" as const, address: 0xffffffffffffff00n };
    expect(refusal(watVdev(), {}, { vdev: { loc } })).toMatch(/outside the memory space/);
  });

  it("may not move itself onto RAM", () => {
    const control = `(i64.store offset=16 (local.get $vdp) (i64.const 0x1000)) (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0)) (i32.const 0)`;
    expect(refusal(watVdev({ control }), { ram: [{ start: 0x1000n, length: 0x1000n, writable: true }] })).toMatch(
      /device claims 0x1000\.\.0x1fff, which overlaps 0x1000\.\.0x1fff of ram$/,
    );
  });
});

describe("module memory the host asks for", () => {
  it.each([
    ["NULL", "(i32.const 0)"],
    ["an unaligned address", "(i32.const 16388)"],
    ["an address past memory", "(i32.const 0x20000)"],
    ["the last bytes of memory", "(i32.const 0x1fff0)"],
    ["a negative address", "(i32.const -16)"],
    ["a fault", "(unreachable)"],
    ["no answer at all", "(loop $l (br $l)) (i32.const 0)"],
    ["a recursion without end", "(call $alloc (local.get 0))"],
  ])("answered with %s stops the start", (_what, body) => {
    const fields = `(func $alloc (export "__vdevbox_alloc") (param i32) (result i32) ${body})`;
    expect(refused({ fields, omit: '(func (export "__vdevbox_alloc")' })).toMatch(
      /module\d+\.wasm could not give the host \d+ bytes of its memory: /,
    );
  });

  it("answered with a call of the API stops the start", () => {
    const fields = `(import "qvm" "guest_terminate" (func $end (param i32)))
      (func $alloc (export "__vdevbox_alloc") (param i32) (result i32) (call $end (i32.const 0)) (i32.const 16384))`;
    expect(refused({ fields, omit: '(func (export "__vdevbox_alloc")' })).toMatch(
      /could not give the host \d+ bytes of its memory: guest_terminate\(\) was called/,
    );
  });

  it("is not taken from where the module runs: asking twice gives a fault, not a recursion", () => {
    const fields = `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))
      (func (export "__vdevbox_alloc") (param i32) (result i32)
        (if (i32.load (i32.const 16)) (then (drop (call $create (i32.const 0) (i32.load (i32.const 16)) (i32.const 0) (i32.const 4096)))))
        (global.set $next (i32.add (global.get $next) (i32.const 1024)))
        (global.get $next))
      (global $next (mut i32) (i32.const 0x10000))`;
    const control = `(i32.store (i32.const 16) (local.get $vdp))
      (drop (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const 4096))) (i32.const 0)`;
    expect(refused({ fields, control, omit: "(param $n i32)" })).toMatch(/it called the host meanwhile/);
  });
});

it("uses the table slots these modules take for granted", () => {
  expect(Object.values(TABLE)).toEqual([1, 2, 3, 4, 5, 6]);
});
