import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import asc from "assemblyscript/asc";
import { UserError } from "../../host/errors.ts";
import { inUsersWords } from "./compiler-words.ts";
import { findAsconfig, findProjectDir, vdevConfig } from "./config.ts";
import { createCstrTransform } from "./cstr-transform.ts";
import { CompileError, type Diagnostic, packageSourceName, toDiagnostic } from "./diagnostics.ts";
import { packageDir } from "./package-dir.ts";
import { createPlacesTransform } from "./places-transform.ts";
import { createSourceReader, type InputFile, readTextFile, type SourceReader } from "./source-reader.ts";

/** The exports the host calls, linked into every vdev as the second entry. */
const RUNTIME_ENTRY = "~lib/vdevbox/abi/runtime/entry.ts";
/** Set by the build whatever the configuration says: names and a map for reports, the table for callbacks. */
const VDEV_FLAGS = ["--exportTable", "--debug"];
/** Top-level code runs when the host calls it, not inside instantiation: only then can its calls be checked. */
const START_FLAGS = ["--exportStart", "__vdevbox_start"];

export interface CompileResult {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Source map (version 3) as JSON. `sources` are paths in the project, `vdevbox/abi/...` or `~lib/...`. */
  readonly sourceMap: string;
  /** The module as text, when asked for. */
  readonly text?: string;
  /** What the compiler said beside errors. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every file the result depends on. */
  readonly inputs: readonly InputFile[];
}

export interface AssemblyOptions {
  /** The entry file, AssemblyScript. */
  readonly file: string;
  /** Written with `.map` beside it, replaced in one step; nothing is written when absent. */
  readonly outFile?: string;
  /** Flags of asc, as on its command line. */
  readonly flags?: readonly string[];
  /** Folder the source map's names are relative to. Default: the nearest with a package.json or asconfig.json. */
  readonly projectDir?: string;
  /** Also make the text form. */
  readonly text?: boolean;
  /** Folder whose `abi/` is `vdevbox/abi/` and whose asconfig.json has the defaults. Default: this package's. */
  readonly packageDir?: string;
}

export interface VdevOptions extends Omit<AssemblyOptions, "flags"> {
  /** The asconfig.json to use. Default: the nearest above the file in its project, else the package's. */
  readonly asconfig?: string;
  /** Flags of asc that win over the configuration. */
  readonly extraFlags?: readonly string[];
  /** `program` leaves out the exports the host calls; such a module cannot be loaded as a vdev. */
  readonly entries?: "vdev" | "program";
}

/**
 * Compiles a vdev. Flags come from the user's asconfig.json, ours fills what it leaves open.
 * @throws CompileError with every error the compiler found, each with its place
 */
export async function compileVdev(options: VdevOptions): Promise<CompileResult> {
  const file = resolve(options.file);
  const projectDir = resolve(options.projectDir ?? findProjectDir(file));
  const ours = options.packageDir ?? packageDir();
  const defaults = join(ours, "asconfig.json");
  const config = options.asconfig === undefined ? findAsconfig(file, projectDir, ours) : resolve(options.asconfig);
  const reader = createSourceReader({
    packageDir: ours,
    rewriteConfig: (name, text) => vdevConfig(name, text, defaults),
  });
  return compile({
    entries: options.entries === "program" ? [file] : [file, RUNTIME_ENTRY],
    flags: [
      "--config",
      config,
      ...VDEV_FLAGS,
      ...(options.entries === "program" ? [] : START_FLAGS),
      ...(options.extraFlags ?? []),
    ],
    projectDir,
    outFile: options.outFile,
    text: options.text ?? false,
    reader,
  });
}

/** Compiles AssemblyScript that is no vdev, such as the dispatcher: no configuration file, no second entry. */
export async function compileAssembly(options: AssemblyOptions): Promise<CompileResult> {
  const file = resolve(options.file);
  return compile({
    entries: [file],
    flags: ["--config", "./no-asconfig", ...(options.flags ?? [])],
    projectDir: resolve(options.projectDir ?? findProjectDir(file)),
    outFile: options.outFile,
    text: options.text ?? false,
    reader: createSourceReader({ packageDir: options.packageDir ?? packageDir() }),
  });
}

interface Job {
  readonly entries: readonly string[];
  readonly flags: readonly string[];
  readonly projectDir: string;
  readonly outFile: string | undefined;
  readonly text: boolean;
  readonly reader: SourceReader;
}

