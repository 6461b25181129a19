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
 * The guest's own memory. A script guest's is made here; a ROM guest's is the emulator's own array. Everything that
 * reaches guest memory on a vdev's behalf (windows, guest_cpu_read of QST_MEMORY) goes through `read` and `write`, so
 * that it can be recorded; the guest's own accesses use `view`.
 */
export class GuestRam {
  #ranges: RamRange[] = [];
  listener: RamListener | undefined;
  source: RamSource | undefined;

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

  /** Guest bytes as they are now; undefined unless all are RAM or ROM. The view is live, not a copy. */
  view(address: bigint, length: number): Uint8Array | undefined {
    const range = this.find(address, length);
    if (range === undefined) return undefined;
    const offset = Number(address - range.start);
    return range.bytes.subarray(offset, offset + length);
  }

  /** A copy of guest bytes for a vdev; undefined unless all are RAM or ROM. */
  read(address: bigint, length: number): Uint8Array | undefined {
    const view = this.view(address, length);
    if (view === undefined) return undefined;
    const bytes = this.source?.(address, length) ?? view.slice();
    this.listener?.read(address, bytes);
    return bytes;
  }

  /** Writes guest bytes for a vdev. @returns false unless all are RAM */
  write(address: bigint, bytes: Uint8Array): boolean {
    if (this.find(address, bytes.length)?.writable !== true) return false;
    this.view(address, bytes.length)!.set(bytes);
    this.listener?.written(address, bytes);
    return true;
  }

  /** How many bytes from `address` on are in one range. */
  contiguous(address: bigint): number {
    const range = this.find(address, 1);
    return range === undefined ? 0 : Number(range.start + BigInt(range.bytes.length) - address);
  }
}
