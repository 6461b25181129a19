import { formatAddress } from "./format.ts";

export type Space = "memory" | "io";

/** What a range of an address space is. */
export type RegionKind =
  | { readonly kind: "ram" | "rom" }
  /** `handle`: the dispatcher's, set while accesses reach the vdev. */
  | { readonly kind: "vdev"; readonly vdev: number; readonly cookie: number; readonly flags: number; handle: number };

/**
 * One claimed range. Ranges of one space never overlap. A region never changes but for its handle: what changes a region
 * puts another object in its place, so that a snapshot knows by the object whether it is still as it was.
 */
export interface Region {
  readonly start: bigint;
  readonly length: bigint;
  readonly owner: string;
  readonly what: RegionKind;
}

/** Bytes a space has: 2^64 of memory, 2^16 ports. */
export const SPACE_END: Record<Space, bigint> = { memory: 1n << 64n, io: 1n << 16n };

/**
 * Who has which addresses of the guest. One a space. It keeps the regions sorted and refuses what overlaps; what an
 * access to a vdev's region costs is the dispatcher's business, which mirrors these regions.
 */
export class AddressSpace {
  readonly space: Space;
  #regions: Region[] = [];

  constructor(space: Space) {
    this.space = space;
  }

  /** Regions by ascending start. */
  get regions(): readonly Region[] {
    return this.#regions;
  }

  /** Why a range cannot be claimed, as a sentence that names both owners; undefined when it can. */
  conflict(start: bigint, length: bigint, owner: string): string | undefined {
    const range = `${formatAddress(this.space, start)}..${formatAddress(this.space, start + length - 1n)}`;
    if (length <= 0n) return `${owner} claims an empty range at ${formatAddress(this.space, start)}`;
    if (start + length > SPACE_END[this.space]) {
      return `${owner} claims ${range}, which is outside the ${this.space === "io" ? "64 KiB port" : "memory"} space`;
    }
    const other = this.overlapping(start, length);
    if (other === undefined) return undefined;
    const otherRange = `${formatAddress(this.space, other.start)}..${formatAddress(this.space, other.start + other.length - 1n)}`;
    return `${owner} claims ${range}, which overlaps ${otherRange} of ${other.owner}`;
  }

  /** Adds a range that `conflict` had no objection to. */
  add(region: Region): void {
    this.#regions.splice(this.#position(region.start), 0, region);
  }

  /** Puts a region in the place of another with the same range. */
  replace(region: Region, by: Region): void {
    this.#regions[this.#regions.indexOf(region)] = by;
  }

  remove(region: Region): void {
    this.#regions = this.#regions.filter((other) => other !== region);
  }

  /** The region that holds an address. */
  find(address: bigint): Region | undefined {
    const region = this.#regions[this.#position(address) - 1];
    return region !== undefined && address < region.start + region.length ? region : undefined;
  }

  /** The first region that shares a byte with a range. */
  overlapping(start: bigint, length: bigint): Region | undefined {
    const before = this.#regions[this.#position(start) - 1];
    if (before !== undefined && start < before.start + before.length) return before;
    const after = this.#regions[this.#position(start)];
    return after !== undefined && after.start < start + length ? after : undefined;
  }

  /** The lowest free aligned range within [min, max]; undefined when there is none. `align` is a power of two. */
  findFree(size: bigint, align: bigint, min = 0n, max = SPACE_END[this.space] - 1n): bigint | undefined {
    let candidate = alignUp(min, align);
    for (const region of this.#regions) {
      if (region.start + region.length <= candidate) continue;
      if (region.start >= candidate + size) break;
      candidate = alignUp(region.start + region.length, align);
    }
    return candidate + size - 1n <= max ? candidate : undefined;
  }

  /** Index of the first region that starts above `address`. */
  #position(address: bigint): number {
    let low = 0;
    let high = this.#regions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#regions[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function alignUp(value: bigint, align: bigint): bigint {
  const step = align < 1n ? 1n : align;
  return ((value + step - 1n) / step) * step;
}
