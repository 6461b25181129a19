import { ByteReader } from "./byte-reader.ts";
import {
  type ByteRange,
  type DataSegment,
  type ElementSegment,
  type Export,
  type ExternalKind,
  type FunctionReference,
  type FunctionType,
  type Global,
  type Import,
  isValueType,
  type Limits,
  type TableType,
  VALUE,
  type ValueType,
} from "./module.ts";
import { IMMEDIATE, OP, opcodeInfo, PREFIX, prefixed } from "./opcodes.ts";

/** What the sections read so far have contributed. */
export interface Draft {
  types: FunctionType[];
  imports: Import[];
  functionTypes: number[];
  tables: TableType[];
  memories: Limits[];
  globals: Global[];
  exports: Export[];
  start: number | undefined;
  elements: ElementSegment[];
  data: DataSegment[];
  functionReferences: FunctionReference[];
}

export function emptyDraft(): Draft {
  return {
    types: [],
    imports: [],
    functionTypes: [],
    tables: [],
    memories: [],
    globals: [],
    exports: [],
    start: undefined,
    elements: [],
    data: [],
    functionReferences: [],
  };
}

const KINDS: readonly ExternalKind[] = ["function", "table", "memory", "global"];
/** V8's bounds; a table or memory may not announce more. */
const PAGES_MAX = 65_536;
const PARAMETERS_MAX = 1000;

export function readValueType(reader: ByteReader): ValueType {
  const at = reader.offset;
  const byte = reader.u8();
  return isValueType(byte) ? byte : reader.fail(`value type 0x${byte.toString(16)} is not supported`, at);
}

function readReferenceType(reader: ByteReader): ValueType {
  const at = reader.offset;
  const type = readValueType(reader);
  if (type !== VALUE.funcref && type !== VALUE.externref) reader.fail("a reference type was expected", at);
  return type;
}

function readTypeList(reader: ByteReader, what: string): ValueType[] {
  const at = reader.offset;
  const count = reader.count(what);
  if (count > PARAMETERS_MAX) reader.fail(`a function type has more than ${PARAMETERS_MAX} ${what}`, at);
  return Array.from({ length: count }, () => readValueType(reader));
}

export function readTypes(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("types", 3); left > 0; left--) {
    const at = reader.offset;
    if (reader.u8() !== 0x60) reader.fail("only function types are supported", at);
    draft.types.push({ parameters: readTypeList(reader, "parameters"), results: readTypeList(reader, "results") });
  }
}

function readLimits(reader: ByteReader): Limits {
  const at = reader.offset;
  const flags = reader.u8();
  if (flags !== 0 && flags !== 1 && flags !== 3) reader.fail("limits of this kind are not supported", at);
  const minimum = reader.u32();
  return { minimum, maximum: flags === 0 ? undefined : reader.u32(), shared: flags === 3 };
}

function readMemoryType(reader: ByteReader): Limits {
  const at = reader.offset;
  const limits = readLimits(reader);
  if (limits.minimum > PAGES_MAX || (limits.maximum ?? 0) > PAGES_MAX) {
    reader.fail(`a memory has more than ${PAGES_MAX} pages`, at);
  }
  return limits;
}

function readTableType(reader: ByteReader): TableType {
  const element = readReferenceType(reader);
  return { ...readLimits(reader), element };
}

function readTypeIndex(reader: ByteReader, draft: Draft): number {
  const at = reader.offset;
  const index = reader.u32();
  return index < draft.types.length ? index : reader.fail(`there is no type ${index}`, at);
}

function readFlag(reader: ByteReader, what: string): boolean {
  const at = reader.offset;
  const flag = reader.u8();
  return flag > 1 ? reader.fail(`${what} must be 0 or 1`, at) : flag === 1;
}

function readKind(reader: ByteReader): ExternalKind {
  const at = reader.offset;
  const kind = reader.u8();
  return KINDS[kind] ?? reader.fail(`imports and exports of kind ${kind} are not supported`, at);
}

export function readImports(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("imports", 4); left > 0; left--) {
    const module = reader.name();
    const name = reader.name();
    const kind = readKind(reader);
    draft.imports.push({ module, name, kind, index: readImported(reader, draft, kind) });
  }
}

/** Reads what is imported, adds it to its index space and answers its index there. */
function readImported(reader: ByteReader, draft: Draft, kind: ExternalKind): number {
  switch (kind) {
    case "function":
      return draft.functionTypes.push(readTypeIndex(reader, draft)) - 1;
    case "table":
      return draft.tables.push(readTableType(reader)) - 1;
    case "memory":
      return draft.memories.push(readMemoryType(reader)) - 1;
    case "global": {
      const type = readValueType(reader);
      const mutable = readFlag(reader, "mutability");
      const index = draft.globals.length;
      draft.globals.push({ index, type, mutable, imported: true, initializer: undefined });
      return index;
    }
  }
}

export function readFunctions(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("functions"); left > 0; left--) draft.functionTypes.push(readTypeIndex(reader, draft));
}

export function readTables(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("tables", 3); left > 0; left--) draft.tables.push(readTableType(reader));
}

export function readMemories(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("memories", 2); left > 0; left--) draft.memories.push(readMemoryType(reader));
  if (draft.memories.length > 1) reader.fail("more than one memory is not supported");
}

