/** What reading and writing a register of the pl011 does. Time has been brought up to date before. */
import { NO_REGISTER, register_map } from "vdevbox/abi/register-map";
import { vdev_t } from "vdevbox/abi/vdev-core";
import * as R from "./registers";
import { modem_inputs } from "./serial";
import { fifo_depth, pl011_state, rx_take, rx_trigger, TRIGGER_LAST, tx_push, tx_trigger } from "./state";

const registers = new register_map(R.REGISTERS, R.PL011_SIZE);

/** The row of the register at an offset, or NO_REGISTER, which is counted. */
export function find_register(state: pl011_state, offset: u32): i32 {
  const row = registers.find(offset);
  if (row == NO_REGISTER) state.misused_reserved++;
  return row;
}

// --------------------------------------------------------------------------------------------------------------- read

/** The value of a register, and what reading it does. */
export function register_read(vdp: vdev_t, state: pl011_state, row: i32): u32 {
  switch (registers.offset(row)) {
    case R.UARTDR_RW:
      return data_read(vdp, state);
    case R.UARTRSR_RW:
      return state.rsr;
    case R.UARTFR_RO:
      return flags(state);
    case R.UARTILPR_RW:
      return state.ilpr;
    case R.UARTIBRD_RW:
      return state.ibrd;
    case R.UARTFBRD_RW:
      return state.fbrd;
    case R.UARTLCR_H_RW:
      return state.lcr_h;
    case R.UARTCR_RW:
      return state.cr;
    case R.UARTIFLS_RW:
      return state.ifls;
    case R.UARTIMSC_RW:
      return state.imsc;
    case R.UARTRIS_RO:
      return state.ris;
    case R.UARTMIS_RO:
      return state.ris & state.imsc;
    case R.UARTDMACR_RW:
      return state.dmacr;
    default:
      if (registers.readable(row) == 0) state.misused_access++; // UARTICR
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
  state.rsr = overrun | (((character & ~R.DR_OE) >>> R.DR_ERRORS_AT) & 0xf);
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
  const value = written & registers.writable(row);
  switch (registers.offset(row)) {
    case R.UARTDR_RW:
      return data_write(vdp, state, value);
    case R.UARTRSR_RW:
      state.rsr = 0;
      return;
    case R.UARTILPR_RW:
      state.ilpr = value;
      return;
    case R.UARTIBRD_RW:
      state.ibrd = value;
      return;
    case R.UARTFBRD_RW:
      state.fbrd = value;
      return;
    case R.UARTLCR_H_RW:
      return line_control_write(state, value);
    case R.UARTCR_RW:
      if ((value & R.CR_UARTEN) != 0 && state.divisor < 64) state.misused_setting++;
      state.cr = value;
      return;
    case R.UARTIFLS_RW:
      if ((value & 7) > TRIGGER_LAST || value >>> 3 > TRIGGER_LAST) state.misused_setting++;
      state.ifls = value;
      return;
    case R.UARTIMSC_RW:
      state.imsc = value;
      return;
    case R.UARTICR_W1C:
      state.ris &= ~value;
      return;
    case R.UARTDMACR_RW:
      state.dmacr = value;
      return;
    default:
      state.misused_access++; // a register that cannot be written
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
  const fifos_change = ((state.lcr_h ^ value) & R.LCR_FEN) != 0;
  state.lcr_h = value;
  state.divisor = (state.ibrd << 6) | state.fbrd;
  if (!fifos_change) return;
  state.tx_level = 0;
  state.rx_level = 0;
  state.timeout_armed = false;
  state.ris &= ~(R.INT_RX | R.INT_RT);
}
