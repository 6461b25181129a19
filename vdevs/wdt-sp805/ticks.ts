/**
 * Ticks of the watchdog's clock and cycles of the guest's, exactly: nothing is rounded on the way, so a count never
 * drifts. Both clocks are below 2^32 Hz, which `ticks_fit` checks; a count takes at most 2^33 ticks.
 */

/** Whether the longest wait, two counts from 0xFFFFFFFF, fits 64 bits of cycles. */
export function ticks_fit(frequency: u32, resolution: u64): bool {
  return resolution <= u32.MAX_VALUE && resolution / frequency < (1 << 31);
}

/**
 * Ticks that lie within so many cycles.
 * @param frequency  ticks a second, not 0
 * @param resolution cycles a second
 */
export function ticks_within(cycles: u64, frequency: u32, resolution: u64): u64 {
  return (cycles / resolution) * frequency + ((cycles % resolution) * frequency) / resolution;
}

/** Cycles until so many ticks have passed: the least number whose `ticks_within` is not below. */
export function cycles_until(ticks: u64, frequency: u32, resolution: u64): u64 {
  return (ticks / frequency) * resolution + ((ticks % frequency) * resolution + frequency - 1) / frequency;
}
