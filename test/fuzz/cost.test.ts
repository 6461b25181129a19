/** What registers can cost. Oracle: the loops in the devices' sources. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { CostSearch, type WorstCost } from "../../host/fuzz/cost-search.ts";
import { costTable, writeCosts } from "../../host/fuzz/cost-table.ts";
import { parseScript } from "../../host/guests/script/parse-script.ts";
import { runScript } from "../../host/guests/script/run-script.ts";
import { VmScriptMachine } from "../../host/guests/script/vm-machine.ts";
import { packageRoot } from "../../host/paths.ts";
import { createVm } from "../../host/vm/startup.ts";
import { folder as testFolder } from "../support/assembly.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";

async function planOf(name: string) {
  const file = join(packageRoot(), `test/fuzz/assembly/${name}.ts`);
  const { wasm, sourceMap } = await compileVdev({ file, projectDir: packageRoot() });
  return vmPlan([vdevPlan(moduleFile(wasm, name, sourceMap))], {
    ram: [{ start: 0n, length: 0x10_0000n, writable: true }],
  });
}

function search(plan: Awaited<ReturnType<typeof planOf>>, executions: number): WorstCost[] {
  const one = new CostSearch(plan, 1);
  while (one.executions < executions) one.step();
  return one.results();
}

const at = (costs: readonly WorstCost[], offset: number, op: string) =>
  costs.find(({ site }) => site.kind === "access" && site.offset === offset && site.op === op)!;

describe("the search for costs", () => {
  it("finds the values and the state that cost most, what has no end, and the program is the shortest", async () => {
    const plan = await planOf("stalls");
    const costs = search(plan, 8000);
    const end = at(costs, 8, "write");
    expect(end.isOver).toBe(true);
    expect(costs[0]).toBe(end);
    const vm = createVm({ ...plan, limits: { steps: 2_000_000 } });
    await runScript(parseScript(end.script, "<cost>"), new VmScriptMachine(vm), { print: () => {} });
    expect(vm.findings.all.map(({ rule }) => rule)).toEqual(["limit"]);
    const count = at(costs, 4, "read");
    expect(costs[1]).toBe(count);
    // Five writes before one read: nothing shorter does it.
    expect(count.script.trim().split("\n")).toHaveLength(6);
    const work = at(costs, 0, "write");
    const value = BigInt(/writel 0x1c000000 (0x[0-9a-f]+)/.exec(work.script.trim().split("\n").at(-1)!)![1]!);
    expect(value & 0xffn).toBe(0xffn);
    // 5000 rounds of the same loop against 255.
    expect(count.steps / work.steps).toBeGreaterThan(0.9 * (5000 / 255));
    expect(count.steps / work.steps).toBeLessThan(1.1 * (5000 / 255));
    expect(at(costs, 8, "read").steps).toBeLessThan(work.steps / 10);
    expect(costs.map(({ steps }) => steps)).toEqual(costs.map(({ steps }) => steps).sort((a, b) => b - a));
  });

  it("is written as a table with a program for each row", async () => {
    const costs = search(await planOf("stalls"), 500);
    const folder = testFolder(join(packageRoot(), "build/out/cost-test"), { "readme.txt": "kept" });
    writeCosts(folder, costs, (_, offset) => (offset === 4 ? "COUNT" : undefined));
    const rows = JSON.parse(readFileSync(join(folder, "cost/cost.json"), "utf8"));
    expect(rows).toHaveLength(costs.length);
    const scripts = readdirSync(join(folder, "cost")).filter((name) => name.endsWith(".script"));
    expect(rows.map(({ program }: { program: string }) => program).sort()).toEqual(scripts.sort());
    const lines = costTable(costs, (_, offset) => (offset === 4 ? "COUNT" : undefined)).split("\n");
    expect(lines.find((line) => line.includes("+0x4 read"))).toContain("+0x4 read 32 COUNT");
  });
});
