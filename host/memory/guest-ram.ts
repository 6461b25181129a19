import { GRF_PASS_EX, GRF_PASS_RD, GRF_PASS_WR } from "../../abi/generated/constants.ts";
import { PAGE_BYTES, PageRights, type PageRun } from "./page-rights.ts";

/** A stretch of guest memory backed by bytes: RAM or ROM. */
export interface RamRange {
  readonly start: bigint;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
}

/** Told what vdevs read and write in guest memory. */
export interface RamListener {
  read(address: bigint, bytes: Uint8Array): void;
  written(address: bigint, bytes: Uint8Array): void;
}

/** Gives the bytes of a read instead of guest memory: a replay has no guest that wrote them. */
export type RamSource = (address: bigint, length: number) => Uint8Array;

/**
 * Why guest bytes go into a module: a mapping is made, an open one is renewed, guest_cpu_read() is called, or, in a VM that is
 * shown every load and asks at each, code loads from a mapping.
 */
export type FetchKind = "map" | "renew" | "transfer" | "load";

/**
 * Stands between guest memory and a vdev that reads it, as a guest does that writes while the vdev reads: it may answer
 * two reads of one address differently. It is not asked in a replay, which has what it answered.
 * @param bytes a copy of the guest's bytes
 * @returns as many bytes to be read instead; undefined for those of the guest
 */
export type RamInterposer = (address: bigint, bytes: Uint8Array, kind: FetchKind) => Uint8Array | undefined;

interface Piece {
  readonly range: RamRange;
  readonly offset: number;
  readonly length: number;
}

/**
 * The guest's own memory. A script guest's is made here; a ROM guest's is the emulator's own array. Ranges that touch
 * are one memory to who reads and writes bytes; a mapping is in one range. What reaches guest memory on a vdev's behalf
 * goes through `read` and `write`, so that it can be recorded; accesses of the guest go through `load` and `store`.
 */
export class GuestRam {
  #ranges: RamRange[] = [];
  readonly rights = new PageRights();
  listener: RamListener | undefined;
  source: RamSource | undefined;
  interposer: RamInterposer | undefined;
  /** Told of bytes that were written, by whomever: of a range, from an offset on. */
  onStored: ((range: RamRange, offset: number, length: number) => void) | undefined;
  /** Whether the guest's own accesses come through here, so that rights of pages can be kept. */
  trapped = true;

  add(range: RamRange): void {
    this.#ranges.push(range);
    this.#ranges.sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  get ranges(): readonly RamRange[] {
    return this.#ranges;
  }

