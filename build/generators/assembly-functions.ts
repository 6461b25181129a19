import type { CallbackEntry, FunctionEntry, Param, Rule } from "../../abi/definition/schema.ts";
import { docComment, functionDoc, numberText, signature, statusLine } from "./assembly-docs.ts";
import { type HeaderContext, paramType, resultType } from "./assembly-names.ts";

/** Arguments a printf-like call takes beside its format. */
const VARARGS = 6;
const DECORATOR = "// @ts-ignore: decorator";

/** Calls served inside the module when they can be; the rest goes to the host. */
const FAST_PATHS: Readonly<Record<string, string>> = {
  guest_cpu_read: "operand_read",
  guest_cpu_write: "operand_write",
};

/** The function type of a callback, as factories and registrations take it; a control callback is its number. */
export function callbackSource(entry: CallbackEntry, context: HeaderContext): string {
  if (entry.value !== undefined) return controlSource(entry, entry.value);
  const params = entry.params.map((param) => `${paramName(param)}: ${paramType(param.type, context)}`);
  const prototype = Object.values(entry.c)[0];
  return [
    docComment([
      entry.summary,
      ...(entry.arguments === undefined ? [] : [entry.arguments]),
      ...(prototype === undefined ? [] : [`C: \`${prototype}\``]),
      statusLine(entry),
    ]),
    signature(`export type ${entry.name} = `, params, ` => ${resultType(entry.result, context)};`),
    "",
  ].join("\n");
}

function controlSource(entry: CallbackEntry, value: Rule<number>): string {
  const remarks = [
    `Phase: ${entry.phase.value}. Value: ${value.status}.`,
    ...(entry.notes === undefined ? [] : [entry.notes]),
  ];
  return `${docComment([entry.summary, ...remarks])}\nexport const ${entry.name}: u32 = ${numberText(value.value, "u32")};\n`;
}

/** One function of a header: an import the author calls directly, or a wrapper that lowers its arguments. */
export function functionSource(entry: FunctionEntry, context: HeaderContext): string {
  if (entry.body === "assembly") return assemblySource(entry);
  if (!needsWrapper(entry)) return importSource(entry, entry.name, "export declare function", context);
  const raw = importSource(entry, `raw_${entry.name}`, "declare function", context);
  return `${raw}\n${entry.params.some(isVarargs) ? varargsSource(entry, context) : wrapperSource(entry, context)}`;
}

function assemblySource(entry: FunctionEntry): string {
  return `${functionDoc(entry)}\nexport { ${entry.name} } from "./assembly/${entry.header}";\n`;
}

/** Whether an argument or the result crosses in another form than the author sees. */
function needsWrapper(entry: FunctionEntry): boolean {
  const lowered = entry.params.some(({ type }) => is64(type) || type.kind === "callback" || type.kind === "varargs");
  return lowered || entry.result.kind === "u64" || entry.name in FAST_PATHS;
}

function is64(type: Param["type"]): boolean {
  return type.kind === "guest-address" || (type.kind === "int" && type.bits === 64);
}

function isVarargs({ type }: Param): boolean {
  return type.kind === "varargs";
}

const KEYWORDS = new Set(["in", "function", "default", "new", "delete", "this", "class", "enum", "export", "import"]);

/** A C parameter name, changed when it is a keyword here. */
function paramName({ name }: Param): string {
  return KEYWORDS.has(name) ? `${name}_` : name;
}

/** The import itself: every parameter one i32, a 64-bit one two. */
function importSource(entry: FunctionEntry, name: string, how: string, context: HeaderContext): string {
  const params = entry.params.flatMap((param) => {
    if (is64(param.type)) return [`${paramName(param)}_lo: u32`, `${paramName(param)}_hi: u32`];
    const lowered = param.type.kind === "callback" ? "u32" : paramType(param.type, context);
    return [`${paramName(param)}: ${lowered}`];
  });
  if (entry.result.kind === "u64") params.push("_result: usize");
  const result = entry.result.kind === "u64" ? "void" : resultType(entry.result, context);
  const module = entry.header === "posix" ? "posix" : "qvm";
  return [
    ...(name === entry.name ? [functionDoc(entry)] : []),
    DECORATOR,
    `@external("${module}", "${entry.name}")`,
    signature(`${how} ${name}`, params, `: ${result};`),
    "",
  ].join("\n");
}

