/** A longer word is no word of a sentence, and a longer sentence is none. */
const LONGEST_WORD = 400;
const LONGEST_SENTENCE = 4000;
const SHOWN_OF_WORD = 100;

/** Rubbish in a file, shown: what a terminal would take for a command, as `\\x1b`. */
function visible(sentence: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  return sentence.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, (one) => {
    return `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** A sentence in which words of the user's that are too long to be read are cut. */
export function readable(sentence: string): string {
  if (sentence.length <= LONGEST_WORD) return sentence;
  const short = sentence.replace(new RegExp(`\\S{${LONGEST_WORD + 1},}`, "g"), (word) => {
    // A quotation mark stays closed.
    const end = /["',;:.)]*$/.exec(word.slice(-4))![0];
    return `${word.slice(0, SHOWN_OF_WORD)}… (${word.length} characters)${end}`;
  });
  return short.length <= LONGEST_SENTENCE ? short : `${short.slice(0, LONGEST_SENTENCE)}…`;
}

/** A place in a file the user wrote. Lines and columns start at 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/**
 * A mistake of the user's, told in one sentence: what happened, what was expected, what to do.
 * The command line prints `file:line:column: message` and never a host stack trace.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly place: SourcePlace | undefined;
  /** Exit code of the command that meets it; 2 unless set. */
  exitCode: number | undefined;

  constructor(message: string, place?: SourcePlace) {
    super(readable(visible(message)));
    this.place = place;
  }

  /** The sentence with its place in front, as compilers print it. */
  override toString(): string {
    return this.place === undefined ? this.message : `${formatPlace(this.place)}: ${this.message}`;
  }
}

/** `file:line:column`, leaving out what is not known. */
export function formatPlace(place: SourcePlace): string {
  if (place.line === undefined) return place.file;
  if (place.column === undefined) return `${place.file}:${place.line}`;
  return `${place.file}:${place.line}:${place.column}`;
}
