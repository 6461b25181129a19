import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import asc from "assemblyscript/asc";
import { UserError } from "../../host/errors.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { lineAndColumn } from "./diagnostics.ts";
import { ancestors } from "./package-dir.ts";

export const ASCONFIG = "asconfig.json";

/** Where a vdev's project begins: the nearest folder above its file with a package.json or asconfig.json. */
export function findProjectDir(file: string): string {
  for (const dir of ancestors(dirname(file))) {
    if (existsSync(join(dir, "package.json")) || existsSync(join(dir, ASCONFIG))) return dir;
  }
  // Neither: reports then name files as seen from where the user is.
  const here = process.cwd();
  return file.startsWith(join(here, "/")) ? here : dirname(file);
}

/** The user's asconfig.json: the nearest one from the vdev's folder up to the project's; ours when there is none. */
export function findAsconfig(file: string, projectDir: string, packageDir: string): string {
  for (const dir of ancestors(dirname(file))) {
    if (existsSync(join(dir, ASCONFIG))) return join(dir, ASCONFIG);
    if (dir === projectDir) break;
  }
  return join(packageDir, ASCONFIG);
}

/**
 * Settings that say where a module's parts come from or go to. The build decides them: a vdev has its own memory and
 * table, one entry file, and a place for its output.
 */
const BUILD_OWNED = new Set([
  "bindings",
  "exportStart",
  "exportTable",
  "importMemory",
  "importTable",
  "noEmit",
  "noExportMemory",
  "outFile",
  "sharedMemory",
  "sourceMap",
  "textFile",
]);

interface Asconfig {
  entries?: unknown;
  extends?: unknown;
  options?: Record<string, unknown>;
  targets?: Record<string, Record<string, unknown>>;
}

/**
 * An asconfig.json as the build hands it to asc: without what the build owns, and with our defaults below it unless it
 * extends a file itself.
 */
export function vdevConfig(file: string, text: string, defaults: string): string {
  const config = parse(file, text);
  refuseUnknown(file, text, config);
  delete config.entries;
  if (file !== defaults && config.extends === undefined) config.extends = defaults;
  if (config.options === null) delete config.options;
  if (config.options !== undefined) config.options = withoutOwned(config.options);
  for (const [name, options] of Object.entries(config.targets ?? {})) {
    (config.targets as Record<string, unknown>)[name] = withoutOwned(options);
  }
  return JSON.stringify(config);
}

function parse(file: string, text: string): Asconfig {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new UserError(`this compiler configuration is not JSON (${(error as Error).message}): correct it`, { file });
  }
  const { options, targets } = (config ?? {}) as Asconfig;
  for (const part of [config, options ?? {}, targets ?? {}, ...Object.values(targets ?? {})]) {
    const isObject = typeof part === "object" && part !== null && !Array.isArray(part);
    if (!isObject) {
      throw new UserError("this compiler configuration must be an object, and so its options and targets", { file });
    }
  }
  return config as Asconfig;
}

const PARTS = ["entries", "extends", "options", "targets", "$schema"];
/** What asc knows; what begins with a dash is for its command line only. */
const OPTIONS = Object.keys(asc.options).filter((name) => /^[a-z]/i.test(name));

/** asc takes no notice of what it does not know; a setting that does nothing is a mistake. */
function refuseUnknown(file: string, text: string, config: Asconfig): void {
  const refuse = (name: string, known: readonly string[], what: string) => {
    if (known.includes(name)) return;
    const at = text.indexOf(JSON.stringify(name));
    const place = at < 0 ? { file } : { file, ...lineAndColumn(text, at) };
    throw new UserError(
      `the compiler has no ${what} "${name}"${didYouMean(name, known)}; correct it or take it out`,
      place,
    );
  };
  for (const name of Object.keys(config)) refuse(name, PARTS, "setting");
  for (const options of [config.options ?? {}, ...Object.values(config.targets ?? {})]) {
    for (const name of Object.keys(options)) refuse(name, OPTIONS, "option");
  }
}

function withoutOwned(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !BUILD_OWNED.has(name)));
}
