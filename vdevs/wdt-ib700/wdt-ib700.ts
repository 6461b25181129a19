/**
 * wdt-ib700: the watchdog of IB700 single-board computers, for x86 guests. Two ports that are only written: one starts
 * it with a time, and starts it again, the other stops it. When the time is over it bites: what the `action` option
 * says happens to the guest.
 *
 * Specifications: for the ports and the table of times, a board's manual: the CI5VGM Series User's Manual, "Watchdog
 * Timer Configuration"; for qvm, the Virtual Device Developer's Guide, "A watchdog vdev for x86",
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev/topic/emulate/emulate_wdogx86.html. README.md has
 * the register map, and what these leave open.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_intr_signal,
  guest_timer_create,
  guest_timer_data,
  guest_timer_notify,
  guest_timer_state,
} from "vdevbox/abi/guest";
import { qvm_report, vdev_logf } from "vdevbox/abi/log";
import { QVM_OUTE_QVM } from "vdevbox/abi/outpipe";
import { EINVAL, EOK, pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { NO_REGISTER, register_map } from "vdevbox/abi/register-map";
import { ACCESS_WO } from "vdevbox/abi/register-table";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { GIS_OFF, guest_cpu_t, guest_timer_t, QST_X86_IO, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_STATUS,
  VFF_MUTEX,
  VFF_VDEV_X86_IO,
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
import { IB700_SIZE, REGISTERS, WDT_START_WO, WDT_STOP_WO } from "./registers";

// ------------------------------------------------------------------------------------------------- registers, options

const registers = new register_map(REGISTERS, IB700_SIZE);

/** The time of code 0, and how much less each further code gives, in seconds. Code 15 is no time at all. */
const LONGEST_S: u32 = 30;
const STEP_S: u32 = 2;

/** Names of the options, ended by NULL. Option n arrives as VDEV_CTRL_FIRST_OPTIDX + n. */
const ib700_options = memory.data<cstring>([cstr("action"), 0]);
const OPTION_ACTION: u32 = VDEV_CTRL_FIRST_OPTIDX + 0;

/** qvm's default. Of `action` it states none. */
const DEFAULT_LOCATION: u64 = 0x441;
const DEFAULT_ACTION: u32 = WDOG_ACTION_TERMINATE;

/** The timer is armed for no less than a second divided by this: a guest that gives no time shall not busy the host. */
const SHORTEST_WAITS_A_SECOND: u64 = 1_000_000;

// -------------------------------------------------------------------------------------------------------------- state

/**
 * What one watchdog remembers, behind v_device.
 *
 * vwrite runs on any vCPU's thread, the timer and STATUS on others, all at once. v_mtx guards the state and the level
 * of the interrupt line: the do_ functions, and whatever they call, have it. It is let go for wdog_bite(), which may
 * block. It is taken before the locks of the interrupt controller, and nothing here is called with those held.
 */
@unmanaged
class ib700_state {
  running: bool;
  /** A bite with `fiq` has raised the interrupt, and the guest has not written to the watchdog since. */
  raised: bool;
  /** Seconds it was started with last. */
  seconds: u32;
  /** Guest time at which it bites, when it runs. */
  bites_at: u64;
  /** Its time is over, and the timer is to bite. */
  bite_due: bool;

  timer: guest_timer_t;
  /** Guest time the timer is armed for, 0 when it is not. */
  rings_at: u64;
  /** Cycles of the guest's clock in a second. */
  resolution: u64;
  /** For ws_action. */
  action: u32;

  /** For the status report. */
  starts: u32;
  stops: u32;
  bites: u32;
  lost_writes: u32;
}

function state_of(vdp: vdev_t): ib700_state {
  return changetype<ib700_state>(vdp.v_device);
}

// -------------------------------------------------------------------------------------------------------------- reset

/** The state at power-on: stopped. The options follow. */
function ib700_reset(state: ib700_state): void {
  memory.fill(changetype<usize>(state), 0, offsetof<ib700_state>());
  state.action = DEFAULT_ACTION;
}

// ----------------------------------------------------------------------------------------------------------- watchdog

