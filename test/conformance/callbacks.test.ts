/**
 * The same table as matrix.test.ts, this time from callbacks that really happen: a VM is started with a module that
 * makes one call in every callback, its guest reads and writes, its timer fires, it is asked for its status and ends.
 */
import { describe, expect, it } from "vitest";
import type { CallbackName, GateEntry, GateParam } from "../../abi/definition/schema.ts";
import { CONFORMANCE, CONTEXTS, VERDICTS } from "../../abi/generated/conformance.ts";
import { QVM_VDEV_ABI } from "../../abi/generated/constants.ts";
import { vdev_s } from "../../abi/generated/layouts.ts";
import { UserError } from "../../host/errors.ts";
import type { Finding } from "../../host/gate/finding.ts";
import { read, vmOf, write } from "../support/vm.ts";
import { AT, watVdev } from "../support/wat-vdev.ts";
import { CALLABLE, callText, importText, NEEDS_OWN_THREAD, NEVER_RETURN } from "./calls.ts";

const DEVICE = 0x1c000000n;
/** Callbacks this run goes through, in their order, and the phase each is in. */
const STARTUP: readonly CallbackName[] = ["module-start", "OPTIONS_START", "OPTION", "OPTIONS_END", "ASSIGN"];
const RUNNING: readonly CallbackName[] = [
  ...(["GUEST_CONFIGURED", "GUEST_STARTING", "vread", "vwrite"] as const),
  ...(["timer", "STATUS", "BUTTON", "TERMINATE"] as const),
];

/** A valid-looking operand where the callback has one at hand, else the address of zeroes. */
function operand({ type, name }: GateParam, callback: CallbackName): string {
  const inAccess = callback === "vread" || callback === "vwrite";
  switch (type.kind) {
    case "handle":
      if (callback === "module-start" || type.of === "guest_timer") return "(i32.const 0)";
      if (type.of === "vdev") return "(local.get $vdp)";
      if (type.of === "guest_system") return `(i32.load offset=${vdev_s.v_gsp} (local.get $vdp))`;
      return type.of === "guest_cpu" && inAccess ? "(local.get $gcp)" : "(i32.const 0)";
    case "struct":
      if (type.struct === "guest_intr" && callback !== "module-start") {
        return `(i32.add (local.get $vdp) (i32.const ${vdev_s.v_intr}))`;
      }
      return `(i32.const ${type.struct === "vdev_factory" ? AT.factory : AT.scratch})`;
    case "callback":
      // What a thread would run is another test's business.
      return "(i32.const 0)";
    case "cookie":
      return "(i32.const 0)";
    case "int":
      if (name === "abi_version") return `(i32.const ${QVM_VDEV_ABI})`;
      return `(i32.const ${name === "num_regions" || name === "type" ? 0 : 1})`;
    case "guest-address":
      return "(i32.const 0)";
    default:
      return `(i32.const ${AT.scratch})`;
  }
}

function calling(entry: GateEntry, callback: CallbackName): string {
  const operands: string[] = new Array(entry.rawParams).fill("(i32.const 0)");
  for (const param of entry.params) operands[param.at] = operand(param, callback);
  if (entry.result.kind === "u64") operands[entry.rawParams - 1] = `(i32.const ${AT.scratch})`;
  const before = entry.name === "gasp_unlock" ? lock(callback, "gasp_lock") : "";
  const after = entry.name === "gasp_lock" ? lock(callback, "gasp_unlock") : "";
  return `${before} (drop ${callText(entry, operands).replace(/^(.*) \(i32\.const 0\)$/, "(block (result i32) $1 (i32.const 0))")}) ${after}`;
}

function lock(callback: CallbackName, name: string): string {
  const gsp = callback === "module-start" ? "(i32.const 0)" : `(i32.load offset=${vdev_s.v_gsp} (local.get $vdp))`;
  return `(drop (call $${name} ${gsp} (i32.const 0)))`;
}

