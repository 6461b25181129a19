import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import type { ConfigPiece } from "../config/parse-config.ts";
import { type Finding, formatFinding } from "../gate/finding.ts";
import { counted } from "../plural.ts";
import { makeFolder, writeWhole } from "./campaign-folder.ts";

/** What generated tests import. */
const TESTING = "vdevbox/testing";

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
  /** Folders in which the modules are. */
  readonly modulePath: readonly string[];
  /** The VM does not come to its start: there is no program. */
  readonly atStart?: boolean;
}

/**
 * Writes the folder of a finding: `finding.md`, `program.script`, `finding.rec`, `vm.qvmconf`, `finding.json` and a test.
 * @returns the folder
 * @throws UserError when it cannot be written
 */
export function writeFinding(findings: string, record: FindingRecord): string {
  const name = nameOf(record.finding);
  let folder = join(findings, name);
  for (let i = 2; existsSync(folder); i++) folder = join(findings, `${name}-${i}`);
  makeFolder(folder);
  const write = (file: string, text: string) => writeWhole(join(folder, file), text);
  write("vm.qvmconf", configOf(record.pieces));
  write("program.script", record.script);
  if (record.recording !== undefined) write("finding.rec", record.recording);
  write("finding.md", describe(record, folder));
  write(`${basename(folder)}.test.ts`, testOf(record, folder));
  // Last: with it the finding is known.
  write("finding.json", `${JSON.stringify({ cause: record.cause, ...record.finding }, undefined, 2)}\n`);
  return folder;
}

/** Causes of findings that are in a folder. */
export function knownCauses(findings: string): string[] {
  return readdirSync(findings).flatMap((name) => {
    try {
      const { cause } = JSON.parse(readFileSync(join(findings, name, "finding.json"), "utf8"));
      return typeof cause === "string" ? [cause] : [];
    } catch {
      return []; // being written, or rubbish
    }
  });
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
  const { finding, script, operations, executions, recording } = record;
  const from = relative(process.cwd(), folder).split(sep).join("/");
  if (record.atStart) return describeStart(record, from);
  const again =
    recording === undefined
      ? "A VM without the fuzzer did not come to this: it needs what only the fuzzer sees."
      : `\`npx vdevbox replay ${from}/finding.rec\` does it again, \`npx vdevbox run ${from}/vm.qvmconf --guest ${from}/program.script --explain\` tells what happens.`;
  return [
    `# ${finding.message}`,
    "",
    "```text",
    formatFinding(finding),
    "```",
    "",
    `## The shortest program that was found (${counted(operations, "operation")})`,
    "",
    "```sh",
    script.trimEnd(),
    "```",
    "",
    again,
    "",
    `Found after ${counted(executions, "execution")}. The test beside this file fails until it is mended.`,
    "",
  ].join("\n");
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

function testOf({ finding, modulePath, atStart }: FindingRecord, folder: string): string {
  const paths = modulePath.map((path) => relative(folder, resolve(path)).split(sep).join("/"));
  return [
    'import { expect, test } from "vitest";',
    `import { createVm, fileBeside } from "${TESTING}";`,
    "",
    `test(${JSON.stringify(finding.message)}, async () => {`,
    ...(atStart ? ["  const start = () => createVm({"] : ["  const vm = createVm({"]),
    '    config: fileBeside(import.meta.url, "vm.qvmconf"),',
    `    modulePath: [${paths.map((path) => `fileBeside(import.meta.url, ${JSON.stringify(path)})`).join(", ")}],`,
    "  });",
    ...(atStart ? startTest(finding) : PROGRAM_TEST),
    "});",
    "",
  ].join("\n");
}

const PROGRAM_TEST = [
  '  await vm.runScript(fileBeside(import.meta.url, "program.script"));',
  "  expect(vm.findings).toEqual([]);",
];

/** It may be refused, which throws as well: what must not come is this finding. */
function startTest({ message, module }: Finding): string[] {
  const anywhere = message.replaceAll(module, basename(module)); // the module may lie elsewhere by then
  return [
    '  let told = "";',
    "  try {",
    '    told = start().findings.map(({ text }) => text).join("\\n");',
    "  } catch (error) {",
    "    told = String(error);",
    "  }",
    `  expect(told).not.toContain(${JSON.stringify(anywhere)});`,
  ];
}
