import type { ConfigPiece } from "../config/parse-config.ts";
import { readWordSpans } from "../config/words.ts";
import type { SourcePlace } from "../errors.ts";

/** An option of a vdev's own. */
export interface GivenOption {
  /** Where its vdev's item begins. */
  readonly vdev: SourcePlace;
  readonly name: string;
  /** Undefined when the option takes none. */
  readonly argument: string | undefined;
}

/** The text of a configuration with further options, each right behind the type of its vdev. */
export function withOptions(pieces: readonly ConfigPiece[], options: readonly GivenOption[]): ConfigPiece[] {
  return pieces.map(({ file, text }) => {
    const of = (place: SourcePlace) =>
      options.filter(({ vdev }) => vdev.file === file && vdev.line === place.line && vdev.column === place.column);
    const spans = readWordSpans(text, file);
    let done = 0;
    let made = "";
    for (const [i, { word, end }] of spans.entries()) {
      const here = of(word.place);
      if (here.length === 0) continue;
      const behind = spans[i + 1]?.end ?? end; // the place is that of `vdev`, and its type comes next
      made += `${text.slice(done, behind)}${here.map(textOf).join("")}`;
      done = behind;
    }
    return { file, text: made + text.slice(done) };
  });
}

function textOf({ name, argument }: GivenOption): string {
  return argument === undefined ? ` ${name}` : ` ${name} "${argument.replace(/["\\]/g, "\\$&")}"`;
}
