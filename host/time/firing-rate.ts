/** A timer that fires more often than this many times in that much virtual time leaves no time for anything else. */
export const BURST = 1000;
export const BURST_NS = 1_000_000n;

/** How often something fired lately: what tells a timer armed for no time at all, which would fire for ever. */
export interface FiringRate {
  /** Times it fired since `burstNs`. */
  burst: number;
  burstNs: bigint;
}

/** Counts one firing. @returns whether more than BURST came within BURST_NS */
export function countFiring(rate: FiringRate, nowNs: bigint): boolean {
  rate.burst++;
  if (rate.burst <= BURST) return false;
  const isTooFast = nowNs - rate.burstNs < BURST_NS;
  rate.burst = 0;
  rate.burstNs = nowNs;
  return isTooFast;
}
