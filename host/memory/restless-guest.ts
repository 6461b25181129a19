import type { RamInterposer } from "./guest-ram.ts";

/**
 * A guest that writes its memory while a vdev reads it: of the bytes a callback gets a second time, about half are other
 * ones. What a callback gets first is the guest's own, so a vdev that fetches everything once sees nothing of it.
 * The same seed changes the same bytes of the same trap to the same values.
 * @param hasFetched whether the callback in progress has got a byte before
 * @param trap number of the guest's access in progress
 */
export function restlessGuest(
  seed: number,
  hasFetched: (address: bigint) => boolean,
  trap: () => number,
): RamInterposer {
  return (address, bytes, kind) => {
    // Nothing is read of a mapping that is made or renewed: loads in it are told of one by one.
    if (kind !== "load" && kind !== "transfer") return undefined;
    return bytes.map((byte, i) => {
      const at = address + BigInt(i);
      if (!hasFetched(at)) return byte;
      const drawn = mixed(seed, trap(), Number(BigInt.asUintN(32, at)));
      return (drawn & 1) === 0 ? byte : byte ^ Math.max(1, (drawn >>> 8) & 0xff);
    });
  };
}

/** A number that looks random, of three (the finalizer of MurmurHash3, which is in the public domain, after each). */
function mixed(...parts: number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    hash ^= part >>> 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}
