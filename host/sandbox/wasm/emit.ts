import { type Additions, constant } from "./additions.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter, s32Bytes, u32Bytes } from "./byte-writer.ts";
import { type Code, type Edit, type FunctionEditor, splice } from "./function-editor.ts";
import type { FunctionType, WasmModule } from "./module.ts";
import { writeNames } from "./name-section.ts";
import { type OffsetMap, OffsetMapBuilder } from "./offset-map.ts";
import { OP } from "./opcodes.ts";
import { SECTION } from "./read-module.ts";

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const EXPORT_KIND = { function: 0, global: 3 } as const;
const MEMORY_KIND = 2;
/** Limits with a maximum, of a memory that threads share. */
const SHARED_LIMITS = 3;
const KEPT_CUSTOM_SECTIONS = ["target_features", "producers"];

interface Emission {
  readonly module: WasmModule;
  readonly additions: Additions;
  readonly out: ByteWriter;
  /** New function indices, sorted by place, for what lies outside the bodies. */
  readonly referenceEdits: readonly Edit[];
}

/** Writes `module` with the edits of its functions and what was added. `blockTypes`: see `FunctionEditor.emit`. */
export function emitModule(
  module: WasmModule,
  id: string,
  editors: ReadonlyMap<number, FunctionEditor>,
  blockTypes: ReadonlyMap<number, Code>,
  additions: Additions,
): { bytes: Uint8Array<ArrayBuffer>; offsets: OffsetMap } {
  const out = new ByteWriter(module.bytes.length * 2);
  const emission: Emission = { module, additions, out, referenceEdits: referenceEdits(module, additions) };
  out.bytes(HEADER);
  emitSectionsBeforeCode(emission);
  const offsets = emitCode(emission, editors, blockTypes);
  emitVector(emission, SECTION.data, additions.data.map(encodeData));
  emitCustomSections(emission, id);
  return { bytes: out.take(), offsets };
}

function emitSectionsBeforeCode(emission: Emission): void {
  const { additions } = emission;
  emitVector(emission, SECTION.type, additions.types.map(encodeType));
  const imports = [...additions.imports.map(encodeImport), ...encodeMemoryImport(emission)];
  emitVector(emission, SECTION.import, imports);
  emitVector(
    emission,
    SECTION.function,
    additions.functions.map((added) => u32Bytes(added.typeIndex)),
  );
  emitVector(emission, SECTION.table, []);
  emitMemory(emission);
  const globals = additions.globals.map(({ type, mutable, initial }) => [
    type,
    mutable ? 1 : 0,
    ...constant(type, initial),
    OP.end,
  ]);
  emitVector(emission, SECTION.global, globals);
  const exports = additions.exports.map(({ name, kind, index }) => [
    ...encodeName(name),
    EXPORT_KIND[kind],
    ...u32Bytes(index),
  ]);
  emitVector(emission, SECTION.export, exports);
  emitWhole(emission, SECTION.start);
  emitVector(emission, SECTION.element, []);
  emitDataCount(emission);
}

/** A module has one memory at most; its limits are kept, or replaced by a fixed size, or it is imported. */
function emitMemory(emission: Emission): void {
  if (emission.additions.sharedMemory !== undefined) return;
  const pages = emission.additions.memoryPages;
  if (pages === undefined) emitVector(emission, SECTION.memory, []);
  else emission.out.section(SECTION.memory, Uint8Array.from([1, 1, ...u32Bytes(pages), ...u32Bytes(pages)]));
}

/** The number of segments stands before the code where instructions name segments, and must stay right. */
function emitDataCount({ module, additions, out }: Emission): void {
  if (!module.sections.some(({ id }) => id === SECTION.dataCount)) return;
  out.section(SECTION.dataCount, u32Bytes(module.data.length + additions.data.length));
}

function encodeData({ address, bytes }: Additions["data"][number]): Code {
  return [0, OP.i32Const, ...s32Bytes(address), OP.end, ...u32Bytes(bytes.length), ...bytes];
}

function encodeMemoryImport({ module, additions }: Emission): Code[] {
  if (additions.sharedMemory === undefined) return [];
  const { minimum, maximum } = module.memories[0]!;
  const name = [...encodeName(additions.sharedMemory.module), ...encodeName(additions.sharedMemory.name)];
  return [[...name, MEMORY_KIND, SHARED_LIMITS, ...u32Bytes(minimum), ...u32Bytes(maximum!)]];
}

function encodeName(text: string): Code {
  const name = new ByteWriter();
  name.name(text);
  return [...name.take()];
}

function encodeType({ parameters, results }: FunctionType): Code {
  return [0x60, ...u32Bytes(parameters.length), ...parameters, ...u32Bytes(results.length), ...results];
}

function encodeImport({ module, name, typeIndex }: Additions["imports"][number]): Code {
  return [...encodeName(module), ...encodeName(name), 0, ...u32Bytes(typeIndex)];
}

