import { UserError } from "../../errors.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An offset as V8 prints it. */
export function hex(offset: number): string {
  return `0x${offset.toString(16)}`;
}

/** The one error every malformed or unsupported module ends in. */
export function malformed(offset: number, what: string): UserError {
  return new UserError(`The WebAssembly module is malformed at byte ${hex(offset)}: ${what}; build it again.`);
}

/**
 * Reads WebAssembly's primitive encodings from a byte range. Offsets are those of the whole file.
 * Every read is bounded by `end`; the only error thrown is a UserError.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = start;
    this.end = Math.min(end, bytes.length);
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  fail(what: string, offset = this.offset): never {
    throw malformed(offset, what);
  }

  u8(): number {
    if (this.offset >= this.end) this.fail("a byte was expected, but the section or function body ends here");
    return this.bytes[this.offset++];
  }

  skip(count: number): void {
    if (count > this.remaining) this.fail(`${count} bytes were expected, but ${this.remaining} are left`);
    this.offset += count;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) this.fail("a number does not fit 32 bits", this.offset - 1);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return this.fail("a number is longer than 5 bytes");
  }

  /** Signed LEB128 of at most `bits` (32 or 33) bits. */
  signed(bits: 32 | 33): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      const result = byte & 0x40 ? value - 2 ** (shift + 7) : value;
      const limit = 2 ** (bits - 1);
      if (result < -limit || result >= limit) this.fail(`a number does not fit ${bits} bits`, this.offset - 1);
      return result;
    }
    return this.fail("a number is longer than 5 bytes");
  }

  /** Steps over a signed LEB128 of at most 64 bits. */
  skipS64(): void {
    for (let count = 0; count < 10; count++) {
      if (this.u8() < 0x80) return;
    }
    this.fail("a number is longer than 10 bytes");
  }

  /** The element count of a vector, each element of which takes at least `minimumBytes`. */
  count(what: string, minimumBytes = 1): number {
    const at = this.offset;
    const count = this.u32();
    if (count * minimumBytes > this.remaining) {
      this.fail(`${count} ${what} are announced, but only ${this.remaining} bytes follow`, at);
    }
    return count;
  }

  /** A length-prefixed UTF-8 string. */
  name(): string {
    const length = this.count("bytes of a name");
    const start = this.offset;
    this.skip(length);
    try {
      return UTF8.decode(this.bytes.subarray(start, start + length));
    } catch {
      return this.fail("a name is not UTF-8", start);
    }
  }
}
