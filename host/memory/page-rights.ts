import type { RamRange } from "./guest-ram.ts";

/** Bytes of a page: rights are given page by page. */
export const PAGE_BYTES = 4096;
const PAGE_SHIFT = 12n;

/** Pages of one range that follow each other and have the same rights. */
export interface PageRun {
  readonly start: bigint;
  readonly length: bigint;
  readonly rights: number;
}

/**
 * What the guest may do with the pages of RAM and ROM, once a vdev has changed it. Rights are the bits of
 * gasp_region_flags that fit a byte: GRF_PASS_RD 0x08, GRF_PASS_WR 0x10, GRF_PASS_EX 0x20, GRF_NOCACHE 0x40, GRF_ACTIVE
 * 0x80. Ranges nobody changed have no entry, so that the usual VM pays nothing.
 */
export class PageRights {
  readonly #pages = new Map<RamRange, Uint8Array>();
  /** Names the state; never used again for another. */
  #version = 0;
  #count = 0;

  get any(): boolean {
    return this.#pages.size > 0;
  }

  /** @param start first byte of a page or of the range. @param usual what pages have that nobody changed */
  set(range: RamRange, start: bigint, length: bigint, rights: number, usual: number): void {
    let pages = this.#pages.get(range);
    if (pages === undefined) {
      pages = new Uint8Array(pageOf(range, range.start + BigInt(range.bytes.length) - 1n) + 1).fill(usual);
      this.#pages.set(range, pages);
    }
    pages.fill(rights, pageOf(range, start), pageOf(range, start + length - 1n) + 1);
    this.#version = ++this.#count;
  }

  /** Rights that all pages of a stretch have; `usual` where nobody changed them. */
  of(range: RamRange, address: bigint, length: number, usual: number): number {
    const pages = this.#pages.get(range);
    if (pages === undefined) return usual;
    let common = 0xff;
    const last = pageOf(range, address + BigInt(length) - 1n);
    for (let page = pageOf(range, address); page <= last; page++) common &= pages[page]!;
    return common;
  }

  /** The pages around an address with the same rights. */
  run(range: RamRange, address: bigint, usual: number): PageRun {
    const pages = this.#pages.get(range);
    const end = range.start + BigInt(range.bytes.length);
    if (pages === undefined) return { start: range.start, length: end - range.start, rights: usual };
    let first = pageOf(range, address);
    let next = first + 1;
    const rights = pages[first]!;
    while (first > 0 && pages[first - 1] === rights) first--;
    while (next < pages.length && pages[next] === rights) next++;
    const start = first === 0 ? range.start : startOf(range, first);
    return { start, length: (next === pages.length ? end : startOf(range, next)) - start, rights };
  }

  save(): { readonly version: number; readonly pages: ReadonlyMap<RamRange, Uint8Array> } {
    return { version: this.#version, pages: new Map([...this.#pages].map(([range, pages]) => [range, pages.slice()])) };
  }

  restore(saved: ReturnType<PageRights["save"]>): void {
    if (saved.version === this.#version) return;
    this.#pages.clear();
    for (const [range, pages] of saved.pages) this.#pages.set(range, pages.slice());
    this.#version = saved.version;
  }

  /** Rights that were changed, for a digest: empty when none were. */
  *changes(): Iterable<readonly [bigint, Uint8Array]> {
    for (const [range, pages] of this.#pages) yield [range.start, pages];
  }
}

/** Index of the page an address is in, from the page the range begins in. */
function pageOf(range: RamRange, address: bigint): number {
  return Number((address >> PAGE_SHIFT) - (range.start >> PAGE_SHIFT));
}

function startOf(range: RamRange, page: number): bigint {
  return ((range.start >> PAGE_SHIFT) + BigInt(page)) << PAGE_SHIFT;
}
