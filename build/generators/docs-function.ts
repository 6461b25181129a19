import type { FunctionEntry, Prototypes } from "../../abi/definition/schema.ts";
import {
  code,
  lockText,
  paramText,
  phaseWords,
  prose,
  prototypeStatus,
  refusedText,
  resultText,
  safetyWords,
  sourceLink,
  table,
  threadsText,
  withStatus,
} from "./docs-text.ts";

/** One function in one block: prototype, parameters, result, when, where, how sure. */
export function functionBlock(entry: FunctionEntry): string[] {
  return [
    `### ${code(`${entry.name}()`)}`,
    "",
    ...prototypeBlock(entry.c),
    ...paragraphs(entry.summary, entry.notes),
    ...parameterTable(entry),
    ...paragraphs(entry.arguments),
    ...facts(entry).map(([title, text]) => `- **${title}:** ${text}`),
    "",
  ];
}

/** The C text as the manual prints it, a line for each release. */
export function prototypeBlock(c: Prototypes): string[] {
  const lines = Object.entries(c).map(
    ([version, text]) => `${version === "vdevbox" ? "" : `/* ${version} */ `}${text}`,
  );
  return lines.length === 0 ? [] : ["```c", ...lines, "```", ""];
}

function paragraphs(...texts: readonly (string | undefined)[]): string[] {
  return texts.flatMap((text) => (text === undefined ? [] : [prose(text), ""]));
}

function parameterTable(entry: FunctionEntry): string[] {
  if (entry.params.length === 0) return [];
  const rows = entry.params.map((param) => [code(param.name), paramText(param)]);
  return [...table(["Parameter", "What it is"], rows), ""];
}

function facts(entry: FunctionEntry): [string, string][] {
  const versions = entry.versions.length === 0 ? "in no release of the manual" : `seen in ${entry.versions.join(", ")}`;
  const status: [string, string][] = [
    ["Status", `prototype ${prototypeStatus(entry.prototype)}; ${versions}`],
    ["Sources", entry.sources.map(sourceLink).join(", ")],
  ];
  if (entry.prototype === "unknown") {
    return [["Not callable", "no page shows its prototype; a module that imports it is refused by name"], ...status];
  }
  return [
    ["Result", prose(entry.returns ?? resultText(entry.result))],
    ...(entry.body === "assembly" ? [] : [["When refused", refusedText(entry)] as [string, string]]),
    ["Phase", withStatus(phaseWords(entry.phase), entry.phase) + callbacksText(entry)],
    ["Threads", threadsText(entry)],
    ["Thread safe", withStatus(safetyWords(entry.threadSafe), entry.threadSafe)],
    ...(entry.locks ?? []).map((rule) => ["Lock", lockText(rule)] as [string, string]),
    ["May block", withStatus(entry.mayBlock.value, entry.mayBlock)],
    ["In vdevbox", BODY[entry.body]],
    ...status,
  ];
}

function callbacksText({ callbacks }: FunctionEntry): string {
  if (callbacks === undefined) return "";
  const { only, except, status } = callbacks;
  const names = (list: readonly string[]) => list.join(", ");
  const text = only === undefined ? `not in ${names(except ?? [])}` : `only in ${names(only)}`;
  return `; ${text}${status === "documented" ? "" : ` (${status})`}`;
}

const BODY = {
  complete: "complete",
  later: "checked by the gate, but not there yet: it does nothing and answers ENOSYS where it returns an errno",
  assembly: "runs inside the module, without a host call",
} as const;
