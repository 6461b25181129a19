/** Letters an abbreviation has at least. */
const SHORTEST = 3;

/**
 * The candidate a misspelt word was probably meant to be: the one with the fewest edits (insert, drop, replace, swap of
 * neighbours), if those are few for the word's length; else the only one that the word abbreviates or that abbreviates
 * it. Case does not count.
 */
export function nearestWord(word: string, among: Iterable<string>): string | undefined {
  const candidates = [...among];
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    // Where every letter would change nothing is near.
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? abbreviated(word.toLowerCase(), candidates);
}

function abbreviated(word: string, candidates: readonly string[]): string | undefined {
  const found = candidates.filter((one) => {
    const [short, long] = one.length < word.length ? [one.toLowerCase(), word] : [word, one.toLowerCase()];
    return short.length >= SHORTEST && long.startsWith(short);
  });
  return found.length === 1 ? found[0] : undefined;
}

/** ` (did you mean "x"?)`, or nothing: ready to stand at the end of a sentence. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = nearestWord(word, candidates);
  return nearest === undefined ? "" : ` (did you mean "${nearest}"?)`;
}

/** Optimal string alignment distance. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
