import type { ByteRange } from "./module.ts";

/**
 * Where the instructions of an original module stand in its rewritten form. Offsets are file offsets, as V8 reports
 * them (`wasm-function[INDEX]:0xOFFSET`); only offsets inside function bodies are known.
 */
export interface OffsetMap {
  /** The rewritten offset of an original one. A replaced instruction answers the start of its replacement. */
  toNew(originalOffset: number): number | undefined;
  /**
   * The original offset of a rewritten one. Inserted code answers the instruction it was inserted for;
   * appended functions answer undefined.
   */
  toOriginal(newOffset: number): number | undefined;
  toNewFunction(originalIndex: number): number;
  /** Undefined for functions and imports that were added. */
  toOriginalFunction(newIndex: number): number | undefined;
  /** All runs of the rewritten bodies by their file offsets, ascending: for what moves places from one to the other. */
  readonly pieces: readonly Piece[];
  /** The original function bodies, ascending. */
  readonly bodies: readonly ByteRange[];
  /** Start of the original body that holds the offset. */
  bodyOf(originalOffset: number): ByteRange | undefined;
}

/** How function indices moved: `added` imports come after the first `imported`, functions are appended. */
export interface FunctionShift {
  readonly imported: number;
  readonly added: number;
  readonly originalCount: number;
}

/** A run of bytes of a rewritten module and where it comes from. */
export interface Piece {
  readonly start: number;
  /** Original offset; of inserted and replacing code that of the instruction it belongs to. */
  readonly original: number;
  /** Bytes copied from the original; 0 for new code. */
  readonly copied: number;
  readonly kind: "copy" | "replacement" | "insertion" | "gap";
}

/** Gathers the pieces of a code section in ascending order. */
export class OffsetMapBuilder {
  readonly #pieces: Piece[] = [];

  /** Adds a function body's pieces, whose starts count from `base`. */
  add(pieces: readonly Piece[], base: number): void {
    for (const piece of pieces) this.#pieces.push({ ...piece, start: piece.start + base });
  }

  /** `base` is added to all new offsets given so far. */
  build(base: number, bodies: readonly ByteRange[], functions: FunctionShift): OffsetMap {
    const pieces = this.#pieces;
    const starts = Float64Array.from(pieces, (piece) => piece.start + base);
    const kept = pieces.flatMap((piece, at) => (piece.kind === "copy" || piece.kind === "replacement" ? [at] : []));
    const keptOriginals = Float64Array.from(kept, (at) => pieces[at].original);
    const bodyStarts = Float64Array.from(bodies, (body) => body.start);
    const bodyOf = (offset: number) => {
      const body = bodies[lastAtOrBelow(bodyStarts, offset)];
      return body !== undefined && offset < body.end ? body : undefined;
    };
    const toOriginal = (offset: number) => {
      const at = lastAtOrBelow(starts, offset);
      const piece = pieces[at];
      if (piece === undefined || piece.kind === "gap") return undefined;
      if (piece.kind !== "copy") return piece.original;
      const into = offset - starts[at];
      return into < piece.copied ? piece.original + into : undefined;
    };
    const toNew = (offset: number) => {
      const body = bodyOf(offset);
      const at = kept[lastAtOrBelow(keptOriginals, offset)];
      if (body === undefined || at === undefined || pieces[at].original < body.start) return undefined;
      if (pieces[at].kind === "replacement") return starts[at];
      const into = offset - pieces[at].original;
      return into < pieces[at].copied ? starts[at] + into : undefined;
    };
    const placed = pieces.map((piece) => ({ ...piece, start: piece.start + base }));
    return { toNew, toOriginal, pieces: placed, ...functionMapping(functions), bodies, bodyOf };
  }
}

function functionMapping({ imported, added, originalCount }: FunctionShift) {
  return {
    toNewFunction: (index: number) => (index < imported ? index : index + added),
    toOriginalFunction: (index: number) => {
      if (index < imported) return index;
      if (index < imported + added || index - added >= originalCount) return undefined;
      return index - added;
    },
  };
}

/** The position of the last element not above `value` in an ascending list, -1 if all are. */
export function lastAtOrBelow(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
