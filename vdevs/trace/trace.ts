/**
 * trace: one 32-bit word in the guest's memory that counts seconds. It does, once and plainly, what every vdev does:
 * a factory, options, state, reads and writes, a lock, a thread of its own, log lines and a status report. Copy it.
 *
 * Specification: the example vdev `trace` of the Virtual Device Developer's Guide, QNX Hypervisor 2.0 (manuals 7.0.0),
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev/topic/trace/trace.html: a thread, made at
 * VDEV_CTRL_GUEST_CONFIGURED, advances the count once a second, and is cancelled and joined at VDEV_CTRL_TERMINATE.
 * README.md has the register map.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { qvm_report, vdev_logf } from "vdevbox/abi/log";
import { NO_NUMBER, option_number } from "vdevbox/abi/options";
import { QVM_OUTD_QVM, QVM_OUTI_QVM } from "vdevbox/abi/outpipe";
import {
  CLOCK_MONOTONIC,
  clock_gettime,
  clock_nanosleep,
  EINVAL,
  EOK,
  pthread_cancel,
  pthread_join,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  pthread_t,
  TIMER_ABSTIME,
  timespec,
} from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QSL_NO_LOCATION, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  QVM_OPTION_NO_ARG_PREFIX,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_STATUS,
  VDEV_CTRL_TERMINATE,
  VFF_INTR_NO,
  VFF_MUTEX,
  VFF_VDEV_MEM,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
  vdev_thread_create,
} from "vdevbox/abi/vdev-core";

// ------------------------------------------------------------------------------------------------- registers, options

/** The count: 32 bits. It goes up by one each second and wraps; the guest may write it. */
const TRACE_COUNT_RW: u32 = 0x00;
/** Bytes the registers take in the guest. */
const TRACE_SIZE: u32 = TRACE_COUNT_RW + 4;
/** Widths of access, one bit each: 1, 2 and 4 bytes. */
const TRACE_ACC_SIZES: u32 = (1 << 1) | (1 << 2) | (1 << 4);

/** Names of the options, ended by NULL. Option n arrives as VDEV_CTRL_FIRST_OPTIDX + n. */
const trace_options = memory.data<cstring>([cstr(QVM_OPTION_NO_ARG_PREFIX + "emit-logger"), cstr("emit-trace"), 0]);
const OPTION_EMIT_LOGGER: u32 = VDEV_CTRL_FIRST_OPTIDX + 0;
const OPTION_EMIT_TRACE: u32 = VDEV_CTRL_FIRST_OPTIDX + 1;

// -------------------------------------------------------------------------------------------------------------- state

/**
 * What one vdev remembers. It lies in the bytes behind v_device, one set for each `vdev trace` of the configuration:
 * a global would be shared by all of them.
 *
 * vread and vwrite run on any vCPU's thread and trace_thread on one more, all at once: from GUEST_CONFIGURED on, `count`,
 * `reads` and `writes` belong to whoever holds v_mtx. The options and `thread` do not change any more then.
 */
@unmanaged
class trace_state {
  count: u32;
  /** Accesses since the start, for the status report. */
  reads: u32;
  writes: u32;
  /** Log every access (emit-logger). */
  emit_logger: bool;
  /** Emit a trace event for every access (emit-trace), with this number. */
  emit_trace: bool;
  trace_event: u32;
  /** Who counts. */
  thread: pthread_t;
}

function state_of(vdp: vdev_t): trace_state {
  return changetype<trace_state>(vdp.v_device);
}

// -------------------------------------------------------------------------------------------------------------- reset

/** The state at power-on. The options follow and change it. */
function trace_reset(vdp: vdev_t): void {
  const state = state_of(vdp);
  state.count = 0;
  state.reads = 0;
  state.writes = 0;
  state.emit_logger = false;
  state.emit_trace = false;
  state.trace_event = 0;
  state.thread = 0;
}

// -------------------------------------------------------------------------------------------------------------- vread

/**
 * The guest reads. `vopnd` says where and how wide, `oopnd` is the CPU register that waits for the value. The word is
 * little-endian, so the bytes at `offset` of a copy of it are what a narrow read gets.
 */
function trace_vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const state = state_of(vdp);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (offset + vopnd.length > TRACE_SIZE) return VRS_BUS_ERROR;
  pthread_mutex_lock(vdp.v_mtx);
  const count = state.count;
  state.reads++;
  pthread_mutex_unlock(vdp.v_mtx);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(count) + offset, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  emit_access(vdp, cstr("read"), vopnd, count);
  return VRS_NORMAL;
}

// ------------------------------------------------------------------------------------------------------------- vwrite

/**
 * The guest writes: its value replaces as many bytes of the word as the access is wide. The lock is held from the load
 * of the old word to the store of the new one, so that no second is lost in between.
 */
