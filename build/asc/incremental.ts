import { readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import asc from "assemblyscript/asc";
import { UserError } from "../../host/errors.ts";
import { compileVdev, replaceFile } from "./compile.ts";
import { findAsconfig, findProjectDir } from "./config.ts";
import { CompileError, type Diagnostic } from "./diagnostics.ts";
import { packageDir } from "./package-dir.ts";
import { contentHash, type InputFile, readTextFile } from "./source-reader.ts";

export interface BuildOptions {
  /** Folder of the `.wasm` and `.wasm.map` files; `vdevs/trace/trace.ts` becomes `trace.wasm` in it. */
  readonly outDir: string;
  /** What each module was built from is remembered here. Default: `cache` beside `outDir`. */
  readonly cacheDir?: string;
  /** Flags of asc that win over the configuration. */
  readonly extraFlags?: readonly string[];
  /** Build even what is up to date. */
  readonly force?: boolean;
  /** Told before a module is compiled, which takes a second or more. */
  readonly onCompile?: (file: string) => void;
}

export type BuildResult = { readonly file: string; readonly outFile: string } & (
  | { readonly status: "built"; readonly diagnostics: readonly Diagnostic[] }
  /** What the compiler said when it was built. */
  | { readonly status: "unchanged"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly status: "failed"; readonly errors: readonly UserError[] }
);

/** What a module was built from, by content. Times and names of files do not count. */
interface BuildRecord {
  /** Hash of what is not a file: flags, compiler, this build. */
  readonly settings: string;
  readonly inputs: readonly InputFile[];
  readonly wasm: string;
  readonly sourceMap: string;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Builds every vdev whose sources, configuration, flags or compiler changed since it was built. A module that fails
 * leaves its old output alone and does not keep the others from being built.
 * @throws UserError when two files would have the same output
 */
export async function buildVdevs(files: readonly string[], options: BuildOptions): Promise<BuildResult[]> {
  refuseClashes(files);
  const results: BuildResult[] = [];
  for (const file of files) results.push(await buildVdev(resolve(file), options));
  return results;
}

function refuseClashes(files: readonly string[]): void {
  const owners = new Map<string, string>();
  for (const file of new Set(files.map((name) => resolve(name)))) {
    const name = basename(file, ".ts");
    const owner = owners.get(name);
    if (owner !== undefined) throw new UserError(`${name}.wasm is also the output of ${owner}: rename one`, { file });
    owners.set(name, file);
  }
}

async function buildVdev(file: string, options: BuildOptions): Promise<BuildResult> {
  const name = basename(file, ".ts");
  const outFile = join(resolve(options.outDir), `${name}.wasm`);
  const recordFile = join(resolve(options.cacheDir ?? join(options.outDir, "..", "cache")), `${name}.json`);
  const projectDir = findProjectDir(file);
  const asconfig = findAsconfig(file, projectDir, packageDir());
  const settings = contentHash(
    JSON.stringify([file, projectDir, asconfig, options.extraFlags ?? [], asc.version, await buildHash()]),
  );
  const known = options.force === true ? undefined : await upToDate(recordFile, settings, outFile);
  if (known !== undefined) return { file, outFile, status: "unchanged", diagnostics: known.diagnostics };
  options.onCompile?.(file);
  try {
    const built = await compileVdev({ file, outFile, asconfig, extraFlags: options.extraFlags ?? [] });
    const record: BuildRecord = {
      settings,
      inputs: built.inputs,
      wasm: contentHash(built.wasm),
      sourceMap: contentHash(built.sourceMap),
      diagnostics: built.diagnostics,
    };
    await replaceFile(recordFile, `${JSON.stringify(record, null, 1)}\n`);
    return { file, outFile, status: "built", diagnostics: built.diagnostics };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { file, outFile, status: "failed", errors: error instanceof CompileError ? error.errors : [error] };
  }
}

/** The record of a module of which nothing changed since. */
async function upToDate(recordFile: string, settings: string, outFile: string): Promise<BuildRecord | undefined> {
  const record = parseRecord(await readTextFile(recordFile));
  if (record?.settings !== settings) return undefined;
  const expected = [
    ...record.inputs,
    { file: outFile, hash: record.wasm },
    { file: `${outFile}.map`, hash: record.sourceMap },
  ];
  for (const { file, hash } of expected) {
    if ((await fileHash(file)) !== hash) return undefined;
  }
  return record;
}

/** A record cut short or written by another version counts as none. */
function parseRecord(text: string | null): BuildRecord | undefined {
  try {
    const record = JSON.parse(text ?? "null") as BuildRecord | null;
    return Array.isArray(record?.inputs) && Array.isArray(record.diagnostics) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Hash of a file's bytes, or null when it cannot be read. */
async function fileHash(file: string): Promise<string | null> {
  try {
    return contentHash(await readFile(file));
  } catch {
    return null;
  }
}

let ownHash: Promise<string> | undefined;

/** Hash of the build's own code: a module made by another transform or driver is not up to date. */
function buildHash(): Promise<string> {
  ownHash ??= hashFolder(join(packageDir(), "build", "asc"));
  return ownHash;
}

async function hashFolder(dir: string): Promise<string> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), "utf8")));
  return contentHash(JSON.stringify(texts));
}
