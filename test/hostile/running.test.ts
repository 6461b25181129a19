/**
 * Modules that misbehave while they run. Each is stopped with a finding that says what it did, the guest gets a bus
 * error, and a well-behaved vdev beside it answers on. None takes the host down or keeps it busy for long.
 */
import { describe, expect, it } from "vitest";
import { UserError } from "../../host/errors.ts";
import type { Finding } from "../../host/gate/finding.ts";
import type { VmPlan } from "../../host/vm/plan.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";
import { AT, TABLE, type WatVdev, watVdev } from "../support/wat-vdev.ts";

const BAD = 0x10000n;
const GOOD = 0x20000n;

/** A VM with a hostile vdev and a good one. */
function vmWith(vdev: WatVdev, plan: Partial<VmPlan> = {}): Vm {
  return createVm(
    vmPlan(
      [
        vdevPlan(moduleFile(watVdev(vdev), "bad"), { type: "bad", loc: { space: "memory", address: BAD } }),
        vdevPlan(moduleFile(watVdev(), "good"), { type: "good", loc: { space: "memory", address: GOOD } }),
      ],
      plan,
    ),
  );
}

function faults(vm: Vm): Pick<Finding, "severity" | "rule">[] {
  return vm.findings.all.filter((one) => one.severity !== "warning").map(({ severity, rule }) => ({ severity, rule }));
}

/** The bad vdev is stopped for this reason, in this callback; the good one answers. */
function expectStopped(vm: Vm, rule: string, callback: string): void {
  expect(faults(vm)).toEqual([{ severity: "fault", rule }]);
  expect(vm.findings.all.at(-1)!.situation.callback).toBe(callback);
  expect(vm.vdevs[0]!.instance.stopped).toBeDefined();
  expect(read(vm, BAD)[0]).toBe(1);
  expect(write(vm, BAD, 1n)).toBe(1);
  expect(read(vm, GOOD)).toEqual([0, 7n]);
  expect(faults(vm)).toHaveLength(1);
  expect(vm.terminate().exitCode).toBe(6);
}