function trace_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const state = state_of(vdp);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (offset + vopnd.length > TRACE_SIZE) return VRS_BUS_ERROR;
  pthread_mutex_lock(vdp.v_mtx);
  const word = address_of<u32>(state.count);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, word + offset, vopnd.length);
  if (error == EOK) {
    state.count = load<u32>(word);
    state.writes++;
  }
  pthread_mutex_unlock(vdp.v_mtx);
  if (error != EOK) return guest_cpu_to_vrs(error);
  emit_access(vdp, cstr("write"), vopnd, load<u32>(word));
  return VRS_NORMAL;
}

/** What the options ask for after an access. A trace event is a debug line: there is no kernel trace here. */
function emit_access(vdp: vdev_t, what: cstring, vopnd: qvm_state_block, count: u32): void {
  const state = state_of(vdp);
  if (state.emit_logger) {
    vdev_logf(QVM_OUTI_QVM, vdp, cstr("%s of %u bytes, count 0x%x"), what, vopnd.length, count);
  }
  if (state.emit_trace) {
    vdev_logf(QVM_OUTD_QVM, vdp, cstr("trace event %u: %s, count 0x%x"), state.trace_event, what, count);
  }
}

// -------------------------------------------------------------------------------------------------- threads

/** Threads may be made from VDEV_CTRL_GUEST_CONFIGURED on: before, qvm has its main thread only. */
function start_thread(vdp: vdev_t): i32 {
  const id = stack_alloc(sizeof<pthread_t>());
  const error = vdev_thread_create(vdp, cstr("trace"), id, null, trace_thread, changetype<usize>(vdp));
  state_of(vdp).thread = load<pthread_t>(id);
  return error;
}

/**
 * Counts seconds. Each is slept up to its own end, so that the count never drifts. The sleep is where the thread is
 * cancelled, and it holds no lock there.
 */
function trace_thread(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  const state = state_of(vdp);
  const next = timespec.local();
  clock_gettime(CLOCK_MONOTONIC, next);
  while (true) {
    next.tv_sec++;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, null);
    pthread_mutex_lock(vdp.v_mtx);
    state.count++;
    pthread_mutex_unlock(vdp.v_mtx);
  }
  return 0;
}

// ------------------------------------------------------------------------------------------------------------ control

/** Everything else qvm has to tell. EOK goes on; an errno before the guest runs stops the start. */
function trace_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      return options_start(vdp);
    case OPTION_EMIT_LOGGER:
      state_of(vdp).emit_logger = true;
      return EOK;
    case OPTION_EMIT_TRACE:
      return option_emit_trace(vdp, arg);
    case VDEV_CTRL_GUEST_CONFIGURED:
      return start_thread(vdp);
    case VDEV_CTRL_STATUS:
      return report_status(vdp);
    case VDEV_CTRL_TERMINATE:
      return terminate(vdp);
    default:
      return EOK;
  }
}

/** Defaults, and what kind of place the vdev takes. qvm fills in the location when it meets `loc`. */
function options_start(vdp: vdev_t): i32 {
  trace_reset(vdp);
  vdp.v_block.type = QST_MEMORY;
  vdp.v_block.location = QSL_NO_LOCATION;
  vdp.v_block.length = TRACE_SIZE;
  return EOK;
}

/** `emit-trace n`: n is a number of 32 bits. */
function option_emit_trace(vdp: vdev_t, arg: cstring): i32 {
  const event = option_number(vdp, cstr("emit-trace"), arg, 0, u32.MAX_VALUE);
  if (event == NO_NUMBER) return EINVAL;
  const state = state_of(vdp);
  state.trace_event = <u32>event;
  state.emit_trace = true;
  return EOK;
}

function report_status(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  pthread_mutex_lock(vdp.v_mtx);
  const count = state.count;
  const reads = state.reads;
  const writes = state.writes;
  pthread_mutex_unlock(vdp.v_mtx);
  qvm_report(cstr("count 0x%x, %u reads, %u writes"), count, reads, writes);
  if (state.emit_logger) qvm_report(cstr("emit-logger"));
  if (state.emit_trace) qvm_report(cstr("emit-trace %u"), state.trace_event);
  return EOK;
}

/** The end of the VM: whoever made a thread ends it. TERMINATE also comes to a vdev whose start did not get that far. */
function terminate(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  if (state.thread != 0) {
    pthread_cancel(state.thread);
    pthread_join(state.thread, 0);
  }
  if (state.emit_logger) vdev_logf(QVM_OUTI_QVM, vdp, cstr("ends with count 0x%x"), state.count);
  return EOK;
}

// ------------------------------------------------------------------------------------------------------- registration

// Top-level code runs when the module is loaded, once however many vdevs of this type there are: C's constructor.
const factory = vdev_factory.alloc();
factory.control = trace_control;
factory.vread = trace_vread;
factory.vwrite = trace_vwrite;
factory.option_list = trace_options;
factory.factory_flags = VFF_VDEV_MEM | VFF_INTR_NO | VFF_MUTEX;
factory.acc_sizes = TRACE_ACC_SIZES;
factory.extra_space = offsetof<trace_state>();
vdev_register_factory(factory, QVM_VDEV_ABI);
