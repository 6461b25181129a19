/**
 * mc146818: the real-time clock of PCs with its RAM, behind an index port and a data port.
 *
 * Specification: Motorola MC146818A data sheet; ports 0x70 and 0x71 and the century at 0x32 are conventions of PCs.
 * README.md has the register map and what was chosen where these are silent. Linux drives it with rtc-cmos. qvm has a
 * vdev of this name, with the options loc and name.
 *
 * state.ts has the state and the formats of numbers, calendar.ts what an update does, divider.ts when updates and
 * periodic interrupts come; here is what qvm calls.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { NO_TIME, parse_time, wall_time } from "vdevbox/abi/calendar";
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
import { refuse_option } from "vdevbox/abi/options";
import { EINVAL, EOK, pthread_mutex_lock, pthread_mutex_unlock, strcmp } from "vdevbox/abi/posix";
import { register_map } from "vdevbox/abi/register-map";
import { ACCESS_RO, ACCESS_RW, ACCESS_SPECIAL } from "vdevbox/abi/register-table";
import { address_of } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { GIS_OFF, GIS_ON, guest_cpu_t, QST_X86_IO, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_STATUS,
  VFF_MUTEX,
  VFF_VDEV_X86_IO,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";
import { set_time, time_was_set } from "./calendar";
import { catch_up, NEVER, next_interrupt, power_on, release, resume_updates, skip_edges, update_in_progress } from "./divider";
import * as R from "./registers";
import { b_has, byte_at, MC146818_SPACE, mc146818_state, set_byte, state_of } from "./state";

// ------------------------------------------------------------------------------------------------- registers, options

const registers = new register_map(R.REGISTERS, R.MC146818_BYTES);
/** Selects a byte. Bit 7 masks the NMI of a PC and is none of ours. Nobody drives the bus when it is read. */
const INDEX_PORT_WO: u32 = 0;
/** The selected byte. */
const DATA_PORT_RW: u32 = 1;
/** Ports the device takes, and the first of them in a PC. */
const MC146818_PORTS: u32 = 2;
const PC_PORT: u64 = 0x70;
const OPEN_BUS: u32 = 0xff;
/** Widths of access: 1 byte, and 2, which a PC's bus makes two of 1. */
const MC146818_ACC_SIZES: u32 = (1 << 1) | (1 << 2);
/** 2100-01-01: from here on the chip's leap years are wrong. */
const START_LIMIT: i64 = 4102444800;

/** Names of the options, ended by NULL. */
const mc146818_options = memory.data<cstring>([cstr("start"), cstr("bytes"), 0]);
const OPTION_START: u32 = VDEV_CTRL_FIRST_OPTIDX + 0;
const OPTION_BYTES: u32 = VDEV_CTRL_FIRST_OPTIDX + 1;

// -------------------------------------------------------------------------------------------------------------- state

/** vread and vwrite run on any vCPU's thread and the timer on another: each takes v_mtx before it touches the state. */
function lock(vdp: vdev_t): mc146818_state {
  pthread_mutex_lock(vdp.v_mtx);
  return state_of(vdp);
}

function unlock(vdp: vdev_t): void {
  pthread_mutex_unlock(vdp.v_mtx);
}

/** Cycles of the guest's clock so far, and one second. */
function cycles_now(state: mc146818_state): u64 {
  const now = guest_timer_data.local();
  guest_timer_state(state.timer, now);
  return now.guest_current + state.second;
}

// -------------------------------------------------------------------------------------------------------------- reset

/** The state at power-on with a good battery, as a PC's firmware leaves it: 24 hours, BCD, 1024 Hz selected. */
function mc146818_reset(state: mc146818_state): void {
  for (let index: u32 = 0; index < R.MC146818_BYTES; index++) {
    set_byte(state, index, registers.reset_at(index));
  }
  set_time(state, state.start);
  state.index = 0;
  state.flags = 0;
  state.hour_repeated = false;
  state.line = false;
  state.alarm = 0;
  state.misused_access = 0;
  state.misused_width = 0;
  state.misused_divider = 0;
  power_on(state);
}

// -------------------------------------------------------------------------------------------------------------- vread

/** The selected byte, and what reading it does: register C is cleared, and with it the interrupt. */
function register_read(state: mc146818_state, now: u64): u32 {
  const row = registers.find(state.index);
  const value = registers.access(row) == ACCESS_SPECIAL ? special_value(state, now) : byte_at(state, state.index);
  return value & registers.readable(row);
}

function special_value(state: mc146818_state, now: u64): u32 {
  switch (state.index) {
    case R.A_RW:
      return byte_at(state, R.A_RW) | (update_in_progress(state, now) ? R.A_UIP : 0);
    case R.C_RO: {
      const flags = state.flags | (interrupts(state) ? R.C_IRQF : 0);
      state.flags = 0;
      return flags;
    }
    default:
      return byte_at(state, state.index);
  }
}

