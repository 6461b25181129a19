/**
 * How a VM ends. Oracle: qvm's exit codes, and the promise that VDEV_CTRL_TERMINATE (3) goes exactly once to every vdev
 * that got VDEV_CTRL_OPTIONS_START (0) and whose module still runs.
 */
import { describe, expect, it } from "vitest";
import { ENDING_VDEV, endingVdev, WRITE } from "../../test/support/ending-vdev.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { UserError } from "../errors.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { VmEvent } from "./events.ts";
import type { VmPlan } from "./plan.ts";
import { VmSnapshot } from "./snapshot.ts";
import { createVm } from "./startup.ts";
import type { Vm } from "./vm.ts";

const END = '(import "qvm" "guest_terminate" (func $end (param i32)))';
const PLACED =
  "(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))";

/** A vdev that does something when it is terminated, and is placed. */
const inTerminate = (does: string) =>
  watVdev({
    fields: END,
    control: `${PLACED} (if (i32.eq (local.get $ctrl) (i32.const 3)) (then ${does})) (i32.const 0)`,
  });
const at = (address: bigint) => ({ space: "memory", address }) as const;
const SECOND = 0x20000n;

interface Run {
  readonly vm: Vm;
  readonly events: VmEvent[];
  /** Who said "terminated", in order. */
  terminated(): string[];
}

/** The vdev under test at 0x10000, and one that reports its TERMINATE before and one behind it. */
function between(bytes: Uint8Array, plan: Partial<VmPlan> = {}): Run {
  const events: VmEvent[] = [];
  const vm = createVm(
    vmPlan(
      [
        vdevPlan(moduleFile(endingVdev()), { name: "first", loc: at(0x1000n) }),
        vdevPlan(moduleFile(bytes), { name: "tested", loc: at(0x10000n) }),
        vdevPlan(moduleFile(endingVdev()), { name: "last", loc: at(SECOND) }),
      ],
      plan,
    ),
    { listener: (event) => events.push(event) },
  );
  const terminated = () =>
    events.flatMap((event) => (event.kind === "report" && event.text === "terminated" ? [event.source] : []));
  return { vm, events, terminated };
}

describe("TERMINATE goes once to every vdev", () => {
  const ends: [string, (vm: Vm) => void, number][] = [
    ["nothing", () => {}, 0],
    ["guest_terminate(40)", (vm) => write(vm, SECOND, BigInt(WRITE.terminate40)), 40],
    ["a watchdog", (vm) => write(vm, SECOND, BigInt(WRITE.bite)), 4],
    ["qvm_fatal()", (vm) => write(vm, SECOND, BigInt(WRITE.fatal)), 96],
    ["VRS_TERMINATE of vwrite", (vm) => write(vm, SECOND, BigInt(WRITE.vrsTerminate)), 0],
    ["a power cut", (vm) => vm.end(3, "interrupted"), 3],
    ["a fault of another", (vm) => read(vm, 0x10000n), 6],
  ];
  it.each(ends)("also after %s", (_what, act, exitCode) => {
    const { vm, events, terminated } = between(watVdev({ vread: "(unreachable)", control: `${PLACED} (i32.const 0)` }));
    act(vm);
    expect(vm.terminate().exitCode).toBe(exitCode);
    vm.terminate();
    expect(terminated()).toEqual(["first", "last"]);
    expect(events.filter((event) => event.kind === "end")).toHaveLength(1);
  });

  const odd: [string, string, number, RegExp][] = [
    ["answers an errno", "(return (i32.const 5))", 0, /VDEV_CTRL_TERMINATE was answered with EIO \(5\)/],
    ["calls guest_terminate()", "(call $end (i32.const 50))", 0, /has ended already.*cause 50/],
    ["faults", "(unreachable)", 6, /trapped/],
    ["hangs", "(loop $l (br $l))", 6, /fuel|steps|budget/],
    [
      "never returns from a recursion",
      "(drop (call $control (local.get $vdp) (i32.const 3) (i32.const 0)))",
      6,
      /deep/,
    ],
  ];
  it.each(odd)("also when one %s in its own", (_what, does, exitCode, said) => {
    const { vm, events, terminated } = between(inTerminate(does));
    const end = vm.terminate();
    expect(end.exitCode).toBe(exitCode);
    expect(terminated()).toEqual(["first", "last"]);
    const texts = events.flatMap((event) =>
      event.kind === "log" ? [event.text] : event.kind === "finding" ? [event.finding.message] : [],
    );
    expect(texts.join("\n")).toMatch(said);
  });

  it("and what happens in it does not change an end somebody chose", () => {
    const { vm } = between(inTerminate("(unreachable)"));
    write(vm, SECOND, BigInt(WRITE.terminate40));
    expect(vm.terminate()).toEqual({ exitCode: 40, reason: "guest_terminate() with cause 40" });
  });

  it("again after the VM was put back", () => {
    const { vm, terminated } = between(watVdev({ control: `${PLACED} (i32.const 0)` }));
    const start = new VmSnapshot(vm);
    vm.terminate();
    start.restore();
    expect(vm.ended).toBeUndefined();
    vm.terminate();
    expect(terminated()).toEqual(["first", "last", "first", "last"]);
  });
});

