import { HEADER_TEXTS } from "../../abi/definition/headers.ts";
import type { Entry, EnumEntry, Field, FunctionEntry, StructEntry } from "../../abi/definition/schema.ts";
import { functionBlock, prototypeBlock } from "./docs-function.ts";
import {
  code,
  lockText,
  phaseWords,
  prose,
  safetyWords,
  sourceLink,
  table,
  valueStatus,
  withMark,
} from "./docs-text.ts";
import { fieldLayout, layoutOf } from "./layouts.ts";

type Structs = ReadonlyMap<string, StructEntry>;

/** docs/abi/<header>.md */
export function headerPage(header: string, entries: readonly Entry[], structs: Structs): string {
  const text = HEADER_TEXTS[header];
  if (text === undefined) throw new Error(`abi/definition/headers.ts says nothing of ${header}`);
  const functions = entries.filter((entry) => entry.kind === "function");
  const lines = [
    "<!-- Generated from abi/definition by build/generators: do not edit. -->",
    `# ${text.title}`,
    "",
    text.purpose,
    "",
    `In AssemblyScript: ${code(`import { … } from "vdevbox/abi/${header}"`)}. What the words mean is in the [legend](README.md#legend).`,
    "",
    "## Function safety",
    "",
    ...safetySection(functions, text.safety),
    ...section("Functions", functions.flatMap(functionBlock)),
    ...section(
      "Structures",
      entries.flatMap((entry) => (entry.kind === "struct" ? structBlock(entry, structs) : [])),
    ),
    ...section(
      "Enums",
      entries.flatMap((entry) => (entry.kind === "enum" ? enumBlock(entry) : [])),
    ),
    ...section("Constants and types", constantRows(entries)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, "", ...lines];
}

/** The table of the manual's manner; one sentence where all functions behave alike, or where there are none. */
export function safetySection(functions: readonly FunctionEntry[], source: string): string[] {
  if (functions.length === 0) return ["The header defines no functions, so it needs no function safety table.", ""];
  const rows = functions.map((entry) => [
    withMark(phaseWords(entry.phase), entry.phase),
    withMark(safetyWords(entry.threadSafe), entry.threadSafe),
    locksText(entry),
  ]);
  const first = rows[0] as string[];
  if (rows.every((row) => row.join() === first.join())) {
    const which =
      functions.length === 1
        ? "The function of this header"
        : `All ${functions.length} functions of this header behave alike`;
    const [phase, safe, locks] = first as [string, string, string];
    return [
      prose(source),
      "",
      `${which}: phase ${phase}; thread safe: ${safe}${locks === "" ? "" : `; ${locks}`}.`,
      "",
    ];
  }
  return [prose(source), "", ...safetyTable(functions, rows), ""];
}

/** The column of locks is there when there are any. */
function safetyTable(functions: readonly FunctionEntry[], rows: readonly (readonly string[])[]): string[] {
  const locked = functions.some((entry) => entry.locks !== undefined);
  return table(
    ["Function", "Phase", "Thread safe", ...(locked ? ["Lock"] : []), "Prototype"],
    functions.map((entry, i) => [
      code(entry.name),
      ...(rows[i] as string[]).slice(0, locked ? 3 : 2),
      valueStatus(entry.prototype),
    ]),
  );
}

function locksText(entry: FunctionEntry): string {
  return (entry.locks ?? []).map(lockText).join("; ");
}

function structBlock(struct: StructEntry, structs: Structs): string[] {
  const { size, align, offsets } = layoutOf(struct, structs);
  const rows = struct.fields.map((field) => [
    String(offsets.get(field.name)),
    String(fieldLayout(field, structs).size),
    code(field.name),
    fieldText(field),
    prose(field.doc ?? ""),
  ]);
  return [
    `### ${code(`struct ${struct.name}`)}`,
    "",
    ...prototypeBlock(struct.c),
    prose(struct.summary),
    "",
    ...(struct.notes === undefined ? [] : [prose(struct.notes), ""]),
    `${size} bytes, aligned to ${align}. Layout ${valueStatus(struct.layout)}; ${seen(struct)}. Sources: ${links(struct)}.`,
    "",
    ...table(["Offset", "Bytes", "Member", "Type", "Meaning"], rows),
    "",
  ];
}

function fieldText({ type }: Field): string {
  if (typeof type === "string") return code(type);
  if ("embed" in type) return code(`struct ${type.embed}`);
  if ("array" in type) return code(`${type.array}[${type.length}]`);
  if ("cstring" in type) return code("const char *");
  if ("callback" in type) return `${code(type.callback)} (table index)`;
  return code(type.pointer.includes("*") ? type.pointer : `${type.pointer} *`);
}

function enumBlock(entry: EnumEntry): string[] {
  const rows = entry.values.map(({ name, value, status, note }) => [
    code(name),
    code(number(value)),
    valueStatus(status),
    prose(note ?? ""),
  ]);
  return [
    `### ${code(entry.name)}`,
    "",
    ...(entry.covers === undefined ? [] : [`The manual's ${entry.covers.map(code).join(", ")}.`, ""]),
    prose(entry.summary),
    "",
    ...(entry.notes === undefined ? [] : [prose(entry.notes), ""]),
    `${code(entry.type)}; ${seen(entry)}. Sources: ${links(entry)}.`,
    "",
    ...(rows.length === 0 ? ["No value is known."] : table(["Name", "Value", "Status", "Note"], rows)),
    "",
  ];
}

function constantRows(entries: readonly Entry[]): string[] {
  const rows = entries.flatMap((entry) => {
    const meaning = prose([entry.summary, entry.notes].filter((text) => text !== undefined).join(" "));
    if (entry.kind === "constant")
      return [[code(entry.name), code(number(entry.value)), meaning, valueStatus(entry.status), firstLink(entry)]];
    if (entry.kind === "type")
      return [[code(entry.name), `${code(entry.as)}; C: ${code(entry.c)}`, meaning, "", firstLink(entry)]];
    if (entry.kind === "macro") {
      const value =
        entry.expression === undefined ? "unknown" : code(`(${entry.params.join(", ")}) → ${entry.expression}`);
      return [[code(entry.name), value.replaceAll("|", "\\|"), meaning, valueStatus(entry.status), firstLink(entry)]];
    }
    return [];
  });
  return rows.length === 0 ? [] : [...table(["Name", "Value", "Meaning", "Status", "Source"], rows), ""];
}

function number(value: number | bigint | string): string {
  if (typeof value === "string") return JSON.stringify(value);
  return value > 255 ? `0x${value.toString(16)}` : value.toString();
}

function seen(entry: Entry): string {
  return entry.versions.length === 0 ? "in no release of the manual" : `seen in ${entry.versions.join(", ")}`;
}

function links(entry: Entry): string {
  return entry.sources.map(sourceLink).join(", ");
}

function firstLink(entry: Entry): string {
  return entry.sources.slice(0, 1).map(sourceLink).join("");
}
