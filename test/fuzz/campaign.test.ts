/** Campaigns against devices with known mistakes. Oracle: the remarks in the devices' sources. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { Campaign, type CampaignFinding } from "../../host/fuzz/campaign.ts";
import { Comparer } from "../../host/fuzz/comparer.ts";
import { fuzzVm } from "../../host/fuzz/fuzz-vm.ts";
import { lengthOf } from "../../host/fuzz/program.ts";
import { formatProgram, parseProgram } from "../../host/fuzz/program-text.ts";
import { packageRoot } from "../../host/paths.ts";
import type { VmPlan } from "../../host/vm/plan.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";

const SOURCE = join(packageRoot(), "test/fuzz/assembly/vault.ts");
const lines = readFileSync(SOURCE, "utf8").split("\n");
const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;

let plan: VmPlan;
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  plan = vmPlan([vdevPlan(moduleFile(wasm, "vault", sourceMap))], {
    ram: [{ start: 0n, length: 0x10_0000n, writable: true }],
  });
}, 60_000);

function campaign(seed: number, onFound: (found: CampaignFinding) => void = () => {}): Campaign {
  const comparer = new Comparer(plan);
  const compare = (program: Parameters<Comparer["compare"]>[0]) => comparer.compare(program);
  return new Campaign({ vm: fuzzVm(plan, "edges"), seed, constants: comparer.constants, compare, onFound });
}

/** Runs until what is looked for is found, or so many executions have passed. */
function find(seed: number, remark: string, rule: string, executions: number): CampaignFinding | undefined {
  let found: CampaignFinding | undefined;
  const search = campaign(seed, (one) => {
    const isThere = one.finding.stack.some(({ line }) => line === lineOf(remark));
    if (isThere && one.finding.rule === rule) found ??= one;
  });
  while (found === undefined && search.executions < executions) search.step();
  return found;
}

describe("a campaign", () => {
  it.each([1, 2, 3])("finds what overruns a FIFO, with nothing in it that it does not take (seed %i)", (seed) => {
    const found = find(seed, "push", "abort", 200_000)!;
    expect(lengthOf(found.program)).toBe(9); // of 8 places
    expect(found.answered).toEqual([]);
  });

  it.each([1, 2, 3])("finds two numbers of 32 bits, one behind the other (seed %i)", (seed) => {
    const found = find(seed, "slot", "trap", 400_000)!;
    expect(lengthOf(found.program)).toBe(3);
  });

  // Planted devices with lists are searched with five seeds by `npm run test:system`.
  it("makes up a list in guest memory that does not end", () => {
    const found = find(1, "list", "limit", 400_000)!;
    expect(lengthOf(found.program)).toBeLessThanOrEqual(2);
    expect(found.answered.length).toBeGreaterThan(0); // the descriptor that leads back
  });

  it.each([1, 2, 3])("finds what breaks an invariant of the author's (seed %i)", (seed) => {
    const found = find(seed, "invariant", "invariant", 400_000)!;
    expect(lengthOf(found.program)).toBe(1);
    expect(found.finding.message).toContain("a sum that must not be");
  });

  it("is the same with the same seed, and another with another", () => {
    const programs = (seed: number) => {
      const one = campaign(seed);
      while (one.executions < 5000) one.step();
      const { vm } = one.target;
      return [one.executions, ...one.corpus.entries.map(({ program }) => formatProgram(vm, program))].join("\n");
    };
    expect(programs(7)).toBe(programs(7));
    expect(programs(8)).not.toBe(programs(7));
  });

  it("takes in programs from outside, and keeps those that do something new", () => {
    const one = campaign(1);
    const { vm } = one.target;
    const program = parseProgram(vm, "writel 0x1c000000 0x600df00d\n", "seed");
    one.add(program);
    expect(one.corpus.size).toBe(1);
    one.add(program);
    expect(one.corpus.size).toBe(1);
    expect(one.edges.taken).toBeGreaterThan(0);
    expect(one.edges.taken).toBeLessThan(one.edges.all);
  });

  it("says which lines and branches were reached", () => {
    const one = campaign(1);
    const { vm } = one.target;
    const isReached = (remark: string) => {
      const record = one.sources.lcov.split("end_of_record").find((text) => text.includes("/vault.ts\n"))!;
      return record.includes(`DA:${lineOf(remark)},1\n`);
    };
    const { lines: before, branches } = one.sources;
    expect(isReached("start")).toBe(true); // at the start of the VM
    expect([isReached("push"), isReached("list")]).toEqual([false, false]);
    one.add(parseProgram(vm, "writel 0x1c00000c 0x1\n", "seed"));
    expect([isReached("push"), isReached("list")]).toEqual([true, false]);
    one.add(parseProgram(vm, "writel 0x1c000008 0x100\n", "seed"));
    expect([isReached("push"), isReached("list")]).toEqual([true, true]);
    expect(one.sources.lines.reached).toBeGreaterThan(before.reached);
    expect(one.sources.lines.all).toBe(before.all);
    expect(one.sources.branches.all).toBe(branches.all);
    expect(one.sources.branches.reached).toBeLessThan(branches.all);
  });

  it("leaves as many programs as it takes to do what all do", () => {
    const one = campaign(3);
    while (one.executions < 5000) one.step();
    const minimal = one.corpus.minimal();
    expect(minimal.length).toBeLessThan(one.corpus.size);
    const slots = (entries: typeof minimal) => new Set(entries.flatMap((entry) => entry.slots)).size;
    expect(slots(minimal)).toBe(slots(one.corpus.entries));
  });

  it("tells a cause once", () => {
    const causes: string[] = [];
    const one = campaign(2, ({ cause }) => causes.push(cause));
    while (one.executions < 10_000) one.step();
    expect(causes.length).toBeGreaterThan(0);
    expect(new Set(causes).size).toBe(causes.length);
  });
});
