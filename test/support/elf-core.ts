/** A reader of ELF64 core files of its own, from the System V gABI's tables; it shares nothing with the writer. */

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
}

export interface Core {
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
  must(file[4] === 2 && file[5] === 1 && file[6] === 1, "not ELF64, little-endian, version 1");
  must(file.readUInt16LE(0x10) === 4, "e_type is not ET_CORE");
  must(file.readUInt32LE(0x14) === 1, "e_version is not 1");
  must(file.readUInt16LE(0x34) === 0x40, "e_ehsize");
  must(file.readUInt16LE(0x36) === 0x38, "e_phentsize");
  const table = Number(file.readBigUInt64LE(0x20));
  const segments: Segment[] = [];
  for (let i = 0; i < file.readUInt16LE(0x38); i++) {
    const at = table + 0x38 * i;
    const u64 = (offset: number) => file.readBigUInt64LE(at + offset);
    const [offset, virtual, align] = [u64(8), u64(0x10), u64(0x30)];
    const fileBytes = u64(0x20);
    must(offset + fileBytes <= BigInt(file.length), "a segment reaches past the end of the file");
    must(align < 2n || offset % align === virtual % align, "offset and address are not congruent");
    segments.push({
      type: file.readUInt32LE(at),
      flags: file.readUInt32LE(at + 4),
      virtual,
      physical: u64(0x18),
      fileBytes,
      memoryBytes: u64(0x28),
      bytes: file.subarray(Number(offset), Number(offset + fileBytes)),
    });
  }
  const notes = segments.filter(({ type }) => type === PT.note).flatMap(({ bytes }) => readNotes(bytes));
  return { machine: file.readUInt16LE(0x12), segments, notes };
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
    });
    at = text + up(textBytes);
  }
  return notes;
}
