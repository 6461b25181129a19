/**
 * The SP805 itself: its registers, its counter and the levels of its two outputs, as DDI 0270 has them. It knows no
 * qvm; wdt-sp805.ts beside it connects it to a guest. The time comes as an argument, in cycles of the guest's clock,
 * and the count is computed from it when somebody asks.
 */
import { NO_REGISTER, register_map } from "vdevbox/abi/register-map";
import { ACCESS_RO, ACCESS_WO } from "vdevbox/abi/register-table";
import { guest_timer_t } from "vdevbox/abi/types";
import {
  CONTROL_INTEN,
  CONTROL_RESEN,
  ITCR_TEST_MODE,
  ITOP_WDOGINT,
  ITOP_WDOGRES,
  LOCK_KEY,
  REGISTERS,
  SP805_SIZE,
  WDOGCONTROL_RW,
  WDOGINTCLR_WO,
  WDOGITCR_RW,
  WDOGITOP_WO,
  WDOGLOAD_RW,
  WDOGLOCK_RW,
  WDOGMIS_RO,
  WDOGRIS_RO,
  WDOGVALUE_RO,
} from "./registers";
import { cycles_until, ticks_within } from "./ticks";

const registers = new register_map(REGISTERS, SP805_SIZE);

// -------------------------------------------------------------------------------------------------------------- state

/** What one watchdog remembers, behind v_device. */
@unmanaged
export class sp805_state {
  load: u32;
  control: u32;
  /** WDOGRIS: the counter has been zero since the interrupt was cleared. */
  pending: bool;
  locked: bool;
  itcr: u32;
  itop: u32;

  /** When the counter was loaded. While it counts, all else about it follows from this. */
  loaded_at: u64;
  /** It has been zero since then, and went on from WDOGLOAD. */
  reloaded: bool;
  /** It was zero with the interrupt pending: it stands, and asks for a reset, until it is loaded again. */
  expired: bool;
  /** The count while it stands still. */
  held: u32;
  /** Ticks of the counter a second, not 0. */
  frequency: u32;
  /** Cycles of the guest's clock a second. */
  resolution: u64;

  // ---- beyond the hardware: what wdt-sp805.ts keeps
  timer: guest_timer_t;
  /** Guest time the timer is armed for, 0 when it is not. */
  rings_at: u64;
  /** For ws_action. */
  action: u32;
  /** Levels of the outputs as they were last driven. */
  int_driven: bool;
  res_driven: bool;
  /** WDOGRES has risen, and the timer is to bite. */
  bite_due: bool;

  // ---- for the status report
  interrupts: u32;
  bites: u32;
  locked_writes: u32;
  lost_writes: u32;
  lost_reads: u32;
  misaligned: u32;
}

// -------------------------------------------------------------------------------------------------------------- reset

/** The state at power-on: the reset column of the table, nothing out, nothing counted. */
export function reset(state: sp805_state): void {
  memory.fill(changetype<usize>(state), 0, offsetof<sp805_state>());
  state.load = registers.reset_at(WDOGLOAD_RW);
  state.held = registers.reset_at(WDOGVALUE_RO);
  state.control = registers.reset_at(WDOGCONTROL_RW);
  state.pending = registers.reset_at(WDOGRIS_RO) != 0;
  state.locked = registers.reset_at(WDOGLOCK_RW) != 0;
  state.itcr = registers.reset_at(WDOGITCR_RW);
  state.itop = registers.reset_at(WDOGITOP_WO);
}

// ------------------------------------------------------------------------------------------------------------ counter

export function is_counting(state: sp805_state): bool {
  return (state.control & CONTROL_INTEN) != 0 && !state.expired;
}

/**
 * Ticks from when it was loaded to when it is zero next. From N it takes N ticks; one tick later it is at N again, so
 * the second turn takes N + 1.
 */
function next_zero(state: sp805_state): u64 {
  const load = <u64>state.load;
  return state.reloaded ? 2 * load + 1 : load;
}

/** When the counter, which counts, is zero next. */
export function next_zero_at(state: sp805_state): u64 {
  return state.loaded_at + cycles_until(next_zero(state), state.frequency, state.resolution);
}

function ticks_since_load(state: sp805_state, now: u64): u64 {
  return ticks_within(now - state.loaded_at, state.frequency, state.resolution);
}