/** IRQF: a flag is set whose enable is. */
function interrupts(state: mc146818_state): bool {
  return (state.flags & byte_at(state, R.B_RW)) != 0;
}

function port_read(vdp: vdev_t, state: mc146818_state, port: u32): u32 {
  if (port == INDEX_PORT_WO) {
    state.misused_access++;
    return OPEN_BUS;
  }
  const now = cycles_now(state);
  catch_up(state, now);
  const value = register_read(state, now);
  update(vdp, state, now);
  return value;
}

/** The guest reads. Two bytes are a read of the index port and then one of the data port. */
function mc146818_vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const port = <u32>(vopnd.location - vdp.v_block.location);
  const state = lock(vdp);
  if (port + vopnd.length > MC146818_PORTS) {
    state.misused_width++;
    unlock(vdp);
    return VRS_BUS_ERROR;
  }
  let value = port_read(vdp, state, port);
  if (vopnd.length == 2) value |= port_read(vdp, state, DATA_PORT_RW) << 8;
  unlock(vdp);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

// ------------------------------------------------------------------------------------------------------------- vwrite

/** Bits a register does not have are dropped. */
function register_write(state: mc146818_state, written: u32, now: u64): void {
  const row = registers.find(state.index);
  const value = written & registers.writable(row);
  if (registers.access(row) == ACCESS_RW) set_byte(state, state.index, value);
  else if (registers.access(row) == ACCESS_RO) state.misused_access++;
  else special_write(state, value, now);
}

function special_write(state: mc146818_state, value: u32, now: u64): void {
  switch (state.index) {
    case R.A_RW:
      return a_write(state, value, now);
    case R.B_RW:
      return b_write(state, value, now);
    case R.C_RO:
      state.misused_access++; // only a read changes it
      return;
    default: {
      const before = byte_at(state, state.index);
      set_byte(state, state.index, value);
      time_was_set(state, state.index, before);
    }
  }
}

/** Register A: the divider stops and starts, or another tap of it makes the periodic interrupt. */
function a_write(state: mc146818_state, value: u32, now: u64): void {
  const divider = value >>> R.A_DV_AT;
  const runs = divider == R.DV_32768_HZ;
  if (!runs && divider < R.DV_RESET) state.misused_divider++;
  set_byte(state, R.A_RW, value);
  if (runs && !state.runs) return release(state, now);
  state.runs = runs;
  skip_edges(state, now);
}

/** Register B: SET stops updates, also the one in progress, and clears UIE as it comes. */
function b_write(state: mc146818_state, value: u32, now: u64): void {
  const was_set = b_has(state, R.B_SET);
  const is_set = (value & R.B_SET) != 0;
  if (is_set && !was_set) value &= ~R.B_UIE;
  if ((value & R.B_DSE) == 0) state.hour_repeated = false;
  set_byte(state, R.B_RW, value);
  if (was_set && !is_set) resume_updates(state, now);
}

function port_write(vdp: vdev_t, state: mc146818_state, port: u32, value: u32): void {
  if (port == INDEX_PORT_WO) {
    state.index = value & state.index_mask;
    return;
  }
  const now = cycles_now(state);
  catch_up(state, now);
  register_write(state, value, now);
  update(vdp, state, now);
}

/** The guest writes. Two bytes are a write of the index port and then one of the data port. */
function mc146818_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const operand = address_of<u32>(0);
  const port = <u32>(vopnd.location - vdp.v_block.location);
  const crosses = port + vopnd.length > MC146818_PORTS;
  const error = crosses ? EOK : guest_cpu_read(gcp, GXF_NONE, oopnd, 1, operand, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const state = lock(vdp);
  if (crosses) state.misused_width++;
  else {
    port_write(vdp, state, port, load<u8>(operand));
    if (vopnd.length == 2) port_write(vdp, state, DATA_PORT_RW, load<u8>(operand, 1));
  }
  unlock(vdp);
  return crosses ? VRS_BUS_ERROR : VRS_NORMAL;
}

// -------------------------------------------------------------------------------------------------- timers, interrupt

/** After any change: the line follows IRQF, and the timer is armed for the next interrupt. */
function update(vdp: vdev_t, state: mc146818_state, now: u64): void {
  const level = interrupts(state);
  if (level != state.line) {
    state.line = level;
    if (changetype<usize>(vdp.v_intr.pic) != 0) guest_intr_signal(vdp.v_intr, level ? GIS_ON : GIS_OFF);
  }
  const next = next_interrupt(state, now);
  if (next == NEVER || next == state.alarm) return;
  state.alarm = next;
  const error = guest_timer_notify(state.timer, null, next - now);
  if (error != EOK) vdev_logf(QVM_OUTE_QVM, vdp, cstr("no interrupt: guest_timer_notify() gave %d"), error);
}

