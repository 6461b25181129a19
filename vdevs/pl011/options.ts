/** Reset and own options of the pl011. */
import { NO_NUMBER, option_number, refuse_option } from "vdevbox/abi/options";
import { EINVAL, EOK } from "vdevbox/abi/posix";
import { cstr, cstring } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { reset_stored } from "./access";
import * as R from "./registers";
import { pl011_state, set_stored, state_of, stored } from "./state";

/** UARTCLK unless the option says otherwise: that of most Arm boards. */
const CLOCK_DEFAULT_HZ: u32 = 24000000;
/** What a boot loader sets. */
const FIRMWARE_BAUD: u32 = 115200;

/** The state after reset. What the options said stays. */
export function pl011_reset(state: pl011_state): void {
  const clock = state.clock;
  const modem = state.modem;
  const firmware = state.firmware;
  memory.fill(changetype<usize>(state), 0, offsetof<pl011_state>());
  reset_stored(state);
  state.clock = clock;
  state.modem = modem;
  state.modem_seen = modem;
  state.firmware = firmware;
  if (firmware) boot_loader_was_here(state);
}

/** Option firmware: 115200 8N1, FIFOs on, enabled. */
function boot_loader_was_here(state: pl011_state): void {
  const divisor = max<u64>((4 * <u64>state.clock + FIRMWARE_BAUD / 2) / FIRMWARE_BAUD, R.DIVISOR_ONE);
  state.divisor = <u32>divisor;
  set_stored(state, R.UARTIBRD_RW, <u32>(divisor / R.DIVISOR_ONE));
  set_stored(state, R.UARTFBRD_RW, <u32>(divisor % R.DIVISOR_ONE));
  set_stored(state, R.UARTLCR_H_RW, R.LCR_FEN | (3 << R.LCR_WLEN_AT));
  set_stored(state, R.UARTCR_RW, stored(state, R.UARTCR_RW) | R.CR_UARTEN);
}

/** What holds before the options are read. */
export function default_options(state: pl011_state): void {
  state.clock = CLOCK_DEFAULT_HZ;
  state.modem = 0;
  state.firmware = false;
}

/** `clock HZ`: frequency of UARTCLK. */
export function option_clock(vdp: vdev_t, arg: cstring): i32 {
  const hz = option_number(vdp, cstr("clock"), arg, 1, u32.MAX_VALUE);
  if (hz == NO_NUMBER) return EINVAL;
  state_of(vdp).clock = <u32>hz;
  return EOK;
}

/** `modem cts,dsr,dcd,ri`: modem inputs that are asserted from outside, comma-joined. */
export function option_modem(vdp: vdev_t, arg: cstring): i32 {
  let inputs: u32 = 0;
  for (let at = arg; ; at++) {
    const input = modem_input(at);
    if (input == 0) return refuse_modem(vdp, arg);
    inputs |= input;
    at += input == R.FR_RI ? 2 : 3;
    if (load<u8>(at) == 0) break;
    if (load<u8>(at) != 0x2c) return refuse_modem(vdp, arg);
  }
  state_of(vdp).modem = inputs;
  return EOK;
}

function refuse_modem(vdp: vdev_t, arg: cstring): i32 {
  return refuse_option(vdp, cstr("modem"), arg, cstr("cts, dsr, dcd and ri, joined by commas"));
}

/** The input whose name begins at `at`, or 0. Stops at the NUL. */
function modem_input(at: usize): u32 {
  if (starts_with(at, cstr("cts"))) return R.FR_CTS;
  if (starts_with(at, cstr("dsr"))) return R.FR_DSR;
  if (starts_with(at, cstr("dcd"))) return R.FR_DCD;
  return starts_with(at, cstr("ri")) ? R.FR_RI : 0;
}

function starts_with(text: cstring, name: cstring): bool {
  for (let i: usize = 0; load<u8>(name + i) != 0; i++) if (load<u8>(text + i) != load<u8>(name + i)) return false;
  return true;
}
