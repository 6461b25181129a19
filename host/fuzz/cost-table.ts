import { join } from "node:path";
import { makeFolder, writeWhole } from "./campaign-folder.ts";
import type { WorstCost } from "./cost-search.ts";

/** Rows of the table that are printed. */
const PRINTED_MAX = 40;

/** The name of a register: of a vdev's module and an offset; undefined where it has none. */
export type NameOf = (module: string, offset: number) => string | undefined;

/**
 * Writes `cost/` in a campaign's folder: a script for each register, width and direction and for each other callback, and
 * `cost.json` with all of them. @throws UserError when it cannot be written
 */
export function writeCosts(folder: string, costs: readonly WorstCost[], nameOf: NameOf): void {
  const path = join(folder, "cost");
  makeFolder(path);
  const rows = costs.map((cost) => {
    const file = `${fileOf(cost)}.script`;
    writeWhole(join(path, file), cost.script);
    const { site, steps, isOver } = cost;
    const { vdev, kind, ...what } = site;
    const name = site.kind === "access" ? nameOf(vdev.instance.module.file, site.offset) : undefined;
    return { vdev: vdev.name, kind, ...what, ...(name !== undefined && { name }), steps, isOver, program: file };
  });
  writeWhole(join(path, "cost.json"), `${JSON.stringify(rows, undefined, 2)}\n`);
}

/** The most expensive rows as people read them. */
export function costTable(costs: readonly WorstCost[], nameOf: NameOf): string {
  const rows = costs.slice(0, PRINTED_MAX).map((cost) => {
    const steps = cost.isOver ? "over a limit" : cost.steps.toLocaleString("en");
    return [steps.padStart(14), what(cost, nameOf).padEnd(44), `cost/${fileOf(cost)}.script`].join("  ");
  });
  const more =
    costs.length > PRINTED_MAX ? [`${costs.length - PRINTED_MAX} more, all of them cheaper, in cost/cost.json`] : [];
  return [["steps".padStart(14), "at".padEnd(44), "program"].join("  "), ...rows, ...more].join("\n");
}

function what({ site }: WorstCost, nameOf: NameOf): string {
  if (site.kind === "callback") return `${site.vdev.name} ${site.callback}`;
  const { vdev, offset, width, op } = site;
  const name = nameOf(vdev.instance.module.file, offset);
  return `${vdev.name}+0x${offset.toString(16)} ${op} ${8 * width}${name === undefined ? "" : ` ${name}`}`;
}

function fileOf({ site }: WorstCost): string {
  const text =
    site.kind === "callback"
      ? `${site.vdev.name}-${site.callback}`
      : `${site.vdev.name}-${site.space}-0x${site.offset.toString(16)}-${site.op}${8 * site.width}`;
  return text.replaceAll(/[^\w.-]/g, "_");
}