  /** The range that holds all of [address, address + length). */
  find(address: bigint, length: number): RamRange | undefined {
    return this.#ranges.find(
      (range) => address >= range.start && address + BigInt(length) <= range.start + BigInt(range.bytes.length),
    );
  }

  /** Whether all bytes are RAM or ROM, whatever the rights. */
  holds(address: bigint, length: number): boolean {
    return this.#pieces(address, length) !== undefined;
  }

  /** GRF_PASS_* of all pages of a stretch within one range. */
  rightsOf(range: RamRange, address: bigint, length: number): number {
    return this.rights.of(range, address, length, usualRights(range));
  }

  /** Changes rights of pages. @returns false unless it is whole pages of one range */
  setRights(address: bigint, length: bigint, rights: number): boolean {
    const range = this.find(address, Number(length));
    if (range === undefined) return false;
    const page = BigInt(PAGE_BYTES);
    const rangeEnd = range.start + BigInt(range.bytes.length);
    const end = address + length;
    if (address % page !== 0n && address !== range.start) return false;
    if (end % page !== 0n && end !== rangeEnd) return false;
    this.rights.set(range, address, length, rights, usualRights(range));
    return true;
  }

  /** The pages around an address with the same rights. The address is RAM or ROM. */
  runOf(address: bigint): PageRun | undefined {
    const range = this.find(address, 1);
    return range === undefined ? undefined : this.rights.run(range, address, usualRights(range));
  }

  /** Guest bytes as they are now, perhaps live; undefined unless all are RAM or ROM that may be read. */
  load(address: bigint, length: number): Uint8Array | undefined {
    const range = this.find(address, length);
    if (range !== undefined) {
      if (this.rights.any && (this.rightsOf(range, address, length) & GRF_PASS_RD) === 0) return undefined;
      const offset = Number(address - range.start);
      return range.bytes.subarray(offset, offset + length);
    }
    const pieces = this.#pieces(address, length);
    if (pieces === undefined || !this.#allow(pieces, GRF_PASS_RD)) return undefined;
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece.range.bytes.subarray(piece.offset, piece.offset + piece.length), at);
      at += piece.length;
    }
    return bytes;
  }

  /** @returns false, with nothing written, unless all bytes are RAM that may be written */
  store(address: bigint, bytes: Uint8Array): boolean {
    const pieces = this.#pieces(address, bytes.length);
    if (pieces === undefined || !this.#allow(pieces, GRF_PASS_WR)) return false;
    this.#put(pieces, bytes);
    return true;
  }

  /** A copy of guest bytes for a vdev; undefined unless all are RAM or ROM that may be read. */
  read(address: bigint, length: number): Uint8Array | undefined {
    const bytes = this.load(address, length);
    return bytes === undefined ? undefined : this.#fetched(address, bytes, "transfer");
  }

  /** A copy of guest bytes for a mapping, whose rights were looked at when it was made. */
  fetch(range: RamRange, address: bigint, length: number, kind: FetchKind): Uint8Array {
    const offset = Number(address - range.start);
    return this.#fetched(address, range.bytes.subarray(offset, offset + length), kind);
  }

  #fetched(address: bigint, guest: Uint8Array, kind: FetchKind): Uint8Array {
    const bytes = this.source?.(address, guest.length) ?? this.#interposed(address, guest.slice(), kind);
    this.listener?.read(address, bytes);
    return bytes;
  }

  #interposed(address: bigint, bytes: Uint8Array, kind: FetchKind): Uint8Array {
    const { length } = bytes;
    const other = this.interposer?.(address, bytes, kind) ?? bytes;
    if (other.length !== length) throw new Error(`an interposer gave ${other.length} bytes for ${length}`);
    return other;
  }

  /** Writes guest bytes for a vdev. @returns false, with nothing written, unless all are RAM that may be written */
  write(address: bigint, bytes: Uint8Array): boolean {
    if (!this.store(address, bytes)) return false;
    this.listener?.written(address, bytes);
    return true;
  }

  /** Writes guest bytes of a mapping, whose rights were looked at when it was made. */
  writeBack(range: RamRange, address: bigint, bytes: Uint8Array): void {
    const offset = Number(address - range.start);
    range.bytes.set(bytes, offset);
    this.onStored?.(range, offset, bytes.length);
    this.listener?.written(address, bytes);
  }

  /** How many bytes from `address` on are in one range. */
  contiguous(address: bigint): number {
    const range = this.find(address, 1);
    return range === undefined ? 0 : Number(range.start + BigInt(range.bytes.length) - address);
  }

  /** Where the bytes of a stretch are, range by range; undefined when some are nowhere. */
  #pieces(address: bigint, length: number): readonly Piece[] | undefined {
    if (length === 0 && this.find(address, 0) === undefined) return undefined;
    const pieces: Piece[] = [];
    let at = address;
    let left = length;
    while (left > 0) {
      const range = this.find(at, 1);
      if (range === undefined) return undefined;
      const offset = Number(at - range.start);
      const taken = Math.min(left, range.bytes.length - offset);
      pieces.push({ range, offset, length: taken });
      at += BigInt(taken);
      left -= taken;
    }
    return pieces;
  }

  #allow(pieces: readonly Piece[], needed: number): boolean {
    if (!this.rights.any) return needed !== GRF_PASS_WR || pieces.every(({ range }) => range.writable);
    return pieces.every(({ range, offset, length }) => {
      return (this.rightsOf(range, range.start + BigInt(offset), length) & needed) !== 0;
    });
  }

  #put(pieces: readonly Piece[], bytes: Uint8Array): void {
    let at = 0;
    for (const { range, offset, length } of pieces) {
      range.bytes.set(bytes.subarray(at, at + length), offset);
      this.onStored?.(range, offset, length);
      at += length;
    }
  }
}

/** What the guest may do with RAM, and with ROM, that nobody has changed. */
function usualRights(range: RamRange): number {
  return GRF_PASS_RD | GRF_PASS_EX | (range.writable ? GRF_PASS_WR : 0);
}
