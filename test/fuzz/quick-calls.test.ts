/** Calls that a build for fuzzing answers inside the module. Oracle: the plain build, whose calls are all the host's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { TrapRing } from "../../host/dispatcher/batch.ts";
import { fuzzVm } from "../../host/fuzz/fuzz-vm.ts";
import { packageRoot } from "../../host/paths.ts";
import { runBatch } from "../../host/vm/batch.ts";
import type { VmPlan } from "../../host/vm/plan.ts";
import { stateDigest, VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";

const SOURCE = join(packageRoot(), "test/fuzz/assembly/locker.ts");
const BASE = 0x1c000000;
/** Calls of a callback that a build for fuzzing allows. */
const HOST_WORK = 50_000;
/** What the device does, by register. */
const [LOCK, UNLOCK, TRYLOCK, STATE, NOTIFY, LOOP, DESTROY, MAKE, SPOIL, STATE_AT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const MUTEXES = 3;

interface Act {
  /** Register, or -1 to read; -2: time passes. */
  readonly what: number;
  readonly value: number;
  /** A second act in the same access, one of the first four. */
  readonly next?: number;
}

let file: string;
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  file = moduleFile(wasm, "locker", sourceMap);
}, 60_000);

/** With and without calls that are answered inside; nothing else of the two differs. */
function machines(plan: Partial<VmPlan> = {}): Vm[] {
  const whole = vmPlan([vdevPlan(file)], { ...plan });
  const quick = fuzzVm(whole, "edges");
  return [createVm(quick.plan, { tellAccesses: false }), quick];
}

/** Makes acts one after another, those between two steps of time in one batch. @returns what reads got */
function perform(vm: Vm, acts: readonly Act[]): string[] {
  const ring = new TrapRing(vm.dispatcher);
  const got: string[] = [];
  let count = 0;
  const flush = () => {
    const made = runBatch(vm, ring, count);
    for (let i = 0; i < made; i++) got.push(`${ring.status(i)} ${ring.valueLo(i)}`);
    count = 0;
  };
  for (const { what, value, next } of acts) {
    if (vm.ended !== undefined) break;
    if (what === -2) {
      flush();
      vm.clockStep(BigInt(value >>> 0));
    } else if (what === -1) ring.setRead(count++, "memory", BASE, 0, 4, 0);
    else ring.setWrite(count++, "memory", BASE + 4 * what, 0, next === undefined ? 4 : 8, value, next ?? 0, 0);
  }
  if (vm.ended === undefined) flush();
  return got;
}

/** Locks of which the host writes the places down come first; see host/threads/mutexes.ts. */
const USED: readonly Act[] = Array.from({ length: MUTEXES * 80 }, (_, i) => ({
  what: i % 2 === 0 ? LOCK : TRYLOCK,
  value: i % MUTEXES,
  next: UNLOCK,
}));

function told(vm: Vm): unknown {
  const findings = vm.findings.all.map(({ severity, rule, message, situation, call, affected }) => {
    return { severity, rule, message, situation, call, affected };
  });
  return { findings, total: vm.findings.total, digest: stateDigest(vm), held: vm.held.namesOf(undefined) };
}

/** Both builds do the same; what they did. */
function same(acts: readonly Act[], plan: Partial<VmPlan> = {}): Vm {
  const [plain, quick] = machines(plan).map((vm) => ({ vm, got: perform(vm, [...USED, ...acts]) })) as [Made, Made];
  expect(quick.got).toEqual(plain.got);
  expect(told(quick.vm)).toEqual(told(plain.vm));
  return quick.vm;
}
type Made = { readonly vm: Vm; readonly got: string[] };

const rulesOf = (vm: Vm) => vm.findings.all.map(({ rule }) => rule);

