import { existsSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { UserError } from "../errors.ts";
import { readConfigFile } from "./config-file.ts";
import { ALL_WORDS, WITHOUT_ARGUMENT } from "./grammar.ts";
import type { ConfigPiece } from "./parse-config.ts";
import { readWordSpans, type WordSpan } from "./words.ts";

/** What errors call text of the command line. */
export const COMMAND_LINE = "<command line>";
/** Files one configuration may be made of. */
const FILE_LIMIT = 1000;
/** Characters of all its pieces together. */
const TEXT_LIMIT = 32 << 20;

/**
 * The configuration a command line asks for, as qvm takes it: the first word is a file, or a text in one piece; further
 * ones are `@file`, options word by word, or a text in one piece that begins with an option. A word `@file` inside a text or a file stands for that file too, looked for beside the
 * file it stands in; in quotes it is an ordinary word.
 *
 * The pieces follow each other as if they were one text, and each keeps the lines and columns of its file.
 *
 * @throws UserError for what cannot be read, and for files that include each other in a circle
 */
export function configPieces(words: readonly string[]): ConfigPiece[] {
  const pieces = new Pieces();
  let text: string[] = [];
  const flush = () => {
    if (text.length > 0) pieces.addText(text.join(" "));
    text = [];
  };
  for (const [i, word] of words.entries()) {
    if (isOptionText(word) && !takesArgument(words[i - 1])) {
      flush();
      pieces.addText(word);
    } else if (i > 0 && !word.startsWith("@")) text.push(quoteWord(word));
    else {
      flush();
      pieces.addFile(word.replace(/^@/, ""));
    }
  }
  flush();
  return pieces.all;
}

/** Whether a word of the shell is no file but configuration in one piece: `"vdev trace loc 0x1000"`. */
function isOptionText(word: string): boolean {
  return ALL_WORDS.has(/^\s*(\S+)\s/.exec(word)?.[1] ?? "") && !existsSync(word);
}

/** Whether a word is an option whose argument comes next, which is one word whatever it says: `cmdline "user root"`. */
function takesArgument(word: string | undefined): boolean {
  return word !== undefined && ALL_WORDS.has(word) && !WITHOUT_ARGUMENT.has(word);
}

/** A word of the shell as one word of a configuration. */
function quoteWord(word: string): string {
  return /[\s#]/.test(word) ? `"${word.replace(/["\\]/g, "\\$&")}"` : word;
}

/** A file that is being read, inside those that include it. */
interface OpenFile {
  readonly file: string;
  readonly identity: string;
}

class Pieces {
  readonly all: ConfigPiece[] = [];
  readonly #open: OpenFile[] = [];
  #files = 0;
  #length = 0;

  addText(text: string): void {
    this.#expand(text, COMMAND_LINE, "");
  }

  /** @param at the `@file` word that asks for it; none on the command line */
  addFile(file: string, at?: WordSpan): void {
    const place = at?.word.place;
    const { text, identity } = readConfigFile(file, place);
    const circle = this.#open.findIndex((one) => one.identity === identity);
    if (circle >= 0) {
      const through = this.#open.slice(circle + 1).map((one) => one.file);
      const way = through.length === 0 ? "" : `, through ${through.join(" and ")}`;
      throw new UserError(`${this.#open[circle]!.file} includes itself${way}`, place);
    }
    if (++this.#files > FILE_LIMIT) {
      throw new UserError(`the configuration is made of more than ${FILE_LIMIT} files`, place);
    }
    this.#open.push({ file, identity });
    this.#expand(text, file, dirname(file));
    this.#open.pop();
  }

  /** Adds a text, cut at each of its includes. */
  #expand(text: string, file: string, folder: string): void {
    let from = 0;
    for (const span of readWordSpans(text, file)) {
      const { word } = span;
      if (word.quoted || !word.text.startsWith("@")) continue;
      this.#add(text, from, span.start, file);
      const name = word.text.slice(1);
      if (name === "") throw new UserError("the name of a file is missing behind @", word.place);
      this.addFile(folder === "" || isAbsolute(name) ? name : join(folder, name), span);
      from = span.end;
    }
    this.#add(text, from, text.length, file);
  }

  /** A part of a text behind as many blank lines and columns as it has in front of it. */
  #add(text: string, from: number, to: number, file: string): void {
    const before = text.slice(0, from);
    const lineStart = before.lastIndexOf("\n") + 1;
    const blank = from === 0 ? "" : "\n".repeat(before.split("\n").length - 1) + " ".repeat(from - lineStart);
    const piece = blank + text.slice(from, to);
    this.#length += piece.length;
    if (this.#length > TEXT_LIMIT) {
      throw new UserError(`the configuration is larger than ${TEXT_LIMIT >> 20} MiB`, { file });
    }
    if (from > 0 && piece.trim() === "") return;
    this.all.push({ text: piece, file });
  }
}
