import type { ModuleInstance } from "../sandbox/instance.ts";

/** Bytes of a module's memory in which its words are looked for, and how many are tried. */
const SEARCHED = 1 << 18;
const WORDS_MAX = 48;
const WORD = /^[\w+-][\w.:+-]{1,23}$/; // one letter: text of two bytes a letter
/** Numbers a module compares with that are tried. */
const CONSTANTS_MAX = 24;

/** Numbers at the limits of what vdevs keep them in, as users write them, those first that break most. */
const NUMBERS: readonly string[] = [
  ...["0", "4294967295", "-1", "2147483648", "4294967296", "18446744073709551615", "1000000", "0x7fffffff"],
  ...["2", "255", "256", "65535", "65536"],
  ...["0x7fffffffffffffff", "0x8000000000000000", "18446744073709551616"],
  ...["1000000000", "1k", "1M", "1G", "4G", "10ms", "0x10"],
];

/** As programs call their standard input and output. */
const STANDARD_STREAMS = "-";

/** What is no number, no word, or not the whole of one. */
const RUBBISH: readonly string[] = ["", " ", "x", "-", "0x", "1x", "1e3", "%s%n", ",", "=", "é", "a".repeat(300)];

/** What an option takes, as far as its vdev shows. */
export interface TakenKinds {
  readonly number: boolean;
  readonly word: boolean;
}

/** What a vdev that takes numbers takes, and what one that takes any word takes. */
export const PROBES = { number: "1", word: "zyx" } as const;

/**
 * Arguments for a vdev's option. The factory's list of options has names and no types; what it takes of PROBES says which
 * it has. Numbers are those at the limits of what they are kept in, those that the module compares with, and their neighbours;
 * words are `-` and those in the module's memory; each has its rubbish.
 * @param constants of the module
 */
export function argumentValues(
  instance: ModuleInstance,
  constants: readonly bigint[],
  { number, word }: TakenKinds,
): readonly string[] {
  const near = constants.slice(0, CONSTANTS_MAX).flatMap((value) => [value - 1n, value, value + 1n]);
  const numbers = [...NUMBERS, ...near.map(String)];
  const isOneOf = !number && !word;
  return [
    ...new Set([
      ...(isOneOf || word ? [STANDARD_STREAMS, ...wordsOf(instance)] : []),
      ...(number ? numbers : []),
      ...RUBBISH,
    ]),
  ];
}

/** C strings in a module's memory that could be words of a configuration. */
function wordsOf({ bytes }: ModuleInstance): string[] {
  const words = new Set<string>();
  let start = 0;
  const end = Math.min(bytes.length, SEARCHED);
  for (let at = 0; at < end && words.size < WORDS_MAX; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x21 && byte < 0x7f) continue;
    if (byte === 0 && at > start) {
      const text = String.fromCharCode(...bytes.subarray(start, Math.min(at, start + 32)));
      if (WORD.test(text)) words.add(text);
    }
    start = at + 1;
  }
  return [...words];
}
