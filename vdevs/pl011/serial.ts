/**
 * The serial line of the pl011: characters go out of the transmit FIFO and come into the receive FIFO, each taking the
 * time that the divisor and the frame say. Nothing ticks: catch_up() works off what has come due by a point in time.
 * All times are cycles of the guest's clock.
 */
import { cdev_output_full, cdev_read, cdev_write } from "vdevbox/abi/cdev";
import { address_of, stack_mark, stack_release } from "vdevbox/abi/stack";
import { vdev_t } from "vdevbox/abi/vdev-core";
import {
  CR_CTSEN,
  CR_DTR,
  CR_LBE,
  CR_OUT1,
  CR_OUT2,
  CR_RTS,
  CR_RTSEN,
  CR_RXE,
  CR_TXE,
  CR_UARTEN,
  DIVISOR_ONE,
  DR_BE,
  DR_ERRORS_AT,
  DR_FE,
  DR_OE,
  DR_PE,
  FR_CTS,
  FR_DCD,
  FR_DSR,
  FR_RI,
  INT_CTS,
  INT_DCD,
  INT_DSR,
  INT_ERRORS_AT,
  INT_OE,
  INT_RI,
  INT_RT,
  INT_RX,
  INT_TX,
  LCR_BRK,
  LCR_EPS,
  LCR_PEN,
  LCR_STP2,
  LCR_WLEN_AT,
  UARTCR_RW,
  UARTLCR_H_RW,
} from "./registers";
import { cdev_of, fifo_depth, pl011_state, rx_push, rx_trigger, stored, tx_take, tx_trigger } from "./state";

/** Nothing is on its way. */
export const NEVER: u64 = u64.MAX_VALUE;
/** Bit times without a character after which the receive timeout comes. */
const TIMEOUT_BITS: u64 = 32;

// ---------------------------------------------------------------------------------------------------------------- time

/** Cycles that so many bits take: a bit is 16 times the divisor of UARTCLK. */
export function bits_time(state: pl011_state, bits: u64): u64 {
  const divisor: u64 = max(state.divisor, DIVISOR_ONE);
  return max<u64>((bits * divisor * state.second) / (4 * <u64>state.clock), 1);
}

/** Cycles of one character: start bit, 5 to 8 data bits, parity, 1 or 2 stop bits. */
function character_time(state: pl011_state): u64 {
  const parity: u32 = (stored(state, UARTLCR_H_RW) & LCR_PEN) != 0 ? 1 : 0;
  const stop: u32 = (stored(state, UARTLCR_H_RW) & LCR_STP2) != 0 ? 2 : 1;
  return bits_time(state, 1 + 5 + ((stored(state, UARTLCR_H_RW) >>> LCR_WLEN_AT) & 3) + parity + stop);
}

/** The data bits of a character. */
function data_mask(state: pl011_state): u32 {
  return 0x1f | (0xe0 & ((1 << (5 + ((stored(state, UARTLCR_H_RW) >>> LCR_WLEN_AT) & 3))) - 1));
}

/** When the next of what is on its way comes due. */
export function next_event(state: pl011_state): u64 {
  let next = NEVER;
  if (state.sending && !state.stalled) next = state.tx_end;
  if (state.receiving) next = min(next, state.rx_end);
  if (state.breaking) next = min(next, state.break_end);
  if (state.timeout_armed) next = min(next, state.timeout);
  return next;
}

/** Works off all that has come due by `now`, in its order. */
export function catch_up(vdp: vdev_t, state: pl011_state, now: u64): void {
  for (let at = next_event(state); at <= now; at = next_event(state)) {
    if (state.sending && !state.stalled && state.tx_end == at) sent(vdp, state, at);
    else if (state.receiving && state.rx_end == at) received(vdp, state, at);
    else if (state.breaking && state.break_end == at) broken(vdp, state, at);
    else timed_out(state);
    begin(vdp, state, at);
  }
}

/** Begins what can begin: after every event, and after every write of a register. */
export function begin(vdp: vdev_t, state: pl011_state, at: u64): void {
  if (state.stalled) sent(vdp, state, at);
  begin_sending(vdp, state, at);
  begin_break(state, at);
  begin_receiving(vdp, state, at);
  watch_modem(state);
}

// ------------------------------------------------------------------------------------------------------------ transmit

function transmits(state: pl011_state): bool {
  return (stored(state, UARTCR_RW) & (CR_UARTEN | CR_TXE)) == (CR_UARTEN | CR_TXE);
}

function loops_back(state: pl011_state): bool {
  return (stored(state, UARTCR_RW) & CR_LBE) != 0;
}

/** Moves the oldest character into the shift register. The interrupt marks the way down through the trigger level. */
function begin_sending(vdp: vdev_t, state: pl011_state, at: u64): void {
  if (state.sending || state.tx_level == 0 || !transmits(state) || (stored(state, UARTLCR_H_RW) & LCR_BRK) != 0) return;
  if ((stored(state, UARTCR_RW) & CR_CTSEN) != 0 && (modem_inputs(state) & FR_CTS) == 0) return;
  state.tx_shift = tx_take(vdp, state) & data_mask(state);
  state.sending = true;
  state.tx_end = at + character_time(state);
  if (state.tx_level == tx_trigger(state)) state.ris |= INT_TX;
}

/** The shift register is empty: the character has arrived, or waits until the host has room. */
function sent(vdp: vdev_t, state: pl011_state, at: u64): void {
  state.stalled = false;
  if (loops_back(state)) store_received(vdp, state, state.tx_shift, at);
  else if (cdev_output_full(cdev_of(vdp)) == 0) put_out(vdp, state.tx_shift);
  else {
    state.stalled = true;
    return;
  }
  state.sending = false;
  state.sent++;
}

