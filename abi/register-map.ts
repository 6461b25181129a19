/** Looks up rows of a device's register table (register-table.ts). For authors of vdevs; no part of the qvm API. */
import {
  COLUMN_ACCESS,
  COLUMN_BYTES,
  COLUMN_OFFSET,
  COLUMN_READABLE,
  COLUMN_RESET,
  COLUMN_WRITABLE,
  COLUMNS,
} from "./register-table";

/** A register that starts nowhere: see `register_map.find`. */
export const NO_REGISTER: i32 = -1;

/**
 * Finds the row of an offset without searching. Make one at the top level of the module: it allocates, which is allowed
 * at module start only, and holds no state of any vdev.
 */
export class register_map {
  private index: StaticArray<u8>;

  /**
   * @param table rows of register-table.ts, 255 at most
   * @param size bytes the registers take in the guest
   */
  constructor(
    private table: StaticArray<u32>,
    size: u32,
  ) {
    this.index = new StaticArray<u8>(size);
    for (let row = 0; row * COLUMNS < table.length; row++) {
      const offset = table[row * COLUMNS + COLUMN_OFFSET];
      const bytes = table[row * COLUMNS + COLUMN_BYTES];
      for (let i: u32 = 0; i < bytes; i++) this.index[offset + i] = <u8>(row + 1);
    }
  }

  /** @returns the row whose register has the byte at `offset`; NO_REGISTER where there is none, or beyond the size */
  find(offset: u32): i32 {
    if (offset >= <u32>this.index.length) return NO_REGISTER;
    return <i32>unchecked(this.index[offset]) - 1;
  }

  /** Offset of the row's first byte. */
  offset(row: i32): u32 {
    return unchecked(this.table[row * COLUMNS + COLUMN_OFFSET]);
  }

  reset(row: i32): u32 {
    return unchecked(this.table[row * COLUMNS + COLUMN_RESET]);
  }

  readable(row: i32): u32 {
    return unchecked(this.table[row * COLUMNS + COLUMN_READABLE]);
  }

  writable(row: i32): u32 {
    return unchecked(this.table[row * COLUMNS + COLUMN_WRITABLE]);
  }

  /** One of the ACCESS values. */
  access(row: i32): u32 {
    return unchecked(this.table[row * COLUMNS + COLUMN_ACCESS]);
  }

  /** What the register at this offset reads after reset. Traps where there is none. */
  reset_at(offset: u32): u32 {
    return this.table[this.find(offset) * COLUMNS + COLUMN_RESET];
  }
}
