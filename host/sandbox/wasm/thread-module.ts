import { ByteReader } from "./byte-reader.ts";
import { ByteWriter, u32Bytes } from "./byte-writer.ts";
import type { Section, WasmModule } from "./module.ts";
import { readModule, SECTION } from "./read-module.ts";

/**
 * The same module for a thread that joins a memory in use: instances write no data into it, and what `without` names is
 * not exported. Its code stands at the same offsets, so that stacks are resolved as those of the original.
 *
 * Active data segments become empty passive ones. That is what they are for `memory.init` once a module has been
 * instantiated, and the numbers of the others stay.
 */
export function threadModule(bytes: Uint8Array, without: string): Uint8Array<ArrayBuffer> {
  const module = readModule(bytes);
  const out = new ByteWriter(bytes.length + 64);
  out.bytes(bytes.subarray(0, MODULE_HEADER_BYTES));
  for (const section of module.sections) {
    if (section.id === SECTION.export) out.section(section.id, exportsWithout(module, section, without));
    else if (section.id === SECTION.data) out.section(section.id, withoutActiveData(module));
    else copy(out, bytes, section);
    if (section.id === SECTION.export) fill(out, section.content.end - out.length);
  }
  return out.take();
}

const MODULE_HEADER_BYTES = 8;

/** A section as it stands. A custom section's content begins behind its name. */
function copy(out: ByteWriter, bytes: Uint8Array, { id, content, name }: Section): void {
  const whole = new ByteWriter();
  if (name !== undefined) whole.name(name);
  whole.bytes(bytes.subarray(content.start, content.end));
  out.section(id, whole.take());
}

/** Writes a section that means nothing and takes so many bytes: 3 at least. */
function fill(out: ByteWriter, length: number): void {
  if (length === 0) return;
  // Id, size of the section, size of its name.
  const name = length - 3;
  if (name < 0 || name > 120) throw new Error(`${length} bytes cannot be filled`);
  out.section(SECTION.custom, [name, ...new Array<number>(name).fill(0x20)]);
}

function exportsWithout({ bytes, exports }: WasmModule, section: Section, without: string): Uint8Array {
  const content = new ByteWriter();
  const kept = exports.filter(({ name }) => name !== without).length;
  content.u32(kept);
  const reader = new ByteReader(bytes, section.content.start, section.content.end);
  for (let left = reader.u32(); left > 0; left--) {
    const start = reader.offset;
    const name = reader.name();
    reader.u8();
    reader.u32();
    if (name !== without) content.bytes(bytes.subarray(start, reader.offset));
  }
  return content.take();
}

const PASSIVE = 1;

function withoutActiveData({ bytes, data }: WasmModule): Uint8Array {
  const content = new ByteWriter();
  content.u32(data.length);
  for (const { mode, content: held } of data) {
    const kept = mode === "passive" ? bytes.subarray(held.start, held.end) : new Uint8Array();
    content.bytes([PASSIVE, ...u32Bytes(kept.length)]);
    content.bytes(kept);
  }
  return content.take();
}
