/**
 * wdt-sp805: Arm's SP805 watchdog. A counter goes down; at zero it interrupts the guest and counts once more; at zero
 * again, with the interrupt still pending, it bites: what the `action` option says happens to the guest.
 *
 * Specifications: Arm PrimeCell SP805 Technical Reference Manual, DDI 0270, for the registers; for options, qvm's page
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.user/topic/vdev_ref/vdev_wdt-sp805.html; for the
 * shape, the Virtual Device Developer's Guide, "Running a watchdog vdev (vdev wdt-sp805)". README.md has the register
 * map, and what these leave open. device.ts is the hardware; here it is connected to qvm and the guest.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
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
import { NO_NUMBER, option_number } from "vdevbox/abi/options";
import { EINVAL, EOK, pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { GIS_OFF, GIS_ON, guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
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
  NO_WATCHDOG_ACTION,
  refuse_watchdog_action,
  watchdog_action,
  watchdog_action_text,
  watchdog_interrupts,
} from "vdevbox/abi/watchdog-action";
import { WDOG_ACTION_TERMINATE, wdog_bite, wdog_state } from "vdevbox/abi/wdog";
import {
  count,
  is_counting,
  is_testing,
  next_zero_at,
  pass_zeros,
  read_register,
  reset,
  sp805_state,
  wdogint,
  wdogres,
  write_register,
} from "./device";
import { SP805_SIZE } from "./registers";
import { ticks_fit } from "./ticks";

// ------------------------------------------------------------------------------------------------------------ options

/** Names of the options, ended by NULL. Option n arrives as VDEV_CTRL_FIRST_OPTIDX + n. */
const sp805_options = memory.data<cstring>([cstr("action"), cstr("frequency"), 0]);
const OPTION_ACTION: u32 = VDEV_CTRL_FIRST_OPTIDX + 0;
const OPTION_FREQUENCY: u32 = VDEV_CTRL_FIRST_OPTIDX + 1;

/** qvm's defaults. Of `action` it states none. */
const DEFAULT_LOCATION: u64 = 0x1c0f0000;
const DEFAULT_FREQUENCY: u32 = 25_000_000;
const DEFAULT_ACTION: u32 = WDOG_ACTION_TERMINATE;

/** The timer is armed for no less than a second divided by this: a guest that counts from 1 shall not busy the host. */
const SHORTEST_WAITS_A_SECOND: u64 = 1_000_000;

// -------------------------------------------------------------------------------------------------------------- state

/**
 * vread and vwrite run on any vCPU's thread, the timer and STATUS on others, all at once. v_mtx guards the state and
 * the level of the interrupt line: the do_ functions, and whatever they call, have it. It is let go for wdog_bite(),
 * which may block. It is taken before the locks of the interrupt controller, and nothing here is called with those
 * held.
 */
function state_of(vdp: vdev_t): sp805_state {
  return changetype<sp805_state>(vdp.v_device);
}

// ------------------------------------------------------------------------------------------------------------ outputs

/** Brings the device up to now, and its outputs out: WDOGINT to the interrupt line, a rising WDOGRES to the timer. */
function settle(vdp: vdev_t, now: u64): void {
  const state = state_of(vdp);
  pass_zeros(state, now);
  const int_level = wdogint(state);
  if (int_level != state.int_driven) {
    state.int_driven = int_level;
    if (int_level) state.interrupts++;
    signal(vdp, int_level);
  }
  const res_level = wdogres(state);
  if (res_level && !state.res_driven) state.bite_due = true;
  state.res_driven = res_level;
}

function signal(vdp: vdev_t, level: bool): void {
  if (!is_connected(vdp)) return;
  const error = guest_intr_signal(vdp.v_intr, level ? GIS_ON : GIS_OFF);
  if (error != EOK) vdev_logf(QVM_OUTE_QVM, vdp, cstr("guest_intr_signal() gave %d"), error);
}

/** Whether the watchdog has an interrupt: the `intr` option. */
function is_connected(vdp: vdev_t): bool {
  return changetype<usize>(vdp.v_intr.pic) != 0;
}

/**
 * Does what `action` says; with `terminate` it does not come back. `fiq` is an edge on the line, which WDOGINT as a
 * rule holds high at that time: so the line goes low first, and has WDOGINT's level again afterwards. v_mtx is not held
 * meanwhile, and WDOGINT may change.
 */
