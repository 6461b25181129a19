import type { ModuleInstance } from "../sandbox/instance.ts";

/** A guest byte that one callback fetched twice and got two values for. */
export interface DoubleFetch {
  readonly address: bigint;
  readonly before: number;
  readonly after: number;
  /** What had fetched it before, in words: a function, or a load with its place. */
  readonly by: string;
}

interface Fetch {
  readonly callback: number;
  readonly instance: ModuleInstance;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly by: string;
}

/** Fetches of one callback that are remembered, and the bytes they may have; the oldest go first. */
const LIMIT_FETCHES = 64;
const LIMIT_BYTES = 1 << 18;

/**
 * What callbacks in progress have read of guest memory so far: mappings made for reading and transfers of
 * guest_cpu_read(). A guest may write its memory at any time. A vdev that reads a byte twice in one callback may
 * therefore check one value and use another; when it really gets two, that is a double fetch. Bytes it wrote itself in
 * between are as it wrote them, and what it reads in another callback is another question.
 */
export class Fetches {
  #fetches: Fetch[] = [];
  #bytes = 0;

  /**
   * A call fetches bytes. `bytes` is kept.
   * @param callback names the callback in progress, see Activation.id
   */
  note(
    callback: number,
    instance: ModuleInstance,
    address: bigint,
    bytes: Uint8Array,
    by: string,
  ): DoubleFetch | undefined {
    let found: DoubleFetch | undefined;
    let known = false;
    for (const earlier of this.#fetches) {
      if (earlier.callback !== callback || earlier.instance !== instance) continue;
      found ??= changedByte(earlier.address, earlier.bytes, earlier.by, address, bytes);
      known ||= earlier.address === address && earlier.bytes.length === bytes.length;
    }
    // Nothing new, however often a callback fetches it.
    if (known && found === undefined) return undefined;
    this.#fetches.push({ callback, instance, address, bytes, by });
    this.#bytes += bytes.length;
    while (this.#fetches.length > LIMIT_FETCHES || (this.#bytes > LIMIT_BYTES && this.#fetches.length > 1)) {
      this.#bytes -= this.#fetches.shift()!.bytes.length;
    }
    return found;
  }

  /** A vdev wrote guest memory: it knows these values. */
  written(instance: ModuleInstance, address: bigint, bytes: Uint8Array): void {
    for (const fetch of this.#fetches) {
      if (fetch.instance !== instance) continue;
      const from = address > fetch.address ? address : fetch.address;
      const end = minimum(address + BigInt(bytes.length), fetch.address + BigInt(fetch.bytes.length));
      if (from >= end) continue;
      fetch.bytes.set(bytes.subarray(Number(from - address), Number(end - address)), Number(from - fetch.address));
    }
  }

  /** No callback is in progress. */
  clear(): void {
    if (this.#fetches.length === 0) return;
    this.#fetches = [];
    this.#bytes = 0;
  }
}

/** The first byte that two fetches share and that differs. */
export function changedByte(
  earlierAt: bigint,
  earlier: Uint8Array,
  by: string,
  laterAt: bigint,
  later: Uint8Array,
): DoubleFetch | undefined {
  const from = earlierAt > laterAt ? earlierAt : laterAt;
  const end = minimum(earlierAt + BigInt(earlier.length), laterAt + BigInt(later.length));
  if (from >= end) return undefined;
  const length = Number(end - from);
  const a = Number(from - earlierAt);
  const b = Number(from - laterAt);
  if (Buffer.compare(earlier.subarray(a, a + length), later.subarray(b, b + length)) === 0) return undefined;
  for (let i = 0; i < length; i++) {
    if (earlier[a + i] === later[b + i]) continue;
    return { address: from + BigInt(i), before: earlier[a + i]!, after: later[b + i]!, by };
  }
  return undefined;
}

function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
