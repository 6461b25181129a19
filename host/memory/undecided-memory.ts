import type { GuestRam, RamRange } from "./guest-ram.ts";

const PAGE_BYTES = 4096;
const PAGE_SHIFT = 12;
/** Reads of a program whose addresses are kept. */
const READS = 8;

/** What is known of a page of guest memory. */
interface Page {
  readonly range: RamRange;
  readonly offset: number;
  /** One a byte: whether its content is settled, because somebody wrote it or a vdev has read it. */
  readonly settled: Uint8Array;
  /** The content before the guest starts; undefined for zeros, none of it settled. */
  readonly original: Uint8Array | undefined;
  isTouched: boolean;
}

/** Bytes of guest memory. */
export interface GuestBytes {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** What guest memory turns out to hold where vdevs read it and nobody has written. */
export interface Answers {
  readonly answers: Uint8Array;
  /** How many of them there are. */
  readonly answersLength: number;
}

/** Memory that nobody has written is zero. */
export const NO_ANSWERS: Answers = { answers: new Uint8Array(0), answersLength: 0 };

/**
 * The memory of a guest that has not decided what is in it: the first time a vdev reads a byte that nobody has written, the
 * program says what it was all along. So descriptors, rings and lists need no grammar: wherever a vdev looks, it
 * finds what the fuzzer tries next. Memory that vdevs filled at startup is as they left it.
 */
export class UndecidedMemory {
  readonly #pages = new Map<RamRange, (Page | undefined)[]>();
  readonly #touched: Page[] = [];
  #answers = NO_ANSWERS.answers;
  #length = 0;
  /** Bytes of the program's answers that were used. */
  taken = 0;
  /** Bytes that were asked for when there were none left: they are zero. */
  wanted = 0;
  /** Where vdevs began to read, the first few times. */
  readonly reads: bigint[] = [];
  /** Set to learn what was answered where. */
  heard: GuestBytes[] | undefined;

  /** Takes over the guest memory of a VM as it is now. */
  constructor(ram: GuestRam) {
    for (const range of ram.ranges) if (range.writable) this.#pages.set(range, filledPages(range));
    ram.onStored = (range, offset, length) => this.#stored(range, offset, length);
    const { interposer } = ram;
    ram.interposer = (address, bytes, kind) => {
      const own = this.#answer(ram, address, bytes);
      return interposer?.(address, own ?? bytes, kind) ?? own;
    };
  }

  /** Whether anything is to be put back. */
  get isTouched(): boolean {
    return this.#touched.length > 0;
  }

  /** A program begins; memory is as it was at first. */
  begin({ answers, answersLength }: Answers): void {
    this.#answers = answers;
    this.#length = answersLength;
    this.taken = 0;
    this.wanted = 0;
    if (this.reads.length > 0) this.reads.length = 0;
    if (this.heard !== undefined) this.heard = [];
  }

  restore(): void {
    for (const page of this.#touched) {
      const { range, offset, settled, original } = page;
      page.isTouched = false;
      settled.fill(original === undefined ? 0 : 1);
      if (original === undefined) range.bytes.fill(0, offset, Math.min(offset + PAGE_BYTES, range.bytes.length));
      else range.bytes.set(original, offset);
    }
    this.#touched.length = 0;
  }

  #touch(range: RamRange, offset: number): Page {
    const pages = this.#pages.get(range)!;
    const number = offset >>> PAGE_SHIFT;
    let page = pages[number];
    if (page === undefined) {
      page = {
        range,
        offset: number << PAGE_SHIFT,
        settled: new Uint8Array(PAGE_BYTES),
        original: undefined,
        isTouched: false,
      };
      pages[number] = page;
    }
    if (!page.isTouched) {
      page.isTouched = true;
      this.#touched.push(page);
    }
    return page;
  }

  #stored(range: RamRange, offset: number, length: number): void {
    if (!this.#pages.has(range)) return;
    for (let at = offset; at < offset + length; ) {
      const page = this.#touch(range, at);
      const end = Math.min(offset + length, page.offset + PAGE_BYTES);
      page.settled.fill(1, at - page.offset, end - page.offset);
      at = end;
    }
  }

  #answer(ram: GuestRam, address: bigint, bytes: Uint8Array): Uint8Array | undefined {
    const range = ram.find(address, 1);
    if (range === undefined || !this.#pages.has(range)) return undefined;
    if (this.reads.length < READS) this.reads.push(address);
    const offset = Number(address - range.start);
    // A read that goes on in the next range finds there what is there.
    const end = Math.min(offset + bytes.length, range.bytes.length);
    let answered = false;
    for (let at = offset; at < end; at++) {
      const page = this.#touch(range, at);
      if (page.settled[at - page.offset] === 1) continue;
      page.settled[at - page.offset] = 1;
      if (this.taken >= this.#length) {
        this.wanted++;
        continue;
      }
      const byte = this.#answers[this.taken++]!;
      range.bytes[at] = byte;
      bytes[at - offset] = byte;
      answered = true;
      this.#hear(range.start + BigInt(at), byte);
    }
    return answered ? bytes : undefined;
  }

  #hear(address: bigint, byte: number): void {
    if (this.heard === undefined) return;
    const last = this.heard.at(-1);
    if (last !== undefined && last.address + BigInt(last.bytes.length) === address) {
      this.heard[this.heard.length - 1] = { address: last.address, bytes: Uint8Array.of(...last.bytes, byte) };
    } else this.heard.push({ address, bytes: Uint8Array.of(byte) });
  }
}

/** Pages that are not all zero: what is in them is settled. */
function filledPages(range: RamRange): (Page | undefined)[] {
  const pages: (Page | undefined)[] = [];
  const words = new BigUint64Array(range.bytes.buffer, range.bytes.byteOffset, range.bytes.length >> 3);
  const perPage = PAGE_BYTES >> 3;
  for (let first = 0; first < words.length; first += perPage) {
    const part = words.subarray(first, first + perPage);
    if (part.every((word) => word === 0n)) continue;
    const offset = first << 3;
    const original = range.bytes.slice(offset, offset + PAGE_BYTES);
    pages[offset >> PAGE_SHIFT] = {
      range,
      offset,
      settled: new Uint8Array(PAGE_BYTES).fill(1),
      original,
      isTouched: false,
    };
  }
  return pages;
}
