/** Values that are told apart; of more it is only known that they are more. */
const DISTINCT_MAX = 4096;

/** The values that went one way through a register. */
export class ValuesSeen {
  readonly #distinct = new Set<bigint>();
  #more = false;
  #ones = 0n;
  #zeros = 0n;
  least: bigint | undefined;
  most: bigint | undefined;

  /** @param value of `bytes` bytes */
  add(value: bigint, bytes: number): void {
    if (this.#distinct.size < DISTINCT_MAX) this.#distinct.add(value);
    else if (!this.#distinct.has(value)) this.#more = true;
    if (this.least === undefined || value < this.least) this.least = value;
    if (this.most === undefined || value > this.most) this.most = value;
    this.#ones |= value;
    this.#zeros |= ~value & ((1n << BigInt(8 * bytes)) - 1n);
  }

  /** How many different ones, at least. */
  get distinct(): number {
    return this.#distinct.size;
  }

  get isMore(): boolean {
    return this.#more;
  }

  /** Bits that were 0 in one value and 1 in another. */
  get bothWays(): bigint {
    return this.#ones & this.#zeros;
  }
}
