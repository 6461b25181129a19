/** wdog_bite(): the actions and the flag its manual page names, and exit code 4 of qvm's list for a watchdog. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { read, vmOf } from "../../test/support/vm.ts";
import { AT, watVdev } from "../../test/support/wat-vdev.ts";
import type { Vm } from "../vm/vm.ts";

const folder = mkdtempSync(join(tmpdir(), "vdevbox-wdog-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DEVICE = 0x1c000000n;
const IMPORT = '(import "qvm" "wdog_bite" (func $bite (param i32)))';
const ANSWER =
  "(i32.store offset=32 (local.get $gcp) (i32.const 7)) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)";
/** ws_action is the struct's first word; ws_intr follows it. */
const biting = (action: number, before = "") =>
  watVdev({
    fields: IMPORT,
    vread: `(i32.store (i32.const ${AT.scratch}) (i32.const ${action})) ${before} (call $bite (i32.const ${AT.scratch})) ${ANSWER}`,
  });
const INTR = { vdev: { name: "dog", intr: { pic: "gic", line: 5 } } };

describe("WDOG_ACTION_TERMINATE", () => {
  it("ends the VM with exit code 4, does not return, and every vdev gets its TERMINATE", () => {
    const { vm, events } = vmOf(biting(1), {}, INTR);
    expect(read(vm, DEVICE)[0]).toBe(2);
    expect(vm.terminate()).toEqual({ exitCode: 4, reason: "the watchdog dog bit" });
    expect(events.filter((event) => event.kind === "control")).toEqual([{ kind: "control", control: "terminate" }]);
  });

  it("with WDOG_FLAG_DUMP and no `dump FILE` says so, and ends all the same", () => {
    const { vm, events } = vmOf(biting(0x101), {}, INTR);
    read(vm, DEVICE);
    expect(vm.ended?.exitCode).toBe(4);
    expect(events).toContainEqual(expect.objectContaining({ kind: "log", severity: "warn" }));
  });

  it("with WDOG_FLAG_DUMP writes the file first", () => {
    const dump = join(folder, "bite.core");
    const { vm } = vmOf(biting(0x101), { dump, ram: [{ start: 0n, length: 4096n, writable: true }] }, INTR);
    read(vm, DEVICE);
    expect(vm.ended?.exitCode).toBe(4);
    expect(existsSync(dump)).toBe(true);
  });
});

/** What was found beside that a vread bites, and wdog_bite() may block. */
const besideBlocking = (vm: Vm) => vm.findings.all.filter((one) => one.rule !== "may-block");

describe("WDOG_ACTION_INTR", () => {
  it("asserts the v_intr of the vdev that bites, and the VM goes on", () => {
    const { vm } = vmOf(biting(2), {}, INTR);
    expect(read(vm, DEVICE)).toEqual([0, 7n]);
    expect(vm.lines.level("gic", 5)).toBe(true);
  });

  it("asserts ws_intr when that names one", () => {
    // The vdev connects a second line at OPTIONS_END, as it would a watchdog's own.
    const module = watVdev({
      fields: `${IMPORT} (import "qvm" "qvm_parse_intr" (func $parse (param i32 i32 i32) (result i32)))
        (data (i32.const 2048) "gic:9\\00")`,
      control: `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
        (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
          (i32.store (i32.const ${AT.scratch}) (i32.const 2))
          (drop (call $parse (i32.load offset=8 (local.get $vdp)) (i32.const 2048) (i32.const ${AT.scratch + 4})))))
        (i32.const 0)`,
      vread: `(call $bite (i32.const ${AT.scratch})) ${ANSWER}`,
    });
    const { vm } = vmOf(module, {}, INTR);
    expect(read(vm, DEVICE)).toEqual([0, 7n]);
    expect([vm.lines.level("gic", 5), vm.lines.level("gic", 9)]).toEqual([false, true]);
    expect(besideBlocking(vm)).toEqual([]);
  });

  it("with a line the vdev was never connected with is a violation, and no line changes", () => {
    const forged = `(i32.store offset=4 (i32.const ${AT.scratch}) (i32.load offset=32 (local.get $vdp)))
      (i32.store offset=8 (i32.const ${AT.scratch}) (i32.const 9))`;
    const { vm } = vmOf(biting(2, forged), {}, INTR);
    expect(read(vm, DEVICE)[0]).toBe(1);
    expect(besideBlocking(vm)).toMatchObject([{ severity: "violation", rule: "argument" }]);
    expect(vm.lines.high()).toEqual([]);
  });

  it("without any interrupt is a warning", () => {
    const { vm } = vmOf(biting(2));
    expect(read(vm, DEVICE)).toEqual([0, 7n]);
    const said = vm.findings.all.map((one) => `${one.severity}: ${one.message}`);
    expect(said).toContain("warning: wdog_bite() was asked to interrupt the guest, and the watchdog has no interrupt");
  });
});

it.each([0, 3, 0x100, 0x80000001])("an action of %i is a warning and does nothing", (action) => {
  const { vm } = vmOf(biting(action), {}, INTR);
  expect(read(vm, DEVICE)).toEqual([0, 7n]);
  expect(vm.ended).toBeUndefined();
  expect(vm.lines.level("gic", 5)).toBe(false);
  expect(vm.findings.all.map((one) => one.message).join()).toContain("which is no action");
});