/** The raw arguments a wrapper passes on. */
function rawArguments(entry: FunctionEntry): string[] {
  return entry.params.flatMap((param) => {
    const name = paramName(param);
    if (is64(param.type)) return [`<u32>${name}`, `<u32>(${name} >>> 32)`];
    if (param.type.kind !== "callback") return [name];
    return [param.type.nullable === true ? `${name} === null ? 0 : ${name}.index` : `${name}.index`];
  });
}

function wrapperSource(entry: FunctionEntry, context: HeaderContext): string {
  const params = entry.params.map((param) => `${paramName(param)}: ${paramType(param.type, context)}`);
  const result = resultType(entry.result, context);
  return [
    functionDoc(entry, fastPathDoc(entry)),
    // A call that stays a call has the author's line in every report; only the path of every access is worth inlining.
    ...(entry.name in FAST_PATHS ? [DECORATOR, "@inline"] : []),
    signature(`export function ${entry.name}`, params, `: ${result} {`),
    ...wrapperBody(entry, context).map((line) => `  ${line}`),
    "}",
    "",
  ].join("\n");
}

function fastPathDoc(entry: FunctionEntry): string[] {
  if (!(entry.name in FAST_PATHS)) return [];
  return ["The CPU operand of the access in progress is transferred inside the module; everything else by the host."];
}

function wrapperBody(entry: FunctionEntry, context: HeaderContext): string[] {
  const call = (before: string, more: readonly string[] = []) =>
    signature(`${before}raw_${entry.name}`, [...rawArguments(entry), ...more], ";").split("\n");
  const fast = FAST_PATHS[entry.name];
  if (fast !== undefined) {
    const served = context.useFrom("runtime/operand", fast);
    const notServed = context.useFrom("runtime/operand", "NOT_SERVED");
    const args = entry.params.map((param) =>
      param.type.kind === "struct" ? `changetype<usize>(${paramName(param)})` : paramName(param),
    );
    return [
      `const _status = ${served}(${args.join(", ")});`,
      `if (_status != ${notServed}) return _status;`,
      ...call("return "),
    ];
  }
  if (entry.result.kind !== "u64") return call(entry.result.kind === "void" ? "" : "return ");
  const [alloc, release] = ["stack_alloc", "stack_release"].map((name) => context.useFrom("runtime/frame", name));
  return [
    `const _result = ${alloc}(8);`,
    ...call("", ["_result"]),
    "const _value = load<u64>(_result);",
    `${release}(_result);`,
    "return _value;",
  ];
}

/** printf-like: up to six arguments, each in a slot of 8 bytes on the callback's stack. */
function varargsSource(entry: FunctionEntry, context: HeaderContext): string {
  const fixed = entry.params.filter((param) => !isVarargs(param));
  const fixedParams = fixed.map((param) => `${paramName(param)}: ${paramType(param.type, context)}`);
  const result = resultType(entry.result, context);
  const slots = Array.from({ length: VARARGS }, (_, index) => `a${index}`);
  const raw = `raw_${entry.name}(${[...fixed.map(paramName), "_slots"].join(", ")})`;
  const [alloc, release] = ["stack_alloc", "stack_release"].map((name) => context.useFrom("runtime/frame", name));
  const none = context.useFrom("runtime/frame", "NO_ARGUMENT");
  const isVoid = result === "void";
  return [
    signature(
      `function ${entry.name}_slots`,
      [...fixedParams, ...slots.map((slot) => `${slot}: u64`)],
      `: ${result} {`,
    ),
    `  const _slots = ${alloc}(${VARARGS * 8});`,
    ...slots.map((slot, index) => `  store<u64>(_slots, ${slot}, ${index * 8});`),
    `  ${isVoid ? "" : "const _result = "}${raw};`,
    `  ${release}(_slots);`,
    ...(isVoid ? [] : ["  return _result;"]),
    "}",
    "",
    functionDoc(entry, [
      `At most ${VARARGS} arguments after the format, integers, addresses or C strings; a double as reinterpret<u64>(x).`,
      "Nothing is allocated: the arguments travel on the callback's stack.",
    ]),
    DECORATOR,
    "@inline",
    signature(
      `export function ${entry.name}`,
      [...fixedParams, ...slots.map((slot) => `${slot}: u64 = ${none}`)],
      `: ${result} {`,
    ),
    `  ${isVoid ? "" : "return "}${entry.name}_slots(${[...fixed.map(paramName), ...slots].join(", ")});`,
    "}",
    "",
  ].join("\n");
}
