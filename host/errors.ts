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
    super(message);
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
