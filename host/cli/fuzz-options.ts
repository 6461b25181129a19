import { basename, join } from "node:path";
import type { GivenReset } from "../fuzz/reset-look.ts";
import { type ParsedArguments, UsageError } from "./arguments.ts";
import { numberOf } from "./explore.ts";

/** Seconds of a campaign, unless told otherwise. */
export const SECONDS = 60;
const JOBS_MAX = 256;
export const CONFIGURATIONS = 8;
const CONFIGURATIONS_MAX = 64;
const SEED_MAX = 2 ** 32 - 1;

/** What the words of `vdevbox fuzz` say. */
export interface FuzzOptions {
  /** A configuration or a module. */
  readonly what: string;
  /** The same in a word. */
  readonly name: string;
  /** All words beside options. */
  readonly words: readonly string[];
  readonly modulePath: readonly string[];
  readonly folder: string;
  readonly does: "search" | "merge" | "cost";
  readonly executions: number;
  /** Milliseconds. */
  readonly time: number;
  readonly seed: number;
  readonly jobs: number;
  readonly shard: { readonly index: number; readonly of: number } | undefined;
  readonly configurations: number;
  readonly seeds: readonly string[];
  readonly reset: GivenReset | undefined;
  readonly reference: string | undefined;
  readonly json: boolean;
}

/** Reads all options, so that a mistake in one is told before anything is made. @throws UsageError */
export function fuzzOptions(args: ParsedArguments): FuzzOptions {
  const [what] = args.positionals;
  if (what === undefined) throw new UsageError("fuzz needs a configuration or a module: `vdevbox fuzz CONF`");
  const name = basename(what).replace(/\.\w+$/, "");
  const executions = numberOf(args, "executions", 1, 1e15);
  const seconds = numberOf(args, "seconds", 0.1, 1e7) ?? (executions === undefined ? SECONDS : Infinity);
  const reference = args.value("reference");
  const options: FuzzOptions = {
    what,
    name,
    words: args.positionals,
    modulePath: args.values("module-path"),
    folder: args.value("out") ?? join("build", "out", "fuzz", name),
    does: args.flag("merge") ? "merge" : args.flag("cost") ? "cost" : "search",
    executions: executions ?? Infinity,
    time: seconds * 1000,
    seed: numberOf(args, "seed", 0, SEED_MAX) ?? 1,
    jobs: numberOf(args, "jobs", 1, JOBS_MAX) ?? 1,
    shard: shardOf(args),
    configurations:
      numberOf(args, "configurations", 1, CONFIGURATIONS_MAX) ?? (reference === undefined ? CONFIGURATIONS : 1),
    seeds: args.values("seeds"),
    reset: resetOf(args),
    reference,
    json: args.flag("json"),
  };
  checkTogether(args, options);
  return options;
}

/** @throws UsageError for options that do not go together */
function checkTogether(args: ParsedArguments, { folder, jobs, shard, does, reference, reset }: FuzzOptions): void {
  if (folder === "") throw new UsageError("--out takes a folder, and its name is empty");
  if (args.flag("merge") && args.flag("cost"))
    throw new UsageError("--merge and --cost are two things to do: one at a time");
  if (does === "cost" && (reference !== undefined || reset !== undefined))
    throw new UsageError("--cost looks for steps only: it goes with neither --reference nor --reset");
  if (jobs === 1) return;
  if (shard !== undefined)
    throw new UsageError("--jobs makes shards of its own: start a process for each --shard instead");
  if (does !== "search") throw new UsageError(`--${does} is done by one process: it does not go with --jobs`);
}

/** @throws UsageError for what is no address */
function resetOf(args: ParsedArguments): GivenReset | undefined {
  const lines = args.values("reset");
  const notReset = args.values("not-reset").map((text) => {
    if (!/^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(text))
      throw new UsageError(`--not-reset takes an address, and not "${text}"`);
    return BigInt(text);
  });
  if (lines.length > 0) return { lines, notReset };
  if (notReset.length > 0) throw new UsageError("--not-reset goes with --reset");
  return undefined;
}

/** @throws UsageError for what is no `I/N` */
function shardOf(args: ParsedArguments): FuzzOptions["shard"] {
  const text = args.value("shard");
  if (text === undefined) return undefined;
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && index < of) return { index, of };
  throw new UsageError(`--shard takes I/N with I from 0 to N - 1, as in 0/4, and not "${text}"`);
}
