import type { HappensBefore } from "./happens-before.ts";

/** One access of some bytes. */
export interface Touch {
  readonly address: number;
  readonly bytes: number;
  readonly writes: boolean;
  readonly atomic: boolean;
  /** Names the place; from 1, below 2^28. */
  readonly site: number;
}

/** An earlier access that nothing orders before the one in progress. */
export interface Conflict {
  readonly address: number;
  readonly epoch: number;
  readonly site: number;
  readonly writes: boolean;
}

/** Told of an earlier access that the one in progress, `touch`, races with. */
export type OnConflict<T extends Touch> = (conflict: Conflict, touch: T) => void;

/** One read that no write has come behind yet, where there are several. */
interface Read {
  readonly epoch: number;
  readonly place: number;
}

/** From here on addresses are of globals, which are only ever touched whole: the first byte stands for all. */
export const GLOBALS_AT = 2 ** 31;
const PAGE_BYTES = 4096;
/** Words kept of each byte. */
const WORDS = 4;
const WRITE_EPOCH = 0;
const WRITE_PLACE = 1;
const READ_EPOCH = 2;
const READ_PLACE = 3;
/** As READ_EPOCH: several reads, in `#reads`. */
const MANY = 0x7fffffff;
/** Set in a place when the access was atomic. */
const ATOMIC = 0x40000000;
const SITE_MASK = 0x0fffffff;

/**
 * Who last wrote and who has read since, for each byte of a module's memory. Accesses race when they touch the same byte,
 * one of them writes, one is not atomic, and neither is over for the other.
 */
export class ByteHistory {
  readonly #order: HappensBefore;
  readonly #pages = new Map<number, Int32Array>();
  readonly #reads = new Map<number, Read[]>();
  #lastPage = -1;
  #last: Int32Array = new Int32Array(0);

  constructor(order: HappensBefore) {
    this.#order = order;
  }

  /**
   * Notes an access.
   * @param found told of the bytes and earlier accesses it races with; of bytes with the same history once
   * @returns whether another thread has touched one of the bytes, as far as is remembered, and one of the two has written
   */
  touch<T extends Touch>(touch: T, epoch: number, thread: number, found: OnConflict<T>): boolean {
    let shared = false;
    // What the byte before was like: as a rule the bytes of a field all have the same history.
    let writeEpoch = MANY;
    let writePlace = 0;
    let readEpoch = MANY;
    let readPlace = 0;
    const end = touch.address + (touch.address < GLOBALS_AT ? touch.bytes : 1);
    for (let address = touch.address; address < end; address++) {
      const page = this.#page(address);
      const at = (address & (PAGE_BYTES - 1)) * WORDS;
      const isAlike =
        at > 0 &&
        page[at + WRITE_EPOCH] === writeEpoch &&
        page[at + WRITE_PLACE] === writePlace &&
        page[at + READ_EPOCH] === readEpoch &&
        page[at + READ_PLACE] === readPlace &&
        page[at + READ_EPOCH - WORDS] !== MANY;
      if (isAlike) {
        page[at + WRITE_EPOCH] = page[at + WRITE_EPOCH - WORDS]!;
        page[at + WRITE_PLACE] = page[at + WRITE_PLACE - WORDS]!;
        page[at + READ_EPOCH] = page[at + READ_EPOCH - WORDS]!;
        page[at + READ_PLACE] = page[at + READ_PLACE - WORDS]!;
        continue;
      }
      writeEpoch = page[at + WRITE_EPOCH]!;
      writePlace = page[at + WRITE_PLACE]!;
      readEpoch = page[at + READ_EPOCH]!;
      readPlace = page[at + READ_PLACE]!;
      if (readEpoch === MANY) writeEpoch = MANY; // its reads are its own
      if (this.#touchByte(page, at, address, touch, epoch, thread, found)) shared = true;
    }
    return shared;
  }

  #touchByte<T extends Touch>(
    page: Int32Array,
    at: number,
    address: number,
    touch: T,
    epoch: number,
    thread: number,
    found: OnConflict<T>,
  ): boolean {
    const { writes, atomic, site } = touch;
    const place = site | (atomic ? ATOMIC : 0);
    const lastWrite = page[at + WRITE_EPOCH]!;
    let shared = false;
    if (!this.#isOwn(lastWrite, thread)) {
      shared = true;
      const before = page[at + WRITE_PLACE]!;
      if (!(atomic && before >= ATOMIC) && !this.#order.isOver(lastWrite, thread)) {
        found({ address, epoch: lastWrite, site: before & SITE_MASK, writes: true }, touch);
      }
    }
    if (!writes) {
      this.#addRead(page, at, address, epoch, place, thread);
      return shared;
    }
    const lastRead = page[at + READ_EPOCH]!;
    if (lastRead === MANY || !this.#isOwn(lastRead, thread)) {
      if (this.#checkReads(page, at, address, touch, thread, found)) shared = true;
    } else {
      page[at + READ_EPOCH] = 0;
    }
    page[at + WRITE_EPOCH] = epoch;
    page[at + WRITE_PLACE] = place;
    return shared;
  }

  #page(address: number): Int32Array {
    const number = Math.floor(address / PAGE_BYTES);
    if (number === this.#lastPage) return this.#last;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Int32Array(PAGE_BYTES * WORDS);
      this.#pages.set(number, page);
    }
    this.#lastPage = number;
    this.#last = page;
    return page;
  }

