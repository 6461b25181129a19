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
const LIST_CAPACITY_MIN = 4;

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
  /** Lists no page uses, by capacity, which is a power of two. */
  readonly #freeLists = new Map<number, number[]>();
  #nextList = 0;

  constructor(buffer: ArrayBuffer) {
    this.#words = new Int32Array(buffer);
  }

  /**
   * @param slots first slot in the shared table of the module instance that answers for the region
   * @returns the address of the region's record; the caller writes the fields beside start and length
   */
  add(space: "memory" | "io", start: bigint, length: bigint, slots: number): number {
    const handle = this.#allocateRecord();
    const words = this.#words;
    words[(handle + L.REGION_START_LO) >> 2] = Number(BigInt.asIntN(32, start));
    words[(handle + L.REGION_START_HI) >> 2] = Number(BigInt.asIntN(32, start >> 32n));
    words[(handle + L.REGION_LENGTH) >> 2] = Number(BigInt.asIntN(32, length));
    words[(handle + L.REGION_LENGTH + 4) >> 2] = Number(BigInt.asIntN(32, length >> 32n));
    const word = (handle - L.REGIONS) | inWord(slots);
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
    this.#words.fill(word, (L.PORT_MAP >> 2) + Number(region.start), (L.PORT_MAP >> 2) + Number(region.end));
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
      const firstPage = Number(region.start >> BigInt(L.PAGE_SHIFT));
      const lastPage = Number(last >> BigInt(L.PAGE_SHIFT));
      // Only the first and the last page of a region can have bytes of others.
      const word = this.#byHandle.has(region.handle) ? region.word : 0;
      this.#words.fill(word, (L.PAGE_MAP >> 2) + firstPage + 1, (L.PAGE_MAP >> 2) + lastPage);
      this.#writePage(firstPage);
      if (lastPage !== firstPage) this.#writePage(lastPage);
    }
    if (region.end > FOUR_GIB) this.#writeHigh();
  }

  #writePage(page: number): void {
    const start = BigInt(page) << BigInt(L.PAGE_SHIFT);
    const end = start + (1n << BigInt(L.PAGE_SHIFT));
    const inPage: MappedRegion[] = [];
    for (let i = this.#position(end - 1n) - 1; i >= 0 && this.#memory[i]!.end > start; i--) {
      inPage.push(this.#memory[i]!);
    }
    inPage.reverse();
    const word = inPage.length < 2 ? (inPage[0]?.word ?? 0) : this.#writeList(page, inPage);
    this.#words[(L.PAGE_MAP >> 2) + page] = word;
    if (inPage.length < 2) this.#giveList(page);
  }

  /** @returns the word of the page */
  #writeList(page: number, regions: readonly MappedRegion[]): number {
    let list = this.#lists.get(page);
    if (list === undefined || list.capacity < regions.length) {
      let capacity = LIST_CAPACITY_MIN;
      while (capacity < regions.length) capacity *= 2;
      const next = { at: this.#takeList(capacity), capacity };
      this.#giveList(page);
      this.#lists.set(page, next);
      list = next;
    }
    this.#fillList(list.at, regions);
    return L.LIST | inWord((list.at - L.LISTS) >> 1);
  }

  /** Room for a list. @throws UserError when there is none left */
  #takeList(capacity: number): number {
    const reused = this.#freeLists.get(capacity)?.pop();
    if (reused !== undefined) return reused;
    const bytes = (2 + capacity) * 4; // a multiple of 8, see LISTS
    if (this.#nextList + bytes > L.LISTS_BYTES) {
      throw new UserError("too many pages are shared by several regions in this VM; give the vdevs pages of their own");
    }
    const at = L.LISTS + this.#nextList;
    this.#nextList += bytes;
    return at;
  }

  /** A page whose list is not needed any more gives it to others: regions that wander use no more room. */
  #giveList(page: number): void {
    const list = this.#lists.get(page);
    if (list === undefined) return;
    this.#lists.delete(page);
    const free = this.#freeLists.get(list.capacity);
    if (free === undefined) this.#freeLists.set(list.capacity, [list.at]);
    else free.push(list.at);
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

/** A table slot, or what stands in its place, as a word of the maps has it: `slots_of` of the dispatcher takes it out. */
function inWord(slots: number): number {
  return (slots >>> L.WORD_SLOTS_ROTATION) | (slots << (32 - L.WORD_SLOTS_ROTATION));
}