/** Time to look. What the timer was armed for may have moved; then nothing has come due. */
function mc146818_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  const state = lock(vdp);
  const now = cycles_now(state);
  state.alarm = 0;
  catch_up(state, now);
  update(vdp, state, now);
  unlock(vdp);
}

// ------------------------------------------------------------------------------------------------------------ control

function mc146818_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      return options_start(vdp);
    case OPTION_START:
      return option_start(vdp, arg);
    case OPTION_BYTES:
      return option_bytes(vdp, arg);
    case VDEV_CTRL_OPTIONS_END:
      return options_end(vdp);
    case VDEV_CTRL_STATUS:
      return report_status(vdp);
    default:
      return EOK;
  }
}

function options_start(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  state.has_start = false;
  state.index_mask = R.MC146818_BYTES - 1;
  vdp.v_block.type = QST_X86_IO;
  vdp.v_block.location = PC_PORT;
  vdp.v_block.length = MC146818_PORTS;
  return EOK;
}

/** `start SECONDS|DATE`: the time at power-on. */
function option_start(vdp: vdev_t, arg: cstring): i32 {
  const start = parse_time(arg);
  if (start == NO_TIME || start < 0 || start >= START_LIMIT) {
    const takes = cstr("seconds since 1970 or a date as in 2020-01-01T12:00:00Z, before 2100");
    return refuse_option(vdp, cstr("start"), arg, takes);
  }
  state_of(vdp).start = start;
  state_of(vdp).has_start = true;
  return EOK;
}

/** `bytes 64|128`: the bytes of the chip. The original has 64, and sees them twice in 128. */
function option_bytes(vdp: vdev_t, arg: cstring): i32 {
  const state = state_of(vdp);
  if (strcmp(arg, cstr("64")) == 0) state.index_mask = 63;
  else if (strcmp(arg, cstr("128")) == 0) state.index_mask = 127;
  else return refuse_option(vdp, cstr("bytes"), arg, cstr("64 or 128"));
  return EOK;
}

/** Timers are made at startup. qvm answers how many cycles of the guest's clock a second has, or why there is none. */
function options_end(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  const resolution = address_of<u64>(0);
  state.timer = guest_timer_create(0, vdp, 0, resolution);
  if (state.timer == 0) return <i32>load<u64>(resolution);
  state.second = load<u64>(resolution);
  if (!state.has_start) {
    const now = wall_time();
    state.start = now == NO_TIME ? 0 : now;
  }
  if (state.start >= <u64>START_LIMIT) {
    vdev_logf(QVM_OUTE_QVM, vdp, cstr("the time of day is beyond 2099; give the option start"));
    return EINVAL;
  }
  mc146818_reset(state);
  return EOK;
}

function report_status(vdp: vdev_t): i32 {
  const state = lock(vdp);
  const now = cycles_now(state);
  catch_up(state, now);
  update(vdp, state, now);
  qvm_report(
    cstr("time bytes %02x%02x-%02x-%02x %02x:%02x"),
    byte_at(state, R.CENTURY_RW),
    byte_at(state, R.YEAR_RW),
    byte_at(state, R.MONTH_RW),
    byte_at(state, R.DAY_RW),
    byte_at(state, R.HOURS_RW),
    byte_at(state, R.MINUTES_RW),
  );
  qvm_report(
    cstr("seconds %02x, index 0x%x, a 0x%x, b 0x%x, flags 0x%x"),
    byte_at(state, R.SECONDS_RW),
    state.index,
    byte_at(state, R.A_RW),
    byte_at(state, R.B_RW),
    state.flags,
  );
  if ((state.misused_access | state.misused_width | state.misused_divider) != 0) {
    qvm_report(
      cstr("misuse: %u wrong directions, %u wrong widths, %u dividers of other crystals"),
      state.misused_access,
      state.misused_width,
      state.misused_divider,
    );
  }
  unlock(vdp);
  return EOK;
}

// ------------------------------------------------------------------------------------------------------- registration

const factory = vdev_factory.alloc();
factory.control = mc146818_control;
factory.vread = mc146818_vread;
factory.vwrite = mc146818_vwrite;
factory.timer = mc146818_timer;
factory.option_list = mc146818_options;
factory.factory_flags = VFF_VDEV_X86_IO | VFF_MUTEX;
factory.acc_sizes = MC146818_ACC_SIZES;
factory.extra_space = MC146818_SPACE;
vdev_register_factory(factory, QVM_VDEV_ABI);