  /** Whether an epoch need not be looked at: forgotten, or the thread's own. */
  #isOwn(epoch: number, thread: number): boolean {
    return this.#order.isForgotten(epoch) || this.#order.threadOf(epoch) === thread;
  }

  /**
   * A write: the reads since the last one must be over. Whatever races with one that is races with the write too, so
   * that only atomic reads stay of interest that an atomic write may pass.
   * @returns whether another thread has read the byte
   */
  #checkReads<T extends Touch>(
    page: Int32Array,
    at: number,
    address: number,
    touch: T,
    thread: number,
    found: OnConflict<T>,
  ): boolean {
    const reads = this.#readsAt(page, at, address);
    const left: Read[] = [];
    let shared = false;
    for (const read of reads) {
      if (this.#isOwn(read.epoch, thread)) continue;
      shared = true;
      if (this.#order.isOver(read.epoch, thread)) continue;
      if (touch.atomic && read.place >= ATOMIC) left.push(read);
      else found({ address, epoch: read.epoch, site: read.place & SITE_MASK, writes: false }, touch);
    }
    this.#keepReads(page, at, address, left);
    return shared;
  }

  #readsAt(page: Int32Array, at: number, address: number): readonly Read[] {
    const epoch = page[at + READ_EPOCH]!;
    return epoch === MANY ? this.#reads.get(address)! : [{ epoch, place: page[at + READ_PLACE]! }];
  }

  #keepReads(page: Int32Array, at: number, address: number, reads: Read[]): void {
    page[at + READ_EPOCH] = reads.length > 1 ? MANY : (reads[0]?.epoch ?? 0);
    page[at + READ_PLACE] = reads[0]?.place ?? 0;
    if (reads.length > 1) this.#reads.set(address, reads);
    else this.#reads.delete(address);
  }

  #addRead(page: Int32Array, at: number, address: number, epoch: number, place: number, thread: number): void {
    const known = page[at + READ_EPOCH]!;
    if (known !== MANY && this.#isCovered(known, page[at + READ_PLACE]!, place, thread)) {
      page[at + READ_EPOCH] = epoch;
      page[at + READ_PLACE] = place;
      return;
    }
    const reads = this.#readsAt(page, at, address);
    const left = reads.filter((read) => !this.#isCovered(read.epoch, read.place, place, thread));
    left.push({ epoch, place });
    this.#keepReads(page, at, address, left);
  }

  /** Whether what races with an earlier read races with the one in progress too: it is over, and not less strict. */
  #isCovered(epoch: number, before: number, place: number, thread: number): boolean {
    return (
      this.#order.isForgotten(epoch) || (this.#order.isOver(epoch, thread) && (before >= ATOMIC || place < ATOMIC))
    );
  }

  /** These bytes are somebody else's from here on. */
  clear(address: number, bytes: number): void {
    for (let at = address; at < address + bytes; at++) {
      const page = this.#page(at);
      const first = (at & (PAGE_BYTES - 1)) * WORDS;
      page.fill(0, first, first + WORDS);
      this.#reads.delete(at);
    }
  }

  /** Nothing has happened. To be called when epochs are numbered anew. */
  reset(): void {
    this.#pages.clear();
    this.#reads.clear();
    this.#lastPage = -1;
  }
}