function do_bite(vdp: vdev_t): void {
  const state = state_of(vdp);
  state.bite_due = false;
  state.bites++;
  const edge = watchdog_interrupts(state.action);
  if (edge && state.int_driven) signal(vdp, false);
  const wds = wdog_state.local();
  memory.fill(changetype<usize>(wds), 0, wdog_state.SIZEOF); // ws_intr NULL: the vdev's own interrupt
  wds.ws_action = state.action;
  pthread_mutex_unlock(vdp.v_mtx);
  wdog_bite(wds);
  pthread_mutex_lock(vdp.v_mtx);
  if (edge && !state.int_driven) signal(vdp, false);
}

// -------------------------------------------------------------------------------------------------------------- vread

function sp805_vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if ((offset & 3) != 0) return misaligned(vdp);
  pthread_mutex_lock(vdp.v_mtx);
  const value = address_of<u32>(do_read(vdp, offset));
  pthread_mutex_unlock(vdp.v_mtx);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

function do_read(vdp: vdev_t, offset: u32): u32 {
  const state = state_of(vdp);
  const now = guest_now(state);
  settle(vdp, now);
  return read_register(state, offset, now);
}

/** An Arm processor never gets this far: it takes an alignment fault when it accesses a device like this. */
function misaligned(vdp: vdev_t): vdev_ref_status {
  pthread_mutex_lock(vdp.v_mtx);
  state_of(vdp).misaligned++;
  pthread_mutex_unlock(vdp.v_mtx);
  return VRS_BUS_ERROR;
}

// ------------------------------------------------------------------------------------------------------------- vwrite

function sp805_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if ((offset & 3) != 0) return misaligned(vdp);
  const value = stack_alloc(4);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  pthread_mutex_lock(vdp.v_mtx);
  do_write(vdp, offset, load<u32>(value));
  pthread_mutex_unlock(vdp.v_mtx);
  return VRS_NORMAL;
}

/** What was due before the write happens before it; the write may then make more due at once, as WDOGLOAD 0 does. */
function do_write(vdp: vdev_t, offset: u32, value: u32): void {
  const state = state_of(vdp);
  const now = guest_now(state);
  settle(vdp, now);
  write_register(state, offset, value, now);
  settle(vdp, now);
  arm_timer(vdp, now);
}

// ------------------------------------------------------------------------------------------------------------- timers

/** Timers are made at startup. qvm answers how many cycles of the guest's clock a second has, or why there is none. */
function create_timer(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  const resolution = address_of<u64>(0);
  state.timer = guest_timer_create(0, vdp, 0, resolution);
  if (state.timer == 0) return <i32>load<u64>(resolution);
  state.resolution = load<u64>(resolution);
  if (ticks_fit(state.frequency, state.resolution)) return EOK;
  vdev_logf(QVM_OUTE_QVM, vdp, cstr("a guest clock of %llu Hz is too fast for this watchdog"), state.resolution);
  return EINVAL;
}

/** Guest time now, in cycles of its clock. */
function guest_now(state: sp805_state): u64 {
  const data = guest_timer_data.local();
  guest_timer_state(state.timer, data);
  return data.guest_current;
}

/**
 * For the next thing to do, never for later than it is armed already: a guest that goes on writing must not put a bite
 * off. A timer that rings early, or when the counter stands, does nothing; it cannot be called off.
 */
function arm_timer(vdp: vdev_t, now: u64): void {
  const state = state_of(vdp);
  if (!state.bite_due && !is_counting(state)) return;
  const due = state.bite_due ? now : next_zero_at(state);
  const rings_at = max<u64>(due, now + state.resolution / SHORTEST_WAITS_A_SECOND);
  if (state.rings_at != 0 && state.rings_at <= rings_at) return;
  const error = guest_timer_notify(state.timer, null, rings_at - now);
  state.rings_at = error == EOK ? rings_at : 0;
  if (error != EOK) vdev_logf(QVM_OUTE_QVM, vdp, cstr("the watchdog sleeps: guest_timer_notify() gave %d"), error);
}

