/**
 * What there may be to do beside a guest access. Each is a bit of `Vm.attention`, which is 0 for most accesses: so that
 * they look at one number instead of asking everybody.
 */
export const ATTENTION = {
  /** Accesses take time, and nobody is told of them. The lowest bit: alone it is 1, and with another more. */
  time: 1,
  /** The VM has ended. */
  ended: 2,
  /** Guest memory is mapped into a module: it is brought up to date before an access and written back behind it. */
  windows: 4,
  /** A lock is held, which a callback must not leave behind. */
  locks: 8,
  /** Accesses are told to a listener, or leave pulses to deliver. */
  watched: 16,
} as const;
