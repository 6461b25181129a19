/**
 * The register table of a device: one table from which its code takes every mask, reset value and access class, and its
 * README the register map (`npm run generate`). Its tests compare it, row for row, with what they have of the
 * specification. It is vdevbox's own, no part of the qvm API.
 *
 * A device keeps it in `registers.ts` beside its module, as constants and one flat array that AssemblyScript and
 * TypeScript read alike (no decorators, no functions). The comment above a constant is the meaning in the README:
 *
 *     /** A write sends a character. *\/
 *     export const UARTDR_RW: u32 = 0x000;
 *     export const UARTFR_RO: u32 = 0x018;
 *
 *     export const REGISTERS: StaticArray<u32> = [
 *       // offset  bytes  reset  readable  writable  access
 *       UARTDR_RW, 4,     0,     0xfff,    0xff,     ACCESS_SPECIAL,
 *       UARTFR_RO, 4,     0x90,  0x1ff,    0,        ACCESS_RO,
 *     ];
 */

/** Where a row has what. Every column is one u32. */
export const COLUMN_OFFSET = 0;
/** Bytes the register takes. */
export const COLUMN_BYTES = 1;
/** What a read gets after reset. */
export const COLUMN_RESET = 2;
/** Bits that may ever read as 1. */
export const COLUMN_READABLE = 3;
/** Bits a write can have an effect on. */
export const COLUMN_WRITABLE = 4;
/** One of the ACCESS values. */
export const COLUMN_ACCESS = 5;
/** Numbers in a row. */
export const COLUMNS = 6;

/** Reads give what was written last, in the writable bits; nothing else happens. */
export const ACCESS_RW = 0;
/** Writes change nothing. */
export const ACCESS_RO = 1;
/** Writes have an effect; reads give the reset value. */
export const ACCESS_WO = 2;
/** A written 1 clears the bit, a 0 leaves it. */
export const ACCESS_W1C = 3;
/** Reading or writing does more than that; the README says what. */
export const ACCESS_SPECIAL = 4;
