/** What reading and writing a register of the pl011 does. Time has been brought up to date before. */
import { NO_REGISTER, register_map } from "vdevbox/abi/register-map";
import { ACCESS_RO, ACCESS_RW, ACCESS_SPECIAL, ACCESS_W1C, COLUMNS } from "vdevbox/abi/register-table";
import { vdev_t } from "vdevbox/abi/vdev-core";
import * as R from "./registers";
import { modem_inputs } from "./serial";
import {
  fifo_depth,
  pl011_state,
  rx_take,
  rx_trigger,
  set_stored,
  stored,
  TRIGGER_LAST,
  tx_push,
  tx_trigger,
} from "./state";

const registers = new register_map(R.REGISTERS, R.PL011_SIZE);

/** Gives every register that can be written its reset value. */
export function reset_stored(state: pl011_state): void {
  for (let row: i32 = 0; row < R.REGISTERS.length / COLUMNS; row++) {
    if (registers.writable(row) != 0) set_stored(state, registers.offset(row), registers.reset(row));
  }
}

/** The row of the register at an offset, or NO_REGISTER, which is counted. */
export function find_register(state: pl011_state, offset: u32): i32 {
  const row = registers.find(offset);
  if (row == NO_REGISTER) state.misused_reserved++;
  return row;
}

// --------------------------------------------------------------------------------------------------------------- read

/** The value of a register, and what reading it does. */
export function register_read(vdp: vdev_t, state: pl011_state, row: i32): u32 {
  return value_of(vdp, state, row) & registers.readable(row);
}

function value_of(vdp: vdev_t, state: pl011_state, row: i32): u32 {
  const offset = registers.offset(row);
  switch (registers.access(row)) {
    case ACCESS_RW:
      return stored(state, offset);
    case ACCESS_RO:
      return status_value(state, row);
    case ACCESS_SPECIAL:
      if (offset == R.UARTDR_RW) return data_read(vdp, state);
      return offset == R.UARTRSR_RW ? state.rsr : stored(state, offset);
    default:
      state.misused_access++; // a register that is only written
      return registers.reset(row);
  }
}

/** A register that cannot be written: flags, interrupts, and those that never change. */
function status_value(state: pl011_state, row: i32): u32 {
  switch (registers.offset(row)) {
    case R.UARTFR_RO:
      return flags(state);
    case R.UARTRIS_RO:
      return state.ris;
    case R.UARTMIS_RO:
      return state.ris & stored(state, R.UARTIMSC_RW);
    default:
      return registers.reset(row);
  }
}

/** UARTDR: takes the oldest character. Its errors go to UARTRSR, and interrupts that asked for the read end. */
function data_read(vdp: vdev_t, state: pl011_state): u32 {
  if (state.rx_level == 0) {
    state.misused_empty++;
    return 0;
  }
  const character = rx_take(vdp, state);
  const overrun = state.rsr & (R.DR_OE >>> R.DR_ERRORS_AT);
  state.rsr = overrun | ((character & ~R.DR_OE) >>> R.DR_ERRORS_AT);
  if (state.rx_level < rx_trigger(state)) state.ris &= ~R.INT_RX;
  if (state.rx_level == 0) {
    state.ris &= ~R.INT_RT;
    state.timeout_armed = false;
  }
  return character;
}

/** UARTFR. */
export function flags(state: pl011_state): u32 {
  const depth = fifo_depth(state);
  return (
    modem_inputs(state) |
    (state.sending || state.tx_level > 0 ? R.FR_BUSY : 0) |
    (state.rx_level == 0 ? R.FR_RXFE : 0) |
    (state.tx_level == depth ? R.FR_TXFF : 0) |
    (state.rx_level == depth ? R.FR_RXFF : 0) |
    (state.tx_level == 0 ? R.FR_TXFE : 0)
  );
}

// -------------------------------------------------------------------------------------------------------------- write

/** Bits a register does not have are dropped. */
export function register_write(vdp: vdev_t, state: pl011_state, row: i32, written: u32): void {
  const offset = registers.offset(row);
  const value = written & registers.writable(row);
  switch (registers.access(row)) {
    case ACCESS_RW:
      if (offset == R.UARTIFLS_RW && !levels_are_valid(value)) state.misused_setting++;
      return set_stored(state, offset, value);
    case ACCESS_W1C:
      state.ris &= ~value; // UARTICR, the only one
      return;
    case ACCESS_SPECIAL:
      return special_write(vdp, state, offset, value);
    default:
      state.misused_access++; // a register that cannot be written
  }
}

function levels_are_valid(ifls: u32): bool {
  return (ifls & 7) <= TRIGGER_LAST && ifls >>> 3 <= TRIGGER_LAST;
}

function special_write(vdp: vdev_t, state: pl011_state, offset: u32, value: u32): void {
  switch (offset) {
    case R.UARTDR_RW:
      return data_write(vdp, state, value);
    case R.UARTRSR_RW:
      state.rsr = 0;
      return;
    case R.UARTLCR_H_RW:
      return line_control_write(state, value);
    case R.UARTCR_RW:
      if ((value & R.CR_UARTEN) != 0 && state.divisor < R.DIVISOR_ONE) state.misused_setting++;
      return set_stored(state, offset, value);
    default:
      unreachable(); // REGISTERS has a special row that is not served here
  }
}

/** UARTDR: a character for the transmitter; enough of them end its interrupt. What does not fit is lost. */
function data_write(vdp: vdev_t, state: pl011_state, character: u32): void {
  if (state.tx_level >= fifo_depth(state)) {
    state.misused_full++;
    return;
  }
  tx_push(vdp, state, character);
  if (state.tx_level > tx_trigger(state)) state.ris &= ~R.INT_TX;
}

/** UARTLCR_H: takes the divisor over, and empties the FIFOs when it turns them on or off. */
function line_control_write(state: pl011_state, value: u32): void {
  const fifos_change = ((stored(state, R.UARTLCR_H_RW) ^ value) & R.LCR_FEN) != 0;
  set_stored(state, R.UARTLCR_H_RW, value);
  state.divisor = stored(state, R.UARTIBRD_RW) * R.DIVISOR_ONE + stored(state, R.UARTFBRD_RW);
  if (!fifos_change) return;
  state.tx_level = 0;
  state.rx_level = 0;
  state.timeout_armed = false;
  state.ris &= ~(R.INT_RX | R.INT_RT);
}
