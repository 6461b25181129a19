import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { BuildResult } from "../../build/asc/incremental.ts";
import { formatPlace, type SourcePlace, UserError } from "../errors.ts";
import type { Command, ParsedArguments } from "./arguments.ts";
import { fromHere } from "./finding-text.ts";

/** `vdevbox build`: AssemblyScript to modules. */
export const buildCommand: Command = {
  name: "build",
  usage: "[FILE.ts|FOLDER…] [--out-dir DIR] [--force] [--json]",
  summary: "compile vdevs to WebAssembly modules",
  options: [
    { name: "out-dir", value: "DIR", help: "where the modules go (default: build/out/vdevs)" },
    { name: "force", help: "build even what is up to date" },
    { name: "json", help: "print every module with its errors and warnings as JSON" },
  ],
  details:
    "Without files, builds vdevs/NAME/NAME.ts for every folder of vdevs/. Flags come from the nearest asconfig.json,\n" +
    "then from vdevbox's own; what the sandbox needs is added. Only what changed is built.\n\n" +
    "Exit codes: 0 all modules are built, 1 one did not compile, 2 wrong command line.",
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  const files = args.positionals.length === 0 ? vdevsIn("vdevs") : args.positionals.flatMap(expand);
  const outDir = args.value("out-dir") ?? join("build", "out", "vdevs");
  // The compiler is large: commands that do not compile start without it.
  const { buildVdevs } = await import("../../build/asc/incremental.ts");
  const results = await buildVdevs(files, {
    outDir,
    force: args.flag("force"),
    onCompile: (file) => console.error(`compiling ${relative(process.cwd(), file)}…`),
  });
  if (args.flag("json")) console.log(JSON.stringify(results.map(reportOf), undefined, 2));
  else for (const result of results) tell(result);
  return results.some(({ status }) => status === "failed") ? 1 : 0;
}

function tell(result: BuildResult): void {
  for (const { severity, message, place } of saidOf(result)) {
    const where = place === undefined ? "" : `${formatPlace(place)}: `;
    console.error(fromHere(`${where}${severity === "error" ? "" : `${severity}: `}${message}`));
  }
  if (result.status === "failed") return;
  const [from, to] = [result.file, result.outFile].map((name) => relative(process.cwd(), name));
  console.log(`${from} -> ${to}${result.status === "unchanged" ? " (up to date)" : ""}`);
}

interface Said {
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly place?: SourcePlace | undefined;
}

/** What the compiler said of a module. */
function saidOf(result: BuildResult): readonly Said[] {
  if (result.status !== "failed") return result.diagnostics;
  return result.errors.map(({ message, place }) => ({ severity: "error", message, place }));
}

/** A module as `--json` prints it. */
function reportOf(result: BuildResult) {
  const said = (severity: Said["severity"]) =>
    saidOf(result)
      .filter((one) => one.severity === severity)
      .map(({ message, place }) => ({ message, ...place }));
  const { file, outFile, status } = result;
  return { file, outFile, status, errors: said("error"), warnings: said("warning") };
}

function expand(name: string): string[] {
  if (!existsSync(name)) throw new UserError("there is no such file or folder", { file: name });
  if (!statSync(name).isDirectory()) return [name];
  const own = join(name, `${name.replace(/\/+$/, "").split("/").at(-1)}.ts`);
  return existsSync(own) ? [own] : vdevsIn(name);
}

function vdevsIn(folder: string): string[] {
  if (!existsSync(folder)) {
    throw new UserError("there is no folder vdevs/ here; name the files to build, as in `vdevbox build mydevice.ts`");
  }
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name, `${name}.ts`))
    .filter((file) => existsSync(file));
  if (files.length === 0) throw new UserError(`${folder}/ has no vdevs: each is a folder NAME with a file NAME.ts`);
  return files;
}
