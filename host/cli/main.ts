import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import { packageRoot } from "../paths.ts";
import { type Command, formatHelp, parseArguments, UsageError } from "./arguments.ts";
import { benchCommand } from "./bench.ts";
import { buildCommand } from "./build.ts";
import { checkCommand } from "./check.ts";
import { demoCommand } from "./demo.ts";
import { exploreCommand } from "./explore.ts";
import { fromHere } from "./finding-text.ts";
import { fuzzCommand } from "./fuzz.ts";
import { exitCodeAfterOutput, watchOutput } from "./output-failure.ts";
import { replayCommand } from "./replay.ts";
import { reportCommand } from "./report.ts";
import { runCommand } from "./run.ts";

/** Exit codes of all commands but `run`, which has qvm's. */
export const EXIT_CODE = { fine: 0, findings: 1, usage: 2 } as const;

const COMMANDS: readonly Command[] = [
  buildCommand,
  runCommand,
  replayCommand,
  checkCommand,
  exploreCommand,
  fuzzCommand,
  reportCommand,
  benchCommand,
  demoCommand,
];

function overview(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length)) + 2;
  return [
    "vdevbox: write, run and test virtual devices for the qvm vdev API",
    "",
    "usage: vdevbox COMMAND [ARGUMENTS]",
    "",
    ...COMMANDS.map((command) => `  ${command.name.padEnd(width)}${command.summary}`),
    `  ${"help".padEnd(width)}this text, or that of a command: \`vdevbox help run\``,
    "",
    "`vdevbox COMMAND --help` tells more, `vdevbox --version` which vdevbox this is.",
  ].join("\n");
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || isHelp(name)) {
    const [about] = name === "help" ? rest : [];
    console.log(about === undefined || isHelp(about) ? overview() : formatHelp(commandNamed(about)));
    return name === undefined ? EXIT_CODE.usage : EXIT_CODE.fine;
  }
  if (name === "--version" || name === "-V") {
    console.log(JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")).version);
    return EXIT_CODE.fine;
  }
  const command = commandNamed(name);
  if (rest.some((word) => word !== "help" && isHelp(word))) {
    console.log(formatHelp(command));
    return EXIT_CODE.fine;
  }
  return command.run(parseArguments(command, rest));
}

function isHelp(word: string): boolean {
  return ["--help", "-h", "help"].includes(word);
}

function commandNamed(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name);
  if (command !== undefined) return command;
  const names = [...COMMANDS.map((one) => one.name), "help"];
  throw new UsageError(`vdevbox has no command ${name}${didYouMean(name, names)}; see \`vdevbox --help\``);
}

watchOutput();

try {
  process.exitCode = exitCodeAfterOutput(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(fromHere(error.toString()));
  process.exitCode = error.exitCode ?? EXIT_CODE.usage;
}
