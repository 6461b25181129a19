import { ByteReader } from "./byte-reader.ts";
import { checkIndices } from "./check-indices.ts";
import type { DefinedFunction, FunctionType, LocalGroup, Section, WasmModule } from "./module.ts";
import { NO_NAMES, readNames } from "./name-section.ts";
import {
  type Draft,
  emptyDraft,
  readData,
  readElements,
  readExports,
  readFunctions,
  readGlobals,
  readImports,
  readMemories,
  readTables,
  readTypes,
  readValueType,
} from "./sections.ts";

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

/** Sections must come in this order; the count of data segments stands before the code. */
const SECTION_ORDER: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];

/** V8's own bound on declared locals of one function. */
const LOCALS_MAX = 50_000;

/**
 * Reads the sections of a WebAssembly module. Function bodies are only delimited here; `walkBody` reads them.
 *
 * Safe on any bytes: numbers, counts and sizes are bounded by the bytes there are, indices are checked.
 * It does not check types: `WebAssembly.validate` does.
 *
 * @throws UserError when the bytes are no module, or use what the reader does not support.
 */
export function readModule(bytes: Uint8Array): WasmModule {
  const reader = new ByteReader(bytes);
  readHeader(reader);
  const sections = readSectionTable(reader);
  const draft = emptyDraft();
  const content = (id: number) => {
    const section = sections.find((candidate) => candidate.id === id);
    return section && new ByteReader(bytes, section.content.start, section.content.end);
  };
  const read = (id: number, readSection: (reader: ByteReader, draft: Draft) => void) => {
    const part = content(id);
    if (part === undefined) return;
    readSection(part, draft);
    if (!part.atEnd) part.fail("a section is longer than what it announces");
  };
  read(SECTION.type, readTypes);
  read(SECTION.import, readImports);
  const importedFunctionCount = draft.functionTypes.length;
  read(SECTION.function, readFunctions);
  read(SECTION.table, readTables);
  read(SECTION.memory, readMemories);
  read(SECTION.global, readGlobals);
  read(SECTION.export, readExports);
  read(SECTION.start, readStart);
  read(SECTION.element, readElements);
  read(SECTION.dataCount, (part) => part.u32());
  const functions: DefinedFunction[] = [];
  read(SECTION.code, (part) => readCode(part, draft, importedFunctionCount, functions));
  if (functions.length !== draft.functionTypes.length - importedFunctionCount) {
    reader.fail("the function section and the code section announce different numbers of functions");
  }
  read(SECTION.data, readData);
  const nameSection = sections.find((section) => section.name === "name");
  const module: WasmModule = {
    ...draft,
    bytes,
    sections,
    importedFunctionCount,
    functions,
    names: nameSection === undefined ? NO_NAMES : readNames(bytes, nameSection.content),
    sourceMappingUrl: readSourceMappingUrl(bytes, sections),
  };
  checkIndices(module);
  return module;
}

function readHeader(reader: ByteReader): void {
  const expected = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  for (const byte of expected) {
    if (reader.atEnd || reader.u8() !== byte) reader.fail("it does not begin as a WebAssembly 1 module does", 0);
  }
}

function readSectionTable(reader: ByteReader): Section[] {
  const sections: Section[] = [];
  let place = -1;
  while (!reader.atEnd) {
    const at = reader.offset;
    const id = reader.u8();
    const size = reader.count("bytes of a section");
    const end = reader.offset + size;
    let start = reader.offset;
    let name: string | undefined;
    if (id === SECTION.custom) {
      const custom = new ByteReader(reader.bytes, start, end);
      name = custom.name();
      start = custom.offset;
    } else {
      const next = SECTION_ORDER.indexOf(id);
      if (next < 0) reader.fail(`section ${id} is not supported`, at);
      if (next <= place) reader.fail(`section ${id} is repeated or out of order`, at);
      place = next;
    }
    sections.push({ id, content: { start, end }, name });
    reader.skip(size);
  }
  return sections;
}

function readStart(reader: ByteReader, draft: Draft): void {
  const start = reader.offset;
  const index = reader.u32();
  draft.start = index;
  draft.functionReferences.push({ range: { start, end: reader.offset }, index, where: "start" });
}

function readCode(reader: ByteReader, draft: Draft, imported: number, functions: DefinedFunction[]): void {
  const count = reader.count("function bodies", 2);
  if (count !== draft.functionTypes.length - imported) {
    reader.fail("the function section and the code section announce different numbers of functions");
  }
  for (let number = 0; number < count; number++) {
    const index = imported + number;
    const typeIndex = draft.functionTypes[index];
    functions.push(readBody(reader, index, typeIndex, draft.types[typeIndex]));
  }
}

function readBody(reader: ByteReader, index: number, typeIndex: number, type: FunctionType): DefinedFunction {
  const size = reader.count("bytes of a function body");
  const body = { start: reader.offset, end: reader.offset + size };
  reader.skip(size);
  const inner = new ByteReader(reader.bytes, body.start, body.end);
  const localGroups: LocalGroup[] = [];
  let localCount = 0;
  for (let left = inner.count("groups of locals", 2); left > 0; left--) {
    const at = inner.offset;
    const count = inner.u32();
    localCount += count;
    if (localCount > LOCALS_MAX) inner.fail(`a function has more than ${LOCALS_MAX} locals`, at);
    localGroups.push({ count, type: readValueType(inner) });
  }
  const code = { start: inner.offset, end: body.end };
  return { index, typeIndex, type, body, code, localGroups, localCount };
}

function readSourceMappingUrl(bytes: Uint8Array, sections: readonly Section[]): string | undefined {
  const section = sections.find((candidate) => candidate.name === "sourceMappingURL");
  if (section === undefined) return undefined;
  return new ByteReader(bytes, section.content.start, section.content.end).name();
}
