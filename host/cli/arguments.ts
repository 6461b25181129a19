import { type ParseArgsConfig, parseArgs } from "node:util";
import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import { counted } from "../plural.ts";

/** One option of a command: how it is written and what it does. */
export interface OptionHelp {
  readonly name: string;
  /** One letter that stands for it, as in `-o`. */
  readonly short?: string;
  /** Name of the value in the help; without one the option is a switch. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly help: string;
}

/** One command of the binary. */
export interface Command {
  readonly name: string;
  /** What stands behind the name: `CONF [--guest SPEC]`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly OptionHelp[];
  /** Most words it takes beside options; any number unless given. */
  readonly words?: number;
  /** More for `--help`. */
  readonly details?: string;
  /** @returns the exit code */
  run(args: ParsedArguments): Promise<number>;
}

export interface ParsedArguments {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  value(name: string): string | undefined;
  values(name: string): readonly string[];
}

/** A wrong command line; exit code 2. */
export class UsageError extends UserError {}

/** @throws UsageError for an option the command does not have */
export function parseArguments(command: Command, argv: readonly string[]): ParsedArguments {
  const { values, positionals } = parseWords(command, argv);
  checkWords(command, positionals);
  const all = (name: string) => [values[name] ?? []].flat();
  return {
    positionals,
    flag: (name) => values[name] === true,
    value: (name) => all(name).map(String)[0],
    values: (name) => all(name).map(String),
  };
}

function parseWords(command: Command, argv: readonly string[]) {
  const options: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean", short: "h" } };
  const once: string[] = [];
  for (const { name, short, value, multiple } of command.options) {
    const type = value === undefined ? "boolean" : "string";
    options[name] = { type, multiple: value !== undefined, ...(short && { short }) };
    once.push(...(multiple === true ? [] : [name]));
  }
  try {
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    for (const name of once) checkOnce(name, parsed.values[name]);
    return parsed;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(explain(command, argv, error as NodeJS.ErrnoException));
  }
}

/** @throws UsageError for an option that says two things */
function checkOnce(name: string, values: unknown): void {
  if (!Array.isArray(values) || values.length < 2) return;
  throw new UsageError(`--${name} is given ${values.length} times (${values.join(", ")}), and only one can be meant`);
}

/** @throws UsageError for a word the command has no use for */
function checkWords({ name, words = Number.POSITIVE_INFINITY }: Command, given: readonly string[]): void {
  const extra = given[words];
  if (extra === undefined) return;
  const most = words === 0 ? "takes no words beside options" : `takes ${counted(words, "word")} at most`;
  throw new UsageError(`vdevbox ${name} ${most}, and "${extra}" is one too many; see \`vdevbox ${name} --help\``);
}

function explain(command: Command, argv: readonly string[], error: NodeJS.ErrnoException): string {
  const wrong = argv.find((arg) => arg.startsWith("--") && !known(command, arg));
  if (wrong === undefined) return explainValue(command, argv, error);
  const name = wrong.split("=")[0]!;
  const names = command.options.map((option) => `--${option.name}`);
  return `vdevbox ${command.name} has no option ${name}${didYouMean(name, names)}; see \`vdevbox ${command.name} --help\``;
}

/** What is wrong with the value of an option the command has; Node's own text for anything else. */
function explainValue(command: Command, argv: readonly string[], error: NodeJS.ErrnoException): string {
  const name = /'(?:-\w, )?--([\w-]+)/.exec(error.message)?.[1];
  const option = command.options.find((one) => one.name === name);
  if (error.code !== "ERR_PARSE_ARGS_INVALID_OPTION_VALUE" || option === undefined)
    return `vdevbox ${command.name}: ${error.message.split("\n")[0]}`;
  if (option.value === undefined) return `--${name} takes no value`;
  const next = argv[argv.lastIndexOf(`--${name}`) + 1];
  if (next === undefined) return `--${name} takes ${option.value}, which is missing`;
  return `--${name} takes ${option.value}, and "${next}" looks like an option; write --${name}=${next} if it is the value`;
}

function known(command: Command, arg: string): boolean {
  const name = arg.slice(2).split("=")[0];
  return name === "help" || name === "" || command.options.some((option) => option.name === name);
}

export function formatHelp(command: Command): string {
  const rows = command.options.map(({ name, short, value, help }): [string, string] => [
    `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`,
    help,
  ]);
  rows.push(["--help", "this text"]);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    `usage: vdevbox ${command.name} ${command.usage}`,
    "",
    command.summary,
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    ...(command.details === undefined ? [] : ["", command.details]),
  ].join("\n");
}
