/** Oracle: the run itself. A recording of it must replay to the byte, whatever went wrong in it. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCore } from "../../test/support/elf-core.ts";
import { endingVdev, WRITE } from "../../test/support/ending-vdev.ts";
import { moduleFile, read, write } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { parseConfig } from "../config/parse-config.ts";
import type { VmEvent } from "../vm/events.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { Recorder, type RecordingLimit } from "./recorder.ts";
import { replay } from "./replay.ts";
import { parseRecording } from "./text.ts";

const BASE = 0x1c000000n;

/** Runs a module of the folder with what `drive` does to it, and records. */
function record(
  module: string,
  config: string,
  drive: (vm: Vm) => void,
  limit?: RecordingLimit,
): { text: string; modulePath: string[] } {
  const modulePath = [dirname(module)];
  const text: string[] = [];
  const early: VmEvent[] = [];
  let recorder: Recorder | undefined;
  const plan = planFromConfig(parseConfig(config, "test.qvmconf"), { modulePath });
  const vm = createVm(plan, {
    listener: (event) => (recorder === undefined ? early.push(event) : recorder.event(event)),
  });
  const source = { guest: "script", pieces: [{ text: config, file: "test.qvmconf" }] };
  recorder = new Recorder(vm, source, (part) => text.push(part), limit);
  for (const event of early) recorder.event(event);
  drive(vm);
  recorder.end(vm.terminate());
  return { text: text.join(""), modulePath };
}

const replayText = (text: string, modulePath: string[]) => replay(parseRecording(text, "test.rec"), { modulePath });

const device = (name: string, vdev: Parameters<typeof watVdev>[0] = {}) => moduleFile(watVdev(vdev), name);
const conf = (name: string, settings = "") => `system test\nram 0,1M\n${settings}\nvdev ${name} loc 0x1c000000\n`;

describe("a recording replays to the byte", () => {
  it("of accesses, bus errors and RAM", () => {
    const { text, modulePath } = record(device("plain"), conf("plain"), (vm) => {
      read(vm, BASE);
      write(vm, BASE + 4n, 0x1234n);
      read(vm, 0x5000_0000n);
      write(vm, 0x100n, 0xcafen, 2);
      read(vm, 0x100n, 8);
    });
    expect(text).toContain("readl 0x50000000 vcpu=0 => error");
    expect(text).toContain("readq 0x100 vcpu=0 => ok 0xcafe");
    expect(replayText(text, modulePath)).toMatchObject({ divergence: undefined, exitCode: 0 });
  });

  it("of a vdev that faults", () => {
    const file = device("faults", { vread: "(unreachable)" });
    const { text, modulePath } = record(file, conf("faults"), (vm) => {
      read(vm, BASE);
      read(vm, BASE);
    });
    expect(text).toMatch(/^fault faults /m);
    expect(replayText(text, modulePath)).toMatchObject({ divergence: undefined, exitCode: 6 });
  });

  it("of violations that are only reported", () => {
    const file = device("late", {
      fields: `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))`,
      vwrite: "(drop (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const 4096))) (i32.const 0)",
    });
    const { text, modulePath } = record(file, conf("late", "set vdevbox-policy report"), (vm) => {
      write(vm, BASE, 1n);
    });
    expect(text).toMatch(/^violation phase guest_timer_create late/m);
    expect(replayText(text, modulePath)).toMatchObject({ divergence: undefined, exitCode: 6 });
  });

  it("of the end of the VM in the middle", () => {
    const file = device("ends", { vread: "(i32.const 5)" });
    const { text, modulePath } = record(file, conf("ends"), (vm) => {
      read(vm, BASE);
      read(vm, BASE);
    });
    expect(text).toContain("readl 0x1c000000 vcpu=0 => stop");
    expect(replayText(text, modulePath).divergence).toBeUndefined();
  });
});

