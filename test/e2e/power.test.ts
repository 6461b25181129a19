/**
 * Power states of a real guest: HLT is waiting, the event that wakes it is running again. Oracle: the program, which
 * halts a known number of times, and a replay.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { AT, TABLE, watVdev } from "../support/wat-vdev.ts";
import { scratch, vdevbox } from "./command-line.ts";

/** Reports each time CPU 0 begins to wait; a write arms a timer that fires that many nanoseconds later, once. */
const WATCHER = watVdev({
  fields: `
    (import "qvm" "guest_power_state_notify_create" (func $create (param i32) (result i32)))
    (import "qvm" "guest_power_state_notify_register" (func $watch (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "qvm" "guest_timer_create" (func $timer_create (param i32 i32 i32 i32) (result i32)))
    (import "qvm" "guest_timer_notify" (func $arm (param i32 i32 i32 i32) (result i32)))
    (import "qvm" "qvm_report" (func $report (param i32 i32)))
    (data (i32.const ${AT.scratch}) "waits\\00")
    (global $at (mut i32) (i32.const 0))
    (func $waits (param i32 i32) (call $report (i32.const ${AT.scratch}) (i32.const ${AT.scratch + 64})))
    (elem (i32.const ${TABLE.extra}) $waits)`,
  control: `
    (if (i32.eqz (local.get $ctrl)) (then
      (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
    (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
      (global.set $at (call $timer_create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const ${AT.scratch + 128})))
      (call $watch (call $create (i32.load offset=8 (local.get $vdp))) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)
        (i32.const 1) (i32.const 0) (i32.const ${TABLE.extra}) (i32.const 0))))
    (i32.const 0)`,
  vwrite:
    "(drop (call $arm (global.get $at) (i32.const 0) (i32.load offset=32 (local.get $gcp)) (i32.const 0))) (i32.const 0)",
});

const HALT = "movl $1000000, 0xe0000000\n sti\n hlt\n";

describe("a guest that halts", () => {
  let folder: string;
  const file = (name: string, text: string | Uint8Array) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  beforeAll(() => {
    folder = join(scratch(), "power");
    mkdirSync(folder, { recursive: true });
    file("watcher.wasm", WATCHER);
  });

  it("waits until the next event, and a vdev is told of each time; recorded, and replayed to the byte", () => {
    const conf = file("vm.qvmconf", "system p\nram 0,4M\nvdev watcher loc 0xe0000000\n");
    const program = file("g.s", `start:\n${HALT.repeat(3)} mov $0, %eax\n out %eax, $EXIT_PORT\n`);
    const recording = join(folder, "run.rec");
    const run = vdevbox("run", conf, "--guest", program, "--record", recording);
    expect(run.err).toContain("the guest exited with 0");
    expect(run.out.match(/^watcher: waits$/gm)).toHaveLength(3);
    expect(readFileSync(recording, "utf8").match(/^power 0 (wait|on)$/gm)).toEqual(
      new Array(3).fill(["power 0 wait", "power 0 on"]).flat(),
    );
    expect(vdevbox("replay", recording).out).toContain("identical");
  });

  it("for ever is waiting at the end", () => {
    const conf = file("vm.qvmconf", "system p\nram 0,4M\nvdev watcher loc 0xe0000000\n");
    const recording = join(folder, "halted.rec");
    const run = vdevbox("run", conf, "--guest", file("h.s", "start:\n sti\n hlt\n"), "--record", recording);
    expect(run.err).toContain("the guest halted, and nothing will wake it (exit code 0)");
    expect(run.out.match(/^watcher: waits$/gm)).toHaveLength(1);
    expect(vdevbox("replay", recording).out).toContain("identical");
  });

  it("in a script is the word `power`, for a vCPU that is there", () => {
    const conf = file("vm.qvmconf", "system p\nram 0,4M\ncpu cpu\nvdev watcher loc 0xe0000000\n");
    const run = vdevbox(
      "run",
      conf,
      "--guest",
      file("p.script", "power 0 wait\npower 1 off\npower 0 on\npower 0 wait\n"),
    );
    expect(run.out.match(/^watcher: waits$/gm)).toHaveLength(2);
    const wrong = vdevbox("run", conf, "--guest", file("w.script", "power 2 wait\n"));
    expect(wrong.err).toMatch(/w\.script:1:1: there is no vCPU 2/);
    expect(wrong.code).toBe(2);
  });
});
