/** Threads of vdevs in virtual time. Oracle: POSIX for what calls do, and arithmetic for when. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { type Finding, formatFinding } from "../../host/gate/finding.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import { packageRoot } from "../../host/paths.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { stateDigest, VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";
import { AT, TABLE, watVdev } from "../support/wat-vdev.ts";

const DEVICE = 0x1c000000n;
const MS = 1_000_000n;
const files: Record<string, string> = {};
const sources: Record<string, string[]> = {};
beforeAll(async () => {
  for (const name of ["worker", "waiting"]) {
    const file = join(packageRoot(), `test/threads/assembly/${name}.ts`);
    const { wasm, sourceMap } = await compileVdev({ file, projectDir: packageRoot() });
    files[name] = moduleFile(wasm, name, sourceMap);
    sources[name] = readFileSync(file, "utf8").split("\n");
  }
}, 60_000);

function vmOf(name: "worker" | "waiting", plan: Parameters<typeof vmPlan>[1] = {}): { vm: Vm; events: VmEvent[] } {
  const events: VmEvent[] = [];
  const vm = createVm(vmPlan([vdevPlan(files[name]!)], plan), { listener: (event) => events.push(event) });
  return { vm, events };
}

const lineOf = (name: string, remark: string) => sources[name]!.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;
const messages = (vm: Vm) => vm.findings.all.map((one) => one.message);

describe("a worker behind a queue", () => {
  it("works while virtual time passes, and not before", () => {
    const { vm } = vmOf("worker");
    expect(write(vm, DEVICE, 5n)).toBe(AccessStatus.done);
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 0n]);
    vm.clockStep(MS - 1n);
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 0n]);
    vm.clockStep(1n);
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 5n]);
    write(vm, DEVICE, 7n);
    vm.clockStep(MS);
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 12n]);
    expect(messages(vm)).toEqual([]);
  });

  it("is cancelled and joined at TERMINATE; without a cleanup handler it keeps the mutex it waited with", () => {
    const { vm, events } = vmOf("worker");
    vm.terminate();
    expect(events.flatMap((event) => (event.kind === "report" ? [event.text] : []))).toEqual(["joined 0 with -1"]);
    expect(messages(vm)).toEqual(["a thread ended while it held v_mtx of device"]);
  });

  it.each([1, 2, 3, 4, 5])("does the same at every seed, and the same seed gives the same run (%i)", (seed) => {
    const run = () => {
      const { vm } = vmOf("worker", { seed });
      for (const number of [3n, 5n, 9n]) {
        write(vm, DEVICE, number);
        vm.clockStep(2n * MS);
      }
      return { sum: read(vm, DEVICE)[1], digest: stateDigest(vm), findings: messages(vm) };
    };
    const first = run();
    expect(first).toMatchObject({ sum: 17n, findings: [] });
    expect(run()).toEqual(first);
  });

  it("goes on from where it waited when the VM is put back, as often as wanted", () => {
    const { vm } = vmOf("worker");
    write(vm, DEVICE, 5n);
    const start = new VmSnapshot(vm);
    const before = stateDigest(vm);
    for (let round = 0; round < 3; round++) {
      vm.clockStep(MS);
      expect(read(vm, DEVICE)[1]).toBe(5n);
      write(vm, DEVICE, 8n);
      vm.clockStep(MS);
      expect(read(vm, DEVICE)[1]).toBe(13n);
      start.restore();
      expect(stateDigest(vm)).toBe(before);
      expect(read(vm, DEVICE)[1]).toBe(0n);
      start.restore();
    }
  });
});

describe("waiting", () => {
  it("delay() wakes at its time", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 2n);
    const seen: bigint[] = [];
    for (let step = 0; step < 7; step++) {
      vm.clockStep(5n * MS);
      seen.push(read(vm, DEVICE)[1]);
    }
    expect(seen).toEqual([0n, 1n, 1n, 2n, 2n, 3n, 3n]);
  });

  it("sem_wait() takes what is there, and then one a sem_post()", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 3n);
    expect(read(vm, DEVICE)[1]).toBe(1n);
    write(vm, DEVICE, 10n);
    expect(read(vm, DEVICE)[1]).toBe(2n);
  });

  it("pthread_cond_timedwait() ends at its time with ETIMEDOUT", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 4n);
    vm.clockStep(2_000n * MS + 499n);
    expect(read(vm, DEVICE)[1]).toBe(0n);
    vm.clockStep(1n);
    expect(read(vm, DEVICE)[1]).toBe(110n);
  });

  it("pthread_cancel() ends a sleeping thread", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 2n);
    write(vm, DEVICE, 11n);
    vm.clockStep(100n * MS);
    expect(read(vm, DEVICE)[1]).toBe(0x1000n);
    expect(messages(vm)).toEqual([]);
  });
});

describe("what a vCPU thread must not do", () => {
  it("is to join: the call may block", () => {
    const { vm } = vmOf("waiting", { policy: "report" });
    write(vm, DEVICE, 2n);
    write(vm, DEVICE, 13n);
    expect(vm.findings.all[0]).toMatchObject({ rule: "may-block", call: { name: "pthread_join" } });
    expect(vm.findings.all[0]!.stack[0]!.line).toBe(lineOf("waiting", "joins in vwrite"));
  });
});

describe("threads that go wrong", () => {
  it("a deadlock stops the module, and says who waits for what", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 1n);
    expect(read(vm, DEVICE + 4n)[0]).toBe(AccessStatus.busError);
    const fault = vm.findings.all.find((one) => one.severity === "fault")!;
    expect(fault.message).toMatch(
      /^deadlock: vCPU 0 waits for the mutex at \S+, which a thread of device holds; a thread of device waits for the mutex at \S+, which vCPU 0 holds$/,
    );
    expect(vm.instances[0]!.stopped).toBeDefined();
    expect(fault.stack[0]!.line).toBe(lineOf("waiting", "abba vread"));
    const remarks = ["abba vread", "abba holds a", "abba thread", "vread holds b"];
    expect(fault.also!.map(({ stack }) => stack[0]!.line)).toEqual(remarks.map((remark) => lineOf("waiting", remark)));
    expect(fault.also!.map(({ what }) => what.replace(/0x\w+/, "…"))).toEqual([
      "vCPU 0 waits",
      "a thread of device locked the mutex at …",
      "a thread of device waits",
      "vCPU 0 locked the mutex at …",
    ]);
    expect(formatFinding(fault)).toContain("  also    vCPU 0 waits:\n");
  });

  it("one that never waits runs out of fuel, at its line", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 5n);
    const fault = vm.findings.all.find((one) => one.severity === "fault")!;
    expect(fault.rule).toBe("limit");
    expect(fault.message).toMatch(/^a thread of device in \S+waiting\.wasm took more than \d+ steps without waiting$/);
    expect(fault.situation).toMatchObject({ callback: "thread", thread: "vdev" });
    expect(fault.stack[0]!.line).toBe(lineOf("waiting", "spins"));
  });

  it("one that only gives its turn away does not keep the guest from going on", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 6n);
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 0n]);
    expect(messages(vm).filter((text) => !/pthread_create/.test(text))).toEqual([]);
  });

  it("one that faults stops its module instance, at its line", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 7n);
    vm.clockStep(MS);
    const fault = vm.findings.all.find((one) => one.severity === "fault")!;
    expect(fault.stack[0]!.line).toBe(lineOf("waiting", "traps"));
    expect(read(vm, DEVICE)[0]).toBe(AccessStatus.busError);
    expect(vm.terminate().exitCode).toBe(6);
  });

  it("too many of them are refused", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 12n);
    expect(read(vm, DEVICE)[1]).toBe(256n);
  });

  it("one that is cancelled and never joined is told", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 2n);
    write(vm, DEVICE, 11n);
    vm.terminate();
    expect(messages(vm)).toEqual([
      "a thread of device was cancelled, and not joined by the end of VDEV_CTRL_TERMINATE",
    ]);
  });

  it("one that has returned by itself is let be", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 2n);
    vm.clockStep(100n * MS);
    vm.terminate();
    expect(messages(vm)).toEqual([]);
  });

  it("one that is alive after TERMINATE is told", () => {
    const { vm } = vmOf("waiting");
    write(vm, DEVICE, 2n);
    vm.terminate();
    expect(messages(vm)).toEqual(["a thread of device is still alive after VDEV_CTRL_TERMINATE"]);
    const [{ also }] = vm.findings.all as [Finding];
    expect(also?.map(({ what, stack }) => [what, stack[0]?.line])).toEqual([
      ["it was made", lineOf("waiting", "makes it")],
    ]);
  });
});

describe("callbacks that wait", () => {
  it("a timer that sleeps longer than its period is stopped before the host is", () => {
    const module = watVdev({
      memory: "32 32",
      fields: `(import "posix" "pthread_create" (func $create (param i32 i32 i32 i32) (result i32)))
        (import "posix" "delay" (func $delay (param i32) (result i32)))
        (import "qvm" "guest_timer_create" (func $make (param i32 i32 i32 i32) (result i32)))
        (import "qvm" "guest_timer_notify" (func $arm (param i32 i32 i32 i32) (result i32)))
        (global $timer (mut i32) (i32.const 0))`,
      control: `(if (i32.eqz (local.get $ctrl)) (then
          (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
        (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
          (global.set $timer (call $make (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const ${AT.scratch})))))
        (i32.const 0)`,
      vwrite: "(drop (call $arm (global.get $timer) (i32.const 0) (i32.const 1000) (i32.const 0))) (i32.const 0)",
      timer: `(drop (call $arm (global.get $timer) (i32.const 0) (i32.const 1000000) (i32.const 0)))
        (drop (call $delay (i32.const 1000)))`,
    });
    const vm = createVm(vmPlan([vdevPlan(moduleFile(module))], { policy: "report" }));
    write(vm, DEVICE, 1n);
    vm.clockStep(1000n * MS);
    const fault = vm.findings.all.find((one) => one.severity === "fault")!;
    expect(fault.message).toMatch(/^more than 32 callbacks wait at once/);
    expect(vm.instances[0]!.stopped).toBeDefined();
  });

  it("vread waits for the address space lock that a thread holds", () => {
    const lock = (call: string, vdp: string) => `(drop (call $${call} (i32.load offset=8 ${vdp}) (i32.const 0)))`;
    const module = watVdev({
      fields: `(import "posix" "pthread_create" (func $create (param i32 i32 i32 i32) (result i32)))
        (import "posix" "delay" (func $delay (param i32) (result i32)))
        (import "qvm" "gasp_lock" (func $lock (param i32 i32) (result i32)))
        (import "qvm" "gasp_unlock" (func $unlock (param i32 i32) (result i32)))
        (func $thread (param $vdp i32) (param i32) (result i32)
          ${lock("lock", "(local.get $vdp)")} (drop (call $delay (i32.const 10))) ${lock("unlock", "(local.get $vdp)")}
          (i32.const 0))
        (elem (i32.const ${TABLE.extra}) $thread)`,
      vwrite: `(drop (call $create (i32.const 0) (i32.const 0) (i32.const ${TABLE.extra}) (local.get $vdp))) (i32.const 0)`,
      vread: `${lock("lock", "(local.get $vdp)")} ${lock("unlock", "(local.get $vdp)")}
        (i32.store offset=32 (local.get $gcp) (i32.const 7)) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
    });
    const vm = createVm(vmPlan([vdevPlan(moduleFile(module))]));
    write(vm, DEVICE, 1n);
    expect(read(vm, DEVICE)).toEqual([AccessStatus.done, 7n]);
    expect(vm.nowNs).toBe(10n * MS);
    expect(vm.findings.count("violation")).toBe(0);
  });
});
