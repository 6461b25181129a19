/**
 * Runs a TypeScript file of this repository: `node build/run.mjs build/generate.ts --check`. Node 20 strips no types, so
 * the file is bundled to build/out/tools/ first.
 */
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node build/run.mjs FILE.ts [ARGUMENTS…]");
  process.exit(2);
}
const bundle = join(root, "build/out/tools", `${basename(file, ".ts")}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [resolve(file)],
  outfile: bundle,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "error",
});
process.argv = [process.argv[0], bundle, ...rest];
await import(pathToFileURL(bundle).href);
