/**
 * Guest address space as a list of bytes, written from docs/address-space.md alone: each byte is nobody's, memory with
 * rights, or of one region. An access is done when all its bytes are memory that allows it, or all are of one region
 * that takes it; else nothing happens and the guest gets a bus error.
 */

export interface ModelRegion {
  readonly cookie: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

type Byte = { kind: "memory"; value: number; read: boolean; write: boolean } | { kind: "region"; region: ModelRegion };

/** What an access comes to: a value for a read that is done. */
export type ModelOutcome = { readonly done: true; readonly value: bigint } | { readonly done: false };

const REFUSED: ModelOutcome = { done: false };

export class ByteModel {
  readonly #bytes = new Map<bigint, Byte>();
  readonly #size: bigint;

  /** @param size addresses the space has */
  constructor(size: bigint) {
    this.#size = size;
  }

  memory(start: bigint, length: bigint, read: boolean, write: boolean): void {
    for (let at = start; at < start + length; at++) {
      const old = this.#bytes.get(at);
      this.#bytes.set(at, { kind: "memory", value: old?.kind === "memory" ? old.value : 0, read, write });
    }
  }

  isFree(start: bigint, length: bigint): boolean {
    if (length <= 0n || start + length > this.#size) return false;
    for (let at = start; at < start + length; at++) if (this.#bytes.has(at)) return false;
    return true;
  }

  claim(start: bigint, length: bigint, region: ModelRegion): void {
    for (let at = start; at < start + length; at++) this.#bytes.set(at, { kind: "region", region });
  }

  release(start: bigint, length: bigint): void {
    for (let at = start; at < start + length; at++) this.#bytes.delete(at);
  }

  read(address: bigint, width: number): ModelOutcome {
    const bytes = this.#at(address, width);
    const first = bytes[0];
    if (first?.kind === "region") {
      const one = bytes.every((byte) => byte?.kind === "region" && byte.region === first.region);
      return one && first.region.reads ? { done: true, value: answerOf(first.region, address, width) } : REFUSED;
    }
    let value = 0n;
    for (const [i, byte] of bytes.entries()) {
      if (byte?.kind !== "memory" || !byte.read) return REFUSED;
      value |= BigInt(byte.value) << BigInt(8 * i);
    }
    return { done: true, value };
  }

  write(address: bigint, width: number, value: bigint): ModelOutcome {
    const bytes = this.#at(address, width);
    const first = bytes[0];
    if (first?.kind === "region") {
      const one = bytes.every((byte) => byte?.kind === "region" && byte.region === first.region);
      return one && first.region.writes ? { done: true, value } : REFUSED;
    }
    if (!bytes.every((byte) => byte?.kind === "memory" && byte.write)) return REFUSED;
    for (const [i, byte] of bytes.entries()) {
      if (byte?.kind === "memory") byte.value = Number((value >> BigInt(8 * i)) & 0xffn);
    }
    return { done: true, value };
  }

  #at(address: bigint, width: number): (Byte | undefined)[] {
    return Array.from({ length: width }, (_, i) => this.#bytes.get(address + BigInt(i)));
  }
}

/** What the test's device answers: the low half of the address, and above it the region's cookie. */
function answerOf(region: ModelRegion, address: bigint, width: number): bigint {
  return BigInt.asUintN(8 * width, (BigInt(region.cookie) << 32n) | (address & 0xffffffffn));
}