function refusal(vdev: WatVdev): string {
  try {
    vmWith(vdev);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("the VM started");
}

const PLACED =
  "(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))";

/** One way to misbehave: instructions that leave nothing, and the rule of the fault they end in. */
const HARMS: Record<string, { readonly code: string; readonly rule: string; readonly fields?: string }> = {
  "a loop without end": { code: "(loop $l (br $l))", rule: "limit" },
  "a long loop within a long loop": {
    code: `(loop $a (loop $b (br_if $b (i32.eqz (i32.const 0)))) (br $a))`,
    rule: "limit",
  },
  "recursion without end": {
    fields: "(func $again (param i32) (call $again (i32.add (local.get 0) (i32.const 1))))",
    code: "(call $again (i32.const 0))",
    rule: "limit",
  },
  "recursion through the table": {
    fields: `(func $around (call_indirect (type $none) (i32.const 7))) (type $none (func)) (elem (i32.const 7) $around)`,
    code: "(call $around)",
    rule: "limit",
  },
  "memory.grow until it fails, for ever": {
    code: "(loop $l (drop (memory.grow (i32.const 1))) (br $l))",
    rule: "limit",
  },
  "memory.fill of everything, for ever": {
    code: "(loop $l (memory.fill (i32.const 65536) (i32.const 0) (i32.const 65536)) (br $l))",
    rule: "limit",
  },
  "memory.copy of everything, for ever": {
    code: "(loop $l (memory.copy (i32.const 65536) (i32.const 65537) (i32.const 65535)) (br $l))",
    rule: "limit",
  },
  "a load outside memory": { code: "(drop (i32.load (i32.const 0x7ffffff0)))", rule: "trap" },
  "a store at the end of memory": { code: "(i64.store (i32.const 0x1fffc) (i64.const 1))", rule: "trap" },
  unreachable: { code: "(unreachable)", rule: "trap" },
  "a division by zero": { code: "(drop (i32.div_u (i32.const 1) (i32.load (i32.const 16))))", rule: "trap" },
  "an indirect call of the wrong signature": {
    code: `(drop (call_indirect (type $ii) (i32.const 1) (i32.const 2) (i32.const ${TABLE.vread})))`,
    rule: "trap",
  },
  "an indirect call of an empty slot": {
    code: "(drop (call_indirect (type $ii) (i32.const 1) (i32.const 2) (i32.const 14)))",
    rule: "trap",
  },
  "calls of its own entries, for more fuel": {
    fields: "",
    code: "(loop $l (drop (call $entry (i32.const 16))) (br $l))",
    rule: "limit",
  },
  "a log line, for ever": {
    fields: '(import "qvm" "qvm_logf" (func $logf (param i32 i32 i32)))',
    code: `(loop $l (call $logf (i32.const 0) (i32.const ${AT.scratch}) (i32.const ${AT.scratch})) (br $l))`,
    rule: "limit",
  },
  "a call the manual advises against, for ever": {
    fields: '(import "qvm" "gasp_region_info" (func $info (param i32 i32 i32) (result i32)))',
    code: `(loop $l (drop (call $info (i32.load offset=8 (local.get $vdp)) (i32.const ${AT.scratch}) (i32.const ${AT.scratch + 64}))) (br $l))`,
    rule: "limit",
  },
  "abort() with pointers to nowhere": {
    fields: '(import "env" "abort" (func $abort (param i32 i32 i32 i32)))',
    code: "(call $abort (i32.const -2) (i32.const 0x7ffffffe) (i32.const 1) (i32.const 1))",
    rule: "abort",
  },
};

function harmful(name: string): { readonly code: string; readonly fields: string; readonly rule: string } {
  const { code, fields = "", rule } = HARMS[name]!;
  const entry = code.includes("$entry") ? "$entry " : "";
  return {
    code,
    rule,
    fields:
      entry === ""
        ? fields
        : `(func $entry (export "__vdevbox_alloc") (param i32) (result i32) (i32.const 16384) (global.set $heap (i32.add (global.get $heap) (i32.const 1024))) (drop) (global.get $heap))`,
  };
}

const modules = Object.keys(HARMS).map((name) => [name] as const);

describe.each(modules)("%s", (name) => {
  const { code, fields, rule } = harmful(name);
  const vdev = (callbacks: WatVdev): WatVdev => ({
    fields,
    ...(fields.includes("__vdevbox_alloc") ? { omit: "(param $n i32)" } : {}),
    ...callbacks,
  });

  it("in vread", () => {
    const vm = vmWith(vdev({ vread: `${code} (i32.const 0)` }));
    expect(read(vm, BAD)[0]).toBe(1);
    expectStopped(vm, rule, "vread");
  });

  it("in control at startup, and in vwrite", () => {
    const control = `${PLACED} (if (i32.eq (local.get $ctrl) (i32.const 1)) (then ${code})) (i32.const 0)`;
    expect(refusal(vdev({ control }))).toMatch(/^the VM cannot start: bad in VDEV_CTRL_OPTIONS_END was stopped:/);
    const vm = vmWith(vdev({ vwrite: `${code} (i32.const 0)` }));
    expect(write(vm, BAD, 1n)).toBe(1);
    expectStopped(vm, rule, "vwrite");
  });
});

describe("what never ends", () => {
  it("stops the start of the module", () => {
    expect(refusal({ start: "(loop $l (br $l))" })).toMatch(
      /^the VM cannot start: the start of .*bad\.wasm was stopped:[\s\S]*ran past its limit of \d+ steps/,
    );
  });

  const TIMER = `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))
    (import "qvm" "guest_timer_notify" (func $notify (param i32 i32 i32 i32) (result i32)))
    (global $timer (mut i32) (i32.const 0))`;
  const arming = (cycles: number): string => `${PLACED}
    (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
      (global.set $timer (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const ${AT.scratch})))))
    (if (i32.eq (local.get $ctrl) (i32.const 2)) (then
      (drop (call $notify (global.get $timer) (i32.const 0) (i32.const ${cycles}) (i32.const 0)))))
    (i32.const 0)`;

  it("stops the vdev in its timer callback", () => {
    const vm = vmWith({ fields: TIMER, control: arming(100), timer: "(loop $l (br $l))" });
    vm.clockStep(1000n);
    expectStopped(vm, "limit", "timer");
  });

  it.each([0, 1])("is a timer armed again %i cycles later each time it fires", (cycles) => {
    const again = `(drop (call $notify (global.get $timer) (i32.const 0) (i32.const ${cycles}) (i32.const 0)))`;
    const vm = vmWith({ fields: TIMER, control: arming(100), timer: again });
    vm.clockStep(3_600_000_000_000n);
    expectStopped(vm, "limit", "timer");
  });

  it("stops it in STATUS and TERMINATE too, and the VM still ends", () => {
    for (const ctrl of [4, 3]) {
      const control = `${PLACED} (if (i32.eq (local.get $ctrl) (i32.const ${ctrl})) (then (loop $l (br $l)))) (i32.const 0)`;
      const vm = vmWith({ control });
      vm.control("status");
      vm.terminate();
      expect(faults(vm)).toEqual([{ severity: "fault", rule: "limit" }]);
    }
  });

  it("is stopped under the policy report as well", () => {
    const vm = vmWith({ vread: "(loop $l (br $l)) (i32.const 0)" }, { policy: "report" });
    expect(read(vm, BAD)[0]).toBe(1);
    expectStopped(vm, "limit", "vread");
  });

  it("is stopped when it is refused calls, over and over, under report", () => {
    const fields = '(import "qvm" "guest_button_register" (func $button (param i32) (result i32)))';
    const vread = "(loop $l (drop (call $button (local.get $vdp))) (br $l)) (i32.const 0)";
    const vm = vmWith({ fields, vread }, { policy: "report" });
    expect(read(vm, BAD)[0]).toBe(1);
    expect(faults(vm)).toEqual([
      { severity: "violation", rule: "phase" },
      { severity: "fault", rule: "limit" },
    ]);
    expect(read(vm, GOOD)).toEqual([0, 7n]);
  });

  it("does not add up over callbacks that each end", () => {
    const fields = '(import "qvm" "qvm_logf" (func $logf (param i32 i32 i32)))';
    const vread = `(local $i i32)
      (loop $l
        (call $logf (i32.const 0) (i32.const ${AT.scratch}) (i32.const ${AT.scratch}))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const 20000))))
      (i32.const 3)`;
    const vm = vmWith({ fields, vread });
    for (let i = 0; i < 10; i++) expect(read(vm, BAD)[0]).toBe(1);
    expect(faults(vm)).toEqual([]);
  });
});

it("a VM put back after too many calls counts from nothing again", () => {
  const fields = '(import "qvm" "qvm_logf" (func $logf (param i32 i32 i32)))';
  const vread = `(local $i i32)
    (loop $l
      (call $logf (i32.const 0) (i32.const ${AT.scratch}) (i32.const ${AT.scratch}))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (select (i32.const -1) (i32.const 10) (i32.and (i32.load (local.get $vopnd)) (i32.const 4))))))
    (i32.const 3)`;
  const vm = vmWith({ fields, vread });
  const snapshot = new VmSnapshot(vm);
  read(vm, BAD + 4n);
  expect(vm.instances[0]!.stopped).toBeDefined();
  snapshot.restore();
  read(vm, BAD);
  expect(vm.instances[0]!.stopped).toBeUndefined();
});

describe("memory of other sizes", () => {
  it("grown during a callback is used by calls made after it", () => {
    const fields = '(import "qvm" "vdev_string" (func $string (param i32 i32 i32) (result i32)))';
    const vread = `(drop (memory.grow (i32.const 3)))
      (i32.store offset=32 (local.get $gcp) (call $string (i32.const 0x40000) (i32.const 64) (local.get $vdp)))
      (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`;
    const vm = vmWith({ fields, vread });
    // "bad at 0x10000"
    expect(read(vm, BAD)).toEqual([0, 14n]);
    expect(vm.instances[0]!.cstring(0x40000)).toBe("bad at 0x10000");
  });
});
