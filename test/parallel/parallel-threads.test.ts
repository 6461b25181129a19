/**
 * Threads that really run in parallel. Oracle: counts that do not depend on who was faster, POSIX for what calls do, and
 * the number of workers that are left. No test sleeps: it looks until what must come has come.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import { packageRoot } from "../../host/paths.ts";
import { LOCK, SHARED_WORD } from "../../host/sandbox/passes/pass.ts";
import { PARALLEL_LIMIT } from "../../host/threads/parallel/parallel-threads.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import { EXIT, type Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
const SOURCE = join(packageRoot(), "test/parallel/assembly/jobs.ts");
/** Jobs of the vdev; any other number counts once and signals. */
const JOB = {
  counting: 1n,
  lockedAndCalling: 2n,
  deadlock: 3n,
  trap: 4n,
  spin: 5n,
  sleep: 6n,
  tooMany: 7n,
  fail: 8n,
  misuse: 9n,
  assert: 10n,
  stuck: 11n,
  queue: 12n,
  left: 13n,
  end: 14n,
  allocate: 15n,
  once: 99n,
} as const;

let file: string;
let lines: string[];
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  file = moduleFile(wasm, "jobs", sourceMap);
  lines = readFileSync(SOURCE, "utf8").split("\n");
}, 60_000);

let made: Vm | undefined;
function start(plan: Parameters<typeof vmPlan>[1] = {}): Vm {
  made = createVm(vmPlan([vdevPlan(file)], { threads: "parallel", time: "wall", ...plan }));
  return made;
}

/** Whatever became of it: nothing is left. */
afterEach(async () => {
  made?.terminate();
  await made?.parallel?.gone();
  expect(made?.parallel?.workers ?? 0).toBe(0);
  made = undefined;
});

const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;
const count = (vm: Vm) => read(vm, DEVICE)[1];
const faults = (vm: Vm) => vm.findings.all.filter(({ severity }) => severity === "fault");

/** Lets the process attend to other things until something holds. */
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("it never came");
    await new Promise(setImmediate);
  }
}

describe("threads at the same time", () => {
  it("count under a lock without losing one, while the guest reads", async () => {
    const vm = start();
    write(vm, DEVICE, JOB.counting);
    await until(() => count(vm) === 200n);
    expect(vm.findings.all).toEqual([]);
  });

  it("are served while a callback waits for a lock whose owner needs the host", () => {
    const vm = start();
    expect(write(vm, DEVICE, JOB.lockedAndCalling)).toBe(AccessStatus.done);
    expect(count(vm)).toBe(2n);
    expect(faults(vm)).toEqual([]);
  });

  it("wait for a condition that the guest's accesses bring about, and go on when nothing else happens", async () => {
    const vm = start();
    write(vm, DEVICE, JOB.queue);
    for (let i = 0; i < 5; i++) write(vm, DEVICE, JOB.once);
    await until(() => count(vm) === 105n);
    expect(vm.findings.all).toEqual([]);
  });

  it("are at most as many as is said, and one more is refused", () => {
    const vm = start();
    write(vm, DEVICE, JOB.tooMany);
    expect(count(vm)).toBe(BigInt(PARALLEL_LIMIT));
    expect(vm.findings.all.map(({ message }) => message)).toContainEqual(
      `vdev_thread_create() cannot make another thread: a VM has ${PARALLEL_LIMIT} of vdevs' own at most`,
    );
  });
});

describe("the end of threads that run in parallel", () => {
  it("comes when they are cancelled in a call that waits, and joined", async () => {
    const vm = start();
    write(vm, DEVICE, JOB.sleep);
    await until(() => vm.threads!.all.some(({ wait }) => wait?.for === "time"));
    vm.terminate();
    expect(vm.findings.all).toEqual([]);
  });

  it("is told of one that is alive after TERMINATE, whether it waits or turns in circles", async () => {
    const vm = start({ limits: { steps: 2 ** 30 } });
    write(vm, DEVICE, JOB.left);
    write(vm, DEVICE, JOB.spin);
    vm.terminate();
    const left = vm.findings.all.filter(({ message }) => message.includes("is still alive after VDEV_CTRL_TERMINATE"));
    expect(left).toHaveLength(1); // the same for both: told once
    expect(vm.findings.times(left[0]!)).toBe(2);
  });

  it("ends the VM when a thread asks for it", async () => {
    const vm = start();
    write(vm, DEVICE, JOB.end);
    await until(() => vm.ended !== undefined);
    expect(vm.ended?.exitCode).not.toBe(0);
  });
});

describe("a thread that the host cannot run", () => {
  it("ends the VM with the reason, and no vdev is to blame", async () => {
    const vm = start();
    vm.parallel!.workerFile = "/nowhere/worker.mjs";
    write(vm, DEVICE, JOB.sleep);
    await until(() => vm.ended !== undefined);
    expect(vm.terminate()).toEqual({
      exitCode: EXIT.fatalAfterStart,
      reason: expect.stringContaining("/nowhere/worker"),
    });
    expect(vm.findings.all).toEqual([]);
  });

  it("is not waited for for ever by who joins it, and the end says so", () => {
    const vm = start();
    vm.parallel!.workerFile = "/nowhere/worker.mjs";
    vm.parallel!.patienceMs = 200;
    write(vm, DEVICE, JOB.sleep);
    // Nothing tells this thread of the worker's error before it does nothing else.
    const reason = expect.stringMatching(/the host did not begin to run .* within 0.2 s/);
    expect(vm.terminate()).toEqual({ exitCode: EXIT.fatalAfterStart, reason });
    expect(vm.findings.all).toEqual([]);
  });
});

