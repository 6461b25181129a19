import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of the vdevbox package: the nearest one above this code whose package.json carries our name. It is the
 * same folder whether the code runs from source, from the bundle in build/out/, or from somebody's node_modules.
 */
export function packageDir(): string {
  packageDirFound ??= findPackageDir(dirname(fileURLToPath(import.meta.url)));
  return packageDirFound;
}

let packageDirFound: string | undefined;

function findPackageDir(start: string): string {
  for (const dir of ancestors(start)) {
    const file = join(dir, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "vdevbox")
      return dir;
  }
  throw new Error(`no package.json of vdevbox above ${start}`);
}

/** A folder and the folders above it, nearest first. */
export function* ancestors(start: string): Generator<string> {
  for (let dir = start; ; dir = dirname(dir)) {
    yield dir;
    if (dirname(dir) === dir) return;
  }
}
