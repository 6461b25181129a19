import type { AccessWidth } from "../../../host/guests/bus.ts";
import type { Vm } from "../../../host/vm/vm.ts";
import { DEVICE_ADDRESS } from "./devices.ts";

/** Values that checks of bounds and state machines get wrong, beside small ones and any. */
const EDGES = [0, 1, 2, 3, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
const WIDTHS: readonly AccessWidth[] = [1, 2, 4, 8];
/** Where devices are told to look for guest memory. */
const PAGE = 0x1000;

/** The 32-bit generator of Marsaglia, "Xorshift RNGs": the same numbers for a seed everywhere. */
export function numbersOf(seed: number): () => number {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/**
 * A guest that knows nothing of its device: aligned accesses of every width from two vCPUs, guest memory that changes, and
 * time that goes on.
 */
export function actAtRandom(vm: Vm, size: number, seed: number, accesses: number): void {
  const next = numbersOf(seed);
  for (let i = 0; i < accesses && vm.ended === undefined; i++) {
    const width = WIDTHS[next() % 4]!;
    const at = next() % 8 === 0 ? PAGE + (next() % 64) * 8 : DEVICE_ADDRESS + ((next() % size) & -width);
    const kind = next() % 16;
    if (kind === 0) vm.clockStep(BigInt(next() % 100_000));
    else if (kind < 6) vm.read("memory", at, 0, width, next() & 1);
    else vm.write("memory", at, 0, width, anyValue(next), next() % 4 === 0 ? anyValue(next) : 0, next() & 1);
  }
}

function anyValue(next: () => number): number {
  const kind = next() % 4;
  if (kind === 0) return next();
  if (kind === 1) return PAGE + (next() % 512);
  return kind === 2 ? next() % 20 : EDGES[next() % EDGES.length]!;
}