export function readGlobals(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("globals", 3); left > 0; left--) {
    const type = readValueType(reader);
    const mutable = readFlag(reader, "mutability");
    const initializer = readConstantExpression(reader, draft, "global").range;
    draft.globals.push({ index: draft.globals.length, type, mutable, imported: false, initializer });
  }
}

interface ConstantExpression {
  readonly range: ByteRange;
  readonly functions: readonly number[];
}

/** Reads an initialiser up to its `end` and notes the functions it names. */
function readConstantExpression(reader: ByteReader, draft: Draft, where: "global" | "element"): ConstantExpression {
  const start = reader.offset;
  const functions: number[] = [];
  for (;;) {
    const at = reader.offset;
    const opcode = reader.u8();
    if (opcode === OP.end) return { range: { start, end: reader.offset }, functions };
    if (opcode === OP.refFunc) {
      const index = reader.u32();
      functions.push(index);
      draft.functionReferences.push({ range: { start: at + 1, end: reader.offset }, index, where });
    } else {
      skipConstant(reader, opcode === PREFIX.simd ? prefixed(opcode, reader.u32()) : opcode, at);
    }
  }
}

const CONSTANTS: readonly number[] = [
  OP.i32Const,
  OP.i64Const,
  OP.f32Const,
  OP.f64Const,
  OP.v128Const,
  OP.globalGet,
  OP.refNull,
];

function skipConstant(reader: ByteReader, opcode: number, at: number): void {
  if (!CONSTANTS.includes(opcode)) {
    reader.fail(`instruction 0x${opcode.toString(16)} is not supported in an initialiser`, at);
  }
  switch (opcodeInfo(opcode)?.immediate) {
    case IMMEDIATE.i32:
      reader.signed(32);
      break;
    case IMMEDIATE.i64:
      reader.skipS64();
      break;
    case IMMEDIATE.f32:
      reader.skip(4);
      break;
    case IMMEDIATE.f64:
      reader.skip(8);
      break;
    case IMMEDIATE.bytes16:
      reader.skip(16);
      break;
    case IMMEDIATE.heapType:
      readReferenceType(reader);
      break;
    default:
      reader.u32();
  }
}

export function readExports(reader: ByteReader, draft: Draft): void {
  const names = new Set<string>();
  for (let left = reader.count("exports", 3); left > 0; left--) {
    const at = reader.offset;
    const name = reader.name();
    if (names.has(name)) reader.fail(`the export "${name}" is repeated`, at);
    names.add(name);
    const kind = readKind(reader);
    const start = reader.offset;
    const index = reader.u32();
    const indexRange = { start, end: reader.offset };
    draft.exports.push({ name, kind, index, indexRange });
    if (kind === "function") draft.functionReferences.push({ range: indexRange, index, where: "export" });
  }
}

export function readElements(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("element segments", 2); left > 0; left--) {
    const at = reader.offset;
    const flags = reader.u32();
    if (flags > 7) reader.fail(`an element segment of kind ${flags} is not supported`, at);
    const active = (flags & 1) === 0;
    const explicit = (flags & 2) !== 0;
    const expressions = (flags & 4) !== 0;
    const table = active && explicit ? reader.u32() : 0;
    if (active) readConstantExpression(reader, draft, "element");
    if (explicit || !active) readElementKind(reader, expressions);
    const functions = expressions ? readElementExpressions(reader, draft) : readElementIndices(reader, draft);
    draft.elements.push({ mode: active ? "active" : explicit ? "declared" : "passive", table, functions });
  }
}

function readElementKind(reader: ByteReader, expressions: boolean): void {
  const at = reader.offset;
  if (expressions) readReferenceType(reader);
  else if (reader.u8() !== 0) reader.fail("an element segment must hold functions", at);
}

function readElementIndices(reader: ByteReader, draft: Draft): number[] {
  return Array.from({ length: reader.count("elements") }, () => {
    const start = reader.offset;
    const index = reader.u32();
    draft.functionReferences.push({ range: { start, end: reader.offset }, index, where: "element" });
    return index;
  });
}

function readElementExpressions(reader: ByteReader, draft: Draft): number[] {
  const functions: number[] = [];
  for (let left = reader.count("elements", 2); left > 0; left--) {
    for (const index of readConstantExpression(reader, draft, "element").functions) functions.push(index);
  }
  return functions;
}

export function readData(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("data segments", 2); left > 0; left--) {
    const at = reader.offset;
    const flags = reader.u32();
    if (flags > 2) reader.fail(`a data segment of kind ${flags} is not supported`, at);
    if (flags === 2 && reader.u32() !== 0) reader.fail("a data segment names a memory other than 0", at);
    const start = flags === 1 ? undefined : constantOf(reader, readConstantExpression(reader, draft, "element").range);
    const size = reader.count("bytes of data");
    const content = { start: reader.offset, end: reader.offset + size };
    reader.skip(size);
    draft.data.push({ mode: flags === 1 ? "passive" : "active", content, start });
  }
}

/** The address an initialiser gives; undefined when it is not a plain number. */
function constantOf(reader: ByteReader, { start, end }: ByteRange): number | undefined {
  const expression = new ByteReader(reader.bytes, start, end);
  return expression.u8() === OP.i32Const ? expression.signed(32) >>> 0 : undefined;
}
