import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let root: string | undefined;

/** The folder of this package, from the bundle as from the sources. */
export function packageRoot(): string {
  root ??= findRoot(dirname(fileURLToPath(import.meta.url)));
  return root;
}

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === "vdevbox") return folder;
    if (folder === dirname(folder)) throw new Error(`no vdevbox package above ${start}`);
  }
}

/** A file that `npm run build` makes. */
export function builtFile(name: string): string {
  return join(packageRoot(), "build", "out", name);
}