/** Edits that give each function named outside the bodies its new index. */
function referenceEdits(module: WasmModule, { imports, redirected }: Additions): Edit[] {
  const redirectedAt = new Map<number, number>();
  for (const { name, indexRange } of module.exports) {
    const target = redirected.get(name);
    if (target !== undefined) redirectedAt.set(indexRange.start, target);
  }
  const edits: Edit[] = [];
  for (const { range, index } of module.functionReferences) {
    const moved = index < module.importedFunctionCount ? index : index + imports.length;
    const target = redirectedAt.get(range.start) ?? moved;
    if (target === index) continue;
    const removed = range.end - range.start;
    edits.push({ at: range.start, rank: 0, removed, code: u32Bytes(target), anchor: range.start });
  }
  return edits.sort((a, b) => a.at - b.at);
}

/** Writes a section that is a vector, with entries appended. */
function emitVector(emission: Emission, id: number, appended: readonly Code[]): void {
  const { module, out, referenceEdits } = emission;
  const section = module.sections.find((candidate) => candidate.id === id);
  if (section === undefined && appended.length === 0) return;
  const content = new ByteWriter();
  let count = 0;
  let start = 0;
  if (section !== undefined) {
    const reader = new ByteReader(module.bytes, section.content.start, section.content.end);
    count = reader.u32();
    start = reader.offset;
  }
  content.u32(count + appended.length);
  if (section !== undefined) {
    const { end } = section.content;
    const edits = referenceEdits.filter(({ at }) => at >= start && at < end);
    splice(module.bytes, start, end, edits, content);
  }
  for (const entry of appended) content.bytes(entry);
  out.section(id, content.take());
}

/** Writes a section that is no vector. */
function emitWhole({ module, out, referenceEdits }: Emission, id: number): void {
  const section = module.sections.find((candidate) => candidate.id === id);
  if (section === undefined) return;
  const { start, end } = section.content;
  const content = new ByteWriter();
  const edits = referenceEdits.filter(({ at }) => at >= start && at < end);
  splice(module.bytes, start, end, edits, content);
  out.section(id, content.take());
}

function emitCode(
  { module, additions, out }: Emission,
  editors: ReadonlyMap<number, FunctionEditor>,
  blockTypes: ReadonlyMap<number, Code>,
): OffsetMap {
  const content = new ByteWriter(module.bytes.length * 2);
  const builder = new OffsetMapBuilder();
  content.u32(module.functions.length + additions.functions.length);
  for (const func of module.functions) {
    const editor = editors.get(func.index);
    const { start, end } = func.body;
    const unchanged = { start: func.code.start - start, original: func.code.start, copied: end - func.code.start };
    const { bytes, pieces } = editor?.emit(module, blockTypes.get(func.index) ?? []) ?? {
      bytes: module.bytes.subarray(start, end),
      pieces: [
        { start: 0, original: 0, copied: 0, kind: "gap" as const },
        { ...unchanged, kind: "copy" as const },
      ],
    };
    content.u32(bytes.length);
    builder.add(pieces, content.length);
    content.bytes(bytes);
  }
  for (const added of additions.functions) {
    const body = encodeAddedBody(added);
    content.u32(body.length);
    builder.add([{ start: 0, original: 0, copied: 0, kind: "gap" }], content.length);
    content.bytes(body);
  }
  const code = content.take();
  if (module.functions.length + additions.functions.length > 0) out.section(SECTION.code, code);
  return builder.build(
    out.length - code.length,
    module.functions.map((func) => func.body),
    {
      imported: module.importedFunctionCount,
      added: additions.imports.length,
      originalCount: module.functionTypes.length,
    },
  );
}

function encodeAddedBody({ locals, code }: Additions["functions"][number]): Code {
  return [...u32Bytes(locals.length), ...locals.flatMap((type) => [1, type]), ...code];
}

function emitCustomSections({ module, additions, out }: Emission, id: string): void {
  for (const { name, content } of module.sections) {
    if (name === undefined || !KEPT_CUSTOM_SECTIONS.includes(name)) continue;
    const custom = new ByteWriter();
    custom.name(name);
    custom.bytes(module.bytes.subarray(content.start, content.end));
    out.section(SECTION.custom, custom.take());
  }
  const others = module.names.others.map(({ id: other, content }) => ({
    id: other,
    bytes: module.bytes.subarray(content.start, content.end),
  }));
  out.section(SECTION.custom, writeNames(id, newFunctionNames(module, additions), others));
}

/** Debug names by new index. A function without one is named after its export. */
function newFunctionNames(module: WasmModule, additions: Additions): Map<number, string> {
  const total = module.functionTypes.length;
  const shift = (index: number) => (index < module.importedFunctionCount ? index : index + additions.imports.length);
  const names = new Map<number, string>();
  for (const { kind, index, name } of module.exports) if (kind === "function") names.set(shift(index), name);
  for (const [index, name] of module.names.functions) if (index < total) names.set(shift(index), name);
  additions.imports.forEach(({ name }, place) => {
    names.set(module.importedFunctionCount + place, name);
  });
  additions.functions.forEach(({ name }, place) => {
    names.set(total + additions.imports.length + place, name);
  });
  return names;
}