/** @returns whether the host took it */
function put_out(vdp: vdev_t, character: u32): bool {
  const mark = stack_mark();
  const taken = cdev_write(cdev_of(vdp), address_of<u8>(<u8>character), 1);
  stack_release(mark);
  return taken == 1;
}

/**
 * The VM ends: nobody waits for the line any more.
 * @returns how many characters the host did not take
 */
export function send_all(vdp: vdev_t, state: pl011_state): u32 {
  let lost: u32 = 0;
  if (loops_back(state)) return lost;
  if (state.sending && !put_out(vdp, state.tx_shift)) lost++;
  state.sending = false;
  while (state.tx_level > 0 && transmits(state)) if (!put_out(vdp, tx_take(vdp, state) & data_mask(state))) lost++;
  return lost;
}

// ------------------------------------------------------------------------------------------------------------- receive

function receives(state: pl011_state): bool {
  return (stored(state, UARTCR_RW) & (CR_UARTEN | CR_RXE)) == (CR_UARTEN | CR_RXE);
}

/** The host's next byte starts to come in. The host waits while nobody receives, or RTS says so. */
function begin_receiving(vdp: vdev_t, state: pl011_state, at: u64): void {
  if (state.receiving || !state.input || !receives(state) || loops_back(state)) return;
  if ((stored(state, UARTCR_RW) & CR_RTSEN) != 0 && !asks_for_more(state)) return;
  const mark = stack_mark();
  const byte = address_of<u8>(0);
  state.input = cdev_read(cdev_of(vdp), byte, 1) == 1;
  if (state.input) {
    state.rx_shift = load<u8>(byte) & data_mask(state);
    state.receiving = true;
    state.rx_end = at + character_time(state);
  }
  stack_release(mark);
}

function received(vdp: vdev_t, state: pl011_state, at: u64): void {
  state.receiving = false;
  store_received(vdp, state, state.rx_shift, at);
}

/** A character with its errors goes into the FIFO, or is lost when that is full; the next one then says so. */
function store_received(vdp: vdev_t, state: pl011_state, character: u32, at: u64): void {
  if (!receives(state) && loops_back(state)) return;
  state.timeout_armed = true;
  state.timeout = at + bits_time(state, TIMEOUT_BITS);
  if (state.rx_level >= fifo_depth(state)) {
    state.overrun = true;
    state.rsr |= DR_OE >>> DR_ERRORS_AT;
    state.ris |= INT_OE;
    state.lost++;
    return;
  }
  state.received++;
  state.ris |= ((character >>> DR_ERRORS_AT) & 7) << INT_ERRORS_AT;
  rx_push(vdp, state, state.overrun ? character | DR_OE : character);
  state.overrun = false;
  if (state.rx_level == rx_trigger(state)) state.ris |= INT_RX;
}

function timed_out(state: pl011_state): void {
  state.timeout_armed = false;
  if (state.rx_level > 0) state.ris |= INT_RT;
}

// --------------------------------------------------------------------------------------------------------------- break

/** In loopback the receiver sees the break the transmitter makes, once it has lasted for a character. */
function begin_break(state: pl011_state, at: u64): void {
  const holds = (stored(state, UARTLCR_H_RW) & LCR_BRK) != 0 && loops_back(state) && transmits(state) && !state.sending;
  if (!holds) {
    state.breaking = false;
    state.break_done = false;
  } else if (!state.breaking && !state.break_done) {
    state.breaking = true;
    state.break_end = at + character_time(state);
  }
}

/** A character of zeros without a stop bit; with odd or stick-high parity its parity bit is wrong too. */
function broken(vdp: vdev_t, state: pl011_state, at: u64): void {
  state.breaking = false;
  state.break_done = true;
  const wrong_parity = (stored(state, UARTLCR_H_RW) & (LCR_PEN | LCR_EPS)) == LCR_PEN;
  store_received(vdp, state, DR_BE | DR_FE | (wrong_parity ? DR_PE : 0), at);
}

// --------------------------------------------------------------------------------------------------------------- modem

/** nUARTRTS under hardware flow control: asserted up to the trigger level. */
function asks_for_more(state: pl011_state): bool {
  return state.rx_level < rx_trigger(state);
}

/** The modem inputs as UARTFR shows them. In loopback they are the modem outputs. */
export function modem_inputs(state: pl011_state): u32 {
  if (!loops_back(state)) return state.modem;
  const rts = (stored(state, UARTCR_RW) & CR_RTSEN) != 0 ? asks_for_more(state) : (stored(state, UARTCR_RW) & CR_RTS) != 0;
  return (
    (rts ? FR_CTS : 0) |
    ((stored(state, UARTCR_RW) & CR_DTR) != 0 ? FR_DSR : 0) |
    ((stored(state, UARTCR_RW) & CR_OUT1) != 0 ? FR_DCD : 0) |
    ((stored(state, UARTCR_RW) & CR_OUT2) != 0 ? FR_RI : 0)
  );
}

/** Every change of a modem input raises its interrupt. */
export function watch_modem(state: pl011_state): void {
  const inputs = modem_inputs(state);
  const changed = inputs ^ state.modem_seen;
  state.modem_seen = inputs;
  if ((changed & FR_RI) != 0) state.ris |= INT_RI;
  if ((changed & FR_CTS) != 0) state.ris |= INT_CTS;
  if ((changed & FR_DCD) != 0) state.ris |= INT_DCD;
  if ((changed & FR_DSR) != 0) state.ris |= INT_DSR;
}
