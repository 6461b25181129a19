/**
 * What schedules are shortened to. Oracles: reasoning about two lessons; all schedules of the same accesses and of fewer,
 * run one by one; trees of decisions that are gone through whole.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Actor, formatActor } from "../../host/explore/actor.ts";
import type { Chooser } from "../../host/explore/chooser.ts";
import { exploredVm } from "../../host/explore/explored-vm.ts";
import { identityOf } from "../../host/explore/found.ts";
import { lightestOf, weight } from "../../host/explore/lightest.ts";
import type { SearchFinding } from "../../host/explore/search.ts";
import type { Workload } from "../../host/explore/workload.ts";
import { PLANTED } from "../planted/threads/expected.ts";
import { compilePlanted } from "../planted/threads/planted.ts";
import { firstPlanted, SCHEDULES, searchLesson } from "../planted/threads/search.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";

let module = "";
beforeAll(async () => {
  const { wasm, sourceMap } = await compilePlanted("planted");
  module = moduleFile(wasm, "shortest", sourceMap);
}, 120_000);

async function plantedIn(name: string): Promise<SearchFinding> {
  const planted = PLANTED.find((one) => one.name === name)!;
  const { found } = await searchLesson(module, planted, { schedules: SCHEDULES }, true);
  return firstPlanted(found, planted)!;
}

/** Accesses, faults, changes from one to another. */
function sizeOf(workload: Workload, decisions: readonly Actor[]): readonly [number, number, number] {
  const names = decisions.map(formatActor);
  return [
    workload.vcpus.flat().length,
    names.filter((name) => /^(late|wake|end)/.test(name)).length,
    names.filter((name, i) => i > 0 && name !== names[i - 1]).length,
  ];
}

const before = (one: readonly number[], other: readonly number[]) => {
  const at = one.findIndex((value, i) => value !== other[i]);
  return at >= 0 && one[at]! < other[at]!;
};

/** Goes through every way a run can take, one branch after another. @param run makes one, and asks at each decision */
function everyWay(run: (chooser: Chooser) => void): void {
  const path: { readonly all: readonly Actor[]; at: number }[] = [];
  for (;;) {
    let depth = 0;
    const choose = (_current: Actor, enabled: readonly Actor[]): Actor => {
      path[depth] ??= { all: [...enabled], at: 0 };
      const node = path[depth++]!;
      return node.all[node.at]!;
    };
    run({ begin() {}, choose });
    while (path.length > 0 && path.at(-1)!.at === path.at(-1)!.all.length - 1) path.pop();
    if (path.length === 0) return;
    path.at(-1)!.at++;
  }
}

/** The least of all schedules that lead to a finding, with no other accesses than these. */
function leastOf(type: string, { what, schedule }: SearchFinding): readonly number[] {
  const { runner, vm } = exploredVm(vmPlan([vdevPlan(module, { type })], { cpus: 2 }), {}, true);
  const identity = identityOf(what);
  let least: readonly number[] = [Number.POSITIVE_INFINITY];
  const steps = schedule.workload.vcpus.flat();
  for (let chosen = 0; chosen < 2 ** steps.length; chosen++) {
    const vcpus = schedule.workload.vcpus.map((some) => some.filter((step) => (chosen >> steps.indexOf(step)) & 1));
    const workload = { ...schedule.workload, vcpus };
    everyWay((chooser) => {
      vm.findings.clear();
      runner.run(workload, chooser);
      const size = sizeOf(workload, runner.interleaving.decisions);
      if (!before(size, least)) return;
      if (vm.findings.all.some((finding) => identityOf({ kind: "finding", finding }) === identity)) least = size;
    });
  }
  return least;
}

