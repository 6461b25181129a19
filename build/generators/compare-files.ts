import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What differs between the generated files and the ones on disk; paths are relative to the root. */
export interface Difference {
  /** Missing, or with another content. */
  readonly stale: readonly string[];
  /** In a folder that belongs to the generators, but not generated. */
  readonly left: readonly string[];
}

/** Compares `files` (path to content) with the disk. `owned` are the folders that hold generated files only. */
export function compareFiles(root: string, files: ReadonlyMap<string, string>, owned: readonly string[]): Difference {
  const stale = [...files].filter(([path, text]) => !isCurrent(join(root, path), text)).map(([path]) => path);
  const left = owned
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => !files.has(path));
  return { stale, left };
}

function isCurrent(file: string, text: string): boolean {
  return existsSync(file) && readFileSync(file, "utf8") === text;
}
