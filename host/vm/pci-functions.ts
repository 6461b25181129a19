import type { PciFunction } from "../config/vm-config.ts";

/** Bits of QST_PCI's location below the function's number: its configuration space. The encoding is ours. */
const OFFSET_BITS = 12n;
/** 256 buses of 32 devices of 8 functions. */
const FUNCTIONS = 0x10000;
const FUNCTIONS_PER_DEVICE = 8;

/** v_block.location of a PCI function, given its number: bus << 8 | device << 3 | function. */
export function locationOfFunction(number: number): bigint {
  return BigInt(number) << OFFSET_BITS;
}

/** Number of the function a QST_PCI location is in. */
export function functionOf(location: bigint): number {
  return Number((location >> OFFSET_BITS) & 0xffffn);
}

/** `pci:0:3.0` */
export function formatFunction(number: number): string {
  return `pci:${number >> 8}:${(number >> 3) & 31}.${number & 7}`;
}

/** The number of a function at its place on a bus. */
export function numberOfFunction({ bus, device, function: func }: PciFunction): number {
  return (bus << 8) | (device << 3) | func;
}

/** Function 0 of the lowest device that has no function yet. Device 0 of bus 0 is the host bridge's. */
export function firstFreeFunction(taken: Iterable<number>): number | undefined {
  const used = new Set([...taken].map((number) => Math.floor(number / FUNCTIONS_PER_DEVICE)));
  for (let device = 1; device < FUNCTIONS / FUNCTIONS_PER_DEVICE; device++) {
    if (!used.has(device)) return device * FUNCTIONS_PER_DEVICE;
  }
  return undefined;
}