function load_counter(state: sp805_state, now: u64): void {
  state.loaded_at = now;
  state.reloaded = false;
  state.expired = false;
  state.held = state.load;
}

/** WDOGVALUE, when all zeros up to now have been passed. */
export function count(state: sp805_state, now: u64): u32 {
  if (!is_counting(state)) return state.held;
  const left = next_zero(state) - ticks_since_load(state, now);
  return left > state.load ? 0 : <u32>left;
}

/** Passes the zeros up to now: two at most, because the second finds the interrupt pending and stops the counter. */
export function pass_zeros(state: sp805_state, now: u64): void {
  while (is_counting(state) && ticks_since_load(state, now) >= next_zero(state)) {
    if (state.pending) {
      state.expired = true;
      state.held = 0;
    } else {
      state.pending = true;
      state.reloaded = true;
    }
  }
}

// ------------------------------------------------------------------------------------------------------------ outputs

/** WDOGMIS. */
function masked_interrupt(state: sp805_state): bool {
  return state.pending && (state.control & CONTROL_INTEN) != 0;
}

export function is_testing(state: sp805_state): bool {
  return (state.itcr & ITCR_TEST_MODE) != 0;
}

/** Level of WDOGINT, the interrupt line. */
export function wdogint(state: sp805_state): bool {
  return is_testing(state) ? (state.itop & ITOP_WDOGINT) != 0 : masked_interrupt(state);
}

/** Level of WDOGRES, the reset. RESEN is a mask: set later, it lets out a reset that waits. */
export function wdogres(state: sp805_state): bool {
  if (is_testing(state)) return (state.itop & ITOP_WDOGRES) != 0;
  return state.expired && (state.control & CONTROL_RESEN) != 0;
}

// --------------------------------------------------------------------------------------------------------------- read

/** What a read of a register gets. What cannot be read gives 0, and is counted. */
export function read_register(state: sp805_state, offset: u32, now: u64): u32 {
  const row = registers.find(offset);
  if (row == NO_REGISTER || registers.access(row) == ACCESS_WO) {
    state.lost_reads++;
    return 0;
  }
  return value_of(state, row, now) & registers.readable(row);
}

function value_of(state: sp805_state, row: i32, now: u64): u32 {
  switch (registers.offset(row)) {
    case WDOGLOAD_RW:
      return state.load;
    case WDOGVALUE_RO:
      return count(state, now);
    case WDOGCONTROL_RW:
      return state.control;
    case WDOGRIS_RO:
      return <u32>state.pending;
    case WDOGMIS_RO:
      return <u32>masked_interrupt(state);
    case WDOGLOCK_RW:
      return <u32>state.locked;
    case WDOGITCR_RW:
      return state.itcr;
    default:
      return registers.reset(row); // the identification registers never change
  }
}

// -------------------------------------------------------------------------------------------------------------- write

/** A write. What cannot be written, or is locked, stays as it is, and is counted. */
export function write_register(state: sp805_state, offset: u32, value: u32, now: u64): void {
  const row = registers.find(offset);
  if (row == NO_REGISTER || registers.access(row) == ACCESS_RO) {
    state.lost_writes++;
    return;
  }
  const bits = value & registers.writable(row);
  if (offset == WDOGLOCK_RW) state.locked = bits != LOCK_KEY;
  else if (state.locked) state.locked_writes++;
  else write_unlocked(state, offset, bits, now);
}

function write_unlocked(state: sp805_state, offset: u32, value: u32, now: u64): void {
  switch (offset) {
    case WDOGLOAD_RW:
      state.load = value;
      load_counter(state, now);
      break;
    case WDOGCONTROL_RW:
      write_control(state, value, now);
      break;
    case WDOGINTCLR_WO:
      state.pending = false;
      load_counter(state, now);
      break;
    case WDOGITCR_RW:
      state.itcr = value;
      break;
    case WDOGITOP_WO:
      state.itop = value;
      break;
    default:
      unreachable(); // REGISTERS has a writable row that is not served here
  }
}

/** INTEN going to 1 loads the counter; going to 0 it stops the counter where it is. */
function write_control(state: sp805_state, value: u32, now: u64): void {
  state.held = count(state, now);
  const before = state.control;
  state.control = value;
  if ((value & ~before & CONTROL_INTEN) != 0) load_counter(state, now);
}
