import { dirname, join, relative, resolve, sep } from "node:path";
import { writeWhole } from "../fuzz/campaign-folder.ts";
import { readCampaign } from "../report/campaign.ts";
import { pageOf } from "../report/page.ts";
import { type Command, type ParsedArguments, UsageError } from "./arguments.ts";
import { findingText, fromHere } from "./finding-text.ts";

/** `vdevbox report`: a page about a fuzzing campaign. */
export const reportCommand: Command = {
  name: "report",
  usage: "CAMPAIGN [--out FILE]",
  summary: "make one HTML page of a fuzzing campaign: coverage, registers, sources, findings",
  words: 1,
  options: [
    { name: "out", short: "o", value: "FILE", help: "the page (default: report.html in the campaign's folder)" },
    { name: "module-path", value: "DIR", multiple: true, help: "folder to look for modules in first; repeatable" },
  ],
  details: [
    "CAMPAIGN is the folder that `vdevbox fuzz` names at its end, build/out/fuzz/NAME unless --out said otherwise. It may be",
    "of a campaign that still runs, or was killed. The page needs nothing else and no network. See docs/fuzzing.md.",
    "",
    "Exit codes: 0 the page was written, 2 the folder is none of a campaign, or the page cannot be written.",
  ].join("\n"),
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  const [folder] = args.positionals;
  if (folder === undefined) {
    throw new UsageError("report needs the folder of a campaign: `vdevbox report build/out/fuzz/NAME`");
  }
  const report = readCampaign(folder, args.values("module-path"));
  const file = args.value("out") ?? join(folder, "report.html");
  const findings = relative(dirname(resolve(file)), join(resolve(folder), "findings"));
  const address = (name: string) =>
    [...findings.split(sep), ...name.split("/")].map((part) => encodeURIComponent(part)).join("/");
  writeWhole(file, pageOf(report, { link: address, made: new Date(), textOf: findingText }));
  for (const note of report.notes) console.error(`note: ${fromHere(note)}`);
  console.log(file);
  return 0;
}
