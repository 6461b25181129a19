import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { UserError } from "../errors.ts";
import type { Command, ParsedArguments } from "./arguments.ts";

/** `vdevbox build`: AssemblyScript to modules. */
export const buildCommand: Command = {
  name: "build",
  usage: "[FILE.ts|FOLDER…] [--out-dir DIR]",
  summary: "compile vdevs to WebAssembly modules",
  options: [
    { name: "out-dir", value: "DIR", help: "where the modules go (default: build/out/vdevs)" },
    { name: "force", help: "build even what is up to date" },
    { name: "json", help: "print the result as JSON" },
  ],
  details:
    "Without files, builds vdevs/NAME/NAME.ts for every folder of vdevs/. Flags come from the nearest asconfig.json,\n" +
    "then from vdevbox's own; what the sandbox needs is added. Only what changed is built.",
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
  const failed = results.flatMap((result) => (result.status === "failed" ? result.errors : []));
  for (const error of failed) console.error(error.toString());
  if (args.flag("json")) {
    console.log(
      JSON.stringify(
        results.map(({ file, outFile, status }) => ({ file, outFile, status })),
        undefined,
        2,
      ),
    );
  } else {
    for (const { file, outFile, status } of results) {
      if (status !== "failed")
        console.log(
          `${relative(process.cwd(), file)} -> ${relative(process.cwd(), outFile)}${status === "unchanged" ? " (up to date)" : ""}`,
        );
    }
  }
  return failed.length === 0 ? 0 : 1;
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
