/** A reader of ELF core files of its own, from the System V gABI's tables; it shares nothing with the writer. */

export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly fileBytes: bigint;
  readonly memoryBytes: bigint;
  readonly bytes: Buffer;
}

export interface Note {
  readonly name: string;
  readonly type: number;
  readonly text: string;
  readonly bytes: Buffer;
}

export interface Core {
  /** ELF32 or ELF64. */
  readonly bits: 32 | 64;
  readonly machine: number;
  readonly segments: readonly Segment[];
  readonly notes: readonly Note[];
}

export const PT = { load: 1, note: 4 } as const;

/** @throws Error at the first thing the gABI does not allow */
export function readCore(file: Buffer): Core {
  const must = (holds: boolean, what: string) => {
    if (!holds) throw new Error(what);
  };
  must(file.subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1")), "no ELF file");
  must((file[4] === 1 || file[4] === 2) && file[5] === 1 && file[6] === 1, "not little-endian, version 1");
  const wide = file[4] === 2;
  must(file.readUInt16LE(0x10) === 4, "e_type is not ET_CORE");
  must(file.readUInt32LE(0x14) === 1, "e_version is not 1");
  must(file.readUInt16LE(wide ? 0x34 : 0x28) === (wide ? 0x40 : 0x34), "e_ehsize");
  must(file.readUInt16LE(wide ? 0x36 : 0x2a) === (wide ? 0x38 : 0x20), "e_phentsize");
  const table = wide ? Number(file.readBigUInt64LE(0x20)) : file.readUInt32LE(0x1c);
  const segments: Segment[] = [];
  for (let i = 0; i < file.readUInt16LE(wide ? 0x38 : 0x2c); i++) {
    const segment = wide ? readSegment64(file, table + 0x38 * i) : readSegment32(file, table + 0x20 * i);
    const { offset, virtual, align, fileBytes } = segment;
    must(offset + fileBytes <= BigInt(file.length), "a segment reaches past the end of the file");
    must(align < 2n || offset % align === virtual % align, "offset and address are not congruent");
    segments.push({ ...segment, bytes: file.subarray(Number(offset), Number(offset + fileBytes)) });
  }
  const notes = segments.filter(({ type }) => type === PT.note).flatMap(({ bytes }) => readNotes(bytes));
  return { bits: wide ? 64 : 32, machine: file.readUInt16LE(0x12), segments, notes };
}

type Header = Omit<Segment, "bytes"> & { readonly offset: bigint; readonly align: bigint };

function readSegment64(file: Buffer, at: number): Header {
  const u64 = (offset: number) => file.readBigUInt64LE(at + offset);
  const [type, flags] = [file.readUInt32LE(at), file.readUInt32LE(at + 4)];
  const [offset, virtual, physical, fileBytes, memoryBytes, align] = [
    u64(8),
    u64(16),
    u64(24),
    u64(32),
    u64(40),
    u64(48),
  ];
  return { type, flags, offset, virtual, physical, fileBytes, memoryBytes, align };
}

function readSegment32(file: Buffer, at: number): Header {
  const u32 = (offset: number) => BigInt(file.readUInt32LE(at + offset));
  const [type, flags] = [file.readUInt32LE(at), file.readUInt32LE(at + 0x18)];
  const [offset, virtual, physical, fileBytes, memoryBytes, align] = [
    u32(4),
    u32(8),
    u32(12),
    u32(16),
    u32(20),
    u32(28),
  ];
  return { type, flags, offset, virtual, physical, fileBytes, memoryBytes, align };
}

function readNotes(bytes: Buffer): Note[] {
  const notes: Note[] = [];
  const up = (n: number) => (n + 3) & ~3;
  for (let at = 0; at < bytes.length; ) {
    const [nameBytes, textBytes] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    const text = at + 12 + up(nameBytes);
    if (text + textBytes > bytes.length) throw new Error("a note reaches past its segment");
    notes.push({
      name: bytes.toString("latin1", at + 12, at + 12 + nameBytes).replace(/\0$/, ""),
      type: bytes.readUInt32LE(at + 8),
      text: bytes.toString("utf8", text, text + textBytes),
      bytes: bytes.subarray(text, text + textBytes),
    });
    at = text + up(textBytes);
  }
  return notes;
}
