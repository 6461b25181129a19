/**
 * The PL031 itself: its registers and its clock, as DDI 0224 has them. It knows no qvm; pl031.ts beside it connects it to
 * a guest. The time comes as an argument, in seconds of the guest's clock, and the count is computed from it.
 */
import { register_map } from "vdevbox/abi/register-map";
import { ACCESS_RO, ACCESS_W1C } from "vdevbox/abi/register-table";
import { guest_timer_t } from "vdevbox/abi/types";
import {
  CR_START,
  INT_MATCH,
  PL031_SIZE,
  REGISTERS,
  RTCCR_RW,
  RTCDR_RO,
  RTCIMSC_RW,
  RTCLR_RW,
  RTCMIS_RO,
  RTCMR_RW,
  RTCRIS_RO,
} from "./registers";

/** The register table, by offset. */
export const registers = new register_map(REGISTERS, PL031_SIZE);

/** Seconds from one match to the next while nothing is written: the count wraps. */
const WRAP: u64 = 1 << 32;

// -------------------------------------------------------------------------------------------------------------- state

/** What one vdev remembers, behind v_device. From GUEST_CONFIGURED on it is touched between lock() and unlock() only. */
@unmanaged
export class pl031_state {
  /** The time when the guest's clock had counted `base_second` seconds. */
  base: u32;
  match: u32;
  load: u32;
  /** RTCCR, RTCIMSC and RTCRIS. */
  control: u32;
  mask: u32;
  raw: u32;
  /** Whether the interrupt line is high. */
  line: bool;
  base_second: u64;
  /** Matches up to this second of the guest's clock are in `raw`. */
  seen_second: u64;
  timer: guest_timer_t;
  /** What the timer is armed for, in cycles of the guest's clock; 0 when it is not. */
  alarm: u64;
  /** Cycles of the guest's clock in a second. */
  second: u64;
  /** The time at reset: option `start`, or the time of day. */
  start: u32;
  has_start: bool;
  /** Guest misuse, for the status report. */
  misused_reserved: u32;
  misused_access: u32;
  misused_width: u32;
}

// -------------------------------------------------------------------------------------------------------------- reset

/** The state after reset (nPRESETn and nRTCRST): the clock stands at its start. */
export function pl031_reset(state: pl031_state): void {
  state.base = state.start;
  state.base_second = 0;
  state.seen_second = 0;
  state.match = registers.reset_at(RTCMR_RW);
  state.load = registers.reset_at(RTCLR_RW);
  state.control = registers.reset_at(RTCCR_RW);
  state.mask = registers.reset_at(RTCIMSC_RW);
  state.raw = registers.reset_at(RTCRIS_RO);
  state.line = false;
  state.alarm = 0;
  state.misused_reserved = 0;
  state.misused_access = 0;
  state.misused_width = 0;
}

// --------------------------------------------------------------------------------------------------------------- time

export function runs(state: pl031_state): bool {
  return (state.control & CR_START) != 0;
}

/** RTCDR: CLK1HZ ticks at every full second of the guest's clock, also when the time is set in between. */
export function time_at(state: pl031_state, second: u64): u32 {
  return runs(state) ? state.base + <u32>(second - state.base_second) : state.base;
}

/** Seconds until the time equals RTCMR, 1 to 2^32. */
export function seconds_to_match(state: pl031_state, second: u64): u64 {
  const distance = state.match - time_at(state, second);
  return distance == 0 ? WRAP : distance;
}

/** Brings RTCRIS up to date: whether the time became equal to RTCMR since it was last looked at. */
export function catch_up(state: pl031_state, second: u64): void {
  if (runs(state) && second - state.seen_second >= seconds_to_match(state, state.seen_second)) state.raw |= INT_MATCH;
  state.seen_second = second;
}

/** After a change of RTCMR or the time: equal at once counts as a match too. */
function compare_now(state: pl031_state, second: u64): void {
  if (runs(state) && time_at(state, second) == state.match) state.raw |= INT_MATCH;
}

/** Sets the time. CLK1HZ goes on undisturbed. */
function set_time(state: pl031_state, time: u32, second: u64): void {
  state.base = time;
  state.base_second = second;
}

// --------------------------------------------------------------------------------------------------------------- read

/** The value of a register. Reading does nothing, in this device. */
export function register_read(state: pl031_state, row: i32, second: u64): u32 {
  if (registers.access(row) == ACCESS_W1C) state.misused_access++; // it is only written
  return value_of(state, row, second) & registers.readable(row);
}

function value_of(state: pl031_state, row: i32, second: u64): u32 {
  switch (registers.offset(row)) {
    case RTCDR_RO:
      return time_at(state, second);
    case RTCMR_RW:
      return state.match;
    case RTCLR_RW:
      return state.load;
    case RTCCR_RW:
      return state.control;
    case RTCIMSC_RW:
      return state.mask;
    case RTCRIS_RO:
      return state.raw;
    case RTCMIS_RO:
      return state.raw & state.mask;
    default:
      return registers.reset(row);
  }
}

// -------------------------------------------------------------------------------------------------------------- write

/** Bits a register does not have are dropped. */
export function register_write(state: pl031_state, row: i32, written: u32, second: u64): void {
  const value = written & registers.writable(row);
  switch (registers.access(row)) {
    case ACCESS_RO:
      state.misused_access++;
      return;
    case ACCESS_W1C:
      state.raw &= ~value; // RTCICR, the only one
      return;
    default:
      return value_write(state, registers.offset(row), value, second);
  }
}

function value_write(state: pl031_state, offset: u32, value: u32, second: u64): void {
  switch (offset) {
    case RTCMR_RW:
      state.match = value;
      return compare_now(state, second);
    case RTCLR_RW:
      state.load = value;
      set_time(state, value, second);
      return compare_now(state, second);
    case RTCCR_RW:
      if (runs(state)) return; // once started, only a reset stops it
      set_time(state, state.base, second);
      state.control = value;
      return compare_now(state, second);
    case RTCIMSC_RW:
      state.mask = value;
      return;
    default:
      unreachable(); // REGISTERS has a writable row that is not served here
  }
}
