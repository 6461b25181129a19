import { formatHex } from "../guests/script/line-format.ts";
import { HI, isIo, isWrite, LO, META, OPERATION_WORDS, widthOf } from "./program.ts";
import type { FuzzedRegion, Surface } from "./surface.ts";
import { addressOf } from "./target.ts";

/** The region that an access of a program reaches. @param at which operation it is */
export function regionOfAccess({ regions }: Surface, words: Int32Array, at: number): FuzzedRegion | undefined {
  const space = isIo(words[at * OPERATION_WORDS + META]!) ? "io" : "memory";
  const address = addressOfAccess(words, at);
  return regions.find((one) => one.space === space && address >= one.start && address < one.start + BigInt(one.length));
}

export function addressOfAccess(words: Int32Array, at: number): bigint {
  return addressOf(words[at * OPERATION_WORDS + LO]!, words[at * OPERATION_WORDS + HI]!);
}

/** `a read of 4 bytes at offset 0x10 of uart`: the same for all accesses of one register, direction and width. */
export function nameOfAccess(surface: Surface, words: Int32Array, at: number): string {
  const meta = words[at * OPERATION_WORDS + META]!;
  const width = widthOf(meta);
  const region = regionOfAccess(surface, words, at);
  const address = addressOfAccess(words, at);
  const where =
    region === undefined ? formatHex(address) : `offset ${formatHex(address - region.start)} of ${region.vdev.name}`;
  return `a ${isWrite(meta) ? "write" : "read"} of ${width === 1 ? "1 byte" : `${width} bytes`} at ${where}`;
}
