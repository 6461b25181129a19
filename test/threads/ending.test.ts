/** How threads end, and what each has for itself. Oracle: POSIX, and arithmetic for when. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { EINVAL, ETIMEDOUT } from "../../abi/generated/constants.ts";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { stateDigest, VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
const MS = 1_000_000n;
const DO = {
  ...{ waits: 1n, exits: 2n, pops: 3n, forgets: 4n, defers: 5n, once: 6n, onceCancelled: 7n, errno: 8n, timed: 9n },
  ...{ cancel: 20n, join: 21n, lock: 22n, detached: 23n, neverFilled: 24n, name: 25n, equal: 26n, sem: 27n },
  ...{ exitInVwrite: 28n, popNothing: 29n, onceItself: 30n },
} as const;
const CANCELED = 0xffffffffn;
let file: string;
let lines: string[];
beforeAll(async () => {
  const source = join(packageRoot(), "test/threads/assembly/ending.ts");
  lines = readFileSync(source, "utf8").split("\n");
  const { wasm, sourceMap } = await compileVdev({ file: source, projectDir: packageRoot() });
  file = moduleFile(wasm, "ending", sourceMap);
}, 60_000);

const vmOf = (plan: Parameters<typeof vmPlan>[1] = {}): Vm => createVm(vmPlan([vdevPlan(file)], plan));
const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;
const told = (vm: Vm) => vm.findings.all.map((one) => [one.severity, one.rule, one.message]);
const run = (vm: Vm, ...commands: bigint[]) => {
  for (const command of commands) write(vm, DEVICE, command);
};
const steps = (vm: Vm) => read(vm, DEVICE)[1];
const result = (vm: Vm) => read(vm, DEVICE + 4n)[1];

describe("cleanup handlers", () => {
  it("of a thread cancelled in pthread_cond_wait() run with its mutex, and can give it back", () => {
    const vm = vmOf();
    run(vm, DO.waits, DO.cancel, DO.join, DO.lock);
    expect(steps(vm)).toBe(0x12n);
    expect(result(vm)).toBe(0n);
    expect(told(vm)).toEqual([]);
  });

  it("run when a thread exits, the last pushed first, and may wait; pthread_join() gets the value", () => {
    const vm = vmOf();
    run(vm, DO.exits, DO.join);
    vm.clockStep(MS);
    expect(steps(vm)).toBe(0n);
    vm.clockStep(10n * MS);
    expect(steps(vm)).toBe(0x21n);
    expect(result(vm)).toBe(77n);
    expect(told(vm)).toEqual([]);
  });

  it("that are popped run only when that is asked for, and not at the end", () => {
    const vm = vmOf();
    run(vm, DO.pops, DO.join);
    expect([steps(vm), result(vm)]).toEqual([1n, 5n]);
    expect(told(vm)).toEqual([]);
  });

  it("that a function returns with are told, and not called", () => {
    const vm = vmOf();
    run(vm, DO.forgets, DO.join);
    expect([steps(vm), result(vm)]).toEqual([0n, 6n]);
    expect(told(vm)).toEqual([["warning", "thread", expect.stringMatching(/^a thread's function returned with 1 cl/)]]);
  });

  it("are put back with the VM, in the middle of the last one too", () => {
    const vm = vmOf();
    run(vm, DO.exits, DO.join);
    vm.clockStep(MS);
    const start = new VmSnapshot(vm);
    const before = stateDigest(vm);
    for (let round = 0; round < 3; round++) {
      vm.clockStep(10n * MS);
      expect([steps(vm), result(vm)]).toEqual([0x21n, 77n]);
      start.restore();
      expect(stateDigest(vm)).toBe(before);
    }
  });

  it("and exits belong on threads of a vdev's own", () => {
    for (const [command, remark] of [
      [DO.exitInVwrite, "exits in vwrite"],
      [DO.popNothing, "pops nothing"],
    ] as const) {
      const vm = vmOf({ policy: "report" });
      run(vm, command);
      expect(vm.findings.all).toMatchObject([{ severity: "violation", rule: "thread" }]);
      expect(vm.findings.all[0]!.stack[0]!.line).toBe(lineOf(remark));
    }
  });
});

describe("cancellation", () => {
  it("waits until the thread allows it, and does not shorten its sleep", () => {
    const vm = vmOf();
    run(vm, DO.defers, DO.cancel, DO.join);
    vm.clockStep(10n * MS - 1n);
    expect(steps(vm)).toBe(0n);
    vm.clockStep(1n);
    // PTHREAD_CANCEL_ENABLE is 0, _DISABLE is 1: what setcancelstate gave, plus one.
    expect([steps(vm), result(vm)]).toEqual([0x12n, CANCELED]);
  });
});

describe("pthread_once()", () => {
  it.each([undefined, 1, 2, 3])("calls its function once, and whoever comes waits for its end (seed %s)", (seed) => {
    const vm = vmOf({ seed });
    run(vm, DO.once);
    expect(steps(vm)).toBe(1n);
    vm.clockStep(10n * MS);
    expect(steps(vm)).toBe(0x1233n);
    run(vm, DO.once);
    expect(steps(vm)).toBe(0x123333n);
    expect(told(vm)).toEqual([]);
  });

  it("is as if never called when its thread is cancelled in the function", () => {
    const vm = vmOf();
    run(vm, DO.onceCancelled, DO.cancel, DO.onceCancelled);
    vm.clockStep(1000n * MS);
    expect(steps(vm)).toBe(0x113n);
  });

  it("does not wait for itself: that is a deadlock", () => {
    const vm = vmOf();
    run(vm, DO.onceItself);
    expect(vm.findings.all[0]).toMatchObject({ severity: "fault", rule: "lock" });
    expect(vm.findings.all[0]!.stack[0]!.line).toBe(lineOf("asks itself"));
  });
});

describe("what each thread has for itself", () => {
  it("errno: what one call set, another thread does not see", () => {
    const vm = vmOf();
    run(vm, DO.errno);
    vm.clockStep(5n * MS);
    expect(steps(vm)).toBe(0x31n);
  });

  it("a number: no other thread's, and always the same", () => {
    const vm = vmOf();
    run(vm, DO.waits, DO.equal);
    expect(result(vm)).toBe(2n);
  });

  it("a name, which reports say", () => {
    const vm = vmOf();
    run(vm, DO.defers, DO.name);
    expect(result(vm)).toBe(0n);
    vm.terminate();
    expect(told(vm)).toEqual([["warning", "thread", "thread painter is still alive after VDEV_CTRL_TERMINATE"]]);
  });
});

describe("attributes", () => {
  it("make a thread that nobody can join", () => {
    const vm = vmOf();
    run(vm, DO.detached, DO.join);
    expect(steps(vm)).toBe(3n);
    expect(result(vm)).toBe(3n); // ESRCH: it has ended already
  });

  it("that nobody filled are told", () => {
    const vm = vmOf({ policy: "report" });
    run(vm, DO.neverFilled);
    expect(vm.findings.all[0]).toMatchObject({ severity: "violation", rule: "argument" });
    expect(result(vm)).toBe(BigInt(EINVAL));
  });
});

describe("time", () => {
  it("a timed wait ends by the time of day, whatever that is at the start", () => {
    for (const startTimeNs of [0n, 1_700_000_000_000n * MS]) {
      const vm = vmOf({ startTimeNs });
      run(vm, DO.timed);
      vm.clockStep(1000n * MS - 1n);
      expect(steps(vm)).toBe(0n);
      vm.clockStep(1n);
      expect(steps(vm)).toBe(1n);
      // The mutex is free at 1500 ms; the wait for a signal ends 1 s after the first one did.
      vm.clockStep(1000n * MS);
      expect(steps(vm)).toBe(0x12n);
      vm.clockStep(1000n * MS);
      expect(steps(vm)).toBe(0x123n);
      expect(result(vm)).toBe(BigInt((ETIMEDOUT << 8) | ETIMEDOUT));
    }
  });

  it("sem_getvalue() gives what can be taken", () => {
    const vm = vmOf();
    run(vm, DO.sem);
    expect(result(vm)).toBe(4n);
  });
});