describe("a planted mistake is shortened to", () => {
  it("a read and a write of two vCPUs that each take one lock: ABBA", async () => {
    const { schedule } = await plantedIn("abba");
    // Each vCPU begins and goes on, and neither can end before the other has begun: four who take turns.
    expect(sizeOf(schedule.workload, schedule.decisions)).toEqual([2, 0, 3]);
    const [one, other] = schedule.workload.vcpus;
    expect([one?.[0]?.access.op, other?.[0]?.access.op].toSorted()).toEqual(["read", "write"]);
  }, 60_000);

  it("three writes, the last two at once: check then act of a ring with two places", async () => {
    const { schedule } = await plantedIn("check-then-act");
    expect(sizeOf(schedule.workload, schedule.decisions)).toEqual([3, 0, 5]);
    for (const { access } of schedule.workload.vcpus.flat()) expect(access.op).toBe("write");
  }, 60_000);

  it("values that need be what they are, and no bit more: a key, a mode, a sample, and what only matters as a write", async () => {
    const { schedule } = await plantedIn("count-divides");
    const written = schedule.workload.vcpus.flat().flatMap(({ step }) => (step.kind === "write" ? [step] : []));
    const valuesAt = (offset: bigint) =>
      written.filter(({ address }) => (address & 0xfn) === offset).map(({ value }) => value);
    expect(new Set(valuesAt(0n))).toEqual(new Set([0x1acc_e551n]));
    expect(valuesAt(4n)).toEqual([5n]);
    const [sample = 0n] = valuesAt(8n);
    expect([sample !== 0n, sample & (sample - 1n)]).toEqual([true, 0n]); // one bit
    expect(new Set(valuesAt(12n))).toEqual(new Set([0n]));
  }, 60_000);

  it.each(["abba", "lock-in-vwrite-only", "double-checked", "static-out-parameter"])(
    "what no other schedule of its accesses, or of fewer, comes below: %s",
    async (name) => {
      const found = await plantedIn(name);
      expect(sizeOf(found.schedule.workload, found.schedule.decisions)).toEqual(leastOf(name, found));
    },
    60_000,
  );
});

describe("the lightest schedule of a tree of decisions", () => {
  type Tree = { readonly found: boolean } | { readonly branches: readonly (readonly [Actor, Tree])[] };
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.record({ found: fc.boolean() }),
      fc.record({
        branches: fc.uniqueArray(fc.tuple(fc.nat(30), tie("tree")), {
          minLength: 2,
          maxLength: 3,
          selector: ([actor]) => actor,
        }),
      }),
    ),
  }));
  const workload: Workload = { vcpus: [], outside: [] };

  /** Walks down as a chooser says. @returns the decisions when that ends where something is found */
  function walk(root: Tree, chooser: Chooser): readonly Actor[] | undefined {
    const decisions: Actor[] = [];
    let at = root;
    chooser.begin();
    while ("branches" in at) {
      const { branches } = at;
      const chosen = chooser.choose(
        -1,
        branches.map(([actor]) => actor),
      );
      decisions.push(chosen);
      at = branches.find(([actor]) => actor === chosen)![1];
    }
    return at.found ? decisions : undefined;
  }

  it("is found, or there is none", () => {
    fc.assert(
      fc.property(tree, (root) => {
        let least = Number.POSITIVE_INFINITY;
        everyWay((chooser) => {
          const decisions = walk(root, chooser);
          if (decisions !== undefined) least = Math.min(least, weight({ workload, decisions }));
        });
        const lightest = lightestOf(workload, Number.POSITIVE_INFINITY, 1e6, (_, chooser) => walk(root, chooser));
        expect(lightest === undefined ? Number.POSITIVE_INFINITY : weight({ workload, decisions: lightest })).toBe(
          least,
        );
      }),
    );
  });

  it("is looked for in as many runs as may be, and must be below what is known", () => {
    const root: Tree = {
      branches: [
        [0, { found: false }],
        [8, { found: true }],
      ],
    };
    let runs = 0;
    const attempt = (_: Workload, chooser: Chooser) => {
      runs++;
      return walk(root, chooser);
    };
    expect(lightestOf(workload, Number.POSITIVE_INFINITY, 1, attempt)).toBeUndefined();
    expect(runs).toBe(1);
    expect(lightestOf(workload, Number.POSITIVE_INFINITY, 2, attempt)).toEqual([8]);
    expect(lightestOf(workload, weight({ workload, decisions: [8] }), 9, attempt)).toBeUndefined();
  });
});
