/**
 * Writes everything that is generated from abi/definition and from the register tables of vdevs, or with `--check` names
 * what is stale and exits 1: `node build/run.mjs build/generate.ts [--check]`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ENTRIES } from "../abi/definition/index.ts";
import { UserError } from "../host/errors.ts";
import { packageDir } from "./asc/package-dir.ts";
import { generateAssembly } from "./generators/assembly.ts";
import { compareFiles } from "./generators/compare-files.ts";
import { generateConformance } from "./generators/conformance.ts";
import { generateConstants } from "./generators/constants.ts";
import { generateDocs } from "./generators/docs.ts";
import { generateGateTable } from "./generators/gate-table.ts";
import { generateLayouts } from "./generators/layouts.ts";
import { generateRegisterDocs } from "./generators/register-docs.ts";

const root = packageDir();
const BIOME = join(root, "node_modules/@biomejs/biome/bin/biome");

/** Every generated file by path, as it should be. */
async function generated(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ...generateAssembly(ENTRIES),
    ...generateDocs(ENTRIES),
    ...(await generateRegisterDocs(root)),
    ["abi/generated/conformance.ts", format("conformance.ts", generateConformance(ENTRIES))],
    ["abi/generated/gate-table.ts", format("gate-table.ts", generateGateTable(ENTRIES))],
    ["abi/generated/layouts.ts", format("layouts.ts", generateLayouts(ENTRIES))],
    ["abi/generated/constants.ts", format("constants.ts", generateConstants(ENTRIES))],
  ]);
}

function format(name: string, text: string): string {
  const args = [BIOME, "format", `--stdin-file-path=${join(root, "abi/generated", name)}`];
  return execFileSync(process.execPath, args, { input: text, encoding: "utf8", maxBuffer: 1 << 26, cwd: root });
}

/** Folders that hold nothing else: a file there that is not generated any more is stale. */
const OWNED = ["abi/generated", "docs/abi"];

async function main(args: readonly string[]): Promise<number> {
  const files = await generated();
  const { stale, left } = compareFiles(root, files, OWNED);
  if (args.includes("--check")) {
    for (const path of [...stale, ...left]) console.error(`${path}: out of date; run \`npm run generate\``);
    return stale.length + left.length === 0 ? 0 : 1;
  }
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path) as string);
  }
  for (const path of left) rmSync(join(root, path));
  console.log(`${files.size} files, ${stale.length} written, ${left.length} removed`);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.toString());
  process.exitCode = 1;
}
