/** What one pl011 remembers: its registers, its two FIFOs and the characters on their way. */
import { cdev_state } from "vdevbox/abi/cdev";
import { guest_timer_t } from "vdevbox/abi/types";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { LCR_FEN, UARTDMACR_RW, UARTIFLS_RW, UARTLCR_H_RW } from "./registers";

/** Characters a FIFO holds with FEN; without, it is a register of one character. */
export const FIFO_DEPTH: u32 = 32;

/** Trigger levels of UARTIFLS: 1/8, 1/4, 1/2, 3/4, 7/8 full. The reserved codes are taken for 7/8. */
const TRIGGERS = memory.data<u8>([4, 8, 16, 24, 28, 28, 28, 28]);

/** The last valid code of a trigger level. */
export const TRIGGER_LAST: u32 = 4;

/** Lies behind the cdev_state at v_device. From GUEST_CONFIGURED on it is touched while v_mtx is held only. */
@unmanaged
export class pl011_state {
  /** UARTRIS. */
  ris: u32;
  /** UARTRSR: errors of the character read last, and overrun. */
  rsr: u32;
  /** UARTIBRD and UARTFBRD in force: a divisor in 64ths, taken over when UARTLCR_H is written. */
  divisor: u32;

  /** FIFOs: place of the oldest character, and how many there are. */
  tx_first: u32;
  tx_level: u32;
  rx_first: u32;
  rx_level: u32;
  /** A character was lost: the next one stored carries DR_OE. */
  overrun: bool;

  /** The transmit shift register: a character on its way out until `tx_end`, or waiting for the host to take it. */
  sending: bool;
  stalled: bool;
  tx_shift: u32;
  tx_end: u64;
  /** The receive shift register: a character of the host on its way in. */
  receiving: bool;
  rx_shift: u32;
  rx_end: u64;
  /** A break on its way through the loopback; `break_done` once it has arrived. */
  breaking: bool;
  break_done: bool;
  break_end: u64;
  /** When the receive timeout comes, unless a character does. */
  timeout_armed: bool;
  timeout: u64;

  /** Modem inputs from outside (option modem), and the inputs as they were last seen: bits of UARTFR. */
  modem: u32;
  modem_seen: u32;
  /** The host has bytes for us, as far as is known. */
  input: bool;
  /** Whether the interrupt line is high. */
  line: bool;
  /** The guest was configured: calls for the running VM are allowed. */
  running: bool;

  timer: guest_timer_t;
  /** What the timer is armed for; 0 when it is not. */
  alarm: u64;
  /** Cycles of the guest's clock in a second, and of UARTCLK (option clock). */
  second: u64;
  clock: u32;
  /** Start as a boot loader would leave it (option firmware). */
  firmware: bool;

  /** For the status report. */
  sent: u32;
  received: u32;
  lost: u32;
  misused_reserved: u32;
  misused_access: u32;
  misused_width: u32;
  misused_full: u32;
  misused_empty: u32;
  misused_setting: u32;
}

const STATE_AT: usize = <usize>cdev_state.SIZEOF;
const TX_AT: usize = STATE_AT + ((offsetof<pl011_state>() + 7) & ~7);
const RX_AT: usize = TX_AT + <usize>FIFO_DEPTH;
const STORED_AT: usize = RX_AT + 2 * <usize>FIFO_DEPTH;
/**
 * Bytes of one vdev's own: cdev_state, state, transmit FIFO of bytes, receive FIFO of 12-bit characters, and the
 * registers that keep what is written, each at its offset.
 */
export const PL011_SPACE: u32 = <u32>STORED_AT + UARTDMACR_RW + 4;

// @ts-ignore: decorator
@inline
export function state_of(vdp: vdev_t): pl011_state {
  return changetype<pl011_state>(vdp.v_device + STATE_AT);
}

/** The character device behind the serial line. */
// @ts-ignore: decorator
@inline
export function cdev_of(vdp: vdev_t): cdev_state {
  return changetype<cdev_state>(vdp.v_device);
}

// ---------------------------------------------------------------------------------------------------------- registers

/** A register that keeps what is written, by its offset. */
// @ts-ignore: decorator
@inline
export function stored(state: pl011_state, offset: u32): u32 {
  return load<u32>(changetype<usize>(state) + offset, STORED_AT - STATE_AT);
}

// @ts-ignore: decorator
@inline
export function set_stored(state: pl011_state, offset: u32, value: u32): void {
  store<u32>(changetype<usize>(state) + offset, value, STORED_AT - STATE_AT);
}

// -------------------------------------------------------------------------------------------------------------- FIFOs

/** Characters each FIFO can hold now. */
export function fifo_depth(state: pl011_state): u32 {
  return (stored(state, UARTLCR_H_RW) & LCR_FEN) != 0 ? FIFO_DEPTH : 1;
}

/** The level at or below which the transmitter asks for more. */
export function tx_trigger(state: pl011_state): u32 {
  return (stored(state, UARTLCR_H_RW) & LCR_FEN) != 0 ? load<u8>(TRIGGERS + (stored(state, UARTIFLS_RW) & 7)) : 0;
}

/** The level from which on the receiver asks to be emptied. */
export function rx_trigger(state: pl011_state): u32 {
  return (stored(state, UARTLCR_H_RW) & LCR_FEN) != 0 ? load<u8>(TRIGGERS + (stored(state, UARTIFLS_RW) >>> 3)) : 1;
}

/** Precondition of both pushes: the FIFO is not full; of both takes: it is not empty. */
export function tx_push(vdp: vdev_t, state: pl011_state, character: u32): void {
  store<u8>(vdp.v_device + TX_AT + (state.tx_first + state.tx_level) % FIFO_DEPTH, <u8>character);
  state.tx_level++;
}

export function tx_take(vdp: vdev_t, state: pl011_state): u32 {
  const character = load<u8>(vdp.v_device + TX_AT + state.tx_first);
  state.tx_first = (state.tx_first + 1) % FIFO_DEPTH;
  state.tx_level--;
  return character;
}

export function rx_push(vdp: vdev_t, state: pl011_state, character: u32): void {
  store<u16>(vdp.v_device + RX_AT + 2 * ((state.rx_first + state.rx_level) % FIFO_DEPTH), <u16>character);
  state.rx_level++;
}

export function rx_take(vdp: vdev_t, state: pl011_state): u32 {
  const character = load<u16>(vdp.v_device + RX_AT + 2 * state.rx_first);
  state.rx_first = (state.rx_first + 1) % FIFO_DEPTH;
  state.rx_level--;
  return character;
}