/** Starts it, or starts it again, with the time of a code. */
function start(state: ib700_state, code: u32, now: u64): void {
  state.starts++;
  state.running = true;
  state.seconds = LONGEST_S - STEP_S * code;
  state.bites_at = now + <u64>state.seconds * state.resolution;
}

function stop(state: ib700_state): void {
  state.stops++;
  state.running = false;
}

/** Notices that the time is over. Nothing the guest does afterwards takes that back. */
function pass_time(state: ib700_state, now: u64): void {
  if (!state.running || now < state.bites_at) return;
  state.running = false;
  state.bite_due = true;
}

/**
 * Does what `action` says; with `terminate` it does not come back. `fiq` raises the interrupt, which a start lowers;
 * v_mtx is not held meanwhile, so that start may come first, and the interrupt goes low again.
 */
function do_bite(vdp: vdev_t): void {
  const state = state_of(vdp);
  state.bite_due = false;
  state.bites++;
  const interrupts = watchdog_interrupts(state.action);
  state.raised = interrupts;
  const wds = wdog_state.local();
  memory.fill(changetype<usize>(wds), 0, wdog_state.SIZEOF); // ws_intr NULL: the vdev's own interrupt
  wds.ws_action = state.action;
  pthread_mutex_unlock(vdp.v_mtx);
  wdog_bite(wds);
  pthread_mutex_lock(vdp.v_mtx);
  if (interrupts && !state.raised) signal_low(vdp);
}

function lower_interrupt(vdp: vdev_t): void {
  const state = state_of(vdp);
  if (!state.raised) return;
  state.raised = false;
  signal_low(vdp);
}

function signal_low(vdp: vdev_t): void {
  const error = guest_intr_signal(vdp.v_intr, GIS_OFF);
  if (error != EOK) vdev_logf(QVM_OUTE_QVM, vdp, cstr("guest_intr_signal() gave %d"), error);
}

// ------------------------------------------------------------------------------------------------------------- vwrite

// There is no vread: the watchdog is only written. A read gets what `unsupported` says.

function ib700_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const port = <u32>(vopnd.location - vdp.v_block.location);
  const bytes = stack_alloc(4);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, bytes, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  pthread_mutex_lock(vdp.v_mtx);
  do_write(vdp, port, bytes, vopnd.length);
  pthread_mutex_unlock(vdp.v_mtx);
  return VRS_NORMAL;
}

/** The device is 8 bits wide: an ISA bus gives it a wider `out` as bytes, the lowest port first. */
function do_write(vdp: vdev_t, port: u32, bytes: usize, length: u32): void {
  const state = state_of(vdp);
  const now = guest_now(state);
  pass_time(state, now);
  for (let i: u32 = 0; i < length; i++) write_port(vdp, port + i, load<u8>(bytes + i), now);
  arm_timer(vdp, now);
}

function write_port(vdp: vdev_t, port: u32, value: u32, now: u64): void {
  const state = state_of(vdp);
  const row = registers.find(port);
  if (row == NO_REGISTER || registers.access(row) != ACCESS_WO) {
    state.lost_writes++;
    return;
  }
  lower_interrupt(vdp);
  write_register(state, port, value & registers.writable(row), now);
}

function write_register(state: ib700_state, port: u32, value: u32, now: u64): void {
  switch (port) {
    case WDT_START_WO:
      return start(state, value, now);
    case WDT_STOP_WO:
      return stop(state);
    default:
      unreachable(); // REGISTERS has a row that is not served here
  }
}

// ------------------------------------------------------------------------------------------------------------- timers

/** Timers are made at startup. qvm answers how many cycles of the guest's clock a second has, or why there is none. */
function create_timer(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  const resolution = address_of<u64>(0);
  state.timer = guest_timer_create(0, vdp, 0, resolution);
  if (state.timer == 0) return <i32>load<u64>(resolution);
  state.resolution = load<u64>(resolution);
  return EOK;
}

/** Guest time now, in cycles of its clock. */
function guest_now(state: ib700_state): u64 {
  const data = guest_timer_data.local();
  guest_timer_state(state.timer, data);
  return data.guest_current;
}

