#!/usr/bin/env node
// The `vdevbox` command: starts the bundle that `npm run build` makes.
import { existsSync } from "node:fs";

const bundle = new URL("./out/vdevbox.mjs", import.meta.url);
if (existsSync(bundle)) {
  await import(bundle.href);
} else {
  console.error("vdevbox is not built yet: run `npm run build` in its folder first");
  process.exitCode = 2;
}