describe("a call that the host fails in", () => {
  const broken = () => {
    throw new TypeError("nothing to answer with");
  };

  it("ends the VM with the reason, and no vdev is to blame", async () => {
    const vm = start();
    const [instance] = vm.instances;
    vm.parallel!.addGates(instance!, Array(instance!.module.calls.length).fill(broken));
    write(vm, DEVICE, JOB.sleep);
    await until(() => vm.ended !== undefined);
    const reason = expect.stringMatching(/^the host failed in a call of .*: nothing to answer with$/);
    expect(vm.terminate()).toEqual({ exitCode: EXIT.fatalAfterStart, reason });
    expect(vm.findings.all).toEqual([]);
  });

  it("does so for a callback that waits for the thread", () => {
    const vm = start();
    const [instance] = vm.instances;
    vm.parallel!.addGates(instance!, Array(instance!.module.calls.length).fill(broken));
    write(vm, DEVICE, JOB.sleep);
    // TERMINATE cancels the thread and joins it.
    expect(vm.terminate()).toMatchObject({ exitCode: EXIT.fatalAfterStart });
    expect(vm.findings.all).toEqual([]);
  });
});

describe("mistakes of threads that run in parallel", () => {
  it.each([
    ["trap", "trapped: unreachable", "traps"],
    [
      "misuse",
      "pthread_mutex_unlock() was called for v_mtx of device, which is not locked",
      "unlocks what it does not hold",
    ],
  ] as const)("%s: is told with its line, and stops the module", async (job, message, remark) => {
    const vm = start();
    write(vm, DEVICE, JOB.left);
    write(vm, DEVICE, JOB[job]);
    await until(() => vm.instances[0]!.stopped !== undefined);
    const finding = vm.findings.all.find((one) => one.message.includes(message))!;
    expect(finding).toMatchObject({ situation: { callback: "thread", thread: "vdev" }, affected: ["device"] });
    expect(finding.stack[0]).toMatchObject({ line: lineOf(remark) });
    expect(read(vm, DEVICE)[0]).toBe(AccessStatus.busError);
    expect(vm.ended).toBeUndefined();
    await vm.parallel!.gone();
  });

  it("says what an assertion says", async () => {
    const vm = start();
    write(vm, DEVICE, JOB.assert);
    await until(() => faults(vm).length > 0);
    expect(faults(vm)[0]).toMatchObject({ rule: "abort", message: expect.stringContaining("the count is wrong") });
  });

  it("finds two that wait for each other, one of them a callback", () => {
    const vm = start();
    write(vm, DEVICE, JOB.deadlock);
    const [fault] = faults(vm);
    expect(fault).toMatchObject({
      rule: "deadlock",
      stack: [{ line: lineOf("waits for other") }],
    });
    expect(fault!.message).toContain("v_mtx of device");
  });

  it("stops a thread that takes too many steps without a call", async () => {
    const vm = start();
    write(vm, DEVICE, JOB.spin);
    await until(() => faults(vm).length > 0);
    expect(faults(vm)[0]!.message).toContain("thread job");
    expect(faults(vm)[0]!.message).toContain("steps without waiting");
  });

  it("does not wait for ever for a lock that nobody gives back", () => {
    const vm = start();
    write(vm, DEVICE, JOB.stuck);
    vm.parallel!.patienceMs = 50;
    expect(read(vm, DEVICE)[0]).toBe(AccessStatus.busError);
    expect(faults(vm)[0]).toMatchObject({ rule: "limit", message: expect.stringContaining("v_mtx of device") });
  });

  it("does not wait for ever for the allocator of a thread that failed in it", () => {
    const vm = start();
    write(vm, DEVICE, JOB.fail);
    const [instance] = vm.instances;
    // As if the thread had been in the allocator when it failed, which it has not told yet.
    instance!.setU32(instance!.module.shared!.words.address + SHARED_WORD.lock, LOCK.taken);
    expect(write(vm, DEVICE, JOB.allocate)).toBe(AccessStatus.busError);
    expect(faults(vm)).toMatchObject([{ message: expect.stringContaining("trapped"), situation: { thread: "vdev" } }]);
  });
});

describe("what does not go with threads that run in parallel", () => {
  it.each([
    ["a seed", { seed: 1 }],
    ["a search for races", { races: true }],
    ["virtual time", { time: "virtual" }],
    ["invariants", { invariants: true }],
  ] as const)("%s is refused", (_what, plan) => {
    expect(() => start(plan)).toThrow("cannot be recorded, replayed, explored, fuzzed or put back");
  });

  it("is a snapshot", () => {
    const vm = start();
    expect(() => new VmSnapshot(vm)).toThrow("cannot be put back");
  });
});
