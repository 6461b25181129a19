import type { ModuleInstance } from "../sandbox/instance.ts";
import type { DoubleFetch } from "./fetches.ts";

/** What one callback got for a guest byte, and who got it. */
interface Loaded {
  readonly value: number;
  readonly by: () => string;
}

interface Callback {
  readonly instance: ModuleInstance;
  readonly bytes: Map<bigint, Loaded>;
}

/** Bytes that are remembered of all callbacks in progress; those of the oldest callbacks go first. */
const LIMIT_BYTES = 1 << 16;

/**
 * The guest bytes that callbacks in progress have loaded, one by one: where every load of a module is seen, that is what
 * Fetches is where only calls are.
 */
export class LoadedBytes {
  readonly #callbacks = new Map<number, Callback>();
  #count = 0;

  /**
   * A callback gets bytes of the guest.
   * @param by what got them, for words: asked only when it matters
   * @returns the first byte that it had got before with another value
   */
  note(
    callback: number,
    instance: ModuleInstance,
    address: bigint,
    bytes: Uint8Array,
    by: () => string,
  ): DoubleFetch | undefined {
    const known = this.#of(callback, instance);
    let found: DoubleFetch | undefined;
    for (const [i, value] of bytes.entries()) {
      const at = address + BigInt(i);
      const earlier = known.get(at);
      if (earlier?.value === value) continue;
      if (earlier === undefined) this.#count++;
      else found ??= { address: at, before: earlier.value, after: value, by: earlier.by() };
      known.set(at, { value, by });
    }
    return found;
  }

  #of(callback: number, instance: ModuleInstance): Map<bigint, Loaded> {
    for (const [oldest, { bytes }] of this.#callbacks) {
      if (this.#count <= LIMIT_BYTES || oldest === callback) break;
      this.#count -= bytes.size;
      this.#callbacks.delete(oldest);
    }
    let known = this.#callbacks.get(callback);
    if (known === undefined) {
      known = { instance, bytes: new Map() };
      this.#callbacks.set(callback, known);
    }
    return known.bytes;
  }

  /** Whether a callback has got this byte, and nobody's write made it known since. */
  has(callback: number, address: bigint): boolean {
    return this.#callbacks.get(callback)?.bytes.has(address) === true;
  }

  /** A vdev wrote guest bytes: what it gets of them next is what it knows. */
  written(instance: ModuleInstance, address: bigint, length: number): void {
    for (const callback of this.#callbacks.values()) {
      if (callback.instance !== instance) continue;
      for (let i = 0; i < length; i++) if (callback.bytes.delete(address + BigInt(i))) this.#count--;
    }
  }

  /** No callback is in progress. */
  clear(): void {
    this.#callbacks.clear();
    this.#count = 0;
  }
}
