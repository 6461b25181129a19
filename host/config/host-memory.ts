import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import type { ConfigNote } from "./vm-config.ts";
import type { ConfigWord } from "./words.ts";

/** Where the first name of the stand-in memory map begins, and how long each is: ours, there is no host to ask. */
const FIRST = 0x8000_0000n;
const LENGTH = 64n << 20n;

const FUNCTIONS = ["asinfo_start", "asinfo_length"] as const;
const SUBSTITUTION = /\$(asinfo_\w*)(?:\{([^{}]*)\})?/g;

/**
 * `$asinfo_start{name}` and `$asinfo_length{name}`: numbers that qvm takes from its host's memory map. Here every name
 * stands for a range of its own, 64 MiB each, in the order in which the configuration first names them. In quotes such
 * a text is an ordinary word.
 */
export class HostMemory {
  readonly #names: string[] = [];
  readonly #notes: ConfigNote[];

  /** @param notes gets a sentence for each number that is filled in */
  constructor(notes: ConfigNote[]) {
    this.#notes = notes;
  }

  /** The word with the numbers in it. @throws UserError for another function, or without a name */
  substitute(word: ConfigWord): ConfigWord {
    if (word.quoted || !word.text.includes("$asinfo_")) return word;
    const text = word.text.replace(SUBSTITUTION, (whole, called: string, name: string | undefined) => {
      const known = FUNCTIONS.find((one) => one === called);
      if (known === undefined) {
        const list = FUNCTIONS.map((one) => `$${one}{NAME}`).join(" and ");
        throw new UserError(`there is ${list}, and no "${whole}"${didYouMean(called, FUNCTIONS)}`, word.place);
      }
      if (!name) throw new UserError(`"$${called}" needs a name, as in $${called}{ram}`, word.place);
      const value = `0x${(known === "asinfo_start" ? this.#start(name) : LENGTH).toString(16)}`;
      const sentence = `"${whole}" is ${value} here: there is no host whose memory map could be asked`;
      this.#notes.push({ text: sentence, place: word.place });
      return value;
    });
    return { ...word, text, rewritten: true };
  }

  #start(name: string): bigint {
    if (!this.#names.includes(name)) this.#names.push(name);
    return FIRST + BigInt(this.#names.indexOf(name)) * LENGTH;
  }
}
