/**
 * pl031: the Arm PrimeCell Real Time Clock. A 32-bit count of seconds, one match register, one interrupt.
 *
 * Specification: Arm PrimeCell Real Time Clock (PL031) Technical Reference Manual, DDI 0224. README.md has the register
 * map and what was chosen where the manual is silent. Linux drives it with rtc-pl031.
 *
 * The count is never ticked: it is computed from the guest's clock when somebody looks, and a guest timer is armed for
 * the match when the guest would notice it. device.ts is the hardware; here it is connected to qvm and the guest.
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
import { EINVAL, EOK, pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { NO_REGISTER } from "vdevbox/abi/register-map";
import { address_of } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import {
  GIS_OFF,
  GIS_ON,
  guest_cpu_t,
  QSL_NO_LOCATION,
  QST_MEMORY,
  qvm_state_block,
} from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_STATUS,
  VFF_MUTEX,
  VFF_VDEV_MEM,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";
import {
  catch_up,
  pl031_reset,
  pl031_state,
  register_read,
  register_write,
  registers,
  runs,
  seconds_to_match,
  time_at,
} from "./device";
import { PL031_SIZE } from "./registers";

// ------------------------------------------------------------------------------------------------- registers, options

/** Widths of access, one bit each: 1, 2 and 4 bytes. */
const PL031_ACC_SIZES: u32 = (1 << 1) | (1 << 2) | (1 << 4);

/** Names of the options, ended by NULL. */
const pl031_options = memory.data<cstring>([cstr("start"), 0]);
const OPTION_START: u32 = VDEV_CTRL_FIRST_OPTIDX + 0;

// -------------------------------------------------------------------------------------------------------------- state

function state_of(vdp: vdev_t): pl031_state {
  return changetype<pl031_state>(vdp.v_device);
}

/** vread and vwrite run on any vCPU's thread and the timer on another: each takes v_mtx before it touches the state. */
function lock(vdp: vdev_t): pl031_state {
  pthread_mutex_lock(vdp.v_mtx);
  return state_of(vdp);
}

function unlock(vdp: vdev_t): void {
  pthread_mutex_unlock(vdp.v_mtx);
}

// --------------------------------------------------------------------------------------------------------------- time

/** Cycles of the guest's clock so far. */
function cycles_now(state: pl031_state): u64 {
  const now = guest_timer_data.local();
  guest_timer_state(state.timer, now);
  return now.guest_current;
}

// -------------------------------------------------------------------------------------------------------------- vread

/** The guest reads: the bytes of the register that lie at the offset. Where there is no register it reads 0. */
function pl031_vread(
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
  const row = registers.find(offset);
  let value: u32 = 0;
  if (row == NO_REGISTER) state.misused_reserved++;
  else {
    const second = cycles_now(state) / state.second;
    catch_up(state, second);
    value = register_read(state, row, second) >>> (8 * (offset & 3));
    update(vdp, state);
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
function pl031_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const operand = address_of<u32>(0);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (!leaves_word(offset, vopnd.length)) {
    const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, operand, vopnd.length);
    if (error != EOK) return guest_cpu_to_vrs(error);
  }
  const state = lock(vdp);
  const row = registers.find(offset);
  let status: vdev_ref_status = VRS_NORMAL;
  if (leaves_word(offset, vopnd.length)) {
    state.misused_width++;
    status = VRS_BUS_ERROR;
  } else if ((offset & 3) != 0) state.misused_width++;
  else if (row == NO_REGISTER) state.misused_reserved++;
  else {
    const second = cycles_now(state) / state.second;
    catch_up(state, second);
    register_write(state, row, load<u32>(operand), second);
    update(vdp, state);
  }
  unlock(vdp);
  return status;
}

// -------------------------------------------------------------------------------------------------- timers, interrupt

