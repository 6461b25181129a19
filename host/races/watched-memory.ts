import type { SourcePlace } from "../errors.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { WatchedModule } from "../sandbox/load.ts";
import { FollowedNull, outOfBounds } from "../sandbox/memory-fault.ts";
import { SITE } from "../sandbox/memory-sites.ts";
import { SHADOW } from "../sandbox/passes/pass.ts";
import { ByteHistory, GLOBALS_AT } from "./byte-history.ts";
import type { HappensBefore } from "./happens-before.ts";

const BYTES_OF_GLOBAL = 8;

/** An access as the module makes it. `site` is the author's place. */
export interface WatchedAccess {
  readonly memory: WatchedMemory;
  readonly address: number;
  readonly bytes: number;
  readonly writes: boolean;
  readonly atomic: boolean;
  readonly site: number;
}

/** @returns whether the same access may come again in this epoch without being told */
export type OnAccess = (access: WatchedAccess) => boolean;

/**
 * Told of accesses before they happen. @param kind SITE.* bits
 * @returns whether the bytes are the guest's: then each access of them is told
 */
export type OnGuestBytes = (
  address: number,
  bytes: number,
  kind: number,
  place: () => SourcePlace | undefined,
) => boolean;

/**
 * The memory of one watched module instance: what its code calls before an access whose cell does not show it as seen.
 * See host/sandbox/passes/memory-access.ts for cells.
 */
export class WatchedMemory {
  readonly instance: ModuleInstance;
  readonly history: ByteHistory;
  readonly module: WatchedModule;
  readonly #cells: Uint32Array;
  readonly #onAccess: OnAccess;
  readonly #control: number;
  /** Cells of this epoch: the epoch's part. */
  #key = 0;
  /** Asked of each access whether it is to the guest's memory. */
  onGuestBytes: OnGuestBytes = () => false;

  constructor(instance: ModuleInstance, module: WatchedModule, order: HappensBefore, onAccess: OnAccess) {
    this.instance = instance;
    this.module = module;
    this.history = new ByteHistory(order);
    this.#cells = new Uint32Array(instance.exports.memory.buffer);
    this.#onAccess = onAccess;
    this.#control = module.layout.control >>> 2;
  }

  /** What was seen so far is of another epoch now. */
  setEpoch(epoch: number): void {
    this.#key = epoch << SHADOW.epochShift;
    const at = this.#control + (SHADOW.epoch >> 2);
    this.#cells[at] = this.#key | SHADOW.mark;
    this.#cells[at + 1] = this.#key | SHADOW.mark;
  }

  /** Number of the author's call in progress, when code of the SDK runs. */
  get caller(): number {
    return this.#cells[this.#control + (SHADOW.caller >> 2)]! & ~SHADOW.mark;
  }

  /** A thread goes on in the middle of its call. */
  set caller(site: number) {
    this.#cells[this.#control + (SHADOW.caller >> 2)] = site | SHADOW.mark;
  }

  /** The author's place of a site in code of the SDK is the call that led there. */
  author(site: number): number {
    return (this.module.sites.kind(site) & SITE.library) === 0 ? site : this.caller || site;
  }

