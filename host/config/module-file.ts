import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";

/**
 * A name alone may be in any folder of modules; one with a folder is the file that is meant, and no other of that name.
 * @throws UserError when it is not there
 */
export function checkModuleFile(file: string): void {
  const folder = dirname(file);
  if (file === basename(file) || existsSync(file)) return;
  const others = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".wasm")) : [];
  throw new UserError(`there is no such file${didYouMean(basename(file), others)}`, { file });
}
