import type { GuestRam } from "./guest-ram.ts";

interface Range {
  readonly start: bigint;
  /** First address after the range. */
  readonly end: bigint;
}

/** Why a range of guest memory cannot be reserved. */
export type ReserveError = "not-memory" | "taken";

/**
 * Which parts of guest RAM and ROM vdevs keep for themselves: tables for firmware, rings, shared pages. It keeps
 * vdevs out of each other's way and nobody else: the guest learns of it from what the vdev tells it. Reserved at startup
 * only, so that no snapshot has to know of it.
 */
export class Reservations {
  readonly #ram: GuestRam;
  /** By ascending start; they never overlap. */
  #taken: Range[] = [];

  constructor(ram: GuestRam) {
    this.#ram = ram;
  }

  get count(): number {
    return this.#taken.length;
  }

  /** @returns undefined when the range is reserved now */
  reserve(start: bigint, size: bigint): ReserveError | undefined {
    const end = start + size;
    if (size <= 0n || !this.#isMemory(start, end)) return "not-memory";
    if (this.#taken.some((other) => start < other.end && other.start < end)) return "taken";
    this.#taken.push({ start, end });
    this.#taken.sort((a, b) => (a.start < b.start ? -1 : 1));
    return undefined;
  }

  /**
   * Reserves the highest free aligned range that fits into one RAM or ROM range, RAM first: low addresses are where
   * guests have their programs. The manual does not say which qvm takes.
   * @param last the last address that may be in it
   */
  findFree(size: bigint, align: bigint, first: bigint, last: bigint): bigint | undefined {
    if (size <= 0n) return undefined;
    const step = align < 1n ? 1n : align;
    for (const writable of [true, false]) {
      for (const range of [...this.#ram.ranges].reverse()) {
        if (range.writable !== writable) continue;
        const low = range.start > first ? range.start : first;
        const rangeEnd = range.start + BigInt(range.bytes.length);
        const high = rangeEnd < last + 1n ? rangeEnd : last + 1n;
        const start = this.#highestFree(low, high, size, step);
        if (start === undefined) continue;
        this.reserve(start, size);
        return start;
      }
    }
    return undefined;
  }

  /** The highest multiple of `step` in [low, high) behind which `size` bytes are free. */
  #highestFree(low: bigint, high: bigint, size: bigint, step: bigint): bigint | undefined {
    let end = high;
    for (let i = this.#taken.length - 1; i >= -1; i--) {
      const taken = this.#taken[i];
      if (taken !== undefined && taken.start >= end) continue;
      if (end - size < low) return undefined;
      const start = ((end - size) / step) * step;
      if (start >= low && (taken === undefined || taken.end <= start)) return start;
      if (taken === undefined) return undefined;
      end = taken.start;
    }
    return undefined;
  }

  /** Whether all bytes are RAM or ROM; ranges that touch count as one. */
  #isMemory(start: bigint, end: bigint): boolean {
    let at = start;
    for (const range of this.#ram.ranges) {
      const rangeEnd = range.start + BigInt(range.bytes.length);
      if (at < end && range.start <= at && at < rangeEnd) at = rangeEnd;
    }
    return at >= end;
  }
}
