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

/** One read that no write has come behind yet, where there are several. */
interface Read {
  readonly epoch: number;
  readonly place: number;
}

const PAGE_BYTES = 4096;
/** Words kept of each byte. */
const WORDS = 4;
const WRITE_EPOCH = 0;
const WRITE_PLACE = 1;
const READ_EPOCH = 2;
const READ_PLACE = 3;
/** As READ_EPOCH: several reads, in `#reads`. */
const MANY = 0xffffffff;
/** Set in a place when the access was atomic. */
const ATOMIC = 0x80000000;
const SITE_MASK = 0x0fffffff;

/**
 * Who last wrote and who has read since, for each byte of a module's memory. Accesses race when they touch the same byte,
 * one of them writes, one is not atomic, and neither is over for the other.
 */
export class ByteHistory {
  readonly #order: HappensBefore;
  readonly #pages = new Map<number, Uint32Array>();
  readonly #reads = new Map<number, Read[]>();
  #lastPage = -1;
  #last: Uint32Array = new Uint32Array(0);

  constructor(order: HappensBefore) {
    this.#order = order;
  }

  /**
   * Notes an access.
   * @param found told of each byte and earlier access it races with
   * @returns whether another thread has touched one of the bytes, as far as is remembered
   */
  touch(touch: Touch, epoch: number, thread: number, found: (conflict: Conflict) => void): boolean {
    const place = (touch.site | (touch.atomic ? ATOMIC : 0)) >>> 0;
    let shared = false;
    for (let address = touch.address; address < touch.address + touch.bytes; address++) {
      const page = this.#page(address);
      const at = (address & (PAGE_BYTES - 1)) * WORDS;
      const lastWrite = page[at + WRITE_EPOCH]!;
      if (!this.#isOwn(lastWrite, thread)) {
        shared = true;
        const before = page[at + WRITE_PLACE]!;
        if (!(touch.atomic && before >= ATOMIC) && !this.#order.isOver(lastWrite, thread)) {
          found({ address, epoch: lastWrite, site: before & SITE_MASK, writes: true });
        }
      }
      if (touch.writes) {
        const lastRead = page[at + READ_EPOCH]!;
        if (lastRead === MANY || !this.#isOwn(lastRead, thread)) {
          if (this.#checkReads(page, at, address, touch.atomic, thread, found)) shared = true;
        } else {
          page[at + READ_EPOCH] = 0;
        }
        page[at + WRITE_EPOCH] = epoch;
        page[at + WRITE_PLACE] = place;
      } else if (this.#addRead(page, at, address, epoch, place, thread)) {
        shared = true;
      }
    }
    return shared;
  }

  #page(address: number): Uint32Array {
    const number = Math.floor(address / PAGE_BYTES);
    if (number === this.#lastPage) return this.#last;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint32Array(PAGE_BYTES * WORDS);
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
  #checkReads(
    page: Uint32Array,
    at: number,
    address: number,
    atomic: boolean,
    thread: number,
    found: (conflict: Conflict) => void,
  ): boolean {
    const reads = this.#readsAt(page, at, address);
    const left: Read[] = [];
    let shared = false;
    for (const read of reads) {
      if (this.#isOwn(read.epoch, thread)) continue;
      shared = true;
      if (this.#order.isOver(read.epoch, thread)) continue;
      if (atomic && read.place >= ATOMIC) left.push(read);
      else found({ address, epoch: read.epoch, site: read.place & SITE_MASK, writes: false });
    }
    this.#keepReads(page, at, address, left);
    return shared;
  }

  #readsAt(page: Uint32Array, at: number, address: number): readonly Read[] {
    const epoch = page[at + READ_EPOCH]!;
    return epoch === MANY ? this.#reads.get(address)! : [{ epoch, place: page[at + READ_PLACE]! }];
  }

  #keepReads(page: Uint32Array, at: number, address: number, reads: Read[]): void {
    page[at + READ_EPOCH] = reads.length > 1 ? MANY : (reads[0]?.epoch ?? 0);
    page[at + READ_PLACE] = reads[0]?.place ?? 0;
    if (reads.length > 1) this.#reads.set(address, reads);
    else this.#reads.delete(address);
  }

  /** @returns whether another thread has read the byte */
  #addRead(page: Uint32Array, at: number, address: number, epoch: number, place: number, thread: number): boolean {
    const known = page[at + READ_EPOCH]!;
    if (known !== MANY && this.#isCovered(known, page[at + READ_PLACE]!, place, thread)) {
      page[at + READ_EPOCH] = epoch;
      page[at + READ_PLACE] = place;
      return !this.#isOwn(known, thread);
    }
    const reads = this.#readsAt(page, at, address);
    const left = reads.filter((read) => !this.#isCovered(read.epoch, read.place, place, thread));
    left.push({ epoch, place });
    this.#keepReads(page, at, address, left);
    return reads.some((read) => !this.#isOwn(read.epoch, thread));
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
