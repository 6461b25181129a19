/**
 * A guest's memory as an ELF64 core file (System V gABI, chapters 4 and 5): ELF header, program headers, one PT_NOTE
 * and one PT_LOAD for each range of RAM or ROM, little-endian. Addresses are guest-physical.
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

/** Most ranges one file can name: e_phnum is 16 bits, 0xffff has a meaning of its own, and the note takes one. */
export const CORE_RANGES_MAX = 0xfffd;

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
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
  const count = ranges.length + 1;
  const notesAt = HEADER_BYTES + count * PROGRAM_HEADER_BYTES;
  const head = Buffer.alloc(notesAt + noteBytes.length);
  writeHeader(head, machine, count);
  const note = { type: PT_NOTE, flags: PF_R, offset: notesAt, address: 0n, bytes: noteBytes.length, align: 4 };
  writeProgramHeader(head, 0, note);
  noteBytes.copy(head, notesAt);
  let end = head.length;
  const offsets = ranges.map((range, i) => {
    // Offset and address are congruent modulo the alignment, as a PT_LOAD has to be.
    const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES + Number(range.start % BigInt(PAGE_BYTES));
    const flags = range.writable ? PF_R | PF_W : PF_R;
    const { start, bytes } = range;
    const load = { type: PT_LOAD, flags, offset, address: start, bytes: bytes.length, align: PAGE_BYTES };
    writeProgramHeader(head, i + 1, load);
    end = offset + bytes.length;
    return offset;
  });
  return { pieces: piecesOf(head, ranges, offsets), length: end };
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

function writeHeader(head: Buffer, machine: number, programHeaders: number): void {
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // magic, ELFCLASS64, ELFDATA2LSB, EV_CURRENT
  head.writeUInt16LE(ET_CORE, 16);
  head.writeUInt16LE(machine, 18);
  head.writeUInt32LE(1, 20); // e_version
  head.writeBigUInt64LE(BigInt(HEADER_BYTES), 32); // e_phoff
  head.writeUInt16LE(HEADER_BYTES, 52); // e_ehsize
  head.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  head.writeUInt16LE(programHeaders, 56);
}

interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly bytes: number;
  readonly align: number;
}

function writeProgramHeader(head: Buffer, index: number, header: ProgramHeader): void {
  const at = HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
  const memory = header.type === PT_LOAD ? BigInt(header.bytes) : 0n;
  head.writeUInt32LE(header.type, at);
  head.writeUInt32LE(header.flags, at + 4);
  head.writeBigUInt64LE(BigInt(header.offset), at + 8);
  head.writeBigUInt64LE(header.address, at + 16); // p_vaddr: debuggers look memory up by it
  head.writeBigUInt64LE(header.address, at + 24); // p_paddr
  head.writeBigUInt64LE(BigInt(header.bytes), at + 32); // p_filesz
  head.writeBigUInt64LE(memory, at + 40); // p_memsz
  head.writeBigUInt64LE(BigInt(header.align), at + 48);
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