async function compile(job: Job): Promise<CompileResult> {
  const file = job.entries[0] as string;
  if (!file.endsWith(".ts")) throw new UserError("the name of an AssemblyScript file ends in .ts", { file });
  if ((await readTextFile(file)) === null) {
    throw new UserError("there is no such file: name the AssemblyScript file of the module to compile", { file });
  }
  const name = basename(job.outFile ?? file.replace(/\.ts$/, ".wasm"), ".wasm");
  const written = await oneAtATime(() => runAsc(job, name));
  const result: CompileResult = {
    wasm: written.files.get(`${name}.wasm`) as Uint8Array<ArrayBuffer>,
    sourceMap: namedSourceMap(written.files.get(`${name}.wasm.map`) as string, name),
    ...(job.text ? { text: written.files.get(`${name}.wat`) as string } : {}),
    diagnostics: written.diagnostics,
    inputs: job.reader.inputs(),
  };
  if (job.outFile !== undefined) await writeOutput(resolve(job.outFile), result);
  return result;
}

interface AscOutput {
  readonly files: ReadonlyMap<string, string | Uint8Array<ArrayBuffer>>;
  readonly diagnostics: readonly Diagnostic[];
}

async function runAsc(job: Job, name: string): Promise<AscOutput> {
  const files = new Map<string, string | Uint8Array<ArrayBuffer>>();
  const diagnostics: Diagnostic[] = [];
  const entries = job.entries.map((entry) => (entry.startsWith("~lib/") ? entry : relative(job.projectDir, entry)));
  const output = ["--outFile", `${name}.wasm`, "--sourceMap", ...(job.text ? ["--textFile", `${name}.wat`] : [])];
  const argv = [...entries, "--baseDir", job.projectDir, ...job.flags, ...output];
  const { error, stderr } = await withoutExit(job.entries[0] as string, () =>
    asc.main(argv, {
      readFile: (file, baseDir) => job.reader.read(file, baseDir),
      writeFile: (file, content) => {
        files.set(basename(file), typeof content === "string" ? content : new Uint8Array(content));
      },
      listFiles: () => null,
      reportDiagnostic: (from) => {
        const { message, ...rest } = toDiagnostic(from, job.reader, job.projectDir);
        diagnostics.push({ message: inUsersWords(message, packageDir()), ...rest });
      },
      // asc gives a transform's constructor the program; ours is an object and asks the parser it is handed.
      transforms: [createCstrTransform(), createPlacesTransform()] as unknown as asc.APIOptions["transforms"] & object,
    }),
  );
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  if (errors.length > 0) throw new CompileError(withoutRepeats(errors));
  if (error instanceof UserError) throw error;
  if (error) throw new UserError(`the compiler gave up: ${error.message}`, { file: job.entries[0] as string });
  const warnings = unknownOptions(stderr.toString());
  if (warnings !== undefined) throw new UserError(warnings, { file: job.entries[0] as string });
  return { files, diagnostics };
}

function withoutRepeats(errors: readonly Diagnostic[]): UserError[] {
  const seen = new Map<string, UserError>();
  for (const { message, place } of errors) {
    const error = new UserError(message, place);
    seen.set(error.toString(), error);
  }
  return [...seen.values()];
}

/** asc only warns of a flag it does not know; a flag that does nothing is a mistake. */
function unknownOptions(stderr: string): string | undefined {
  const unknown = /Unknown option '([^']*)'/.exec(stderr);
  return unknown === null ? undefined : `the compiler has no option ${unknown[1]}: correct the flags`;
}

let running: Promise<unknown> = Promise.resolve();

/** asc keeps global state while it compiles: one module after the other. */
function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const next = running.then(work, work);
  running = next.catch(() => undefined);
  return next;
}

/** asc ends the process when it crashes; a build must go on and say which file it was. */
async function withoutExit<T>(file: string, work: () => Promise<T>): Promise<T> {
  const { exit } = process;
  const { error: print } = console;
  const printed: string[] = [];
  console.error = (...parts) => printed.push(parts.join(" "));
  process.exit = (code) => {
    if (!printed.join("\n").includes("compiler has crashed")) return exit(code);
    throw new Error("it crashed, which is a mistake of the compiler; undo the last change or write it in another way");
  };
  try {
    return await work();
  } catch (error) {
    throw error instanceof UserError
      ? error
      : new UserError(`the compiler gave up: ${(error as Error).message}`, { file });
  } finally {
    process.exit = exit;
    console.error = print;
  }
}

/** asc's map with readable names, and no root folder that only exists in asc's mind. */
function namedSourceMap(json: string, name: string): string {
  const { sourceRoot: _, ...map } = JSON.parse(json) as { sources: string[]; sourceRoot?: string };
  return JSON.stringify({ ...map, file: `${name}.wasm`, sources: map.sources.map(packageSourceName) });
}

async function writeOutput(outFile: string, result: CompileResult): Promise<void> {
  await replaceFile(`${outFile}.map`, result.sourceMap);
  await replaceFile(outFile, result.wasm);
}

/**
 * Writes a file in one step, making its folder: a reader sees the old content or the new one.
 * @throws UserError when it cannot be written
 */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  const next = `${file}.${process.pid}.new`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(next, content);
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true }).catch(() => undefined); // below a file there is nothing to remove either
    throw new UserError(`cannot be written: ${(error as NodeJS.ErrnoException).code}`, { file });
  }
}