  /**
   * A load, a store or an atomic operation, or an access to a global.
   * @throws WebAssembly.RuntimeError where the module has no memory
   */
  access(address: number, site: number): void {
    const { sites } = this.module;
    const kind = sites.kind(site);
    const isGlobal = (kind & SITE.global) !== 0;
    const start = this.startOf(address, site);
    const bytes = sites.bytes(site);
    const writes = (kind & SITE.write) !== 0;
    if (!isGlobal) this.#check(start, bytes, writes);
    const isGuests = !isGlobal && this.onGuestBytes(start, bytes, kind, () => this.#placeOf(site));
    const mayPass = this.#touch(start, bytes, writes, (kind & SITE.atomic) !== 0, site);
    if (mayPass && !isGuests && bytes <= 8) this.#show(start, bytes, writes);
  }

  /** memory.copy, memory.fill or memory.init. `source`: an address when the site reads. */
  bulk(address: number, source: number, length: number, site: number): void {
    const bytes = length >>> 0;
    const reads = (this.module.sites.kind(site) & SITE.read) !== 0;
    this.#check(address >>> 0, bytes, true);
    if (reads) this.#check(source >>> 0, bytes, false);
    if (bytes === 0) return;
    const place = () => this.#placeOf(site);
    if (reads) this.onGuestBytes(source >>> 0, bytes, SITE.read, place);
    this.onGuestBytes(address >>> 0, bytes, SITE.write, place);
    if (reads) this.#touch(source >>> 0, bytes, false, false, site);
    this.#touch(address >>> 0, bytes, true, false, site);
  }

  /** The author's place of an access. */
  #placeOf(site: number): SourcePlace | undefined {
    const { sites, map } = this.module;
    return sites.place(this.author(site), map);
  }

  /** What a call does with bytes of the caller's; wrong addresses are the gate's to tell. */
  callTouches(address: number, bytes: number, writes: boolean): void {
    const start = address >>> 0;
    if (start === 0 || bytes === 0 || start + bytes > this.instance.bytes.length) return;
    this.#touch(start, bytes, writes, false, this.caller);
  }

  /** Where the access of a site begins. */
  startOf(address: number, site: number): number {
    const { sites } = this.module;
    const isGlobal = (sites.kind(site) & SITE.global) !== 0;
    return isGlobal ? GLOBALS_AT + BYTES_OF_GLOBAL * sites.offset(site) : (address >>> 0) + sites.offset(site);
  }

  #check(start: number, bytes: number, writes: boolean): void {
    if (start + bytes > this.instance.bytes.length) throw outOfBounds();
    if (start < this.module.nullEnd && bytes > 0) throw new FollowedNull(start, bytes, writes);
  }

  /** @returns whether the same access need not be told again in this epoch */
  #touch(start: number, bytes: number, writes: boolean, atomic: boolean, site: number): boolean {
    if (this.instance.isInFrame(start) || this.instance.allocating) return true;
    return this.#onAccess({ memory: this, address: start, bytes, writes, atomic, site: this.author(site) });
  }

  /** Shows bytes as touched in this epoch. Who may write them may read them too: there is nothing more to find. */
  #show(start: number, bytes: number, writes: boolean): void {
    if (start >= GLOBALS_AT) {
      const cell = this.#control + ((SHADOW.globals + (start - GLOBALS_AT)) >>> 2);
      this.#cells[cell] = this.#key | SHADOW.mark;
      if (writes) this.#cells[cell + 1] = this.#key | SHADOW.mark;
      return;
    }
    const { cells, limit } = this.module.layout;
    const end = start + bytes;
    for (let word = start & ~3; word < end; word += 4) {
      const from = word < start ? start - word : 0;
      const to = word + 4 > end ? end - word : 4;
      const touched = ((1 << to) - 1) & ~((1 << from) - 1);
      this.#add((cells + word) >>> 2, this.#key, touched);
      if (writes) this.#add((cells + limit + word) >>> 2, (this.#key | SHADOW.write) >>> 0, touched);
    }
  }

  #add(cell: number, key: number, touched: number): void {
    const known = this.#cells[cell]!;
    const isOfEpoch = (known & ~SHADOW.bytes) >>> 0 === key;
    this.#cells[cell] = (isOfEpoch ? known : key) | touched;
  }

  /** Epochs begin anew: no cell may show one of before. */
  clearCells(): void {
    const { cells, limit, control, end } = this.module.layout;
    for (const start of [cells, cells + limit]) {
      this.#cells.fill(0, start >>> 2, (start + this.instance.bytes.length) >>> 2);
    }
    this.#cells.fill(0, (control + SHADOW.globals) >>> 2, end >>> 2);
    this.history.reset();
  }
}
