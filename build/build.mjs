/**
 * `npm run build`: the host as one file for Node, the dispatcher, and the vdevs of this repository.
 * Everything goes to build/out/, which git ignores.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

await build({
  absWorkingDir: root,
  entryPoints: { vdevbox: "host/cli/main.ts", "tools/modules": "build/modules.ts" },
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
const { buildModules } = await import("./out/tools/modules.mjs");
process.exitCode = await buildModules(root);
