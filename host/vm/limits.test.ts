/** Oracle: a loop of a known length, and a recursion of a known depth, on both sides of a limit. */
import { describe, expect, it } from "vitest";
import { read } from "../../test/support/vm.ts";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";

const answer = (gcp = "(local.get $gcp)") =>
  `(i32.store offset=32 ${gcp} (i32.const 7)) (i32.store offset=40 ${gcp} (i32.const 3)) (i32.const 0)`;
/** A read that turns a loop a hundred thousand times. */
const loops = watVdev({
  vread: `(local $n i32) (loop $again (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 100000)))) ${answer()}`,
});
/** A read that recurses without end. */
const recurses = watVdev({
  fields: "(func $deeper (param i32) (result i32) (i32.add (i32.const 1) (call $deeper (local.get 0))))",
  vread: `(drop (call $deeper (i32.const 0))) ${answer()}`,
});
/** A read that recurses five hundred times. */
const bounded = watVdev({
  fields: `(func $deeper (param i32) (result i32) (if (result i32) (local.get 0)
    (then (i32.add (i32.const 1) (call $deeper (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))`,
  vread: `(drop (call $deeper (i32.const 500))) ${answer()}`,
});

/** Whether one read is answered, else what stopped the vdev. */
function outcome(module: Uint8Array, settings: string): string {
  const { vm, error } = startConfig({ dev: module }, `${settings} vdev dev loc 0x1000`);
  expect(error).toBe("");
  const [status] = read(vm!, 0x1000n);
  // The limit is the sandbox's own: the engine's would have thrown without it being set.
  return status === 0 ? "answered" : `${vm!.vdevs[0]!.instance.limit}: ${vm!.findings.all[0]!.message}`;
}

describe("vdevbox-steps", () => {
  it("is what a callback may take, counted the same every time", () => {
    expect(outcome(loops, "")).toBe("answered");
    expect(outcome(loops, "set vdevbox-steps 0x40000000")).toBe("answered");
    expect(outcome(loops, "set vdevbox-steps 50000")).toMatch(/^fuel: .*dev\.wasm ran past its limit of 50000 steps$/);
  });
});

describe("vdevbox-stack", () => {
  it("is what recursion may take, and never the engine's own limit", () => {
    expect(outcome(bounded, "")).toBe("answered");
    expect(outcome(bounded, "set vdevbox-stack 4k")).toMatch(/^depth: .*called itself too deeply$/);
    expect(outcome(recurses, "set vdevbox-stack 384k")).toMatch(/^depth: /);
    expect(outcome(recurses, "")).toMatch(/^depth: /);
  });
});
