import type { SourcePlace } from "../errors.ts";
import { UserError } from "../errors.ts";

/** One word of a configuration. A word that was quoted, even in part, is never taken for an option. */
export interface ConfigWord {
  readonly text: string;
  readonly quoted: boolean;
  readonly place: SourcePlace;
  /** Characters do not stand where counting from `place` says: a line was joined, or a number filled in. */
  readonly rewritten?: true;
}

/**
 * Cuts a configuration into words. Blanks and line breaks separate words and mean nothing else; `#` outside quotes
 * starts a comment to the end of the line; `"…"` keeps blanks (`\"` and `\\` inside stand for `"` and `\`); a `\` at
 * the end of a line joins it with the next.
 *
 * @throws UserError for a string that does not end on its line
 */
export function readWords(text: string, file: string): ConfigWord[] {
  return readWordSpans(text, file).map(({ word }) => word);
}

/** A word, and the part of the text it was written as: from `start` to before `end`. */
export interface WordSpan {
  readonly word: ConfigWord;
  readonly start: number;
  readonly end: number;
}

/** `readWords` for who wants to cut the text at words. */
export function readWordSpans(text: string, file: string): WordSpan[] {
  return new WordScanner(text, file).all();
}

class WordScanner {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    if (text.startsWith("\uFEFF")) {
      this.#at = 1;
      this.#lineStart = 1;
    }
  }

  all(): WordSpan[] {
    const words: WordSpan[] = [];
    for (;;) {
      this.#skipBlanks();
      const start = this.#at;
      if (start >= this.#text.length) return words;
      words.push({ word: this.#word(), start, end: this.#at });
    }
  }

  get #place(): SourcePlace {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #skipBlanks(): void {
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (char === "#") this.#skipComment();
      else if (isBlank(char)) this.#step();
      else if (!this.#continuation()) return;
    }
  }

  #skipComment(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== "\n") this.#at++;
  }

  /** Steps over one character and keeps the line count. */
  #step(): void {
    const isBreak = this.#text[this.#at] === "\n";
    this.#at++;
    if (!isBreak) return;
    this.#line++;
    this.#lineStart = this.#at;
  }

  /** Steps over a `\` that ends a line. @returns whether there was one */
  #continuation(): boolean {
    if (this.#text[this.#at] !== "\\") return false;
    const breakAt = this.#text[this.#at + 1] === "\r" ? this.#at + 2 : this.#at + 1;
    if (this.#text[breakAt] !== "\n") return false;
    this.#at = breakAt;
    this.#step();
    return true;
  }

  #word(): ConfigWord {
    const place = this.#place;
    let text = "";
    let quoted = false;
    let joined = false;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (char === "#" || isBlank(char)) break;
      if (char === '"') {
        quoted = true;
        text += this.#quoted();
      } else if (this.#continuation()) {
        joined = true;
      } else {
        text += char;
        this.#at++;
      }
    }
    return { text, quoted, place, ...(joined && { rewritten: true }) };
  }

  #quoted(): string {
    const place = this.#place;
    let text = "";
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== "\n") {
      const char = this.#text[this.#at]!;
      if (char === '"') {
        this.#at++;
        return text;
      }
      if (this.#continuation()) continue;
      const next = this.#text[this.#at + 1];
      const escaped = char === "\\" && (next === '"' || next === "\\");
      text += escaped ? next : char;
      this.#at += escaped ? 2 : 1;
    }
    throw new UserError('this string is not closed on its line; put a " at its end', place);
  }
}

function isBlank(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r" || char === "\v" || char === "\f";
}
