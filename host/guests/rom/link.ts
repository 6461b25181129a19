import { type AssemblyError, AssemblyState, type Relocation, type Section } from "@defasm/core";
import { UserError } from "../../errors.ts";

/** Where a section of a program goes. */
export interface SectionPlacement {
  readonly name: string;
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** A program assembled and placed. */
export interface LinkedProgram {
  readonly sections: readonly SectionPlacement[];
  /** Address of a label, or undefined when there is none of this name. */
  addressOf(label: string): number | undefined;
  /** The source line (from 1) the byte at `address` came from. */
  lineAt(address: number): number | undefined;
}

export interface LinkOptions {
  readonly source: string;
  readonly file: string;
  /** Says where each section starts, given the sections' lengths in order of appearance. */
  readonly place: (sections: readonly { name: string; length: number }[]) => readonly number[];
  /** Names the source may use without defining them. */
  readonly externals: ReadonlyMap<string, number>;
}

/**
 * Assembles 32-bit x86 source (AT&T syntax; Intel after `.intel_syntax`) and places its sections.
 * Throws UserError with the place in the source for everything the assembler or the placement cannot do.
 */
export function assembleAndLink({ source, file, place, externals }: LinkOptions): LinkedProgram {
  const state = assemble(source, file);
  const dumped = state.sections.map((section) => ({ section, bytes: Uint8Array.from(section.head.dump()) }));
  const addresses = place(dumped.map(({ section, bytes }) => ({ name: section.name, length: bytes.length })));
  const bases = new Map(dumped.map(({ section }, i) => [section.name, addresses[i]]));
  for (const { section, bytes } of dumped) {
    for (const relocation of section.getRelocations()) {
      const target = symbolAddress(relocation, bases, externals);
      if (target === undefined) throw undefinedSymbol(relocation, section, state, source, file);
      patch(bytes, relocation, target, bases.get(section.name)!);
    }
  }
  return {
    sections: dumped.map(({ section, bytes }, i) => ({ name: section.name, address: addresses[i], bytes })),
    addressOf(label) {
      const value = state.symbols.get(label)?.value;
      const base = value ? bases.get(value.section.name) : undefined;
      return base === undefined ? undefined : base + Number(value!.addend);
    },
    lineAt: (address) => lineAt(state, bases, address),
  };
}

function assemble(source: string, file: string): AssemblyState {
  const state = new AssemblyState({ bitness: 32, writableText: true });
  // The assembler prints its own faults to the console besides collecting them; ours is the only report.
  const print = console.error;
  console.error = () => {};
  try {
    state.compile(source);
  } catch (error) {
    throw new UserError(`cannot assemble the program: ${error instanceof Error ? error.message : error}`, { file });
  } finally {
    console.error = print;
  }
  if (state.errors.length > 0) throw assemblyError(state.errors, source, file);
  return state;
}

function assemblyError(errors: readonly AssemblyError[], source: string, file: string): UserError {
  const first = errors.reduce((a, b) => (b.range.start < a.range.start ? b : a));
  const text = source.slice(first.range.start, first.range.end).trim();
  const where = text === "" ? "" : ` at "${text}"`;
  const reason = reasonOf(first);
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new UserError(`cannot assemble this: ${reason}${where}${more}`, placeAt(source, file, first.range.start));
}

function reasonOf(error: AssemblyError): string {
  if (error instanceof Error) {
    // A fault of the assembler itself. The one known: a label as immediate with a size suffix (movl $label, memory).
    return "the assembler knows no encoding for it; load an address into a register first";
  }
  return error.message.charAt(0).toLowerCase() + error.message.slice(1);
}

function placeAt(source: string, file: string, offset: number): { file: string; line: number; column: number } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { file, line: before.split("\n").length, column: offset - lineStart + 1 };
}

function symbolAddress(
  { symbol }: Relocation,
  bases: ReadonlyMap<string, number>,
  externals: ReadonlyMap<string, number>,
): number | undefined {
  // A target written as a bare number has no symbol: it is an address.
  if (symbol === null) return 0;
  const base = symbol.value ? bases.get(symbol.value.section.name) : undefined;
  return base === undefined ? externals.get(symbol.name) : base + Number(symbol.value!.addend);
}

function undefinedSymbol(
  relocation: Relocation,
  section: Section,
  state: AssemblyState,
  source: string,
  file: string,
): UserError {
  let start = 0;
  state.iterate((statement) => {
    const end = statement.address + statement.length;
    const here = statement.section === section && statement.address <= relocation.offset && relocation.offset < end;
    if (here) start = statement.range.start;
  });
  return new UserError(
    `"${relocation.symbol?.name}" is not defined; define the label or the constant`,
    placeAt(source, file, start),
  );
}

/** Fills a relocated field as ELF does: symbol + addend, minus the field's own address when relative. */
function patch(bytes: Uint8Array, relocation: Relocation, target: number, base: number): void {
  const own = relocation.pcRelative ? base + relocation.offset : 0;
  let value = BigInt(target) + relocation.addend - BigInt(own);
  for (let i = 0; i < relocation.size / 8; i++) {
    bytes[relocation.offset + i] = Number(value & 0xffn);
    value >>= 8n;
  }
}

function lineAt(state: AssemblyState, bases: ReadonlyMap<string, number>, address: number): number | undefined {
  let found: number | undefined;
  state.iterate((statement, line) => {
    const start = bases.get(statement.section.name)! + statement.address;
    if (start <= address && address < start + statement.length) found = line;
  });
  return found;
}
