import type { Random } from "../explore/chooser.ts";
import {
  isWrite,
  META,
  OPERATION_WORDS,
  type Program,
  type ProgramBuffer,
  VALUE_HI,
  VALUE_LO,
  widthOf,
} from "./program.ts";
import type { ComparedPair } from "./values.ts";

/** Width of most fields of descriptors. */
const FIELD_BYTES = 4;

/**
 * A value for which a comparison would hold, supposing that what was compared is the value itself, some of its bits, or the value with
 * something added or exclusive-ored: of these one at random. Now and then one beside it, for what compares by order.
 */
export function steered(value: bigint, { got, wanted }: ComparedPair, random: Random): bigint {
  const target = random.below(4) === 0 ? wanted + BigInt(random.below(3) - 1) : wanted;
  switch (random.below(4)) {
    case 0:
    case 1:
      return target;
    case 2: {
      // The bits that differ, where they may have come from: a field in the middle of the value.
      const shift = random.below(2) === 0 ? 0 : random.below(32);
      return value ^ ((got ^ target) << BigInt(shift));
    }
    default:
      return value + (target - got);
  }
}

/** Does the same to a field of bytes that a vdev reads, little endian: where it finds what was compared, if it does. */
export function steerBytes(bytes: Uint8Array, pair: ComparedPair, random: Random): void {
  const { got, wanted } = pair;
  const most = got > wanted ? got : wanted;
  const least = most > 0xffff_ffffn ? 8 : most > 0xffffn ? 4 : most > 0xffn ? 2 : 1;
  const width = Math.max(least, 1 << random.below(4));
  if (bytes.length < width) return;
  const places = Math.floor(bytes.length / width);
  const start = random.below(places);
  let at = start * width;
  for (let i = 0; i < places; i++) {
    const here = ((start + i) % places) * width;
    if (valueAt(bytes, here, width) !== BigInt.asUintN(8 * width, got)) continue;
    at = here;
    break;
  }
  const value = steered(valueAt(bytes, at, width), pair, random);
  setBytes(bytes, at, width, value);
}

/**
 * Programs that differ from one in a single value: where it carries just what a comparison got, it carries what was wanted; and, as far
 * as there is room, with every value changed by the difference of the two.
 * @param visit is called with each in the buffer; at most `most` times
 */
export function substitute(
  program: Program,
  pairs: readonly ComparedPair[],
  buffer: ProgramBuffer,
  most: number,
  visit: () => void,
): void {
  let left = most;
  const attempt = (change: () => void): void => {
    if (left-- <= 0) return;
    buffer.load(program);
    change();
    visit();
  };
  for (const pair of pairs) {
    const at = writesOf(program).filter((one) => writtenAt(program, one) === cutTo(program, one, pair.got));
    for (const one of at) attempt(() => setWritten(buffer, one, pair.wanted));
    for (const width of [4, 8, 2]) {
      for (const one of placesOf(program.answers, pair, width)) {
        attempt(() => setBytes(buffer.answers, one, width, pair.wanted));
      }
    }
  }
  for (const { got, wanted } of pairs) {
    for (const one of writesOf(program)) {
      attempt(() => setWritten(buffer, one, writtenAt(program, one) ^ got ^ wanted));
      attempt(() => setWritten(buffer, one, writtenAt(program, one) + wanted - got));
    }
    for (let at = 0; at + FIELD_BYTES <= program.answers.length; at += FIELD_BYTES) {
      const field = valueAt(program.answers, at, FIELD_BYTES);
      attempt(() => setBytes(buffer.answers, at, FIELD_BYTES, field ^ got ^ wanted));
    }
  }
}

/** Operations that write a register. */
function writesOf({ words }: Program): number[] {
  const writes: number[] = [];
  for (let at = 0; at < words.length; at += OPERATION_WORDS) if (isWrite(words[at + META]!)) writes.push(at);
  return writes.map((at) => at / OPERATION_WORDS);
}

function writtenAt(program: Program, operation: number): bigint {
  const at = operation * OPERATION_WORDS;
  const { words } = program;
  const value = (BigInt(words[at + VALUE_HI]! >>> 0) << 32n) | BigInt(words[at + VALUE_LO]! >>> 0);
  return cutTo(program, operation, value);
}

/** A value as an operation's width leaves it. */
function cutTo({ words }: Program, operation: number, value: bigint): bigint {
  return BigInt.asUintN(8 * widthOf(words[operation * OPERATION_WORDS + META]!), value);
}

function setWritten(buffer: ProgramBuffer, operation: number, value: bigint): void {
  buffer.setWord(operation, VALUE_LO, Number(BigInt.asIntN(32, value)));
  buffer.setWord(operation, VALUE_HI, Number(BigInt.asIntN(32, value >> 32n)));
}

/** Where bytes are just what a comparison got, and have room for what was wanted. */
function placesOf(bytes: Uint8Array, { got, wanted }: ComparedPair, width: number): number[] {
  if (wanted >> BigInt(8 * width) !== 0n) return [];
  const places: number[] = [];
  for (let at = 0; at + width <= bytes.length; at += width) if (valueAt(bytes, at, width) === got) places.push(at);
  return places;
}

function setBytes(bytes: Uint8Array, at: number, width: number, value: bigint): void {
  for (let i = 0; i < width; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

function valueAt(bytes: Uint8Array, at: number, width: number): bigint {
  let value = 0n;
  for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
  return value;
}
