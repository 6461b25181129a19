/**
 * A guest's memory as an ELF core file (System V gABI, chapters 4 and 5): ELF header, program headers, one PT_NOTE
 * and one PT_LOAD for each range of RAM or ROM, little-endian. Addresses are guest-physical.
 *
 * It is ELF64, but ELF32 for an i386 whose memory fits: tools that know that processor take nothing else.
 */

/** One range of guest memory. */
export interface CoreRange {
  readonly start: bigint;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
}

/** One entry of the PT_NOTE segment. */
export interface CoreNote {
  /** Whose note it is, without NUL. */
  readonly name: string;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A stretch of the file. What lies between two of them is zero. */
export interface CorePiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface CoreFile {
  /** In order of offset. */
  readonly pieces: Iterable<CorePiece>;
  readonly length: number;
}

/** e_machine of an unknown processor. */
export const EM_NONE = 0;
export const EM_386 = 3;

/** Most ranges one file can name: e_phnum is 16 bits, 0xffff has a meaning of its own, and the note takes one. */
export const CORE_RANGES_MAX = 0xfffd;

/** What the two kinds of file differ in. */
interface FileClass {
  /** EI_CLASS. */
  readonly id: number;
  readonly headerBytes: number;
  readonly programHeaderBytes: number;
}
const ELF32: FileClass = { id: 1, headerBytes: 52, programHeaderBytes: 32 };
const ELF64: FileClass = { id: 2, headerBytes: 64, programHeaderBytes: 56 };
/** Addresses and offsets of ELF32 end here. */
const END_OF_32_BITS = 1n << 32n;

const PAGE_BYTES = 4096;
/** Memory is looked through in pieces of this size: those that are all zero become holes. */
const PIECE_BYTES = 1 << 16;
const ZEROES = Buffer.alloc(PIECE_BYTES);

const ET_CORE = 4;
const PT_LOAD = 1;
const PT_NOTE = 4;
const PF_W = 2;
const PF_R = 4;

/** @param machine e_machine @param ranges at most CORE_RANGES_MAX */
export function coreFile(machine: number, ranges: readonly CoreRange[], notes: readonly CoreNote[]): CoreFile {
  const noteBytes = Buffer.concat(notes.map(formatNote));
  const kind = machine === EM_386 && fitsElf32(ranges, noteBytes.length) ? ELF32 : ELF64;
  const count = ranges.length + 1;
  const notesAt = kind.headerBytes + count * kind.programHeaderBytes;
  const head = Buffer.alloc(notesAt + noteBytes.length);
  writeHeader(head, kind, machine, count);
  noteBytes.copy(head, notesAt);
  let end = head.length;
  const loads = ranges.map(({ start, bytes, writable }): ProgramHeader => {
    // Offset and address are congruent modulo the alignment, as a PT_LOAD has to be.
    const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES + Number(start % BigInt(PAGE_BYTES));
    end = offset + bytes.length;
    const flags = writable ? PF_R | PF_W : PF_R;
    return { type: PT_LOAD, flags, offset, address: start, bytes: bytes.length, align: PAGE_BYTES };
  });
  const note = { type: PT_NOTE, flags: PF_R, offset: notesAt, address: 0n, bytes: noteBytes.length, align: 4 };
  for (const [i, header] of [note, ...loads].entries()) {
    writeProgramHeader(head, kind, kind.headerBytes + i * kind.programHeaderBytes, header);
  }
  const offsets = loads.map(({ offset }) => offset);
  return { pieces: piecesOf(head, ranges, offsets), length: end };
}

/** Whether every address and, with what alignment may cost, every offset has 32 bits. */
function fitsElf32(ranges: readonly CoreRange[], noteBytes: number): boolean {
  const head = ELF32.headerBytes + (ranges.length + 1) * ELF32.programHeaderBytes + noteBytes;
  const fileBytes = ranges.reduce((sum, { bytes }) => sum + bytes.length + 2 * PAGE_BYTES, head);
  return (
    BigInt(fileBytes) <= END_OF_32_BITS &&
    ranges.every(({ start, bytes }) => start + BigInt(bytes.length) <= END_OF_32_BITS)
  );
}

function* piecesOf(head: Buffer, ranges: readonly CoreRange[], offsets: readonly number[]): Generator<CorePiece> {
  yield { offset: 0, bytes: head };
  for (const [i, { bytes }] of ranges.entries()) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      if (ZEROES.compare(piece, 0, piece.length, 0, piece.length) === 0) continue;
      yield { offset: offsets[i]! + at, bytes: piece };
    }
  }
}

function writeHeader(head: Buffer, kind: FileClass, machine: number, programHeaders: number): void {
  head.set([0x7f, 0x45, 0x4c, 0x46, kind.id, 1, 1]); // magic, EI_CLASS, ELFDATA2LSB, EV_CURRENT
  head.writeUInt16LE(ET_CORE, 16);
  head.writeUInt16LE(machine, 18);
  head.writeUInt32LE(1, 20); // e_version
  // e_entry, e_phoff and e_shoff are as wide as an address; e_flags stands between them and the sizes.
  const addressBytes = kind === ELF64 ? 8 : 4;
  head.writeUInt32LE(kind.headerBytes, 24 + addressBytes); // e_phoff
  const sizes = 24 + 3 * addressBytes + 4;
  head.writeUInt16LE(kind.headerBytes, sizes); // e_ehsize
  head.writeUInt16LE(kind.programHeaderBytes, sizes + 2);
  head.writeUInt16LE(programHeaders, sizes + 4);
}

interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly bytes: number;
  readonly align: number;
}

function writeProgramHeader(head: Buffer, kind: FileClass, at: number, header: ProgramHeader): void {
  const { type, flags, address, bytes, align, offset } = header;
  const memory = type === PT_LOAD ? bytes : 0;
  // p_offset, p_vaddr (debuggers look memory up by it), p_paddr, p_filesz, p_memsz
  const places = [BigInt(offset), address, address, BigInt(bytes), BigInt(memory)];
  head.writeUInt32LE(type, at);
  if (kind === ELF64) {
    head.writeUInt32LE(flags, at + 4);
    for (const [i, place] of [...places, BigInt(align)].entries()) head.writeBigUInt64LE(place, at + 8 + 8 * i);
  } else {
    for (const [i, place] of places.entries()) head.writeUInt32LE(Number(place), at + 4 + 4 * i);
    head.writeUInt32LE(flags, at + 24);
    head.writeUInt32LE(align, at + 28);
  }
}

/** Length of name and of content, type, then both, each filled up to four bytes. */
function formatNote({ name, type, bytes }: CoreNote): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(nameBytes.length, 0);
  head.writeUInt32LE(bytes.length, 4);
  head.writeUInt32LE(type, 8);
  return Buffer.concat([head, filled(nameBytes), filled(bytes)]);
}

function filled(bytes: Uint8Array): Buffer {
  const whole = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  whole.set(bytes);
  return whole;
}
