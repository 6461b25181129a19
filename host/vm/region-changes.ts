import type { Region, Space } from "../memory/address-space.ts";

/**
 * What became of regions since a VM was made: enough to know whether a snapshot has to put regions back, and which
 * region an access reached whose callback then took it away.
 */
export class RegionChanges {
  /** Names the state all regions are in: never used again for another state. */
  version = 0;
  #count = 0;
  /** Regions taken away or changed during one trap, in that order. */
  #trap = -1;
  readonly #displaced: { readonly space: Space; readonly region: Region }[] = [];

  /** A region was added. */
  added(): void {
    this.version = ++this.#count;
  }

  /** A region is no more, or another with the same range is in its place. */
  displaced(space: Space, region: Region, trap: number): void {
    this.version = ++this.#count;
    if (trap !== this.#trap) this.#displaced.length = 0;
    this.#trap = trap;
    this.#displaced.push({ space, region });
  }

  /** The region that held an address when a trap began, if the trap's own callback took it away since. */
  before(trap: number, space: Space, address: bigint): Region | undefined {
    if (trap !== this.#trap) return undefined;
    return this.#displaced.find(
      (one) => one.space === space && address >= one.region.start && address < one.region.start + one.region.length,
    )?.region;
  }

  /** All regions are as they were at `version`; trap numbers go back too. */
  restored(version: number): void {
    this.version = version;
    this.#displaced.length = 0;
    this.#trap = -1;
  }
}
