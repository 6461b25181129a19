import { formatPlace, UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import type { Draft, OpenContext } from "./draft.ts";
import { emptyConfig } from "./draft.ts";
import { ALL_WORDS, CPU_WORDS, PASS_WORDS, RESERVE_WORDS, VDEV_WORDS } from "./grammar.ts";
import { HostMemory } from "./host-memory.ts";
import type { OptionReader, ReadState } from "./options.ts";
import { CPU_OPTIONS, LAST_COUNTS, PASS_OPTIONS, RESERVE_OPTIONS, VDEV_OPTIONS, VM_OPTIONS } from "./options.ts";
import { Repeats } from "./repeats.ts";
import type { MemoryItem, PassItem, VdevItem, VmConfig } from "./vm-config.ts";
import { WordReader } from "./word-reader.ts";
import type { ConfigWord } from "./words.ts";
import { readWords } from "./words.ts";

/** A file, or a text of the command line, of a configuration. */
export interface ConfigPiece {
  readonly text: string;
  /** What errors call it. */
  readonly file: string;
}

/**
 * Reads a qvmconf text.
 *
 * A vdev's own options are left as words, because only its module says which of them take an argument: load the module,
 * then `bindOptions`.
 *
 * @throws UserError at the first mistake, with its place and what was expected
 */
export function parseConfig(text: string, file: string): VmConfig {
  return parseConfigPieces([{ text, file }]);
}

/**
 * The same for files and texts in the order of the command line: each continues where the one before ended, the open
 * context included.
 */
export function parseConfigPieces(pieces: readonly ConfigPiece[]): VmConfig {
  const all = pieces.flatMap(({ text, file }) => readWords(text, file));
  const config = emptyConfig();
  const memory = new HostMemory(config.notes);
  const words = new WordReader(
    all.map((word) => memory.substitute(word)),
    config.notes,
  );
  const repeats = new Repeats(config.notes);
  const state: ReadState = { config, words, repeats, open: { kind: "vm" }, atStart: true };
  for (let word = words.next(); word !== undefined; word = words.next()) {
    readOption(state, word);
    state.atStart = false;
  }
  checkOverlaps([...config.memory, ...config.passes.flatMap(passedMemory)]);
  for (const { locs, intr, place } of config.reserves) {
    if (locs.length + intr.length === 0) throw new UserError('"reserve" needs a loc or an intr', place);
  }
  return config;
}

function readOption(state: ReadState, word: ConfigWord): void {
  const open = state.open;
  const ofContext = word.quoted ? undefined : contextOption(state, word.text);
  const read = word.quoted ? undefined : (ofContext ?? lookUp(VM_OPTIONS, word.text));
  if (read !== undefined) {
    if (ofContext !== undefined ? !addsUp(state, word.text) : LAST_COUNTS.has(word.text))
      state.repeats.given(ofContext === undefined ? state.config : itemOf(open), word.text, word.place);
    if (open.kind === "vdev") endOwnOptions(open.vdev, word);
    read(state, word);
    return;
  }
  if (open.kind === "vdev") open.vdev.own.push(word);
  else throw unknownOption(state, word);
}

/** The options of a context that add up: an hpet has several interrupts, and what is passed or reserved several places. */
function addsUp({ open }: ReadState, option: string): boolean {
  if (open.kind === "reserve" || (open.kind === "pass" && option === "loc")) return true;
  return option === "intr" && open.kind === "vdev" && open.vdev.type === "hpet";
}

function itemOf(open: OpenContext): unknown {
  if (open.kind === "cpu") return open.cpu;
  return open.kind === "vdev" ? open.vdev : open.kind === "pass" ? open.pass : open;
}

/** The reader of an option that applies to the open context. */
function contextOption({ open }: ReadState, text: string): OptionReader | undefined {
  switch (open.kind) {
    case "vm":
      return undefined;
    case "cpu":
      return lookUp(CPU_OPTIONS, text)?.bind(undefined, open.cpu);
    case "vdev":
      return lookUp(VDEV_OPTIONS, text)?.bind(undefined, open.vdev);
    case "pass":
      return lookUp(PASS_OPTIONS, text)?.bind(undefined, open.pass);
    case "reserve":
      return lookUp(RESERVE_OPTIONS, text)?.bind(undefined, open.reserve);
  }
}

/** Remembers that the vdev's own words so far are cut off from those that follow. */
function endOwnOptions(vdev: Draft<VdevItem>, option: ConfigWord): void {
  const last = vdev.own.at(-1);
  if (last !== undefined && last.followedBy === undefined)
    vdev.own[vdev.own.length - 1] = { ...last, followedBy: option };
}

function lookUp<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

function unknownOption({ open }: ReadState, word: ConfigWord): UserError {
  const where = open.kind === "vm" ? "" : ` of a ${open.kind}`;
  if (word.quoted) return new UserError(`expected an option, found the string "${word.text}"`, word.place);
  const owners = [
    ...(CPU_WORDS.some((other) => other === word.text) ? ["cpu"] : []),
    ...(VDEV_WORDS.some((other) => other === word.text) ? ["vdev"] : []),
    ...(PASS_WORDS.some((other) => other === word.text) ? ["pass"] : []),
    ...(RESERVE_WORDS.some((other) => other === word.text) ? ["reserve"] : []),
  ];
  if (owners.length > 0) {
    return new UserError(`"${word.text}" is an option of ${owners.join(" and ")}: write it behind one`, word.place);
  }
  return new UserError(`"${word.text}" is not an option${where}${didYouMean(word.text, ALL_WORDS)}`, word.place);
}

/** What a pass takes of memory; nothing else can be at the same addresses. @throws UserError when it says no place */
function passedMemory({ locs, place }: PassItem): Span[] {
  if (locs.length === 0) throw new UserError('"pass" needs a loc: it says which device is meant', place);
  return locs.flatMap((loc) => (loc.space === "memory" ? [loc] : []));
}

type Span = Pick<MemoryItem, "address" | "length" | "place">;

function checkOverlaps(items: readonly Span[]): void {
  const placed = items.filter((item): item is Span & { address: bigint } => item.address !== undefined);
  placed.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  let last: (Span & { address: bigint }) | undefined;
  for (const item of placed) {
    if (last !== undefined && item.address < last.address + last.length) {
      const range = (of: { address: bigint; length: bigint }) =>
        `0x${of.address.toString(16)}..0x${(of.address + of.length - 1n).toString(16)}`;
      throw new UserError(`${range(item)} overlaps ${range(last)} at ${formatPlace(last.place)}`, item.place);
    }
    last = item;
  }
}