/** After any change: the line follows RTCMIS, and the timer is armed if the guest would notice the next match. */
function update(vdp: vdev_t, state: pl031_state): void {
  const level = (state.raw & state.mask) != 0;
  if (level != state.line) {
    state.line = level;
    if (changetype<usize>(vdp.v_intr.pic) != 0) guest_intr_signal(vdp.v_intr, level ? GIS_ON : GIS_OFF);
  }
  if (!runs(state) || state.mask == 0 || state.raw != 0) return;
  const now = cycles_now(state);
  const second = now / state.second;
  const match = (second + seconds_to_match(state, second)) * state.second;
  if (state.alarm == match) return;
  state.alarm = match;
  const error = guest_timer_notify(state.timer, null, match - now);
  if (error != EOK) vdev_logf(QVM_OUTE_QVM, vdp, cstr("no alarm: guest_timer_notify() gave %d"), error);
}

/** Time to look. The match may have been moved since the timer was armed; then nothing has come due. */
function pl031_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  const state = lock(vdp);
  state.alarm = 0;
  catch_up(state, cycles_now(state) / state.second);
  update(vdp, state);
  unlock(vdp);
}

// ------------------------------------------------------------------------------------------------------------ control

function pl031_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      return options_start(vdp);
    case OPTION_START:
      return option_start(vdp, arg);
    case VDEV_CTRL_OPTIONS_END:
      return options_end(vdp);
    case VDEV_CTRL_STATUS:
      return report_status(vdp);
    default:
      return EOK;
  }
}

function options_start(vdp: vdev_t): i32 {
  state_of(vdp).has_start = false;
  vdp.v_block.type = QST_MEMORY;
  vdp.v_block.location = QSL_NO_LOCATION;
  vdp.v_block.length = PL031_SIZE;
  return EOK;
}

/** `start SECONDS|DATE`: the time the clock stands at when the guest starts it. */
function option_start(vdp: vdev_t, arg: cstring): i32 {
  const start = parse_time(arg);
  if (start == NO_TIME || start < 0 || start > <i64>u32.MAX_VALUE) {
    const takes = cstr("seconds since 1970 or a date as in 2020-01-01T12:00:00Z, up to 2106-02-07T06:28:15Z");
    return refuse_option(vdp, cstr("start"), arg, takes);
  }
  state_of(vdp).start = <u32>start;
  state_of(vdp).has_start = true;
  return EOK;
}

/** Timers are made at startup. qvm answers how many cycles of the guest's clock a second has, or why there is none. */
function options_end(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  if (!state.has_start) {
    const now = wall_time();
    if (now > <i64>u32.MAX_VALUE) {
      vdev_logf(QVM_OUTE_QVM, vdp, cstr("the time of day is beyond 2106-02-07T06:28:15Z; give the option start"));
      return EINVAL;
    }
    state.start = now == NO_TIME ? 0 : <u32>now;
  }
  pl031_reset(state);
  const resolution = address_of<u64>(0);
  state.timer = guest_timer_create(0, vdp, 0, resolution);
  if (state.timer == 0) return <i32>load<u64>(resolution);
  state.second = load<u64>(resolution);
  return EOK;
}

function report_status(vdp: vdev_t): i32 {
  const state = lock(vdp);
  const second = cycles_now(state) / state.second;
  catch_up(state, second);
  update(vdp, state);
  qvm_report(
    cstr("time %u, match %u, %s, interrupt raw %u mask %u"),
    time_at(state, second),
    state.match,
    runs(state) ? cstr("running") : cstr("stopped"),
    state.raw,
    state.mask,
  );
  if ((state.misused_reserved | state.misused_access | state.misused_width) != 0) {
    qvm_report(
      cstr("misuse: %u reserved offsets, %u wrong directions, %u wrong widths"),
      state.misused_reserved,
      state.misused_access,
      state.misused_width,
    );
  }
  unlock(vdp);
  return EOK;
}

// ------------------------------------------------------------------------------------------------------- registration

const factory = vdev_factory.alloc();
factory.control = pl031_control;
factory.vread = pl031_vread;
factory.vwrite = pl031_vwrite;
factory.timer = pl031_timer;
factory.option_list = pl031_options;
factory.factory_flags = VFF_VDEV_MEM | VFF_MUTEX;
factory.acc_sizes = PL031_ACC_SIZES;
factory.extra_space = offsetof<pl031_state>();
vdev_register_factory(factory, QVM_VDEV_ABI);
