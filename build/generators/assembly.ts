import type {
  ConstantEntry,
  Entry,
  EnumEntry,
  FunctionEntry,
  MacroEntry,
  StructEntry,
  TypeEntry,
} from "../../abi/definition/schema.ts";
import { docComment, numberText, statusLine } from "./assembly-docs.ts";
import { callbackSource, functionSource } from "./assembly-functions.ts";
import { createNames, HANDLE_TYPES, HANDLES_HEADER, type HeaderContext, type Names } from "./assembly-names.ts";
import { structSource } from "./assembly-structs.ts";

/** The AssemblyScript headers of the definition: `abi/<header>.ts` by path. */
export function generateAssembly(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const names = createNames(entries);
  const headers = [...new Set(entries.map((entry) => entry.header))].sort();
  return new Map(
    headers.map((header) => {
      const own = entries.filter((entry) => entry.header === header);
      return [`abi/${header}.ts`, headerSource(header, own, names)];
    }),
  );
}

function headerSource(header: string, entries: readonly Entry[], names: Names): string {
  const imports = new Map<string, Set<string>>();
  const useFrom = (from: string, name: string): string => {
    if (from !== header) imports.set(from, (imports.get(from) ?? new Set()).add(name));
    return name;
  };
  const context: HeaderContext = {
    header,
    names,
    useFrom,
    use(name) {
      const from = names.headerOf(name);
      return from === undefined ? name : useFrom(from, name);
    },
  };
  const body = sections(header, entries, context);
  const importLines = [...imports].sort().map(([from, used]) => importLine(from, [...used].sort()));
  const imported = importLines.length === 0 ? [] : [`${importLines.join("\n")}\n`];
  return [banner(header), ...imported, ...body].join("\n");
}

function banner(header: string): string {
  const what = header === "posix" ? "What C authors take from libc and POSIX threads" : `<qvm/${header}.h>`;
  return `${docComment([`${what}, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit.`])}\n`;
}

function importLine(from: string, names: readonly string[]): string {
  const oneLine = `import { ${names.join(", ")} } from "./${from}";`;
  return oneLine.length <= 120
    ? oneLine
    : `import {\n${names.map((name) => `  ${name},\n`).join("")}} from "./${from}";`;
}

function sections(header: string, entries: readonly Entry[], context: HeaderContext): string[] {
  const parts: string[] = [];
  if (header === HANDLES_HEADER) parts.push(handlesSource());
  for (const entry of entries) if (entry.kind === "type") parts.push(typeSource(entry, context));
  for (const entry of entries) if (entry.kind === "constant") parts.push(constantSource(entry));
  for (const entry of entries) if (entry.kind === "enum") parts.push(enumSource(entry));
  for (const entry of entries) if (entry.kind === "callback") parts.push(callbackSource(entry, context));
  for (const entry of entries) if (entry.kind === "struct") parts.push(structSource(entry as StructEntry, context));
  const functions = entries.filter((entry): entry is FunctionEntry => entry.kind === "function");
  for (const entry of functions) if (entry.prototype !== "unknown") parts.push(functionSource(entry, context));
  const macros = entries.filter((entry): entry is MacroEntry => entry.kind === "macro");
  for (const entry of macros) if (entry.expression !== undefined) parts.push(macroSource(entry));
  const unknown = [
    ...functions.filter((entry) => entry.prototype === "unknown"),
    ...macros.filter((entry) => entry.expression === undefined),
  ].map((entry) => entry.name);
  if (unknown.length > 0) parts.push(unknownSource(unknown));
  return parts;
}

function handlesSource(): string {
  const lines = Object.entries(HANDLE_TYPES).map(
    ([of, name]) => `/** \`struct ${of} *\`: the host's; 0 is NULL. */\nexport type ${name} = usize;\n`,
  );
  return lines.join("\n");
}

function typeSource(entry: TypeEntry, context: HeaderContext): string {
  return `${docComment([entry.summary, statusLine(entry)])}\nexport type ${entry.name} = ${context.use(entry.as)};\n`;
}

function constantSource(entry: ConstantEntry): string {
  const value =
    entry.type === "string" ? JSON.stringify(entry.value) : numberText(entry.value as number | bigint, entry.type);
  const remark = `${entry.summary}${entry.status === "documented" ? "" : ` (${entry.status})`}`;
  return `${docComment([remark])}\nexport const ${entry.name}: ${entry.type} = ${value};\n`;
}

function enumSource(entry: EnumEntry): string {
  const lines = entry.values.map(({ name, value, status, note }) => {
    const remark = [status === "documented" ? "" : status, note ?? ""].filter((part) => part !== "").join(": ");
    return `export const ${name}: ${entry.name} = ${numberText(value, entry.type)};${remark === "" ? "" : ` // ${remark}`}`;
  });
  return [
    docComment([entry.summary, statusLine(entry)]),
    `export type ${entry.name} = ${entry.type};`,
    ...lines,
    "",
  ].join("\n");
}

function macroSource(entry: MacroEntry): string {
  const params = entry.params.map((param) => `${param}: u32`).join(", ");
  const remark = [
    entry.summary,
    ...(entry.notes === undefined ? [] : [entry.notes]),
    `Status: ${entry.status}. ${statusLine(entry)}`,
  ];
  return [
    docComment(remark),
    "// @ts-ignore: decorator",
    "@inline",
    `export function ${entry.name}(${params}): u32 {`,
    `  return ${entry.expression};`,
    "}",
    "",
  ].join("\n");
}

function unknownSource(names: readonly string[]): string {
  return `${docComment([`Not here, because no public page shows how they are declared: ${names.join(", ")}.`]).replace("/**", "/*")}\n`;
}
