/**
 * Threads that run at the same time and share things. Oracle: sums that do not depend on who was faster, POSIX for what
 * calls answer, and the host's monotonic clock, of which only lower bounds are asked: a busy machine is late, never early.
 */
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
const THREADS = 4;
/** What each thread waits for, in milliseconds. */
const WAIT_MS = 40;

let file: string;
beforeAll(async () => {
  const source = join(packageRoot(), "test/parallel/assembly/stress.ts");
  const { wasm, sourceMap } = await compileVdev({ file: source, projectDir: packageRoot() });
  file = moduleFile(wasm, "stress", sourceMap);
}, 60_000);

let vm: Vm;
function start(plan: Parameters<typeof vmPlan>[1] = {}): void {
  vm = createVm(vmPlan([vdevPlan(file)], { threads: "parallel", time: "wall", limits: { steps: 2 ** 30 }, ...plan }));
}

afterEach(async () => {
  vm.terminate();
  await vm.parallel!.gone();
  expect(vm.parallel!.workers).toBe(0);
});

const word = (at: number) => Number(read(vm, DEVICE + BigInt(4 * at))[1]);

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`it never came: ${vm.findings.all.map(({ message }) => message)}`);
    await new Promise(setImmediate);
  }
}

/** Runs an experiment to its end. @returns what it says from word 1 on */
async function experiment(which: number, words = 6): Promise<number[]> {
  start();
  write(vm, DEVICE, BigInt(which));
  await until(() => word(0) === 1);
  expect(vm.findings.all).toEqual([]);
  return Array.from({ length: words }, (_, i) => word(1 + i));
}

describe("four threads count to a hundred thousand", () => {
  it("and lose nothing under a mutex", async () => {
    expect(await experiment(1, 1)).toEqual([THREADS * 25_000]);
  });

  it("nor with atomic.add", async () => {
    expect(await experiment(2, 1)).toEqual([THREADS * 25_000]);
  });

  it("and without either all but one are lost, where all fetch before one writes: they do run at the same time", async () => {
    expect(await experiment(3, 1)).toEqual([1]);
  });

  it("and a recursive mutex is free only when it was unlocked as often as locked", async () => {
    expect(await experiment(4, 1)).toEqual([THREADS * 200]);
  });

  it("and semaphores hand everything over once", async () => {
    expect(await experiment(8, 3)).toEqual([2 * 500_500, 4, 0]);
  });
});

describe("what each thread has for itself", () => {
  it("is its errno", async () => {
    expect(await experiment(5, 2)).toEqual([0, THREADS * 300]);
  });

  it("is whether it may be cancelled, and its cleanup handlers", async () => {
    expect(await experiment(7, 4)).toEqual([0, THREADS, THREADS, THREADS]);
  });

  it("is its name, by which findings call it", async () => {
    start({ limits: { steps: 1000 } });
    write(vm, DEVICE, 10n);
    await until(() => vm.findings.all.length > 0);
    expect(vm.findings.all[0]!.message).toContain("the named one");
  });

  it("is not pthread_once(): one makes it, and the others wait until it is made", async () => {
    expect(await experiment(6, 2)).toEqual([0, 11]);
  });
});

describe("time is the host's", () => {
  it("for every kind of wait, each on its own thread", async () => {
    const before = performance.now();
    const waited = await experiment(9, 6);
    expect(performance.now() - before).toBeGreaterThanOrEqual(WAIT_MS);
    for (const us of waited) expect(us).toBeGreaterThanOrEqual(WAIT_MS * 1000);
  });

  it("also when the guest makes one access after another, however late the run began", () => {
    start();
    const late = performance.now() + 2 * WAIT_MS;
    while (performance.now() < late); // as if the start of the VM had taken so long
    const before = performance.now();
    write(vm, DEVICE, 12n);
    while (word(0) === 0 && performance.now() < before + 20_000);
    expect(word(0)).toBe(1);
    expect(performance.now() - before).toBeGreaterThanOrEqual(WAIT_MS);
  });

  it("and a wait holds up neither the guest nor the threads beside it", async () => {
    start();
    write(vm, DEVICE, 13n);
    await until(() => vm.threads!.all.some(({ wait }) => wait?.for === "time"));
    write(vm, DEVICE, 2n);
    await until(() => word(0) === 1);
    expect(word(1)).toBe(THREADS * 25_000);
    expect(vm.threads!.all.filter(({ wait }) => wait?.for === "time")).toHaveLength(1);
  });
});

describe("a callback that waits for a lock", () => {
  it.each([
    ["goes on when its owner has slept", 97n],
    ["goes on when a timer's callback has woken its owner, though that fires in the middle of it", 98n],
  ])("%s", (_, which) => {
    start();
    const before = performance.now();
    write(vm, DEVICE, which);
    expect(performance.now() - before).toBeGreaterThanOrEqual(WAIT_MS);
    expect(word(1)).toBe(1);
    expect(vm.findings.all).toEqual([]);
  });
});

describe("calls of threads", () => {
  it("are as many as they like, though the guest makes no access meanwhile", async () => {
    start({ limits: { hostWork: 5000, steps: 20_000 } }); // of one callback, and between two calls
    write(vm, DEVICE, 11n);
    await until(() => vm.findings.all.length > 0 || vm.threads!.all.every(({ state }) => state === "ended"));
    expect(vm.findings.all).toEqual([]);
    expect(word(1)).toBe(THREADS * 3000);
  });

  it("that may block are a violation on a vCPU's thread, as ever", () => {
    start({ policy: "report" });
    vm.parallel!.patienceMs = 20;
    write(vm, DEVICE, 99n);
    expect(vm.findings.all[0]).toMatchObject({ rule: "may-block", message: expect.stringContaining("sem_wait()") });
  });
});
