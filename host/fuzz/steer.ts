import type { Random } from "../explore/chooser.ts";
import type { ComparedPair } from "./values.ts";

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
  for (let i = 0; i < width; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

function valueAt(bytes: Uint8Array, at: number, width: number): bigint {
  let value = 0n;
  for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
  return value;
}
