import type { EntryBase, FunctionEntry, Rule } from "../../abi/definition/schema.ts";

const WIDTH = 112;

/** A doc comment of these paragraphs; long ones are wrapped. */
export function docComment(paragraphs: readonly string[]): string {
  const lines = paragraphs.flatMap((paragraph) => wrap(paragraph.replaceAll("*/", "* /")));
  if (lines.length === 1) return `/** ${lines[0]} */`;
  return ["/**", ...lines.map((line) => ` * ${line}`.trimEnd()), " */"].join("\n");
}

function wrap(paragraph: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Releases an entry was seen in, and the page it comes from. */
export function statusLine(entry: EntryBase): string {
  const source = entry.sources[0];
  return `Seen in ${entry.versions.join(", ") || "no release"}.${source === undefined ? "" : ` Source: ${source}`}`;
}

/** The doc comment of a function: what it does, its parameters, when and where it may be called, and who says so. */
export function functionDoc(entry: FunctionEntry, more: readonly string[] = []): string {
  const prototype = Object.values(entry.c)[0];
  return docComment([
    entry.summary,
    ...(entry.arguments === undefined ? [] : [entry.arguments]),
    ...(entry.notes === undefined ? [] : [entry.notes]),
    ...more,
    "",
    ...(prototype === undefined ? [] : [`C: \`${prototype}\``]),
    `Phase: ${ruleText(entry.phase)}. Thread safe: ${ruleText(entry.threadSafe)}. Threads: ${threadsText(entry)}. May block: ${ruleText(entry.mayBlock)}.`,
    `Prototype: ${entry.prototype}. ${statusLine(entry)}`,
    ...(entry.body === "later" ? ["vdevbox does not have this call yet: it answers ENOSYS."] : []),
    ...(entry.returns === undefined ? [] : [`@returns ${entry.returns}`]),
  ]);
}

function ruleText(rule: Rule<string>): string {
  return rule.value === "unknown" ? "unknown" : `${rule.value} (${rule.status})`;
}

function threadsText({ threads }: FunctionEntry): string {
  return `${threads.value === "any" ? "any" : threads.value.join(", ")} (${threads.status})`;
}

/** A constant as C authors write it: bit sets and addresses in hexadecimal. */
export function numberText(value: number | bigint, type: string): string {
  const unsigned = type.startsWith("u") && typeof value === "number" && value < 0 ? value >>> 0 : value;
  return unsigned > 255 ? `0x${unsigned.toString(16)}` : unsigned.toString();
}

const LINE = 120;

/** `before(parameters)after`, one parameter a line when it would be too long. */
export function signature(before: string, params: readonly string[], after: string): string {
  const oneLine = `${before}(${params.join(", ")})${after}`;
  return oneLine.length <= LINE ? oneLine : `${before}(\n${params.map((param) => `  ${param},\n`).join("")})${after}`;
}
