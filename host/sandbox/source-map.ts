import type { SourcePlace } from "../errors.ts";
import { UserError } from "../errors.ts";
import type { ByteRange } from "./wasm/module.ts";
import { lastAtOrBelow, type OffsetMap } from "./wasm/offset-map.ts";

/**
 * A source map of a WebAssembly module: generated line 1, generated column = file offset
 * (the convention of AssemblyScript and binaryen, format: source map revision 3).
 */
export interface SourceMap {
  /**
   * The place of the nearest mapping at or before `offset` that has a source, not before `within.start`. Compilers give
   * calls and checks often no place of their own. If there is none, the first after it in `within`.
   * With `wanted`, mappings to other files are passed over.
   */
  resolve(offset: number, within?: ByteRange, wanted?: (file: string) => boolean): SourcePlace | undefined;
}

/** One segment of a map: what the code from an offset on comes from. Lines and columns count from 0. */
export interface Mapping {
  readonly offset: number;
  /** -1 for code without a source. */
  readonly source: number;
  readonly line: number;
  readonly column: number;
}

/** Reads a source map's JSON text. @throws UserError when it is no source map. */
export function readSourceMap(json: string): SourceMap {
  const { sources, mappings } = parse(json);
  // The ones without a source only say that the compiler knows none: the place before them is the best there is.
  const placed = decodeMappings(mappings, sources.length).filter(({ source }) => source >= 0);
  const offsets = Float64Array.from(placed, ({ offset }) => offset);
  const place = ({ source, line, column }: Mapping): SourcePlace => ({
    file: sources[source],
    line: line + 1,
    column: column + 1,
  });
  const resolve: SourceMap["resolve"] = (offset, within = EVERYWHERE, wanted = () => true) => {
    const isWanted = (mapping: Mapping | undefined) => mapping === undefined || wanted(sources[mapping.source]);
    let before = lastAtOrBelow(offsets, offset);
    let after = before + 1;
    while (!isWanted(placed[before])) before--;
    if (placed[before] !== undefined && placed[before].offset >= within.start) return place(placed[before]);
    while (!isWanted(placed[after])) after++;
    return placed[after] !== undefined && placed[after].offset < within.end ? place(placed[after]) : undefined;
  };
  return { resolve };
}

/** The segments of a source map's JSON text, ascending. @throws UserError when it is no source map. */
export function readMappings(json: string): readonly Mapping[] {
  const { sources, mappings } = parse(json);
  return decodeMappings(mappings, sources.length);
}

const EVERYWHERE: ByteRange = { start: 0, end: Number.POSITIVE_INFINITY };

function bad(what: string): UserError {
  return new UserError(`The source map is malformed: ${what}; build the module again.`);
}

function parse(json: string): { sources: readonly string[]; mappings: string } {
  let map: unknown;
  try {
    map = JSON.parse(json);
  } catch {
    throw bad("it is not JSON");
  }
  if (typeof map !== "object" || map === null) throw bad("it is not a JSON object");
  const { version, sources, mappings } = map as Record<string, unknown>;
  if (version !== 3) throw bad("its version is not 3");
  if (typeof mappings !== "string") throw bad("it has no mappings");
  if (!Array.isArray(sources) || !sources.every((source) => typeof source === "string")) {
    throw bad("its sources are not a list of names");
  }
  return { sources, mappings };
}

/** Decodes line 1; a module has no other. */
function decodeMappings(text: string, sourceCount: number): Mapping[] {
  const mappings: Mapping[] = [];
  let offset = 0;
  let source = 0;
  let line = 0;
  let column = 0;
  const end = text.indexOf(";");
  for (const segment of text.slice(0, end < 0 ? text.length : end).split(",")) {
    if (segment === "") continue;
    const fields = decodeVlq(segment);
    if (fields.length !== 1 && fields.length !== 4 && fields.length !== 5) throw bad("a segment has no known length");
    if (fields[0] < 0) throw bad("its segments are not in order");
    offset += fields[0];
    if (fields.length === 1) {
      mappings.push({ offset, source: -1, line: 0, column: 0 });
      continue;
    }
    source += fields[1];
    line += fields[2];
    column += fields[3];
    if (source < 0 || source >= sourceCount || line < 0 || column < 0) throw bad("a segment points nowhere");
    mappings.push({ offset, source, line, column });
  }
  return mappings;
}

/** Digits of the VLQ of mappings. */
export const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Seven digits carry 35 bits, more than any value of 32. */
const VLQ_DIGITS_MAX = 7;