describe("a guest dump", () => {
  const file = moduleFile(endingVdev(), "dumper");
  const folder = mkdtempSync(join(tmpdir(), "vdevbox-replay-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const dumping = (dump: string) =>
    record(file, conf("dumper", `dump ${dump}`), (vm) => {
      write(vm, 0x100n, 0xabn, 1);
      write(vm, BASE, BigInt(WRITE.dump));
      vm.control("dump");
    });

  it("is not written again, unless that is asked for", () => {
    const dump = join(folder, "a.core");
    const { text, modulePath } = dumping(dump);
    rmSync(dump);
    expect(replayText(text, modulePath)).toMatchObject({ divergence: undefined, dumps: 2 });
    expect(existsSync(dump)).toBe(false);
    const told: [string, number][] = [];
    const onDump = (name: string, errno: number) => told.push([name, errno]);
    expect(replay(parseRecording(text, "test.rec"), { modulePath, onDump }).divergence).toBeUndefined();
    expect(told).toEqual([
      [dump, 0],
      [`${dump}.1`, 0],
    ]);
    expect(readCore(readFileSync(dump)).segments[1]!.bytes[0x100]).toBe(0xab);
  });

  it("that could not be written then is a failure again, though it could be now", () => {
    const below = join(folder, "later");
    const { text, modulePath } = dumping(join(below, "b.core"));
    expect(text).toMatch(/^dump 2$/m);
    mkdirSync(below);
    expect(replay(parseRecording(text, "t.rec"), { modulePath, onDump: () => {} }).divergence).toBeUndefined();
    expect(existsSync(join(below, "b.core"))).toBe(true);
  });
});

describe("a replay that differs says where", () => {
  it("names the event, and what it was and is", () => {
    const { text, modulePath } = record(device("plain2"), conf("plain2"), (vm) => {
      read(vm, BASE);
    });
    const changed = text.replace("=> ok 0x7", "=> ok 0x8");
    expect(replayText(changed, modulePath).divergence).toEqual({
      event: 1,
      expected: "readl 0x1c000000 vcpu=0 => ok 0x8",
      got: "readl 0x1c000000 vcpu=0 => ok 0x7",
    });
  });

  it("also where one of the two has more to tell", () => {
    const { text, modulePath } = record(device("plain3"), conf("plain3"), (vm) => {
      read(vm, BASE);
    });
    const more = text.replace("\ncontrol terminate", '\nreport plain3 "said"\ncontrol terminate');
    expect(replayText(more, modulePath).divergence).toEqual({
      event: 2,
      expected: 'report plain3 "said"',
      got: "control terminate",
    });
    const longer = text.replace("\nend ", '\nreport plain3 "said"\nend ');
    expect(replayText(longer, modulePath).divergence).toEqual({
      event: 3,
      expected: 'report plain3 "said"',
      got: "(the run ends)",
    });
  });

  it("notices a final state that is not the same though every event is", () => {
    const file = device("counts", {
      fields: "(global $n (mut i32) (i32.const 0))",
      vwrite: "(global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.const 0)",
    });
    const one = record(file, conf("counts"), (vm) => void write(vm, BASE, 1n));
    const two = record(file, conf("counts"), (vm) => {
      write(vm, BASE, 1n);
      write(vm, BASE, 1n);
    });
    const state = /state=(\w+)/.exec(two.text)![1]!;
    const divergence = replayText(one.text.replace(/state=\w+/, `state=${state}`), one.modulePath).divergence;
    expect(divergence?.expected).toBe(`final state ${state}`);
  });

  it("refuses a module that is not the recorded one", () => {
    const file = device("swapped");
    const { text, modulePath } = record(file, conf("swapped"), () => {});
    copyFileSync(device("other", { vwrite: "(nop) (i32.const 0)" }), file);
    expect(() => replayText(text, modulePath)).toThrow(/swapped\.wasm is not the module that was recorded/);
  });
});

describe("a guest that polls", () => {
  it("makes a small recording, and every access is made again", () => {
    const { text, modulePath } = record(device("polled"), conf("polled"), (vm) => {
      for (let i = 0; i < 10_000; i++) {
        write(vm, BASE + 4n, 1n);
        read(vm, BASE);
      }
      write(vm, BASE + 4n, 2n);
    });
    expect(text.split("\n").length).toBeLessThan(40);
    expect(replayText(text, modulePath)).toMatchObject({ divergence: undefined, events: 20_002, endsAtLimit: false });
    const changed = text.replace(/repeat 2 (\d+)/, (_all, times) => `repeat 2 ${times - 1}`);
    expect(replayText(changed, modulePath).divergence).toMatchObject({
      event: 20_001, // every access there is answers the same, but two are not made
      expected: expect.stringMatching(/^final state/),
    });
  });
});

describe("a recording that reaches its limit", () => {
  // The access that sets its line says something in the middle of it.
  const noisy = device("noisy", {
    fields: `(import "qvm" "qvm_report" (func $report (param i32 i32))) (data (i32.const 900) "said\\00")`,
    vwrite: "(call $report (i32.const 900) (i32.const 1000)) (i32.const 0)",
  });

  it("ends behind a whole access, says so once, and replays up to there", () => {
    let reached = 0;
    const limit = { bytes: 8000, onReached: () => void reached++ };
    const drive = (vm: Vm) => {
      for (let i = 0; i < 1000; i++) write(vm, BASE, BigInt(i));
    };
    const { text, modulePath } = record(noisy, conf("noisy"), drive, limit);
    expect(reached).toBe(1);
    expect(text.length).toBeLessThanOrEqual(8000);
    expect(text.length).toBeGreaterThan(7000);
    expect(text.split("\n").slice(-3)).toEqual([expect.stringMatching(/^writel .*=> ok$/), "end limit", ""]);
    expect(replayText(text, modulePath)).toMatchObject({ divergence: undefined, endsAtLimit: true });
  });

  it("is not the same when one of its events is not", () => {
    const limit = { bytes: 4000, onReached: () => {} };
    const drive = (vm: Vm) => {
      for (let i = 0; i < 1000; i++) write(vm, BASE, BigInt(i));
    };
    const { text, modulePath } = record(noisy, conf("noisy"), drive, limit);
    const changed = text.replace(/"said"(?=\nwritel 0x1c000000 0x5 )/, '"no"');
    expect(replayText(changed, modulePath).divergence).toMatchObject({ expected: 'report noisy "no"' });
    const more = text.replace("\nend limit", '\nreport noisy "more"\nend limit');
    expect(replayText(more, modulePath).divergence).toMatchObject({
      expected: 'report noisy "more"',
      got: "(nothing)",
    });
  });
});
