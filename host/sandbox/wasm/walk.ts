import { ByteReader, malformed } from "./byte-reader.ts";
import type { DefinedFunction, FunctionType, ValueType, WasmModule } from "./module.ts";
import { isValueType } from "./module.ts";
import { IMMEDIATE, OP, type OpcodeInfo, opcodeInfo, PREFIX, prefixed } from "./opcodes.ts";

/** One instruction of a function body. */
export interface Instruction {
  /** As in `OP`; prefixed instructions as `prefixed(prefix, number)`. */
  readonly opcode: number;
  readonly info: OpcodeInfo;
  /** File offsets of the first byte and of the byte after the last. */
  readonly offset: number;
  readonly end: number;
  /**
   * Blocks open around the instruction: 0 at the outermost level of the body. `block`, `loop` and `if` stand at the
   * depth outside them, and so do their `else` and `end`; the body's own last `end` stands at depth 0 too.
   */
  readonly depth: number;
  /**
   * By kind of immediate: indices in the order of the binary format; branch labels (`br_table`: the default last);
   * the value of an `i32.const`; alignment exponent and offset of a memory access; the block type as the signed number
   * of the format. Empty for the other constants, whose bytes are those of the range.
   */
  readonly immediates: readonly number[];
}

export type InstructionVisitor = (instruction: Instruction) => void;

const NO_IMMEDIATES: readonly number[] = [];
const OPEN = { block: 0, if: 1, else: 2 } as const;

/**
 * Calls `visitor` for each instruction of a body, in file order, the closing `end` included.
 * Checks nesting and every index; types are not checked.
 *
 * @throws UserError at an instruction the reader does not support, with its opcode and offset.
 */
export function walkBody(module: WasmModule, func: DefinedFunction, visitor: InstructionVisitor): void {
  const reader = new ByteReader(module.bytes, func.code.start, func.code.end);
  const following = new ImmediateReader(reader, module, func);
  const open: number[] = [];
  for (;;) {
    const offset = reader.offset;
    const opcode = readOpcode(reader);
    const info = opcodeInfo(opcode);
    if (info === undefined) throw malformed(offset, `instruction ${printed(opcode)} is not supported`);
    if (opcode === OP.end && open.length === 0) {
      visitor({ opcode, info, offset, end: reader.offset, depth: 0, immediates: NO_IMMEDIATES });
      if (!reader.atEnd) reader.fail("a function body goes on after its end");
      return;
    }
    const depth = nest(reader, open, opcode, offset);
    const immediates = following.read(info, open.length);
    visitor({ opcode, info, offset, end: reader.offset, depth, immediates });
  }
}

function readOpcode(reader: ByteReader): number {
  const first = reader.u8();
  if (first < PREFIX.bulk || first > PREFIX.threads) return first;
  const at = reader.offset;
  const number = reader.u32();
  return number > 0xfff
    ? reader.fail(`instruction ${printed(first)} ${number} is not supported`, at)
    : prefixed(first, number);
}

function printed(opcode: number): string {
  return opcode <= 0xff
    ? `0x${opcode.toString(16)}`
    : `0x${(opcode >> 12).toString(16)} 0x${(opcode & 0xfff).toString(16)}`;
}

/** Keeps the stack of open blocks and answers the depth the instruction stands at. */
function nest(reader: ByteReader, open: number[], opcode: number, offset: number): number {
  switch (opcode) {
    case OP.block:
    case OP.loop:
    case OP.if:
      open.push(opcode === OP.if ? OPEN.if : OPEN.block);
      return open.length - 1;
    case OP.else:
      if (open.pop() !== OPEN.if) reader.fail("an else stands outside an if", offset);
      open.push(OPEN.else);
      return open.length - 1;
    case OP.end:
      open.pop();
      return open.length;
    default:
      return open.length;
  }
}

/** Reads and checks what follows the opcodes of one body. */
class ImmediateReader {
  readonly #reader: ByteReader;
  readonly #module: WasmModule;
  readonly #localCount: number;

  constructor(reader: ByteReader, module: WasmModule, func: DefinedFunction) {
    this.#reader = reader;
    this.#module = module;
    this.#localCount = func.type.parameters.length + func.localCount;
  }

