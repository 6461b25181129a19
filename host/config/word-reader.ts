import { UserError } from "../errors.ts";
import { ALL_WORDS } from "./grammar.ts";
import type { ConfigNote } from "./vm-config.ts";
import type { ConfigWord } from "./words.ts";

/** The words of a configuration in order, with the one rule about arguments. */
export class WordReader {
  readonly #words: readonly ConfigWord[];
  readonly #notes: ConfigNote[];
  #at = 0;

  /** @param notes gets what may be a slip */
  constructor(words: readonly ConfigWord[], notes: ConfigNote[]) {
    this.#words = words;
    this.#notes = notes;
  }

  next(): ConfigWord | undefined {
    return this.#words[this.#at++];
  }

  /**
   * The argument that must follow an option at once. An option's word may be an argument where that is clear: quoted,
   * or on its option's own line.
   *
   * @param what what is expected, as a sentence has it: "an address"
   */
  argument(option: ConfigWord, what: string): ConfigWord {
    const word = this.next();
    if (word === undefined) {
      throw new UserError(`"${option.text}" needs ${what}, but the configuration ends here`, option.place);
    }
    const sameLine = word.place.file === option.place.file && word.place.line === option.place.line;
    if (!word.quoted && !sameLine && ALL_WORDS.has(word.text)) {
      throw new UserError(
        `"${option.text}" needs ${what}, but the option "${word.text}" follows; if that word is meant, put it in quotes`,
        option.place,
      );
    }
    if (!word.quoted && ALL_WORDS.has(word.text)) {
      const text = `"${option.text}" takes the word "${word.text}" behind it as ${what}; if the option is meant, "${option.text}" has to get ${what} first`;
      this.#notes.push({ text, place: word.place });
    }
    return word;
  }
}