/** A module that calls one function from everywhere. It makes a timer, so that there is a timer callback. */
function moduleCalling(entry: GateEntry): Uint8Array<ArrayBuffer> {
  const needed = new Set([entry.name, "guest_timer_create", "guest_timer_notify", "gasp_lock", "gasp_unlock"]);
  const imports = CALLABLE.filter((one) => needed.has(one.name)).map(importText);
  const answer =
    "(i32.store offset=32 (local.get $gcp) (i32.const 7)) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)";
  return watVdev({
    fields: `${imports.join("\n")} (global $timer (mut i32) (i32.const 0))`,
    options: ["option"],
    start: calling(entry, "module-start"),
    control: `
      (if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      ${calling(entry, "OPTIONS_START")}
      (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
        (global.set $timer (call $guest_timer_create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const ${AT.scratch})))))
      (if (i32.eq (local.get $ctrl) (i32.const 2)) (then
        (drop (call $guest_timer_notify (global.get $timer) (i32.const 0) (i32.const 1000) (i32.const 0)))))
      (i32.const 0)`,
    vread: `${calling(entry, "vread")} ${answer}`,
    vwrite: `${calling(entry, "vwrite")} (i32.const 0)`,
    timer: calling(entry, "timer"),
  });
}

const OPTION = { index: 0, name: "option", argument: "x" };
const INTR = { pic: "gic", line: 5 };

function expectedIn(entry: GateEntry, callback: CallbackName): readonly string[] {
  const phase = STARTUP.includes(callback) ? "startup" : "running";
  const context = CONTEXTS.findIndex((one) => one.callback === callback && one.phase === phase);
  const verdict = VERDICTS[CONFORMANCE[entry.name]![context]!]!;
  return NEEDS_OWN_THREAD.includes(entry.name) ? [...verdict, "violation:thread"] : verdict;
}

/** The verdicts about one function in one callback; its arguments are another test's business. */
function verdicts(findings: readonly Finding[], entry: GateEntry, callback: CallbackName): string[] {
  return findings
    .filter((one) => one.call?.name === entry.name && one.situation.callback === callback && one.rule !== "argument")
    .map((one) => `${one.severity}:${one.rule}`);
}

describe("a module that makes one call in every callback", () => {
  const callable = CALLABLE.filter((entry) => !NEVER_RETURN.includes(entry.name));

  it.each(callable.map((entry) => [entry.name, entry] as const))("%s", (_name, entry) => {
    const { vm } = vmOf(moduleCalling(entry), { policy: "report" }, { vdev: { intr: INTR, options: () => [OPTION] } });
    expect(read(vm, DEVICE)).toEqual([0, 7n]);
    expect(write(vm, DEVICE, 1n)).toBe(0);
    vm.clockStep(1000n);
    vm.control("status");
    vm.control("button");
    // What is broken in TERMINATE itself comes after the end was decided.
    const broken = vm.findings.all.some((one) => one.severity === "violation");
    expect(vm.terminate().exitCode).toBe(broken ? 6 : 0);
    const callbacks = [...STARTUP, ...RUNNING];
    const got = callbacks.map((callback) => [callback, verdicts(vm.findings.all, entry, callback)]);
    expect(got).toEqual(callbacks.map((callback) => [callback, expectedIn(entry, callback)]));
  });

  it.each(NEVER_RETURN)("%s ends the start of the VM with a sentence", (name) => {
    const entry = CALLABLE.find((one) => one.name === name)!;
    expect(() => vmOf(moduleCalling(entry))).toThrow(UserError);
  });

  it.each(callable.flatMap((entry) => (STARTUP.some((where) => isRefused(entry, where)) ? [entry.name] : [])))(
    "%s stops the start under strict, and the report says where",
    (name) => {
      const entry = CALLABLE.find((one) => one.name === name)!;
      const first = STARTUP.find((where) => isRefused(entry, where))!;
      expect(() => vmOf(moduleCalling(entry), {}, { vdev: { options: () => [OPTION] } })).toThrow(
        new RegExp(`violation: ${name}\\(\\)[\\s\\S]*callback ${first}, phase startup, main thread`),
      );
    },
  );
});

function isRefused(entry: GateEntry, callback: CallbackName): boolean {
  return expectedIn(entry, callback).some((verdict) => verdict.startsWith("violation"));
}
