/**
 * Keeps dependencies pointing one way: `abi` knows nobody, `vdevs` know `abi`, `host` knows `abi`. Tests may know all.
 * Exits 1 naming file and line of every import that points the wrong way.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

interface Rule {
  /** Files the rule is for, by the beginning of their path. */
  readonly from: string;
  /** What they may import beside their own folder. */
  readonly may: readonly string[];
}

/** The first rule that fits a file counts. */
const RULES: readonly Rule[] = [
  { from: "abi/", may: [] },
  { from: "vdevs/", may: ["abi/"] },
  // The command that compiles uses the compiler driver, which is a build script.
  { from: "host/cli/build.ts", may: ["host/", "abi/", "build/asc/"] },
  { from: "host/", may: ["abi/"] },
  { from: "build/", may: ["abi/", "host/errors.ts", "host/nearest-word.ts"] },
];

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"]+)"/;
const root = process.cwd();

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (path !== join("build", "out")) yield* sources(path);
    } else if (/\.(ts|mjs)$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name)) yield path;
  }
}

/** What an import names, as a path from the root; undefined for packages. */
function target(file: string, specifier: string): string | undefined {
  if (specifier.startsWith("vdevbox/")) return specifier.slice("vdevbox/".length);
  if (!specifier.startsWith(".")) return undefined;
  return relative(root, resolve(dirname(file), specifier));
}

let wrong = 0;
for (const folder of ["abi", "vdevs", "host", "build"]) {
  for (const file of sources(folder)) {
    const rule = RULES.find((one) => file.startsWith(one.from));
    if (rule === undefined) continue;
    for (const [i, line] of readFileSync(file, "utf8").split("\n").entries()) {
      const named = target(file, IMPORT.exec(line)?.[1] ?? "");
      if (named === undefined || named.startsWith("build/out/")) continue;
      const own = `${file.split("/")[0]}/`;
      if (named.startsWith(own) || rule.may.some((allowed) => named.startsWith(allowed))) continue;
      console.error(`${file}:${i + 1}: ${rule.from} may not import ${named}`);
      wrong++;
    }
  }
}
process.exitCode = wrong === 0 ? 0 : 1;
