import { existsSync, readFileSync, renameSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import type { ConfigPiece } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import { type Finding, formatFinding } from "../gate/finding.ts";
import { counted } from "../plural.ts";
import { discard, makeFolder, namesIn, writeWhole } from "./campaign-folder.ts";
import { testOfFinding } from "./finding-test.ts";

/** How the name of a folder begins that is being written, or whose process was killed. */
const UNFINISHED = ".";
/** Lines of what happens, in words. */
const WORDS = 80;

/** All that is written of a finding. */
export interface FindingRecord {
  readonly cause: string;
  readonly finding: Finding;
  /** The program as a script. */
  readonly script: string;
  /** Operations of the program, guest memory that had to be there included. */
  readonly operations: number;
  readonly executions: number;
  /** Absent when a VM without a fuzzer did not come to the same. */
  readonly recording: string | undefined;
  readonly pieces: readonly ConfigPiece[];
  /** What happens, line by line, in words. */
  readonly words?: readonly string[];
  /** The schedule it takes, as text with a column for each thread; absent when none is needed. */
  readonly schedule?: string;
  /** Folders in which the modules are. */
  readonly modulePath: readonly string[];
  /** The VM does not come to its start: there is no program. */
  readonly atStart?: boolean;
}

/**
 * Writes the folder of a finding: `finding.md`, `program.script`, `finding.rec`, `vm.qvmconf`, `finding.json` and a test.
 * It is whole or not there: several processes may come to the same finding, and any of them may be killed.
 * @returns the folder, undefined when another process has written one with this cause
 * @throws UserError when it cannot be written
 */
export function writeFinding(findings: string, record: FindingRecord): string | undefined {
  const name = nameOf(record.finding);
  for (let i = 1; ; i++) {
    const folder = join(findings, i === 1 ? name : `${name}-${i}`);
    if (existsSync(folder)) {
      if (causeIn(folder) === record.cause) return undefined;
    } else if (writeFolder(folder, record)) return folder;
  }
}

/** @returns whether it could be written: not when there is a folder of this name by now */
function writeFolder(folder: string, record: FindingRecord): boolean {
  const { pieces, script, recording, cause, finding } = record;
  const other = join(dirname(folder), `${UNFINISHED}${basename(folder)}.${process.pid}`);
  const write = (file: string, text: string) => writeWhole(join(other, file), text);
  try {
    makeFolder(other);
    write("vm.qvmconf", configOf(pieces));
    write("program.script", script);
    if (recording !== undefined) write("finding.rec", recording);
    write("finding.md", describe(record, folder));
    write(`${basename(folder)}.test.ts`, testOfFinding(record, folder));
    write("finding.json", `${JSON.stringify({ cause, ...finding }, undefined, 2)}\n`);
    renameSync(other, folder);
    return true;
  } catch (error) {
    discard(other);
    if (error instanceof UserError) throw error;
    if (existsSync(folder)) return false;
    throw new UserError(`cannot be written: ${(error as NodeJS.ErrnoException).code}`, { file: folder });
  }
}

/** Causes of findings that are in a folder. */
export function knownCauses(findings: string): string[] {
  return findingNames(findings).flatMap((name) => causeIn(join(findings, name)) ?? []);
}

/** Names of the folders of findings that are whole. */
export function findingNames(findings: string): string[] {
  return namesIn(findings).filter((name) => !name.startsWith(UNFINISHED));
}

/** @returns undefined for a folder of something else, or rubbish */
function causeIn(folder: string): string | undefined {
  try {
    const { cause } = JSON.parse(readFileSync(join(folder, "finding.json"), "utf8"));
    return typeof cause === "string" ? cause : undefined;
  } catch {
    return undefined;
  }
}

/** `trap-uart.ts-42`. */
function nameOf({ rule, stack, vdev }: Finding): string {
  const frame = stack.find(({ line }) => line !== undefined);
  const where = frame === undefined ? (vdev?.type ?? "vm") : `${basename(frame.file!)}-${frame.line}`;
  return `${rule}-${where}`.replaceAll(/[^\w.-]/g, "_");
}

/** All pieces one after another: what they say does not depend on their files. */
function configOf(pieces: readonly ConfigPiece[]): string {
  return pieces.map(({ text }) => (text.endsWith("\n") ? text : `${text}\n`)).join("");
}

function describe(record: FindingRecord, folder: string): string {
  const { finding, script, operations, executions, schedule, words } = record;
  const from = relative(process.cwd(), folder).split(sep).join("/");
  if (record.atStart) return describeStart(record, from);
  const shortest = counted(operations, "operation");
  return [
    `# ${finding.message}`,
    "",
    "```text",
    formatFinding(finding),
    "```",
    "",
    `## The shortest program that was found (${shortest})`,
    "",
    "```sh",
    script.trimEnd(),
    "```",
    "",
    ...(words === undefined || words.length === 0 ? [] : ["In words:", "", "```text", ...cut(words), "```", ""]),
    ...(schedule === undefined ? [] : ["It takes this schedule:", "", "```text", schedule.trimEnd(), "```", ""]),
    againIn(record, from),
    "",
    `Found after ${counted(executions, "execution")}. The test beside this file fails until it is mended.`,
    "",
  ].join("\n");
}

/** The beginning and the end, if there is more than anybody reads. */
function cut(words: readonly string[]): readonly string[] {
  if (words.length <= WORDS) return words;
  const head = WORDS >> 2;
  const left = words.length - WORDS;
  return [...words.slice(0, head), `… ${counted(left, "line")} more …`, ...words.slice(head + left)];
}

function againIn({ recording, schedule }: FindingRecord, folder: string): string {
  if (recording === undefined) {
    return "A VM without the fuzzer did not come to this: it needs what only the fuzzer sees.";
  }
  const program = `${folder}/vm.qvmconf --guest ${folder}/program.script`;
  const more =
    schedule === undefined
      ? `\`npx vdevbox run ${program} --explain\` tells what happens`
      : `\`npx vdevbox explore ${program}\` searches the schedules of that program`;
  return `\`npx vdevbox replay ${folder}/finding.rec\` does it again, ${more}.`;
}

function describeStart({ finding, pieces }: FindingRecord, from: string): string {
  return [
    `# ${finding.message}`,
    "",
    "```text",
    formatFinding(finding),
    "```",
    "",
    "## The configuration",
    "",
    "```sh",
    configOf(pieces).trimEnd(),
    "```",
    "",
    `\`npx vdevbox run ${from}/vm.qvmconf --guest ${from}/program.script\` does it again. A vdev may refuse a value; the test beside this file fails until it does that or takes it.`,
    "",
  ].join("\n");
}