describe("calls answered inside the module", () => {
  it("are so in this test's accesses", () => {
    const [, vm] = machines() as [Vm, Vm];
    perform(vm, USED);
    const before = vm.held.changes;
    perform(
      vm,
      Array.from({ length: 50 }, () => ({ what: LOCK, value: 0, next: UNLOCK })),
    );
    expect(vm.held.changes - before).toBeLessThanOrEqual(2); // else 100
    expect(vm.findings.total).toBe(0);
  });

  it("tell a lock that outlives its access, in that access", () => {
    const vm = same([
      { what: LOCK, value: 0, next: STATE },
      { what: STATE, value: 0 },
      { what: LOCK, value: 0 },
    ]);
    const message = "a callback returned while it held v_mtx of device";
    // Without its place, and then with it.
    expect(vm.findings.all.map((finding) => [finding.message, finding.situation.trap, finding.stack.length])).toEqual([
      [message, USED.length + 1, 0],
      [message, USED.length + 3, 2],
    ]);
  });

  it("name no other access's line for a lock whose own was not put down", () => {
    const vm = same(
      [
        { what: LOCK, value: 1 },
        { what: LOCK, value: 2 },
        { what: TRYLOCK, value: 1 },
      ],
      { policy: "report" },
    );
    const lines = readFileSync(SOURCE, "utf8").split("\n");
    const trylock = lines.findIndex((line) => line.includes("pthread_mutex_trylock(mutex)")) + 1;
    // Once it has been kept, the place of each lock is put down.
    expect(vm.findings.all.map(({ stack }) => stack[0]?.line)).toEqual([undefined, undefined, trylock]);
  });

  it("tell a mutex that is locked again, and one that nobody holds", () => {
    expect(rulesOf(same([{ what: LOCK, value: 0, next: LOCK }]))).toEqual(["lock"]);
    expect(rulesOf(same([{ what: LOCK, value: 1, next: LOCK }]))).toEqual(["lock"]); // kept, twice
    expect(rulesOf(same([{ what: UNLOCK, value: 0 }]))).toEqual(["lock"]);
  });

  it("stop at a mutex that the host has locked", () => {
    expect(rulesOf(same([{ what: TRYLOCK, value: 2, next: LOCK }]))).toEqual(["lock"]); // kept
  });

  it("take a mutex for none whose bytes were overwritten", () => {
    expect(rulesOf(same([{ what: SPOIL, value: 4, next: LOCK }]))).toEqual(["argument"]);
  });

  it("count against the calls of a callback, to the last one", () => {
    for (const turns of [HOST_WORK / 2 - 4, HOST_WORK / 2]) {
      expect(rulesOf(same([{ what: LOOP, value: turns }]))).toEqual([]);
    }
    expect(rulesOf(same([{ what: LOOP, value: HOST_WORK / 2 + 1 }]))).toEqual(["limit"]);
    expect(rulesOf(same([{ what: LOOP, value: HOST_WORK / 2, next: STATE }]))).toEqual(["limit"]);
  });

  it("follow time, and the timer", () => {
    const states: Act[] = [
      { what: STATE, value: 0 },
      { what: STATE, value: 0 },
      { what: -1, value: 0 },
    ];
    const arm = { what: NOTIFY, value: 1000 };
    same([
      ...states,
      arm,
      ...states,
      { what: -2, value: 999 },
      ...states,
      arm,
      ...states,
      { what: -2, value: 5000 },
      ...states,
    ]);
    same([...states, arm, ...states], { accessNs: 7 });
  });

  it.each([0, 4, 0xffff_fff8, 0xffff_ffe8, 0x0400_0000, 0x7fff_fff8, 65536 * 64 - 24])(
    "write a timer's state nowhere it must not go (0x%s)",
    (address) => {
      expect(
        rulesOf(
          same([
            { what: STATE, value: 0 },
            { what: STATE_AT, value: address | 0 },
          ]),
        ),
      ).toEqual(["argument"]);
    },
  );

  it("do whatever the host does, in any order", () => {
    const what = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(LOCK, UNLOCK, TRYLOCK, STATE) },
      { weight: 2, arbitrary: fc.constantFrom(NOTIFY, LOOP, DESTROY, MAKE, SPOIL, -1, -2) },
    );
    const act = fc.record(
      { what, value: fc.nat(11), next: fc.constantFrom(LOCK, UNLOCK, TRYLOCK, STATE) },
      { requiredKeys: ["what", "value"] },
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.boolean(), (acts, isStrict) => {
        same(acts, { policy: isStrict ? "strict" : "report" });
      }),
      { numRuns: 20 },
    );
  });

  it("begin anew when the VM is put back", () => {
    const [, vm] = machines({ policy: "report" }) as [Vm, Vm];
    perform(vm, USED);
    const snapshot = new VmSnapshot(vm);
    const acts: Act[] = [
      { what: NOTIFY, value: 50 },
      { what: -2, value: 60 },
      { what: STATE, value: 0 },
      { what: -1, value: 0 },
    ];
    const first = perform(vm, acts);
    const digest = stateDigest(vm);
    perform(vm, [
      { what: DESTROY, value: 1 },
      { what: LOCK, value: 0 },
    ]);
    snapshot.restore();
    vm.findings.clear();
    expect(perform(vm, acts)).toEqual(first);
    expect(stateDigest(vm)).toBe(digest);
    expect(
      perform(vm, [
        { what: LOCK, value: 1, next: UNLOCK },
        { what: LOCK, value: 1, next: UNLOCK },
      ]),
    ).toHaveLength(2);
    expect(vm.findings.total).toBe(0);
  });
});
