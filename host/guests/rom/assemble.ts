import { UserError } from "../../errors.ts";
import { buildBootBlock } from "./boot-block.ts";
import { assembleAndLink } from "./link.ts";
import { BOOT_BLOCK, BSS_END, BSS_START, IMAGE_END, PROGRAM_START, predefinedSymbols } from "./memory-map.ts";

/** A ROM ready to run: the last 128 KiB of the first MiB, reset vector included. */
export interface RomImage {
  /** Bytes from PROGRAM_START to the end of the first MiB. */
  readonly bytes: Uint8Array;
  /** Address of the guest's first instruction. */
  readonly entry: number;
  /** Address of a label of the program. */
  addressOf(label: string): number | undefined;
  /** Source line (from 1) of the instruction or datum at an address. */
  lineAt(address: number): number | undefined;
}

const SECTION_ALIGNMENT = 16;

/**
 * Assembles a guest program into a ROM image. What the program finds at its start, and the names it may use, stand in
 * memory-map.ts. The syntax is that of `@defasm/core`: AT&T, or Intel after `.intel_syntax`; no `.include`, no macros.
 *
 * Throws UserError, with file, line and column, for source that does not assemble, and for programs that do not fit
 * (124 KiB for code and data, 448 KiB of `.bss`).
 */
export function assembleRom(source: string, file: string): RomImage {
  if (source.trim() === "")
    throw new UserError("the program is empty; a guest needs at least one instruction", { file });
  const program = assembleAndLink({
    source,
    file,
    place: (sections) => placeSections(sections, file),
    externals: predefinedSymbols,
  });
  const text = program.sections.find((section) => section.name === ".text")!;
  const entry = program.addressOf("start") ?? text.address;
  const bytes = new Uint8Array(IMAGE_END - PROGRAM_START);
  for (const section of program.sections) {
    if (section.name === ".bss") continue;
    bytes.set(section.bytes, section.address - PROGRAM_START);
  }
  bytes.set(buildBootBlock(entry), BOOT_BLOCK - PROGRAM_START);
  return { bytes, entry, addressOf: program.addressOf, lineAt: program.lineAt };
}

function placeSections(sections: readonly { name: string; length: number }[], file: string): number[] {
  let next = PROGRAM_START;
  const addresses = sections.map(({ name, length }) => {
    if (name === ".bss") return checkBss(length, file);
    const address = next;
    next = (address + length + SECTION_ALIGNMENT - 1) & -SECTION_ALIGNMENT;
    return address;
  });
  if (next > BOOT_BLOCK) {
    const room = BOOT_BLOCK - PROGRAM_START;
    throw new UserError(
      `the program has ${next - PROGRAM_START} bytes of code and data, ${room} fit in the ROM; move data to .bss`,
      { file },
    );
  }
  return addresses;
}

function checkBss(length: number, file: string): number {
  const room = BSS_END - BSS_START;
  if (length > room) {
    throw new UserError(`.bss has ${length} bytes, ${room} fit; use RAM from 0x100000 up instead`, { file });
  }
  return BSS_START;
}
