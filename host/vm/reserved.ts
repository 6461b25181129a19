import type { PassItem, ReservedLocation, ReserveItem } from "../config/vm-config.ts";
import type { GuestRam } from "../memory/guest-ram.ts";
import type { Reservations } from "../memory/reservations.ts";
import { numberOfFunction } from "./pci-functions.ts";

/** Addresses or ports nobody is given by the host. */
export interface ReservedRange {
  readonly start: bigint;
  /** First address behind it. */
  readonly end: bigint;
}

/**
 * What the host chooses for nobody: `reserve` of the configuration (qvm's page `reserve`). What the configuration or a
 * vdev names itself may be there all the same.
 */
export interface ReservedPlan {
  /** Ascending and apart, as `io`. */
  readonly memory: readonly ReservedRange[];
  readonly io: readonly ReservedRange[];
  /** Numbers of PCI functions. */
  readonly functions: readonly number[];
  /** Numbers of guest interrupts, whichever controller has them: the page knows no other form. */
  readonly lines: ReadonlySet<number>;
}

export const NOTHING_RESERVED: ReservedPlan = { memory: [], io: [], functions: [], lines: new Set() };

/** What the `reserve` options of a configuration say together. */
export function reservedOf(items: readonly ReserveItem[]): ReservedPlan {
  const locs = items.flatMap((item) => item.locs);
  return {
    memory: merged(locs, "memory"),
    io: merged(locs, "io"),
    functions: locs.flatMap((loc) => (loc.space === "pci" ? [numberOfFunction(loc.pci)] : [])),
    lines: new Set(items.flatMap(({ intr }) => intr.map(({ value }) => value))),
  };
}

/** What is passed through is given to nobody else: its places, and its interrupts by number. */
export function reservesOfPasses(passes: readonly PassItem[]): ReserveItem[] {
  return passes.map(({ place, locs, intr }) => ({
    place,
    locs: locs.flatMap((loc): ReservedLocation[] => {
      if (loc.space !== "pci")
        return [{ space: loc.space, address: loc.address, length: loc.length, place: loc.place }];
      return loc.pci.by === "function" ? [{ space: "pci", pci: loc.pci, place: loc.place }] : [];
    }),
    intr: intr.flatMap(({ line, place: at }) => (typeof line === "number" ? [{ value: line, place: at }] : [])),
  }));
}

function merged(locs: readonly ReservedLocation[], space: "memory" | "io"): ReservedRange[] {
  const ranges = locs
    .flatMap((loc) => (loc.space === space ? [{ start: loc.address, end: loc.address + loc.length }] : []))
    .sort((a, b) => (a.start < b.start ? -1 : 1));
  const apart: ReservedRange[] = [];
  for (const range of ranges) {
    const last = apart.at(-1);
    if (last === undefined || last.end < range.start) apart.push(range);
    else apart[apart.length - 1] = { start: last.start, end: last.end > range.end ? last.end : range.end };
  }
  return apart;
}

/**
 * The lowest place of `size` bytes that meets none of `ranges`.
 * @param find the lowest place from an address on, as far as the rest is concerned
 */
export function findUnreserved(
  ranges: readonly ReservedRange[],
  size: bigint,
  first: bigint,
  find: (first: bigint) => bigint | undefined,
): bigint | undefined {
  let found = find(first);
  for (const { start, end } of ranges) {
    if (found === undefined) return undefined;
    if (found < end && start < found + size) found = find(end);
  }
  return found;
}

/** Keeps vdevs that ask for any free guest memory off what is reserved in it: a table the guest expects there. */
export function reserveRam(ranges: readonly ReservedRange[], ram: GuestRam, reservations: Reservations): void {
  for (const { start, end } of ranges) {
    for (const range of ram.ranges) {
      const low = start > range.start ? start : range.start;
      const rangeEnd = range.start + BigInt(range.bytes.length);
      const high = end < rangeEnd ? end : rangeEnd;
      if (low < high) reservations.reserve(low, high - low);
    }
  }
}