function sp805_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  pthread_mutex_lock(vdp.v_mtx);
  do_timer(vdp, tdp.guest_current);
  pthread_mutex_unlock(vdp.v_mtx);
}

/** wdog_bite() may block while it writes a dump, and a vCPU's thread must not: only the timer bites. */
function do_timer(vdp: vdev_t, now: u64): void {
  const state = state_of(vdp);
  state.rings_at = 0;
  settle(vdp, now);
  if (state.bite_due) do_bite(vdp);
  arm_timer(vdp, now);
}

// ------------------------------------------------------------------------------------------------------------ control

/** Everything else qvm has to tell. EOK goes on; an errno before the guest runs stops the start. */
function sp805_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      return options_start(vdp);
    case OPTION_ACTION:
      return option_action(vdp, arg);
    case OPTION_FREQUENCY:
      return option_frequency(vdp, arg);
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
  reset(state);
  state.frequency = DEFAULT_FREQUENCY;
  state.action = DEFAULT_ACTION;
  vdp.v_block.type = QST_MEMORY;
  vdp.v_block.location = DEFAULT_LOCATION;
  vdp.v_block.length = SP805_SIZE;
  return EOK;
}

/** `action [dump,]terminate|fiq` */
function option_action(vdp: vdev_t, arg: cstring): i32 {
  const action = watchdog_action(arg);
  if (action == NO_WATCHDOG_ACTION) return refuse_watchdog_action(vdp, arg);
  state_of(vdp).action = action;
  return EOK;
}

/** `frequency hz`: from 1 to 2^32 - 1. */
function option_frequency(vdp: vdev_t, arg: cstring): i32 {
  const frequency = option_number(vdp, cstr("frequency"), arg, 1, u32.MAX_VALUE);
  if (frequency == NO_NUMBER) return EINVAL;
  state_of(vdp).frequency = <u32>frequency;
  return EOK;
}

/**
 * `action fiq` needs an interrupt that the user chose: one that is assigned later, in VDEV_CTRL_ASSIGN, the guest could
 * not know of. Better no start than a watchdog that cannot bite.
 */
function options_end(vdp: vdev_t): i32 {
  if (!watchdog_interrupts(state_of(vdp).action) || is_connected(vdp)) return create_timer(vdp);
  vdev_logf(QVM_OUTE_QVM, vdp, cstr("action fiq needs an interrupt: give the watchdog an intr option"));
  return EINVAL;
}

function report_status(vdp: vdev_t): i32 {
  pthread_mutex_lock(vdp.v_mtx);
  do_report(vdp);
  pthread_mutex_unlock(vdp.v_mtx);
  return EOK;
}

function do_report(vdp: vdev_t): void {
  const state = state_of(vdp);
  const now = guest_now(state);
  settle(vdp, now);
  qvm_report(
    cstr("load 0x%x, value 0x%x, control 0x%x, %s%s"),
    state.load,
    count(state, now),
    state.control,
    state.locked ? cstr("locked") : cstr("unlocked"),
    is_testing(state) ? cstr(", in test mode") : cstr(""),
  );
  qvm_report(
    cstr("WDOGINT %s, WDOGRES %s, %u interrupts, %u bites"),
    state.int_driven ? cstr("high") : cstr("low"),
    state.res_driven ? cstr("high") : cstr("low"),
    state.interrupts,
    state.bites,
  );
  qvm_report(
    cstr("lost: %u writes while locked, %u writes and %u reads of nothing, %u misaligned accesses"),
    state.locked_writes,
    state.lost_writes,
    state.lost_reads,
    state.misaligned,
  );
  qvm_report(cstr("action %s, frequency %u"), watchdog_action_text(state.action), state.frequency);
}

// ------------------------------------------------------------------------------------------------------- registration

// Top-level code runs when the module is loaded, once however many vdevs of this type there are: C's constructor.
const factory = vdev_factory.alloc();
factory.control = sp805_control;
factory.vread = sp805_vread;
factory.vwrite = sp805_vwrite;
factory.timer = sp805_timer;
factory.option_list = sp805_options;
factory.factory_flags = VFF_VDEV_MEM | VFF_MUTEX;
factory.acc_sizes = 1 << 4;
factory.extra_space = offsetof<sp805_state>();
vdev_register_factory(factory, QVM_VDEV_ABI);
