/**
 * How wide the memory operand of an x86 instruction is.
 *
 * The emulator hands a 16-bit read over as two bytes and a 64-bit read as two double words, so the first piece alone
 * does not tell what the guest asked for; its instruction does. Operand sizes are those of the opcode maps in the
 * Intel Software Developer's Manual, volume 2, appendix A; where the emulator itself reads less than the hardware
 * would (`bt` on memory, `fbld`), the size is the emulator's.
 *
 * Only the opcode, its prefixes and, where it selects the operation, the reg field of ModRM are looked at.
 */

const Kind = {
  byte: 1,
  word: 2,
  dword: 4,
  /** 16 or 32 bits, by mode and operand size prefix. */
  operandSize: 32,
  prefix: 33,
  twoByte: 34,
  x87: 35,
  /** lds, les: an operand of operand size and a word behind it. */
  farPointer: 36,
  /** FF: calls and jumps, near or far. */
  group5: 37,
} as const;

/** An 80-bit float, read and written as 8 bytes and 2. */
export const FLOAT80_BYTES = 10;
/** A far pointer of a 32-bit offset and a selector, read as 4 bytes and 2. */
export const FAR_POINTER_BYTES = 6;

const oneByteKinds = buildOneByteKinds();

function buildOneByteKinds(): Uint8Array {
  const kinds = new Uint8Array(256).fill(Kind.operandSize);
  // The eight arithmetic rows: r/m8 forms have bit 0 clear.
  for (let row = 0; row < 0x40; row += 8) kinds[row] = kinds[row + 2] = kinds[row + 4] = Kind.byte;
  const bytes = [0x6c, 0x6e, 0x80, 0x82, 0x84, 0x86, 0x88, 0x8a, 0xa0, 0xa2, 0xa4, 0xa6, 0xa8, 0xaa, 0xac, 0xae];
  for (const opcode of [...bytes, 0xc0, 0xc6, 0xd0, 0xd2, 0xd7, 0xf6, 0xfe]) kinds[opcode] = Kind.byte;
  for (const opcode of [0x63, 0x8c, 0x8e]) kinds[opcode] = Kind.word; // arpl, mov to and from a segment register
  for (const opcode of [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]) kinds[opcode] = Kind.prefix;
  for (let opcode = 0xd8; opcode <= 0xdf; opcode++) kinds[opcode] = Kind.x87;
  kinds[0xc4] = kinds[0xc5] = Kind.farPointer;
  kinds[0xff] = Kind.group5;
  kinds[0x0f] = Kind.twoByte;
  return kinds;
}

/** x87 memory operands in bytes, by opcode D8..DF and reg field. */
const x87Widths: readonly (readonly number[])[] = [
  [4, 4, 4, 4, 4, 4, 4, 4], // D8: m32 arithmetic
  [4, 4, 4, 4, 4, 2, 4, 2], // D9: fld, fst; fldenv; fldcw; fnstenv; fnstcw
  [4, 4, 4, 4, 4, 4, 4, 4], // DA: m32 integer
  [4, 4, 4, 4, 4, FLOAT80_BYTES, 4, FLOAT80_BYTES], // DB: m32 integer; fld and fstp m80
  [8, 8, 8, 8, 8, 8, 8, 8], // DC: m64 arithmetic
  [8, 8, 8, 8, 4, 4, 4, 2], // DD: m64; frstor, fnsave; fnstsw
  [2, 2, 2, 2, 2, 2, 2, 2], // DE: m16 integer
  [2, 2, 2, 2, 1, 8, 1, 8], // DF: m16 integer; fbld, fbstp; fild and fistp m64
];

/** The operand size prefix or repeat prefix that selects among the SSE forms of one opcode. */
interface Prefixes {
  readonly operandSize: boolean;
  /** 0, 0xF2 or 0xF3. */
  readonly repeat: number;
}

/** Longest run of prefixes looked at: an x86 instruction has at most 15 bytes. */
const MAX_PREFIXES = 14;

/**
 * Width in bytes (1, 2, 4, 8 or 16, FLOAT80_BYTES or FAR_POINTER_BYTES) of the memory operand of the instruction at
 * `code[offset]`. `is32` says whether operands have 32 bits by default.
 */
export function operandWidth(code: Uint8Array, offset: number, is32: boolean): number {
  let operandSize = false;
  let repeat = 0;
  for (let i = 0; i <= MAX_PREFIXES; i++) {
    const opcode = code[offset + i];
    const kind = oneByteKinds[opcode];
    if (kind === Kind.prefix) {
      if (opcode === 0x66) operandSize = true;
      else if (opcode === 0xf2 || opcode === 0xf3) repeat = opcode;
      continue;
    }
    if (kind < Kind.operandSize) return kind;
    if (kind === Kind.x87) return x87Widths[opcode - 0xd8][regField(code[offset + i + 1])];
    const word = is32 === operandSize ? 2 : 4;
    if (kind === Kind.operandSize) return word;
    if (kind === Kind.farPointer) return farPointerWidth(word);
    if (kind === Kind.group5) {
      const operation = regField(code[offset + i + 1]);
      return operation === 3 || operation === 5 ? farPointerWidth(word) : word;
    }
    return twoByteWidth(code[offset + i + 1], code[offset + i + 2], word, { operandSize, repeat });
  }
  return 1;
}

