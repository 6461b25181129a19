/** The two address spaces of an x86 guest. */
export type Space = "memory" | "io";

/**
 * What became of one guest access.
 *
 * - `done`: a read's value stands in `valueLo`/`valueHi`.
 * - `busError`: nobody answered, or the vdev refused. The guest sees what its platform shows for that; the x86 guests
 *   read all ones and lose the write, as a PC does.
 * - `stop`: the run ends here; the guest executes nothing more.
 * - `noAdvance`: the instruction is executed again.
 */
export const AccessStatus = { done: 0, busError: 1, stop: 2, noAdvance: 3 } as const;
export type AccessStatus = (typeof AccessStatus)[keyof typeof AccessStatus];

/** Width of one guest access in bytes. */
export type AccessWidth = 1 | 2 | 4 | 8;

/**
 * A guest access as the VM sees it: one call for one access, with the width the guest's instruction had.
 * Addresses and values are unsigned 32-bit halves; bits above the width are zero.
 */
export interface GuestBus {
  read(space: Space, addressLo: number, addressHi: number, width: AccessWidth, vcpu: number): AccessStatus;
  write(
    space: Space,
    addressLo: number,
    addressHi: number,
    width: AccessWidth,
    valueLo: number,
    valueHi: number,
    vcpu: number,
  ): AccessStatus;
  /** Low half of what the last `read` that returned `done` got. */
  readonly valueLo: number;
  /** High half of the same; only an 8-byte read sets it. */
  readonly valueHi: number;
}