/**
 * For the next thing to do, never for later than it is armed already: a guest that goes on writing must not put a bite
 * off. A timer that rings early, or when the watchdog is stopped, does nothing; it cannot be called off.
 */
function arm_timer(vdp: vdev_t, now: u64): void {
  const state = state_of(vdp);
  if (!state.bite_due && !state.running) return;
  const due = state.bite_due ? now : state.bites_at;
  const rings_at = max<u64>(due, now + state.resolution / SHORTEST_WAITS_A_SECOND);
  if (state.rings_at != 0 && state.rings_at <= rings_at) return;
  const error = guest_timer_notify(state.timer, null, rings_at - now);
  state.rings_at = error == EOK ? rings_at : 0;
  if (error != EOK) vdev_logf(QVM_OUTE_QVM, vdp, cstr("the watchdog sleeps: guest_timer_notify() gave %d"), error);
}

function ib700_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  pthread_mutex_lock(vdp.v_mtx);
  do_timer(vdp, tdp.guest_current);
  pthread_mutex_unlock(vdp.v_mtx);
}

/** wdog_bite() may block while it writes a dump, and a vCPU's thread must not: only the timer bites. */
function do_timer(vdp: vdev_t, now: u64): void {
  const state = state_of(vdp);
  state.rings_at = 0;
  pass_time(state, now);
  if (state.bite_due) do_bite(vdp);
  arm_timer(vdp, now);
}

// ------------------------------------------------------------------------------------------------------------ control

/** Everything else qvm has to tell. EOK goes on; an errno before the guest runs stops the start. */
function ib700_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      return options_start(vdp);
    case OPTION_ACTION:
      return option_action(vdp, arg);
    case VDEV_CTRL_OPTIONS_END:
      return options_end(vdp);
    case VDEV_CTRL_STATUS:
      return report_status(vdp);
    default:
      return EOK;
  }
}

function options_start(vdp: vdev_t): i32 {
  ib700_reset(state_of(vdp));
  vdp.v_block.type = QST_X86_IO;
  vdp.v_block.location = DEFAULT_LOCATION;
  vdp.v_block.length = IB700_SIZE;
  return EOK;
}

/** `action [dump,]terminate|fiq` */
function option_action(vdp: vdev_t, arg: cstring): i32 {
  const action = watchdog_action(arg);
  if (action == NO_WATCHDOG_ACTION) return refuse_watchdog_action(vdp, arg);
  state_of(vdp).action = action;
  return EOK;
}

/**
 * `action fiq` needs an interrupt that the user chose: one that is assigned later, in VDEV_CTRL_ASSIGN, the guest could
 * not know of. Better no start than a watchdog that cannot bite.
 */
function options_end(vdp: vdev_t): i32 {
  if (!watchdog_interrupts(state_of(vdp).action) || changetype<usize>(vdp.v_intr.pic) != 0) return create_timer(vdp);
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
  if (state.running) {
    const left = state.bites_at - min<u64>(guest_now(state), state.bites_at);
    qvm_report(cstr("runs with %u s, bites in %llu ms"), state.seconds, (left * 1000) / state.resolution);
  } else {
    qvm_report(cstr("stopped"));
  }
  qvm_report(
    cstr("%u starts, %u stops, %u bites, interrupt %s"),
    state.starts,
    state.stops,
    state.bites,
    state.raised ? cstr("high") : cstr("low"),
  );
  qvm_report(cstr("lost: %u writes of nothing"), state.lost_writes);
  qvm_report(cstr("action %s"), watchdog_action_text(state.action));
}

// ------------------------------------------------------------------------------------------------------- registration

// Top-level code runs when the module is loaded, once however many vdevs of this type there are: C's constructor.
const factory = vdev_factory.alloc();
factory.control = ib700_control;
factory.vwrite = ib700_vwrite;
factory.timer = ib700_timer;
factory.option_list = ib700_options;
factory.factory_flags = VFF_VDEV_X86_IO | VFF_MUTEX;
factory.acc_sizes = (1 << 1) | (1 << 2) | (1 << 4);
factory.extra_space = offsetof<ib700_state>();
vdev_register_factory(factory, QVM_VDEV_ABI);
