import type { ConfigWord } from "./words.ts";

/** What stands in a word from `offset` on, as a word with its own column where that is known. */
export function partOf(word: ConfigWord, offset: number, text = word.text.slice(offset)): ConfigWord {
  const { quoted, rewritten, place } = word;
  // Quotes, escapes, line joints and filled-in numbers move what is behind them.
  const moved = quoted || rewritten === true || place.column === undefined;
  return { ...word, text, place: moved ? place : { ...place, column: place.column + offset } };
}

/** The members of a list that is joined by commas, each with its own column; one, perhaps empty, at least. */
export function listOf(word: ConfigWord): [ConfigWord, ...ConfigWord[]] {
  let offset = 0;
  const parts = word.text.split(",").map((text) => {
    const part = partOf(word, offset, text);
    offset += text.length + 1;
    return part;
  });
  return parts as [ConfigWord, ...ConfigWord[]];
}
