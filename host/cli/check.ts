import { basename, join } from "node:path";
import { checkModuleFile, formatCheckReport } from "../check/check.ts";
import { ownConstantsOf } from "../check/own-constants.ts";
import { UserError } from "../errors.ts";
import type { Command, ParsedArguments } from "./arguments.ts";

/** `vdevbox check`: what a module is and which rules bind it, before anything runs. */
export const checkCommand: Command = {
  name: "check",
  usage: "MODULE.wasm… [--json]",
  summary: "load a module: its imports, factory and options, and the calls its callbacks must not make",
  options: [{ name: "json", help: "print the report as JSON" }],
  details: "Exit codes: 0 nothing found, 1 findings, 2 the module cannot be loaded.",
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  if (args.positionals.length === 0) throw new UserError("check needs a module: `vdevbox check MODULE.wasm`");
  for (const file of args.positionals) refuseSource(file);
  // The definition is large, and no other command needs it.
  const { ENTRIES } = await import("../../abi/definition/index.ts");
  const ownConstants = ownConstantsOf(ENTRIES);
  const reports = args.positionals.map((file) => checkModuleFile(file, { ownConstants }));
  if (args.flag("json")) console.log(JSON.stringify(reports.length === 1 ? reports[0] : reports, undefined, 2));
  else for (const report of reports) console.log(formatCheckReport(report));
  return reports.some((report) => report.verdict !== "ok") ? 1 : 0;
}

/** @throws UserError for a source, with what builds it */
function refuseSource(file: string): void {
  if (!file.endsWith(".ts")) return;
  const module = join("build", "out", "vdevs", `${basename(file, ".ts")}.wasm`);
  throw new UserError(
    `this is a source, and check looks at modules; build it first: \`vdevbox build ${file} && vdevbox check ${module}\``,
    { file },
  );
}
