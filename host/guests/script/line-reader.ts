import type { SourcePlace } from "../../errors.ts";
import { UserError } from "../../errors.ts";

/** One word of a line. A word in quotes is a JSON string. */
export interface LineWord {
  readonly text: string;
  readonly quoted: boolean;
  /** From 1. */
  readonly column: number;
}

export const MAX_U64 = (1n << 64n) - 1n;

const BLANKS = /[ \t]*/y;
const PLAIN = /[^\s"#]+/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/y;

/**
 * Reads one line of words, as scripts and recordings have them: blanks separate, `#` starts a comment, a word in
 * quotes is a JSON string. Every mistake is a UserError with its place.
 */
export class LineReader {
  readonly #text: string;
  readonly #file: string;
  readonly #line: number;
  #at = 0;

  constructor(text: string, file: string, line: number) {
    this.#text = text;
    this.#file = file;
    this.#line = line;
    this.#skipBlanks();
  }

  /** Where the next word starts. */
  get place(): SourcePlace {
    return this.placeAt(this.#at + 1);
  }

  placeAt(column: number): SourcePlace {
    return { file: this.#file, line: this.#line, column };
  }

  /** Whether nothing is left but a comment. */
  get atEnd(): boolean {
    return this.#at >= this.#text.length || this.#text[this.#at] === "#";
  }

  /** The next word. @param expected what should stand here, as a sentence has it: "an address" */
  word(expected: string): LineWord {
    if (this.atEnd) throw new UserError(`expected ${expected}, but the line ends here`, this.place);
    const column = this.#at + 1;
    const plain = this.#match(PLAIN);
    if (plain !== undefined) {
      this.#skipBlanks();
      return { text: plain, quoted: false, column };
    }
    const quoted = this.#match(QUOTED);
    if (quoted === undefined && !this.atQuote) {
      const character = JSON.stringify(String.fromCodePoint(this.#text.codePointAt(this.#at)!));
      throw new UserError(`expected ${expected}, found the character ${character}`, this.place);
    }
    const text = quoted === undefined ? undefined : readJsonString(quoted);
    if (text === undefined) {
      const advice = "a string ends with a quote on its own line and has the escapes of JSON";
      throw new UserError(`expected ${expected}, found a broken string: ${advice}`, this.placeAt(column));
    }
    this.#skipBlanks();
    return { text, quoted: true, column };
  }

  /** One fixed word, which must stand here. */
  literal(text: string): void {
    const word = this.word(`"${text}"`);
    if (word.quoted || word.text !== text) throw this.unexpected(`"${text}"`, word);
  }

  /** One of a few fixed words. */
  choice<T extends string>(choices: readonly T[]): T {
    const expected = choices.map((choice) => `"${choice}"`).join(" or ");
    const word = this.word(expected);
    const found = word.quoted ? undefined : choices.find((choice) => choice === word.text);
    if (found === undefined) throw this.unexpected(expected, word);
    return found;
  }

  /** A number, decimal or 0x hex, of 0 to `max`. */
  number(expected: string, max = MAX_U64): bigint {
    return this.parseNumber(this.word(expected), expected, max);
  }

  /** The same as a JavaScript number; `max` is at most 2^53 - 1. */
  int(expected: string, max: number): number {
    return Number(this.number(expected, BigInt(max)));
  }

  /** Bytes in the order of their addresses: 0x and two hex digits each. */
  bytes(expected: string): Uint8Array {
    const word = this.word(expected);
    if (word.quoted || !/^0x(?:[0-9a-f]{2})*$/i.test(word.text)) {
      throw this.unexpected(`${expected} (0x and two hex digits for each byte)`, word);
    }
    return Uint8Array.from(Buffer.from(word.text.slice(2), "hex"));
  }

  /** `pic:line` of an interrupt. */
  pin(): { pic: string; line: number } {
    return this.parsePin(this.word("PIC:LINE"));
  }

  parsePin(word: LineWord): { pic: string; line: number } {
    const colon = word.text.lastIndexOf(":");
    if (colon < 1) throw this.unexpected("PIC:LINE, as in gic:42", word);
    const line = parseUnsigned(word.text.slice(colon + 1));
    if (line === undefined || line > 0xffff_ffffn) throw this.unexpected("PIC:LINE, as in gic:42", word);
    return { pic: word.text.slice(0, colon), line: Number(line) };
  }

  parseNumber(word: LineWord, expected: string, max = MAX_U64): bigint {
    const value = word.quoted ? undefined : parseUnsigned(word.text);
    if (value === undefined) throw this.unexpected(`${expected} (decimal or 0x hex)`, word);
    if (value <= max) return value;
    throw new UserError(
      `${word.text} is too large: expected ${expected} of at most 0x${max.toString(16)}`,
      this.placeAt(word.column),
    );
  }

  /** The line must be over. */
  end(): void {
    if (this.atEnd) return;
    const word = this.word("the end of the line");
    throw this.unexpected("the end of the line", word);
  }

  /** The rest of the line up to a comment, without blanks around it. */
  rest(): string {
    const hash = this.#text.indexOf("#", this.#at);
    const text = this.#text.slice(this.#at, hash < 0 ? undefined : hash).trimEnd();
    this.#at = this.#text.length;
    return text;
  }

  /** Whether the next word is in quotes. */
  get atQuote(): boolean {
    return this.#text[this.#at] === '"';
  }

  unexpected(expected: string, word: LineWord): UserError {
    return new UserError(`expected ${expected}, found ${JSON.stringify(word.text)}`, this.placeAt(word.column));
  }

  #skipBlanks(): void {
    this.#match(BLANKS);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

function parseUnsigned(text: string): bigint | undefined {
  return /^(?:0x[0-9a-f]+|[0-9]+)$/i.test(text) ? BigInt(text) : undefined;
}

function readJsonString(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}
