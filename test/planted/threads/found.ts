import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { packageRoot } from "../../../host/paths.ts";
import type { Planted } from "./expected.ts";
import { firstPlanted, SCHEDULES, searchLesson } from "./search.ts";

const TABLE = readFileSync(join(packageRoot(), "docs/planted-threads.md"), "utf8");

/** A mistake is found at its lines, in the schedule that the table gives. @param module with all planted lessons */
export async function expectFound(module: string, planted: Planted): Promise<void> {
  const { found, unexplained } = await searchLesson(module, planted, { schedules: SCHEDULES }, true);
  const first = firstPlanted(found, planted);
  expect(first).toBeDefined();
  const row = TABLE.split("\n").find((line) => line.startsWith(`| \`${planted.name}\` |`));
  expect(row, "npm run planted writes the table anew").toContain(`| ${first!.schedules} | `);
  expect(unexplained).toBe(0);
}
