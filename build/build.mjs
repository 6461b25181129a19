/**
 * `npm run build`: the host as one file for Node, the dispatcher, and the vdevs of this repository.
 * Everything goes to build/out/, which git ignores. `--clean` first removes modules of earlier builds, also those that
 * have no source here: what is packed comes from what is in the repository.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (process.argv.includes("--clean")) {
  for (const folder of ["vdevs", "cache"]) rmSync(join(root, "build/out", folder), { recursive: true, force: true });
}

const { metafile } = await build({
  metafile: true,
  absWorkingDir: root,
  entryPoints: {
    vdevbox: "host/cli/main.ts",
    testing: "host/testing/testing.ts",
    "testing-vitest": "host/testing/with-vitest.ts",
    "testing-fast-check": "host/testing/with-fast-check.ts",
    "parallel-worker": "host/threads/parallel/worker.ts",
    "tools/modules": "build/modules.ts",
  },
  outdir: join(root, "build/out"),
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
});

// Chunks carry a hash of their content in their names: those of earlier builds would stay for ever.
const chunks = join(root, "build/out/chunks");
const current = new Set(Object.keys(metafile.outputs).map((file) => basename(file)));
for (const name of existsSync(chunks) ? readdirSync(chunks) : []) if (!current.has(name)) rmSync(join(chunks, name));

const { buildModules } = await import("./out/tools/modules.mjs");
process.exitCode = await buildModules(root);