describe("an end before the start", () => {
  it("gives TERMINATE to whom OPTIONS_START was given, and nobody else", () => {
    const events: VmEvent[] = [];
    const plan = vmPlan([
      vdevPlan(moduleFile(endingVdev()), { name: "first", loc: at(0x1000n) }),
      vdevPlan(moduleFile(endingVdev()), {
        name: "fatal",
        loc: at(0x10000n),
        options: () => [{ index: 1, name: "fatal" }],
      }),
      vdevPlan(moduleFile(endingVdev()), { name: "never", loc: at(SECOND) }),
    ]);
    expect(() => createVm(plan, { listener: (event) => events.push(event) })).toThrow(
      new UserError("fatal ended the VM in option fatal: it is over"),
    );
    const terminated = events.flatMap((event) => (event.kind === "report" ? [event.source] : []));
    expect(terminated).toEqual(["first", "fatal"]);
    expect(events.at(-1)).toMatchObject({ kind: "end", exitCode: 64 });
  });

  it.each(["start", "0", "1", "8", "2", "9"])("by guest_terminate() at %s is a sentence and exit code 64", (where) => {
    const call = "(call $end (i32.const 40))";
    const control = `${PLACED} (if (i32.eq (local.get $ctrl) (i32.const ${where})) (then ${call})) (i32.const 0)`;
    const bytes = watVdev(where === "start" ? { fields: END, start: call } : { fields: END, control });
    const events: VmEvent[] = [];
    const plan = vmPlan([vdevPlan(moduleFile(bytes), { loc: at(0x1000n) })]);
    expect(() => createVm(plan, { listener: (event) => events.push(event) })).toThrow(
      /^(\w+ ended the VM in VDEV_CTRL_[A-Z_]+|the module of vdev \w+ ended the VM when it was loaded): guest_terminate\(\) with cause 40$/,
    );
    expect(events.at(-1)).toMatchObject({ kind: "end", exitCode: 64 });
  });
});

describe("guest_terminate()", () => {
  const causing = (cause: number) =>
    watVdev({
      fields: END,
      control: `${PLACED} (i32.const 0)`,
      vread: `(call $end (i32.const ${cause})) (i32.const 0)`,
    });

  it.each([0, 1, 31, 32, 63])("with cause %i is the exit code", (cause) => {
    const { vm } = between(causing(cause));
    expect(read(vm, 0x10000n)[0]).toBe(2);
    expect(vm.terminate().exitCode).toBe(cause);
  });

  it.each([64, 256, -1])("with %i, which is no cause, is a violation; under report the end is unexpected", (cause) => {
    const strict = between(causing(cause));
    expect(read(strict.vm, 0x10000n)[0]).toBe(1);
    expect(strict.vm.terminate().exitCode).toBe(6);
    expect(strict.vm.findings.all[0]).toMatchObject({ severity: "violation", rule: "argument" });
    const report = between(causing(cause), { policy: "report" });
    expect(read(report.vm, 0x10000n)[0]).toBe(2);
    expect(report.vm.terminate().exitCode).toBe(7);
  });

  it("in a callback nested in another vdev's ends the VM, and both get their TERMINATE", () => {
    // As an interrupt controller that is a vdev: another vdev's line changes while its own callback runs.
    const signalling = watVdev({
      ...ENDING_VDEV,
      fields: `(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32))) ${ENDING_VDEV.fields}`,
      vread: "(drop (call $signal (i32.add (local.get $vdp) (i32.const 32)) (i32.const 1))) (unreachable)",
    });
    const ender = watVdev({
      ...ENDING_VDEV,
      control: `(if (i32.eq (local.get $ctrl) (i32.const 4)) (then (call $end (i32.const 41)))) ${ENDING_VDEV.control}`,
    });
    const said: string[] = [];
    const vm = createVm(
      vmPlan([
        vdevPlan(moduleFile(signalling), { name: "outer", loc: at(0x1000n), intr: { pic: "gic", line: 5 } }),
        vdevPlan(moduleFile(ender), { name: "inner", loc: at(0x10000n) }),
      ]),
      { listener: (event) => event.kind === "report" && said.push(`${event.source} ${event.text}`) },
    );
    vm.lines.listen({
      level: () => {
        const inner = vm.vdevs[1]!;
        const { control } = inner.factory;
        vm.activations.invoke(inner, CALLBACK["pic-signal"], THREAD.vcpu, control, SHAPE.intIII, inner.vdp, 4);
      },
    });
    expect(read(vm, 0x1000n)[0]).toBe(2);
    expect(vm.terminate().exitCode).toBe(41);
    expect(said).toEqual(["outer terminated", "inner terminated"]);
    expect(vm.findings.all).toEqual([]);
    expect([vm.context.vdev, vm.context.callback]).toEqual([-1, CALLBACK.none]);
  });
});

