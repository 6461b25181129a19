/** What one mc146818 remembers, and its bytes as numbers. */
import { guest_timer_t } from "vdevbox/abi/types";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { B_24H, B_DM, B_RW, HOURS_PM, MC146818_BYTES } from "./registers";

/**
 * From GUEST_CONFIGURED on it is touched while v_mtx is held only. Times are cycles of the guest's clock plus one
 * second, so that nothing of interest lies before 0.
 */
@unmanaged
export class mc146818_state {
  /** What the index port selects. */
  index: u32;
  /** PF, AF and UF of register C. */
  flags: u32;
  /** Bits of the index that count: 64 or 128 bytes (option bytes). */
  index_mask: u32;
  /** The divider runs; then update cycles begin at `anchor` and every second after it. */
  runs: bool;
  anchor: u64;
  /** Update cycles and edges of the periodic interrupt since `anchor` that were dealt with. */
  updates: u64;
  edges: u64;
  /** The hour that October has twice has passed once (daylight saving). */
  hour_repeated: bool;
  /** Whether the interrupt line is high. */
  line: bool;

  timer: guest_timer_t;
  /** What the timer is armed for; 0 when it is not. */
  alarm: u64;
  /** Cycles of the guest's clock in a second. */
  second: u64;
  /** The time at power-on in seconds since 1970: option start, or the time of day. */
  start: u64;
  has_start: bool;

  /** Guest misuse, for the status report. */
  misused_access: u32;
  misused_width: u32;
  misused_divider: u32;
}

/** Bytes of one vdev's own: the state, and behind it the 128 bytes of the chip as the guest sees them. */
export const MC146818_SPACE: u32 = <u32>offsetof<mc146818_state>() + MC146818_BYTES;

// @ts-ignore: decorator
@inline
export function state_of(vdp: vdev_t): mc146818_state {
  return changetype<mc146818_state>(vdp.v_device);
}

export function byte_at(state: mc146818_state, index: u32): u32 {
  return load<u8>(changetype<usize>(state) + offsetof<mc146818_state>() + index);
}

export function set_byte(state: mc146818_state, index: u32, value: u32): void {
  store<u8>(changetype<usize>(state) + offsetof<mc146818_state>() + index, <u8>value);
}

export function b_has(state: mc146818_state, bit: u32): bool {
  return (byte_at(state, B_RW) & bit) != 0;
}

// ------------------------------------------------------------------------------------------------------------ formats

/** A number as the chip writes it: BCD, or binary with DM. */
export function encoded(state: mc146818_state, value: u32): u32 {
  return b_has(state, B_DM) ? value : ((value / 10) << 4) | (value % 10);
}

function decoded(state: mc146818_state, byte: u32): u32 {
  return b_has(state, B_DM) ? byte : (byte >>> 4) * 10 + (byte & 0xf);
}

export function number_at(state: mc146818_state, index: u32): u32 {
  return decoded(state, byte_at(state, index));
}

export function set_number(state: mc146818_state, index: u32, value: u32): void {
  set_byte(state, index, encoded(state, value));
}

/** An hour, 0 to 23, as the chip writes it: in 12-hour mode 12, 1 ... 11, with HOURS_PM from noon on. */
export function encoded_hour(state: mc146818_state, hour: u32): u32 {
  if (b_has(state, B_24H)) return encoded(state, hour);
  return encoded(state, hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? HOURS_PM : 0);
}

export function decoded_hour(state: mc146818_state, byte: u32): u32 {
  if (b_has(state, B_24H)) return decoded(state, byte);
  return (decoded(state, byte & ~HOURS_PM) % 12) + ((byte & HOURS_PM) != 0 ? 12 : 0);
}
