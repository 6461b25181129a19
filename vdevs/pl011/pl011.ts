/**
 * pl011: the Arm PrimeCell UART, complete: FIFOs, trigger levels, all interrupts, line control, modem lines, loopback.
 *
 * Specification: Arm PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, revision r1p5. README.md has the
 * register map and what was chosen where the manual is silent. Linux drives it with amba-pl011. Options are those of
 * qvm's own vdev of this name, and three more.
 *
 * The host's side is a byte stream (qvm/cdev.h). state.ts has the state, options.ts reset and options, access.ts what
 * registers do, serial.ts the way of characters between host and FIFOs; here is what qvm calls.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { CDEV_OPT_NUM_OPTS, cdev_control, cdev_setup } from "vdevbox/abi/cdev";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_cpu_write,
  guest_intr_signal,
  guest_timer_create,
  guest_timer_data,
  guest_timer_notify,
  guest_timer_state,
} from "vdevbox/abi/guest";
import { qvm_report, vdev_logf } from "vdevbox/abi/log";
import { QVM_OUTE_QVM } from "vdevbox/abi/outpipe";
import { EOK, pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { NO_REGISTER } from "vdevbox/abi/register-map";
import { address_of } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { GIS_OFF, GIS_ON, guest_cpu_t, QSL_NO_LOCATION, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  QVM_OPTION_NO_ARG_PREFIX,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_STATUS,
  VDEV_CTRL_TERMINATE,
  VFF_MUTEX,
  VFF_VDEV_MEM,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";
import { find_register, flags, register_read, register_write } from "./access";
import { default_options, option_clock, option_modem, pl011_reset } from "./options";
import { DIVISOR_ONE, PL011_SIZE, UARTCR_RW, UARTIMSC_RW, UARTLCR_H_RW } from "./registers";
import { begin, catch_up, NEVER, next_event, send_all } from "./serial";
import { cdev_of, PL011_SPACE, pl011_state, state_of, stored } from "./state";

// ------------------------------------------------------------------------------------------------- registers, options

/** Widths of access, one bit each: 1, 2 and 4 bytes. Linux uses 2 or 4. */
const PL011_ACC_SIZES: u32 = (1 << 1) | (1 << 2) | (1 << 4);

/** Names of the options, ended by NULL. The first three are cdev's, in its order. */
const pl011_options = memory.data<cstring>([
  cstr("hostdev"),
  cstr("delayed"),
  cstr("batch"),
  cstr("clock"),
  cstr("modem"),
  cstr(QVM_OPTION_NO_ARG_PREFIX + "firmware"),
  0,
]);
const OPTION_CLOCK: u32 = VDEV_CTRL_FIRST_OPTIDX + CDEV_OPT_NUM_OPTS;
const OPTION_MODEM: u32 = OPTION_CLOCK + 1;
const OPTION_FIRMWARE: u32 = OPTION_CLOCK + 2;

/** Codes of our pulses: the host has input; the host has room for output again. */
const PULSE_INPUT: i32 = 1;
const PULSE_OUTPUT: i32 = 2;

// -------------------------------------------------------------------------------------------------------------- state

/** vread and vwrite run on any vCPU's thread, timer and pulse on others: each takes v_mtx before it touches the state. */
function lock(vdp: vdev_t): pl011_state {
  pthread_mutex_lock(vdp.v_mtx);
  return state_of(vdp);
}

function unlock(vdp: vdev_t): void {
  pthread_mutex_unlock(vdp.v_mtx);
}

// --------------------------------------------------------------------------------------------------------------- time

/** Cycles of the guest's clock so far. */
function cycles_now(state: pl011_state): u64 {
  const now = guest_timer_data.local();
  guest_timer_state(state.timer, now);
  return now.guest_current;
}

// -------------------------------------------------------------------------------------------------------------- vread

/** The guest reads: the bytes of the register that lie at the offset. Where there is no register it reads 0. */
function pl011_vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  const state = lock(vdp);
  if (leaves_word(offset, vopnd.length)) {
    state.misused_width++;
    unlock(vdp);
    return VRS_BUS_ERROR;
  }
  const row = find_register(state, offset);
  let value: u32 = 0;
  if (row != NO_REGISTER) {
    const now = cycles_now(state);
    catch_up(vdp, state, now);
    value = register_read(vdp, state, row) >>> (8 * (offset & 3));
    begin(vdp, state, now);
    update(vdp, state, now);
  }
  unlock(vdp);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

/** Whether an access would reach into the next register, which the bus of this device cannot carry. */
function leaves_word(offset: u32, length: u32): bool {
  return (offset & 3) + length > 4;
}

// ------------------------------------------------------------------------------------------------------------- vwrite

/**
 * The guest writes. The bus of the device (APB) has no byte lanes: a narrow write at a register's own offset is a write
 * of the whole register with zeros above, and one at another byte of it goes nowhere.
 */
function pl011_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const operand = address_of<u32>(0);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  const crosses = leaves_word(offset, vopnd.length);
  const error = crosses ? EOK : guest_cpu_read(gcp, GXF_NONE, oopnd, 1, operand, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const state = lock(vdp);
  const row = crosses || (offset & 3) != 0 ? NO_REGISTER : find_register(state, offset);
  if (crosses || (offset & 3) != 0) state.misused_width++;
  if (row != NO_REGISTER) {
    const now = cycles_now(state);
    catch_up(vdp, state, now);
    register_write(vdp, state, row, load<u32>(operand));
    begin(vdp, state, now);
    update(vdp, state, now);
  }
  unlock(vdp);
  return crosses ? VRS_BUS_ERROR : VRS_NORMAL;
}