/** Whether the opcode at `code[offset]` can only have an operand of up to 4 bytes: the quick answer for most code. */
export function isNarrow(code: Uint8Array, offset: number): boolean {
  return oneByteKinds[code[offset]] <= Kind.operandSize;
}

function regField(modrm: number): number {
  return (modrm >> 3) & 7;
}

function farPointerWidth(word: number): number {
  return word === 4 ? FAR_POINTER_BYTES : 2;
}

function twoByteWidth(opcode: number, modrm: number, word: number, prefixes: Prefixes): number {
  if (opcode >= 0x10 && opcode <= 0x17) return moveWidth(opcode, prefixes);
  if (opcode >= 0x28 && opcode <= 0x2f) return convertWidth(opcode, prefixes);
  if (opcode >= 0x50 && opcode <= 0x5f) return arithmeticWidth(opcode, prefixes);
  if (opcode >= 0x60 && opcode <= 0x7f) return packedWidth(opcode, prefixes);
  if (opcode >= 0x90 && opcode <= 0x9f) return 1; // setcc
  if (opcode >= 0xd0) return packedWidth(opcode, prefixes);
  switch (opcode) {
    case 0x00: // sldt, str, lldt, ltr, verr, verw
    case 0x01: // sgdt, sidt, lgdt, lidt: a word, then a double word; smsw, lmsw
    case 0x02: // lar
    case 0x03: // lsl
    case 0xb7: // movzx from 16 bits
    case 0xbf: // movsx from 16 bits
    case 0xc4: // pinsrw
      return 2;
    case 0xa3: // bt, bts, btr, btc: the emulator touches only the byte with the bit
    case 0xab:
    case 0xb3:
    case 0xba:
    case 0xbb:
    case 0xb0: // cmpxchg on 8 bits
    case 0xb6: // movzx from 8 bits
    case 0xbe: // movsx from 8 bits
    case 0xc0: // xadd on 8 bits
      return 1;
    case 0xb2: // lss, lfs, lgs
    case 0xb4:
    case 0xb5:
      return farPointerWidth(word);
    case 0xae: // fxsave and fxrstor go in pieces; ldmxcsr, stmxcsr
    case 0xc3: // movnti
      return 4;
    case 0xc2: // cmpps and its like
      return scalarOrPacked(prefixes);
    case 0xc6: // shufps
      return 16;
    case 0xc7: // cmpxchg8b
      return regField(modrm) === 1 ? 8 : word;
    default: // cmov, shld, shrd, imul, cmpxchg, xadd, bsf, bsr, popcnt
      return word;
  }
}

function scalarOrPacked({ repeat }: Prefixes): number {
  return repeat === 0xf3 ? 4 : repeat === 0xf2 ? 8 : 16;
}

/** 0F 10..17: movups and its scalar forms, movlps, movhps, unpack. */
function moveWidth(opcode: number, prefixes: Prefixes): number {
  if (opcode <= 0x11) return scalarOrPacked(prefixes);
  if (opcode === 0x14 || opcode === 0x15) return 16;
  return prefixes.repeat === 0xf3 ? 16 : 8; // movsldup and movshdup are 16
}

/** 0F 28..2F: movaps, conversions between integer and float, comparisons. */
function convertWidth(opcode: number, { operandSize, repeat }: Prefixes): number {
  if (opcode === 0x2a) return repeat === 0 ? 8 : 4;
  if (opcode === 0x2c || opcode === 0x2d) return repeat === 0xf3 ? 4 : repeat === 0xf2 || !operandSize ? 8 : 16;
  if (opcode >= 0x2e) return operandSize ? 8 : 4;
  return 16;
}

/** 0F 50..5F: SSE arithmetic. */
function arithmeticWidth(opcode: number, prefixes: Prefixes): number {
  const cvtps2pd = opcode === 0x5a && prefixes.repeat === 0 && !prefixes.operandSize;
  return cvtps2pd ? 8 : scalarOrPacked(prefixes);
}

/** 0F 60..7F and D0..FF: MMX, 8 bytes, or the same on 16-byte registers with a prefix. */
function packedWidth(opcode: number, { operandSize, repeat }: Prefixes): number {
  if (opcode === 0x6e) return 4; // movd
  if (opcode === 0x7e) return repeat === 0xf3 ? 8 : 4; // movq load; movd store
  if (opcode === 0xd6) return 8; // movq store
  if (opcode === 0xe6 && repeat === 0xf3) return 8; // cvtdq2pd
  if (opcode === 0xf7) return 1; // maskmovq stores byte by byte
  const mmx = !operandSize && repeat === 0;
  if (mmx && opcode >= 0x60 && opcode <= 0x62) return 4; // punpckl reads half a register
  return mmx ? 8 : 16;
}