/** Base 64 VLQ: digits of five bits, lowest first, bit 5 for "more follow"; the lowest bit of the value is its sign. */
function decodeVlq(segment: string): number[] {
  const fields: number[] = [];
  let value = 0;
  let digits = 0;
  for (const character of segment) {
    const digit = BASE64.indexOf(character);
    if (digit < 0 || ++digits > VLQ_DIGITS_MAX) throw bad("a segment is not base 64 VLQ");
    value += (digit & 31) * 32 ** (digits - 1);
    if (digit & 32) continue;
    const magnitude = Math.floor(value / 2);
    fields.push(value % 2 === 1 ? -magnitude : magnitude);
    value = 0;
    digits = 0;
  }
  if (digits > 0) throw bad("a segment ends in the middle of a number");
  return fields;
}

/** What is known of a module whose code may appear in a stack. */
export interface ModuleSource {
  readonly map?: SourceMap | undefined;
  /** Of the running module, if it was rewritten. */
  readonly offsets?: OffsetMap | undefined;
}

/** One WebAssembly frame of a V8 stack. */
export interface StackFrame {
  /** The module's name, as `instrument` sets it. */
  readonly module: string;
  /** Of the original module; -1 for a function that instrumentation added. */
  readonly functionIndex: number;
  /** Undefined when the module has no name for it. */
  readonly functionName: string | undefined;
  /** File offset in the original module; undefined in code that instrumentation appended. */
  readonly offset: number | undefined;
  readonly place: SourcePlace | undefined;
}

/** The source place of a file offset of the running (rewritten) module; `wanted` as in `SourceMap.resolve`. */
export function locate(
  { map, offsets }: ModuleSource,
  runningOffset: number,
  wanted?: (file: string) => boolean,
): SourcePlace | undefined {
  const offset = offsets === undefined ? runningOffset : offsets.toOriginal(runningOffset);
  if (offset === undefined || map === undefined) return undefined;
  return map.resolve(offset, offsets?.bodyOf(offset), wanted);
}

const FRAME = /^\s+at (?:async )?(?:(.*) \()?wasm:\/\/wasm\/(.+)-[0-9a-f]+:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;
/** A longer line is no frame worth reading, and would cost the pattern much time. */
const LINE_LENGTH_MAX = 2000;
/** Longer stacks come only from raised limits; a frame beyond these is of no use to a reader. */
const FRAMES_MAX = 1000;

/**
 * The WebAssembly frames of a V8 stack, innermost first. An Error is better than its stack alone: its message, which
 * the module may have chosen, is then not mistaken for frames.
 * `lookup` knows modules by their name; frames of others have no place. In a function whose own name `isLibrary` does
 * not know, code of library files is inlined code: the frame's place is then the author's line around it.
 */
export function resolveStack(
  stack: string | Error,
  lookup: (module: string) => ModuleSource | undefined,
  isLibrary: (fileOrFunction: string) => boolean = () => false,
): readonly StackFrame[] {
  const frames: StackFrame[] = [];
  for (const line of stackLines(stack).slice(0, FRAMES_MAX)) {
    const match = line.length > LINE_LENGTH_MAX ? null : FRAME.exec(line);
    if (match === null) continue;
    const [, printedName, module, indexText, offsetText] = match;
    const source = lookup(module) ?? {};
    const running = Number.parseInt(offsetText, 16);
    const index = Number(indexText);
    const functionName = plainName(printedName, module);
    const isAuthors = functionName !== undefined && !isLibrary(functionName);
    frames.push({
      module,
      functionIndex: source.offsets === undefined ? index : (source.offsets.toOriginalFunction(index) ?? -1),
      functionName,
      offset: source.offsets === undefined ? running : source.offsets.toOriginal(running),
      place: locate(source, running, isAuthors ? (file) => !isLibrary(file) : undefined),
    });
  }
  return frames;
}

function stackLines(stack: string | Error): string[] {
  if (typeof stack === "string") return stack.split("\n");
  const text = typeof stack.stack === "string" ? stack.stack : "";
  const header = text.indexOf(stack.message);
  return (header < 0 ? text : text.slice(header + stack.message.length)).split("\n");
}

/** V8 prints `module.function`, or the module alone for a function without a name. */
function plainName(printed: string | undefined, module: string): string | undefined {
  if (printed === undefined || printed === module) return undefined;
  return printed.startsWith(`${module}.`) ? printed.slice(module.length + 1) : printed;
}
