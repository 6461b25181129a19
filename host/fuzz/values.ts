import type { Random } from "../explore/chooser.ts";
import type { Surface } from "./surface.ts";

/** Operands of a comparison in a module that were not equal: what a value would have to be. */
export interface ComparedPair {
  readonly got: bigint;
  readonly wanted: bigint;
}

/** Bytes into guest memory that drawn addresses reach: where descriptors are, first. */
const RAM_REACH = 0x4000;

/** Draws values as guests write them, and as devices dislike them. */
export class Values {
  readonly #constants: readonly bigint[];
  readonly #ramStarts: readonly bigint[];
  readonly #random: Random;
  /** Halves of the value drawn last. */
  lo = 0;
  hi = 0;

  /** @param constants of the modules: what they compare with */
  constructor(surface: Surface, constants: readonly bigint[], random: Random) {
    this.#constants = constants;
    this.#ramStarts = surface.ramStarts;
    this.#random = random;
  }

  /** A value into `lo` and `hi`. */
  draw(): void {
    const random = this.#random;
    const kinds = this.#ramStarts.length > 0 ? 12 : 10;
    const kind = random.below(kinds);
    this.hi = 0;
    if (kind < 3) this.lo = random.below(17);
    else if (kind < 5) this.#bit();
    else if (kind === 5) this.#ones();
    else if (kind === 6) {
      this.lo = random.next() | 0;
      if (random.below(4) === 0) this.hi = random.next() | 0;
    } else if (kind === 7) this.lo = random.below(0x10000);
    else if (kind < 10) this.#constant();
    else this.#address();
  }

  #bit(): void {
    const random = this.#random;
    this.lo = 1 << random.below(32);
    if (random.below(2) === 0) this.lo |= 1 << random.below(32);
    if (random.below(16) === 0) [this.lo, this.hi] = [0, 1 << random.below(32)];
  }

  /** The largest of some width, or one beside it. */
  #ones(): void {
    const bits = 1 + this.#random.below(32);
    this.lo = (bits === 32 ? -1 : (1 << bits) - 1) + this.#random.below(3) - 1;
    if (this.#random.below(8) === 0) this.hi = -1;
  }

  #constant(): void {
    const random = this.#random;
    if (this.#constants.length === 0) {
      this.lo = random.below(256);
      return;
    }
    const value = random.pick(this.#constants) + BigInt(random.below(8) === 0 ? random.below(3) - 1 : 0);
    this.set(value);
  }

  #address(): void {
    const random = this.#random;
    const align = 1 << random.below(7);
    const offset = Math.floor(random.below(RAM_REACH) / align) * align;
    this.set(random.pick(this.#ramStarts) + BigInt(offset));
  }

  set(value: bigint): void {
    this.lo = Number(BigInt.asIntN(32, value));
    this.hi = Number(BigInt.asIntN(32, value >> 32n));
  }
}