describe("a callback that ends the VM and does not return", () => {
  it("leaves no lock behind: TERMINATE can take it", () => {
    const locking = (where: string) =>
      watVdev({
        fields: `${END} (import "qvm" "gasp_lock" (func $lock (param i32 i32) (result i32)))
          (import "qvm" "gasp_unlock" (func $unlock (param i32 i32) (result i32)))
          (func $take (param $vdp i32) (result i32) (call $lock (i32.load offset=8 (local.get $vdp)) (i32.const 0)))`,
        control: `${PLACED}
          (if (i32.eq (local.get $ctrl) (i32.const 3)) (then
            (i32.store (i32.const 64) (i32.add (i32.const 100) (call $take (local.get $vdp))))
            (drop (call $unlock (i32.load offset=8 (local.get $vdp)) (i32.const 0)))))
          (if (i32.eq (local.get $ctrl) (i32.const ${where === "control" ? 4 : 0xff})) (then
            (drop (call $take (local.get $vdp))) (call $end (i32.const 40))))
          (i32.const 0)`,
        vread: "(drop (call $take (local.get $vdp))) (call $end (i32.const 40)) (i32.const 0)",
      });
    for (const where of ["vread", "control"]) {
      const { vm } = between(locking(where));
      if (where === "vread") read(vm, 0x10000n);
      else vm.control("status");
      expect(vm.terminate().exitCode).toBe(40);
      expect(vm.vdevs[1]!.instance.u32(64)).toBe(100);
      expect(vm.findings.all.filter((one) => one.rule === "lock")).toEqual([]);
    }
  });

  it("has written to guest memory what it wrote to a mapping", () => {
    const mapping = watVdev({
      fields: `${END} (import "qvm" "gasp_map_vdma" (func $map (param i32 i32 i32 i32 i32) (result i32)))`,
      control: `${PLACED}
        (if (i32.eq (local.get $ctrl) (i32.const 4)) (then
          (i32.store (call $map (local.get $vdp) (i32.const 3) (i32.const 0x80000100) (i32.const 0) (i32.const 16))
            (i32.const 0x600dda7a))
          (call $end (i32.const 40))))
        (i32.const 0)`,
    });
    const { vm } = between(mapping, { ram: [{ start: 0x80000000n, length: 4096n, writable: true }] });
    vm.control("status");
    vm.terminate();
    expect(Buffer.from(vm.ram.ranges[0]!.bytes).readUInt32LE(0x100)).toBe(0x600dda7a);
  });
});

describe("VRS_TERMINATE", () => {
  it.each(["vread", "vwrite"] as const)("of %s ends the VM normally; the access is not finished", (callback) => {
    const { vm } = between(watVdev({ control: `${PLACED} (i32.const 0)`, [callback]: "(i32.const 5)" }));
    expect(callback === "vread" ? read(vm, 0x10000n)[0] : write(vm, 0x10000n, 1n)).toBe(2);
    expect(read(vm, SECOND)[0]).toBe(2);
    expect(vm.terminate()).toEqual({ exitCode: 0, reason: "tested answered VRS_TERMINATE" });
  });
});
