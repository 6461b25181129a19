import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { Finding, StackFrame } from "../gate/finding.ts";
import { packageRoot } from "../paths.ts";
import { type CampaignFolder, writeWhole } from "./campaign-folder.ts";
import { type KnownFinding, knownFindings } from "./known-findings.ts";
import { ruleText } from "./rule-texts.ts";

/** Frames of one stack that are written; a recursion may have a thousand. */
const FRAMES_MAX = 64;
/** What stands for the folder that sources are relative to, as code scanning knows it. */
const SOURCES = "%SRCROOT%";

/**
 * Writes `findings.sarif`: all findings of a campaign's folder as SARIF 2.1.0 (OASIS), also when there are none, so that
 * a service that shows them knows which are gone.
 * @throws UserError when it cannot be written
 */
export function writeSarif(folder: CampaignFolder, what: string): void {
  const log = sarifOf(knownFindings(folder.findings), { what, findings: folder.findings, root: sourceRoot() });
  writeWhole(join(folder.path, "findings.sarif"), `${JSON.stringify(log, undefined, 2)}\n`);
}

/** Where a log's findings are from. */
export interface SarifSource {
  /** What was fuzzed. */
  readonly what: string;
  /** The folder with the findings' own. */
  readonly findings: string;
  /** That source files are named from. */
  readonly root: string;
}

/** The folder of the repository this process runs in; without one, where it runs. */
function sourceRoot(): string {
  const here = process.cwd();
  for (let folder = here; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return folder;
    if (folder === dirname(folder)) return here;
  }
}

/** Findings as the one run of a log. */
export function sarifOf(known: readonly KnownFinding[], source: SarifSource): object {
  const rules = [...new Set(known.map(({ finding }) => finding.rule))].sort();
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "vdevbox",
            version,
            semanticVersion: version,
            rules: rules.map((rule) => ({
              id: rule,
              shortDescription: { text: ruleText(rule) },
              defaultConfiguration: { level: "error" },
            })),
          },
        },
        automationDetails: { id: `vdevbox-fuzz/${source.what}/` },
        originalUriBaseIds: { [SOURCES]: { uri: folderUri(source.root) } },
        columnKind: "utf16CodeUnits",
        results: known.map((one) => resultOf(one, rules.indexOf(one.finding.rule), source)),
      },
    ],
  };
}

function resultOf({ name, cause, finding }: KnownFinding, ruleIndex: number, source: SarifSource): object {
  const { rule, severity, message, stack, accesses, advice, vdev, compared } = finding;
  const { root } = source;
  const first = stack.find(({ file }) => file !== undefined) ?? frameOfAccess(finding);
  const at = first === undefined ? configPlace(name, source) : location(first, root);
  const flows = accesses === undefined ? [stack] : accesses.map((_, i) => [accessFrame(finding, i)]);
  const threadFlows = flows.map((frames) => threadFlow(frames, root)).filter(({ locations }) => locations.length > 0);
  const related = (finding.also ?? []).flatMap(({ what, stack: other }) => {
    const frame = other.find(({ file }) => file !== undefined);
    return frame === undefined ? [] : [{ ...location(frame, root), message: { text: what } }];
  });
  return {
    ruleId: rule,
    ruleIndex,
    level: severity === "warning" ? "warning" : "error",
    message: { text: fromRoot([message, advice].filter((text) => text !== "").join(". "), root) },
    locations: [at],
    ...(threadFlows.length > 0 && { codeFlows: [{ threadFlows }] }),
    ...(related.length > 0 && { relatedLocations: related.map((one, id) => ({ id: id + 1, ...one })) }),
    fingerprints: { "vdevbox/cause/v1": digest(fromRoot(cause, root)) },
    // The same without lines, for who compares sources that have moved.
    partialFingerprints: {
      "vdevbox/functions/v1": digest(
        [severity, rule, compared?.what ?? vdev?.type, ...stack.map((frame) => frame.function)].join("|"),
      ),
    },
    properties: {
      severity,
      folder: relative(root, join(resolve(source.findings), name))
        .split(sep)
        .join("/"),
    },
  };
}

/** A stack as steps towards its innermost frame, which is where it happened. */
function threadFlow(stack: readonly StackFrame[], root: string) {
  const frames = stack.filter(({ file }) => file !== undefined).slice(0, FRAMES_MAX);
  return {
    locations: frames.reverse().map((frame, i) => ({
      location: { ...location(frame, root), message: { text: `in ${frame.function}` } },
      nestingLevel: i,
    })),
  };
}

function frameOfAccess(finding: Finding): StackFrame | undefined {
  const at = finding.accesses?.findIndex(({ place }) => place !== undefined) ?? -1;
  return at < 0 ? undefined : accessFrame(finding, at);
}

function accessFrame({ accesses, module }: Finding, i: number): StackFrame {
  const { place, thread, writes } = accesses![i]!;
  return { function: `${thread}, which ${writes ? "writes" : "reads"}`, module, ...place };
}

function location({ function: name, file, line, column }: StackFrame, root: string) {
  const region =
    line === undefined ? undefined : { startLine: line, ...(column !== undefined && { startColumn: column }) };
  return {
    physicalLocation: { artifactLocation: artifact(file!, root), ...(region && { region }) },
    logicalLocations: [{ name, kind: "function" }],
  };
}

/** A finding without a line of source is about the configuration that leads to it. */
function configPlace(name: string, { findings, root }: SarifSource) {
  return {
    physicalLocation: {
      artifactLocation: artifact(join(resolve(findings), name, "vm.qvmconf"), root),
      region: { startLine: 1 },
    },
  };
}

/** Sources are named as from the folder they were compiled in: this one, a project in the repository, or the root. */
function artifact(file: string, root: string) {
  const path = isAbsolute(file) || existsSync(file) ? relative(root, resolve(file)) : normalize(file);
  if (path.startsWith("..") || isAbsolute(path)) return { uri: pathToFileURL(resolve(root, file)).href };
  return { uri: path.split(/[\\/]/).map(encodeURIComponent).join("/"), uriBaseId: SOURCES };
}

/** A text that is the same wherever the repository lies. */
function fromRoot(text: string, root: string): string {
  return root === sep ? text : text.replaceAll(`${root}${sep}`, "");
}

function folderUri(folder: string): string {
  const { href } = pathToFileURL(folder);
  return href.endsWith("/") ? href : `${href}/`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
