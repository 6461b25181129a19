import { UserError } from "../errors.ts";
import type { ConfigWord } from "./words.ts";

const MAX_U64 = (1n << 64n) - 1n;
const SUFFIX_SHIFT: Readonly<Record<string, bigint>> = { "": 0n, k: 10n, m: 20n, g: 30n };

/**
 * Reads one number: decimal, also with 0d in front, or 0x hex, with a size suffix k, m or g in either case.
 *
 * @param text the number; `word` is where it stands (a number may be a part of a word)
 * @param what what the number is, as a sentence has it: "the length of ram"
 * @throws UserError for anything else, and for a number above `max`
 */
export function readNumber(text: string, word: ConfigWord, what: string, max = MAX_U64): bigint {
  const match = /^(0x[0-9a-f]+|(?:0d)?[0-9]+)([kmg]?)$/i.exec(text);
  if (match === null) {
    throw new UserError(
      `${what} must be a number (decimal or 0x hex, with k, m or g for a size), not "${text}"`,
      word.place,
    );
  }
  const digits = match[1]!;
  if (/^0[0-9]/.test(digits)) {
    const plain = digits.replace(/^0+(?=.)/, "");
    throw new UserError(`${what} starts with a zero, which may mean octal; write ${plain} or 0x${plain}`, word.place);
  }
  const value = BigInt(digits.replace(/^0d/i, "")) << SUFFIX_SHIFT[match[2]!.toLowerCase()]!;
  if (value > max) {
    throw new UserError(`${what} is too large: ${text} is more than 0x${max.toString(16)}`, word.place);
  }
  return value;
}