// ------------------------------------------------------------------------------------------ interrupt, timers, pulses

/** After any change: the line follows UARTMIS, and the timer is armed for what comes due next. */
function update(vdp: vdev_t, state: pl011_state, now: u64): void {
  const level = (state.ris & stored(state, UARTIMSC_RW)) != 0;
  if (level != state.line) {
    state.line = level;
    if (changetype<usize>(vdp.v_intr.pic) != 0) guest_intr_signal(vdp.v_intr, level ? GIS_ON : GIS_OFF);
  }
  const next = next_event(state);
  if (next == NEVER || next == state.alarm) return;
  state.alarm = next;
  const error = guest_timer_notify(state.timer, null, next - now);
  if (error != EOK) vdev_logf(QVM_OUTE_QVM, vdp, cstr("the line stops: guest_timer_notify() gave %d"), error);
}

/** Time to look. What the timer was armed for may have moved; then nothing has come due. */
function pl011_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  const state = lock(vdp);
  const now = cycles_now(state);
  state.alarm = 0;
  catch_up(vdp, state, now);
  update(vdp, state, now);
  unlock(vdp);
}

/** The host has sent bytes, or takes some again. */
function pl011_pulse(vdp: vdev_t, code: i8): i32 {
  const state = lock(vdp);
  const now = cycles_now(state);
  catch_up(vdp, state, now);
  if (code == PULSE_INPUT) state.input = true;
  begin(vdp, state, now);
  update(vdp, state, now);
  unlock(vdp);
  return EOK;
}

// ------------------------------------------------------------------------------------------------------------ control

/** cdev_control() sees every call, as its manual page wants. */
function pl011_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  const error = own_control(vdp, ctrl, arg);
  return error == EOK ? cdev_control(cdev_of(vdp), ctrl, arg) : error;
}

function own_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      return options_start(vdp);
    case OPTION_CLOCK:
      return option_clock(vdp, arg);
    case OPTION_MODEM:
      return option_modem(vdp, arg);
    case OPTION_FIRMWARE:
      state_of(vdp).firmware = true;
      return EOK;
    case VDEV_CTRL_OPTIONS_END:
      return options_end(vdp);
    case VDEV_CTRL_GUEST_CONFIGURED:
      state_of(vdp).running = true;
      return EOK;
    case VDEV_CTRL_STATUS:
      return report_status(vdp);
    case VDEV_CTRL_TERMINATE:
      return terminate(vdp);
    default:
      return EOK;
  }
}

function options_start(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  default_options(state);
  vdp.v_block.type = QST_MEMORY;
  vdp.v_block.location = QSL_NO_LOCATION;
  vdp.v_block.length = PL011_SIZE;
  return cdev_setup(cdev_of(vdp), vdp, PULSE_INPUT, PULSE_OUTPUT);
}

/** Timers are made at startup. qvm answers how many cycles of the guest's clock a second has, or why there is none. */
function options_end(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  pl011_reset(state);
  const resolution = address_of<u64>(0);
  state.timer = guest_timer_create(0, vdp, 0, resolution);
  if (state.timer == 0) return <i32>load<u64>(resolution);
  state.second = load<u64>(resolution);
  return EOK;
}

function report_status(vdp: vdev_t): i32 {
  const state = lock(vdp);
  const now = cycles_now(state);
  catch_up(vdp, state, now);
  update(vdp, state, now);
  qvm_report(
    cstr("fr 0x%x, lcr_h 0x%x, cr 0x%x, imsc 0x%x, ris 0x%x"),
    flags(state),
    stored(state, UARTLCR_H_RW),
    stored(state, UARTCR_RW),
    stored(state, UARTIMSC_RW),
    state.ris,
  );
  qvm_report(
    cstr("%u baud; sent %u, %u waiting; received %u, %u waiting, %u lost"),
    (4 * <u64>state.clock) / max<u64>(state.divisor, DIVISOR_ONE),
    state.sent,
    state.tx_level + (state.sending ? 1 : 0),
    state.received,
    state.rx_level,
    state.lost,
  );
  report_misuse(state);
  unlock(vdp);
  return EOK;
}

function report_misuse(state: pl011_state): void {
  const accesses = state.misused_reserved + state.misused_access + state.misused_width;
  if (accesses + state.misused_full + state.misused_empty + state.misused_setting == 0) return;
  qvm_report(
    cstr("misuse: %u reserved offsets, %u wrong directions, %u wrong widths, %u writes when full, %u reads when empty, %u wrong settings"),
    state.misused_reserved,
    state.misused_access,
    state.misused_width,
    state.misused_full,
    state.misused_empty,
    state.misused_setting,
  );
}

/** What still waits to be sent goes out: the line is not cut before the guest's last words. */
function terminate(vdp: vdev_t): i32 {
  const state = lock(vdp);
  const lost = state.running ? send_all(vdp, state) : 0;
  unlock(vdp);
  if (lost > 0) vdev_logf(QVM_OUTE_QVM, vdp, cstr("%u characters are lost: the host took no more at the end"), lost);
  return EOK;
}

// ------------------------------------------------------------------------------------------------------- registration

const factory = vdev_factory.alloc();
factory.control = pl011_control;
factory.vread = pl011_vread;
factory.vwrite = pl011_vwrite;
factory.timer = pl011_timer;
factory.pulse = pl011_pulse;
factory.option_list = pl011_options;
factory.factory_flags = VFF_VDEV_MEM | VFF_MUTEX;
factory.acc_sizes = PL011_ACC_SIZES;
factory.extra_space = PL011_SPACE;
vdev_register_factory(factory, QVM_VDEV_ABI);