  /** `depth` counts the blocks that a label may name, the one just opened included. */
  read(info: OpcodeInfo, depth: number): readonly number[] {
    const module = this.#module;
    switch (info.immediate) {
      case IMMEDIATE.none:
        return NO_IMMEDIATES;
      case IMMEDIATE.local:
        return [this.#below(this.#localCount, "local")];
      case IMMEDIATE.i32:
        return [this.#reader.signed(32)];
      case IMMEDIATE.access:
        return readAccess(this.#reader, module.memories.length);
      case IMMEDIATE.accessLane:
        return [...readAccess(this.#reader, module.memories.length), this.#reader.u8()];
      case IMMEDIATE.block:
        return [readBlockType(this.#reader, module.types.length)];
      case IMMEDIATE.label:
        return [this.#label(depth)];
      case IMMEDIATE.labels:
        return this.#labels(depth);
      case IMMEDIATE.function:
        return [this.#below(module.functionTypes.length, "function")];
      case IMMEDIATE.indirect:
        return [this.#below(module.types.length, "type"), this.#table()];
      case IMMEDIATE.global:
        return [this.#below(module.globals.length, "global")];
      case IMMEDIATE.table:
        return [this.#table()];
      case IMMEDIATE.tables:
        return [this.#table(), this.#table()];
      case IMMEDIATE.memory:
        return [this.#memory()];
      case IMMEDIATE.memories:
        return [this.#memory(), this.#memory()];
      case IMMEDIATE.dataMemory:
        return [this.#below(module.data.length, "data segment"), this.#memory()];
      case IMMEDIATE.data:
        return [this.#below(module.data.length, "data segment")];
      case IMMEDIATE.elementTable:
        return [this.#below(module.elements.length, "element segment"), this.#table()];
      case IMMEDIATE.element:
        return [this.#below(module.elements.length, "element segment")];
      default:
        return skipLiteral(this.#reader, info);
    }
  }

  #below(limit: number, what: string): number {
    const at = this.#reader.offset;
    const index = this.#reader.u32();
    return index < limit ? index : this.#reader.fail(`there is no ${what} ${index}`, at);
  }

  #memory(): number {
    return this.#below(this.#module.memories.length, "memory");
  }

  #table(): number {
    return this.#below(this.#module.tables.length, "table");
  }

  #label(depth: number): number {
    return this.#below(depth + 1, "label");
  }

  /** The default label stands after the counted ones. */
  #labels(depth: number): number[] {
    const labels: number[] = [];
    for (let left = this.#reader.count("labels"); left >= 0; left--) labels.push(this.#label(depth));
    return labels;
  }
}

function readAccess(reader: ByteReader, memories: number): readonly [number, number] {
  const at = reader.offset;
  if (memories === 0) reader.fail("memory is accessed, but the module has none", at);
  const align = reader.u32();
  if (align > 4) reader.fail(`an alignment of 2^${align} is not supported`, at);
  return [align, reader.u32()];
}

function readBlockType(reader: ByteReader, typeCount: number): number {
  const at = reader.offset;
  const type = reader.signed(33);
  const known = type >= 0 ? type < typeCount : type === -64 || isValueType(type & 0x7f);
  return known && type >= -64 ? type : reader.fail("a block has an unsupported type", at);
}

function skipLiteral(reader: ByteReader, info: OpcodeInfo): readonly number[] {
  switch (info.immediate) {
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
    case IMMEDIATE.lane:
      return [reader.u8()];
    case IMMEDIATE.zero:
      if (reader.u8() !== 0) reader.fail("a zero byte was expected", reader.offset - 1);
      break;
    default:
      readTypesOrHeapType(reader, info);
  }
  return NO_IMMEDIATES;
}

function readTypesOrHeapType(reader: ByteReader, info: OpcodeInfo): void {
  const count = info.immediate === IMMEDIATE.types ? reader.count("types") : 1;
  for (let left = count; left > 0; left--) {
    const at = reader.offset;
    const byte = reader.u8();
    if (!isValueType(byte)) reader.fail(`type 0x${byte.toString(16)} is not supported`, at);
  }
}

/** The parameters and results of a block by its immediate. */
export function blockType(module: WasmModule, immediate: number): FunctionType {
  if (immediate >= 0) return module.types[immediate];
  return { parameters: [], results: immediate === -64 ? [] : [(immediate & 0x7f) as ValueType] };
}
