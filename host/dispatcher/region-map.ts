import { UserError } from "../errors.ts";
import * as L from "./assembly/layout.ts";

interface MappedRegion {
  readonly handle: number;
  /** What the maps hold for it. */
  readonly word: number;
  readonly space: "memory" | "io";
  readonly start: bigint;
  readonly end: bigint;
}

const FOUR_GIB = 1n << 32n;

/**
 * The maps in the dispatcher's memory: a word for every page and port, sorted lists where regions share a page, and a
 * sorted list of the regions above 4 GiB. The dispatcher reads them on every trap; only this class writes them.
 */
export class RegionMap {
  readonly #words: Int32Array;
  /** Regions of memory by ascending start. */
  #memory: MappedRegion[] = [];
  readonly #byHandle = new Map<number, MappedRegion>();
  readonly #free: number[] = [];
  #nextRecord = 1;
  readonly #lists = new Map<number, { readonly at: number; readonly capacity: number }>();
  #nextList = 0;

  constructor(buffer: ArrayBuffer) {
    this.#words = new Int32Array(buffer);
  }

  /**
   * @param thunks group of the shared table that answers for the region
   * @param fill   writes the fields of the region record beside start and length
   * @returns the record's address
   */
  add(
    space: "memory" | "io",
    start: bigint,
    length: bigint,
    thunks: number,
    fill: (record: Int32Array) => void,
  ): number {
    const handle = this.#allocateRecord();
    const record = this.#words.subarray(handle >> 2, (handle + L.REGION_BYTES) >> 2);
    record[0] = Number(BigInt.asIntN(32, start));
    record[1] = Number(BigInt.asIntN(32, start >> 32n));
    record[2] = Number(BigInt.asIntN(32, length));
    record[3] = Number(BigInt.asIntN(32, length >> 32n));
    fill(record);
    const word = ((handle - L.REGIONS) >> L.REGION_SHIFT) | (thunks << L.WORD_THUNKS_SHIFT);
    const region: MappedRegion = { handle, word, space, start, end: start + length };
    this.#byHandle.set(handle, region);
    if (space === "io") this.#writePorts(region, word);
    else {
      this.#memory.splice(this.#position(start), 0, region);
      try {
        this.#writeMemory(region);
      } catch (error) {
        // The maps are full. Without the region everything fits again.
        this.remove(handle);
        throw error;
      }
    }
    return handle;
  }

  remove(handle: number): void {
    const region = this.#byHandle.get(handle);
    if (region === undefined) return;
    this.#byHandle.delete(handle);
    this.#free.push(handle);
    if (region.space === "io") this.#writePorts(region, 0);
    else {
      this.#memory = this.#memory.filter((other) => other !== region);
      this.#writeMemory(region);
    }
  }

  #allocateRecord(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    if (this.#nextRecord >= L.REGION_LIMIT)
      throw new UserError(`a VM has room for ${L.REGION_LIMIT - 1} regions, and this one needs more`);
    return L.REGIONS + this.#nextRecord++ * L.REGION_BYTES;
  }

  #writePorts(region: MappedRegion, word: number): void {
    for (let port = Number(region.start); port < Number(region.end); port++) {
      this.#words[(L.PORT_MAP >> 2) + port] = word;
    }
  }

  /** Index of the first memory region that starts above `start`. */
  #position(start: bigint): number {
    let low = 0;
    let high = this.#memory.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#memory[middle]!.start <= start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Writes the page words a region touches, and the list above 4 GiB when it reaches there. */
  #writeMemory(region: MappedRegion): void {
    if (region.start < FOUR_GIB) {
      const last = region.end > FOUR_GIB ? FOUR_GIB - 1n : region.end - 1n;
      const lastPage = Number(last >> BigInt(L.PAGE_SHIFT));
      for (let page = Number(region.start >> BigInt(L.PAGE_SHIFT)); page <= lastPage; page++) this.#writePage(page);
    }
    if (region.end > FOUR_GIB) this.#writeHigh();
  }

  #writePage(page: number): void {
    const start = BigInt(page) << BigInt(L.PAGE_SHIFT);
    const end = start + (1n << BigInt(L.PAGE_SHIFT));
    const inPage: MappedRegion[] = [];
    for (let i = this.#position(end - 1n) - 1; i >= 0 && this.#memory[i]!.end > start; i--) {
      inPage.unshift(this.#memory[i]!);
    }
    const word = inPage.length < 2 ? (inPage[0]?.word ?? 0) : L.LIST | this.#writeList(page, inPage);
    this.#words[(L.PAGE_MAP >> 2) + page] = word;
  }

  /** A page keeps its list once it has one, so that regions that come and go use no more room. */
  #writeList(page: number, regions: readonly MappedRegion[]): number {
    let list = this.#lists.get(page);
    if (list === undefined || list.capacity < regions.length) {
      const capacity = Math.max(4, (list?.capacity ?? 0) * 2, regions.length);
      const bytes = (1 + capacity) * 4;
      if (this.#nextList + bytes > L.LISTS_BYTES) {
        throw new UserError(
          "too many pages are shared by several regions in this VM; give the vdevs pages of their own",
        );
      }
      list = { at: L.LISTS + this.#nextList, capacity };
      this.#nextList += bytes;
      this.#lists.set(page, list);
    }
    this.#fillList(list.at, regions);
    return list.at;
  }

  #fillList(list: number, regions: readonly MappedRegion[]): void {
    this.#words[list >> 2] = regions.length;
    for (const [i, region] of regions.entries()) this.#words[(list >> 2) + 1 + i] = region.word;
  }

  #writeHigh(): void {
    const high = this.#memory.filter((region) => region.end > FOUR_GIB);
    if (high.length > L.HIGH_LIMIT) throw new UserError(`a VM has room for ${L.HIGH_LIMIT} regions above 4 GiB`);
    this.#fillList(L.HIGH, high);
  }
}
