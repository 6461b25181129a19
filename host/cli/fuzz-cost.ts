import { UserError } from "../errors.ts";
import type { CostSearch } from "../fuzz/cost-search.ts";
import { costTable, type NameOf, writeCosts } from "../fuzz/cost-table.ts";
import { counted } from "../plural.ts";
import { parseRegisterTable } from "../report/register-table.ts";
import { SourceTexts } from "../report/source-texts.ts";
import type { VmPlan } from "../vm/plan.ts";

export interface CostOptions {
  /** Folder of the campaign. */
  readonly folder: string;
  readonly executions: number;
  /** Milliseconds. */
  readonly time: number;
  readonly json: boolean;
  readonly interrupted: () => boolean;
}

/** `vdevbox fuzz --cost`: how many steps each register can cost a vCPU. @returns the exit code */
export async function measureCosts(search: CostSearch, options: CostOptions): Promise<number> {
  const { folder, executions, json } = options;
  if (!search.hasRegions) throw new UserError("no vdev has a place where a guest could reach it: give it a `loc`");
  const end = performance.now() + options.time;
  while (!options.interrupted() && performance.now() < end && search.executions < executions) {
    search.step();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const done = search.executions;
  const costs = search.results();
  const nameOf = namesOf(search.plan);
  writeCosts(folder, costs, nameOf);
  if (json) {
    const rows = costs.map(({ site: { vdev, ...site }, ...cost }) => ({ vdev: vdev.name, ...site, ...cost }));
    console.log(JSON.stringify({ kind: "costs", executions: done, costs: rows, folder }));
    return 0;
  }
  console.log(costTable(costs, nameOf));
  console.log(`${counted(done, "execution")}; programs and cost.json in ${folder}/cost`);
  return 0;
}

function namesOf({ vdevs }: VmPlan): NameOf {
  const texts = new SourceTexts(vdevs.map(({ file }) => file));
  const tables = new Map(vdevs.map(({ file }) => [file, texts.registerTables(file).flatMap(parseRegisterTable)]));
  return (module, offset) =>
    tables.get(module)?.find((register) => offset >= register.offset && offset < register.offset + register.bytes)
      ?.name;
}
