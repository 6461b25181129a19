import { UserError } from "../../errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { ByteRange, Names } from "./module.ts";

const SUBSECTION = { module: 0, function: 1, firstOther: 4, lastOther: 9 } as const;

export const NO_NAMES: Names = { module: undefined, functions: new Map(), others: [] };

/**
 * Reads the custom section "name". A malformed one counts as none, as engines do: names never decide whether a
 * module is valid.
 */
export function readNames(bytes: Uint8Array, content: ByteRange): Names {
  try {
    return readSubsections(new ByteReader(bytes, content.start, content.end));
  } catch (error) {
    if (error instanceof UserError) return NO_NAMES;
    throw error;
  }
}

function readSubsections(reader: ByteReader): Names {
  let module: string | undefined;
  let functions: ReadonlyMap<number, string> = NO_NAMES.functions;
  const others: { id: number; content: ByteRange }[] = [];
  while (!reader.atEnd) {
    const id = reader.u8();
    const size = reader.count("bytes of names");
    const content = { start: reader.offset, end: reader.offset + size };
    const inner = new ByteReader(reader.bytes, content.start, content.end);
    reader.skip(size);
    if (id === SUBSECTION.module) module = inner.name();
    else if (id === SUBSECTION.function) functions = readNameMap(inner);
    else if (id >= SUBSECTION.firstOther && id <= SUBSECTION.lastOther) others.push({ id, content });
  }
  return { module, functions, others };
}

const GLOBAL_NAMES = 7;

/** Debug names of globals, by index; a malformed list counts as none. */
export function globalNames(bytes: Uint8Array, names: Names): ReadonlyMap<number, string> {
  const found = names.others.find(({ id }) => id === GLOBAL_NAMES);
  if (found === undefined) return NO_NAMES.functions;
  try {
    return readNameMap(new ByteReader(bytes, found.content.start, found.content.end));
  } catch (error) {
    if (error instanceof UserError) return NO_NAMES.functions;
    throw error;
  }
}

function readNameMap(reader: ByteReader): Map<number, string> {
  const names = new Map<number, string>();
  for (let left = reader.count("names", 2); left > 0; left--) {
    const index = reader.u32();
    names.set(index, reader.name());
  }
  return names;
}

// A line break in a name could forge a line of a stack trace.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const LINE_BREAKING = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Generic functions have long names; longer ones only bloat stacks. */
const NAME_LENGTH_MAX = 500;

/**
 * The content of a "name" section: `module` as module name, which V8 shows in stack frames, and one name for each
 * function, by ascending index.
 */
export function writeNames(
  module: string,
  functions: ReadonlyMap<number, string>,
  others: readonly { readonly id: number; readonly bytes: Uint8Array }[],
): Uint8Array {
  const content = new ByteWriter();
  content.name("name");
  const moduleName = new ByteWriter();
  moduleName.name(module);
  content.section(SUBSECTION.module, moduleName.take());
  const map = new ByteWriter();
  map.u32(functions.size);
  for (const [index, name] of [...functions].sort((a, b) => a[0] - b[0])) {
    map.u32(index);
    map.name(name.slice(0, NAME_LENGTH_MAX).replace(LINE_BREAKING, "?"));
  }
  content.section(SUBSECTION.function, map.take());
  for (const other of others) content.section(other.id, other.bytes);
  return content.take();
}
