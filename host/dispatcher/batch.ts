import type { AccessStatus, AccessWidth, Space } from "../guests/bus.ts";
import * as L from "./assembly/layout.ts";
import type { Dispatcher } from "./dispatcher.ts";

/** Most traps one batch may have. */
export const TRAPS_MAX = L.RING_RECORDS;

const RECORD_WORDS = L.RING_RECORD_BYTES >> 2;
const RING = L.RING >> 2;
const LO = RING + (L.RING_LO >> 2);
const HI = RING + (L.RING_HI >> 2);
/** Width, operation, space and vCPU share a word. */
const META = RING + (L.RING_WIDTH >> 2);
const STATUS = RING + (L.RING_STATUS >> 2);
const VALUE_LO = RING + (L.RING_VALUE_LO >> 2);
const VALUE_HI = RING + (L.RING_VALUE_HI >> 2);
const WIDTH_MASK = L.RING_META_WIDTH;
const WRITE = L.RING_META_WRITE;
const SPACE_SHIFT = 16;
const IO = L.SPACE_IO << SPACE_SHIFT;
const VCPU_SHIFT = L.RING_META_VCPU_SHIFT;

/** One trap of a ring. Addresses and values are unsigned 32-bit halves. */
export interface Trap {
  readonly write: boolean;
  readonly space: Space;
  readonly lo: number;
  readonly hi: number;
  readonly width: AccessWidth;
  readonly vcpu: number;
  readonly valueLo: number;
  readonly valueHi: number;
}

/**
 * The ring of traps in the dispatcher's memory: a guest that knows many of its accesses beforehand writes them here and
 * hands them over at once (`runBatch` in host/vm/batch.ts), which saves the way from JavaScript for each. Records keep
 * what they hold, so a batch may be run again. There is one ring a VM.
 */
export class TrapRing {
  /** Traps of the last batch whose outcome is not `done`; with none, nobody need look at each. */
  notDone = 0;
  readonly #words: Int32Array;

  constructor(dispatcher: Dispatcher) {
    this.#words = dispatcher.words;
  }

  /** @param i place in the ring, 0 to TRAPS_MAX - 1. @param vcpu 0 to 255 */
  setRead(i: number, space: Space, lo: number, hi: number, width: AccessWidth, vcpu: number): void {
    this.#set(i, space === "io" ? IO : 0, lo, hi, width, vcpu);
  }

  setWrite(
    i: number,
    space: Space,
    lo: number,
    hi: number,
    width: AccessWidth,
    valueLo: number,
    valueHi: number,
    vcpu: number,
  ): void {
    this.#set(i, WRITE | (space === "io" ? IO : 0), lo, hi, width, vcpu);
    this.settle(i, 0, valueLo, valueHi);
  }

  #set(i: number, kind: number, lo: number, hi: number, width: AccessWidth, vcpu: number): void {
    if (i < 0 || i >= TRAPS_MAX) throw new RangeError(`a batch has room for ${TRAPS_MAX} traps`);
    const at = i * RECORD_WORDS;
    const words = this.#words;
    words[LO + at] = lo;
    words[HI + at] = hi;
    words[META + at] = kind | width | (vcpu << VCPU_SHIFT);
  }

  /** Puts `count` traps at the beginning of the ring, from records laid out as the ring's, `from` on. */
  load(records: Int32Array, from: number, count: number): void {
    if (count > TRAPS_MAX) throw new RangeError(`a batch has room for ${TRAPS_MAX} traps`);
    this.#words.set(records.subarray(from * RECORD_WORDS, (from + count) * RECORD_WORDS), RING);
  }

  /** What became of the trap, once the batch has run. */
  status(i: number): AccessStatus {
    return this.#words[STATUS + i * RECORD_WORDS] as AccessStatus;
  }

  /** Low half of what a read got, or of what a write carries. */
  valueLo(i: number): number {
    return this.#words[VALUE_LO + i * RECORD_WORDS]! >>> 0;
  }

  valueHi(i: number): number {
    return this.#words[VALUE_HI + i * RECORD_WORDS]! >>> 0;
  }

  /** Makes the dispatcher refuse a trap, so that it comes back to the host there. @returns what undoes it */
  block(i: number): () => void {
    const at = META + i * RECORD_WORDS;
    const meta = this.#words[at]!;
    this.#words[at] = meta | (L.SPACE_NONE << SPACE_SHIFT); // where no region is
    return () => {
      this.#words[at] = meta;
    };
  }

  /** What the dispatcher wrote as a trap's outcome: a vdev_ref_status or one of its negative answers. */
  answer(i: number): number {
    return this.#words[STATUS + i * RECORD_WORDS]!;
  }

  /** Writes a trap's outcome; a read's value with it. */
  settle(i: number, status: number, valueLo: number, valueHi: number): void {
    const at = i * RECORD_WORDS;
    this.#words[STATUS + at] = status;
    this.#words[VALUE_LO + at] = valueLo;
    this.#words[VALUE_HI + at] = valueHi;
  }

  trap(i: number): Trap {
    const at = i * RECORD_WORDS;
    const words = this.#words;
    const meta = words[META + at]!;
    return {
      write: (meta & WRITE) !== 0,
      space: (meta & IO) !== 0 ? "io" : "memory",
      lo: words[LO + at]! >>> 0,
      hi: words[HI + at]! >>> 0,
      width: (meta & WIDTH_MASK) as AccessWidth,
      vcpu: meta >>> VCPU_SHIFT,
      valueLo: this.valueLo(i),
      valueHi: this.valueHi(i),
    };
  }
}
