import type { AccessWidth } from "../bus.ts";
import { FAR_POINTER_BYTES, FLOAT80_BYTES } from "./access-width.ts";

/**
 * Where joined accesses go. `read` leaves its result in `valueLo`/`valueHi`.
 * Here and in the joiner, addresses and value halves are the low 32 bits as signed integers: numbers above 2^31 are
 * boxed by the engine when they pass from function to function, and this is the path of every trap.
 */
export interface AccessTarget {
  read(address: number, width: AccessWidth): void;
  write(address: number, width: AccessWidth, lo: number, hi: number): void;
  valueLo: number;
  valueHi: number;
}

/** What the joiner asks the processor about the instruction in progress. */
export interface InstructionView {
  /** Linear address of the instruction in progress. */
  readonly address: number;
  /** Width in bytes of its memory operand, as `operandWidth` of access-width.ts tells it. */
  readonly operandWidth: number;
  /** Whether its operand is known to be at most 4 bytes, without a closer look. */
  readonly isNarrow: boolean;
  /** Whether `address` and the `bytes - 1` bytes after it are all trapped and physically in a row. */
  isOneRange(address: number, bytes: number): boolean;
}

const PAGE_BYTES = 0x1000;

/** Width of the first bus access an operand of this many bytes makes. */
function headWidth(operandBytes: number): AccessWidth {
  if (operandBytes === FAR_POINTER_BYTES) return 4;
  if (operandBytes === FLOAT80_BYTES || operandBytes === 16) return 8;
  return operandBytes as AccessWidth;
}

/**
 * Makes one access again of the pieces an emulator cuts it into.
 *
 * A read is done whole at its first piece, and the rest is served from what it brought; a write is kept until its last
 * piece came. All pieces come within one instruction, in rising order and with nothing between them.
 *
 * What the emulator cuts (v86, interpreter):
 *
 * | access | inside a page | over a page end |
 * |---|---|---|
 * | 16-bit read | 2 bytes | 2 bytes |
 * | 32-bit read | whole | 4 bytes |
 * | 64-bit read | 2 double words | double words or bytes |
 * | 128-bit read | 4 double words | double words or bytes |
 * | 16-bit and 32-bit write | whole | bytes |
 * | 64-bit write | whole (two halves) | double words or bytes |
 *
 * A 128-bit access goes to the bus as two of 64 bits, an 80-bit one as 64 and 16 bits. Not joined: an access that
 * begins or ends in RAM, and, with paging on, one over a page end (its two pages need not be neighbours).
 */
export class AccessJoiner {
  #instruction!: InstructionView;
  readonly #target: AccessTarget;

  /** What is left of a read done whole: `#restBytes` bytes for `#restAddress`, of the instruction at `#restOwner`. */
  #restBytes = 0;
  #restAddress = 0;
  #restOwner = 0;
  #restLo = 0;
  #restHi = 0;

  /** Bytes still to come one by one of a read that cannot be joined, of the instruction at `#restOwner`. */
  #looseBytes = 0;

  /** Pieces of a write that has not come whole yet. */
  readonly #pieces = new Uint8Array(8);
  readonly #view = new DataView(this.#pieces.buffer);
  #pieceCount = 0;
  #piecesWanted = 0;
  #pieceStart = 0;

  constructor(target: AccessTarget) {
    this.#target = target;
  }

  /** Says which processor makes the accesses; before the first of them. */
  watch(instruction: InstructionView): void {
    this.#instruction = instruction;
  }

  /** One read of `bytes` as the emulator makes it; returns the value of these bytes. */
  read(address: number, bytes: 1 | 4): number {
    if (this.#restBytes !== 0) {
      if (this.#restAddress === address && this.#restBytes >= bytes && this.#restOwner === this.#instruction.address) {
        return this.#takeRest(bytes);
      }
      this.#restBytes = 0;
    }
    if (this.#looseBytes !== 0) {
      const isLoose = this.#restOwner === this.#instruction.address;
      this.#looseBytes = isLoose ? this.#looseBytes - bytes : 0;
      if (isLoose) {
        this.#target.read(address, bytes);
        return this.#target.valueLo;
      }
    }
    const width = this.#readWidth(address, bytes);
    this.#target.read(address, width);
    const lo = this.#target.valueLo;
    if (width === bytes) return lo;
    this.#restOwner = this.#instruction.address;
    this.#restAddress = address;
    this.#restBytes = width;
    this.#restLo = lo;
    this.#restHi = width === 8 ? this.#target.valueHi : 0;
    return this.#takeRest(bytes);
  }

  /** One write as the emulator makes it. 128-bit writes come here as two of 8 bytes. */
  write(address: number, bytes: AccessWidth, lo: number, hi: number): void {
    if (this.#pieceCount !== 0) {
      if (address === ((this.#pieceStart + this.#pieceCount) | 0)) {
        this.#addPiece(bytes, lo);
        return;
      }
      this.#pieceCount = 0;
    }
    const offset = address & (PAGE_BYTES - 1);
    if (bytes !== 8 && offset > PAGE_BYTES - 8) {
      const width = headWidth(this.#instruction.operandWidth);
      if (width > bytes && offset + width > PAGE_BYTES && this.#instruction.isOneRange(address, width)) {
        this.#pieceStart = address;
        this.#piecesWanted = width;
        this.#addPiece(bytes, lo);
        return;
      }
    }
    this.#target.write(address, bytes, lo, hi);
  }

  #readWidth(address: number, bytes: 1 | 4): AccessWidth {
    if (bytes === 4 && this.#instruction.isNarrow) return 4;
    const operand = this.#instruction.operandWidth;
    const head = headWidth(operand);
    if (head <= bytes) return bytes;
    if (bytes === 1 && head > 2 && (address & (PAGE_BYTES - 1)) + head <= PAGE_BYTES) {
      // Inside a page only the word behind a wide head comes as bytes.
      return operand !== head && operand < 16 ? 2 : 1;
    }
    if (this.#instruction.isOneRange(address, head)) return head;
    this.#restOwner = this.#instruction.address;
    this.#looseBytes = head - bytes;
    return bytes;
  }

  #takeRest(bytes: 1 | 4): number {
    this.#restBytes -= bytes;
    this.#restAddress = (this.#restAddress + bytes) | 0;
    const value = this.#restLo;
    if (bytes === 4) {
      this.#restLo = this.#restHi;
      return value;
    }
    this.#restLo = (this.#restLo >>> 8) | (this.#restHi << 24);
    this.#restHi >>>= 8;
    return value & 0xff;
  }

  #addPiece(bytes: AccessWidth, lo: number): void {
    for (let i = 0; i < bytes; i++) this.#pieces[this.#pieceCount++] = lo >>> (8 * i);
    if (this.#pieceCount < this.#piecesWanted) return;
    const width = this.#piecesWanted as AccessWidth;
    const hi = width === 8 ? this.#view.getInt32(4, true) : 0;
    const whole = width === 2 ? this.#view.getUint16(0, true) : this.#view.getInt32(0, true);
    this.#pieceCount = 0;
    this.#target.write(this.#pieceStart, width, whole, hi);
  }
}
