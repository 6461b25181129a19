/**
 * worker: a device that needs time. The guest queues numbers, a thread of the vdev squares them, one a millisecond, and
 * the guest fetches the squares. How a vdev does work that no vCPU may wait for. README.md has the register map.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import {
  delay,
  EOK,
  pthread_cond_init,
  pthread_cond_signal,
  pthread_cond_t,
  pthread_cond_wait,
  pthread_join,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  pthread_t,
} from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_TERMINATE,
  VFF_INTR_NO,
  VFF_MUTEX,
  VFF_VDEV_MEM,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
  vdev_thread_create,
} from "vdevbox/abi/vdev-core";

// ---------------------------------------------------------------------------------------------------------- registers

/** A number to be squared. When no place is left it is dropped, and counted in WORKER_DROPPED_RO. */
const WORKER_REQUEST_WO: u32 = 0x00;
/** Squares that wait to be fetched. */
const WORKER_READY_RO: u32 = 0x04;
/** The oldest square, which is thereby fetched; 0 when there is none. */
const WORKER_RESULT_RO: u32 = 0x08;
const WORKER_DROPPED_RO: u32 = 0x0c;
const WORKER_SIZE: u32 = WORKER_DROPPED_RO + 4;

/** Numbers at once, from the request until the square is fetched: a power of two, as the counts below wrap. */
const PLACES: u32 = 4;
const WORK_MS: u32 = 1;

// -------------------------------------------------------------------------------------------------------------- state

/**
 * A ring of numbers that become squares: requested up to `requested`, squared up to `squared`, fetched up to `fetched`.
 * All of it belongs to whoever holds v_mtx, but for `thread`, which the main thread alone uses.
 */
@unmanaged
class worker_state {
  requested: u32;
  squared: u32;
  fetched: u32;
  dropped: u32;
  /** The VM ends: so does the thread. */
  ends: bool;
  thread: pthread_t;
}

/** Behind the state: the ring, then the condition variable that says "there is a request, or the end". */
const RING: usize = (offsetof<worker_state>() + 7) & ~7;
const WAKE: usize = RING + PLACES * 4;

function state_of(vdp: vdev_t): worker_state {
  return changetype<worker_state>(vdp.v_device);
}

function place_of(vdp: vdev_t, number: u32): usize {
  return vdp.v_device + RING + (number % PLACES) * 4;
}

function wake_of(vdp: vdev_t): pthread_cond_t {
  return changetype<pthread_cond_t>(vdp.v_device + WAKE);
}

// ----------------------------------------------------------------------------------------------------- the vCPUs' side

function worker_vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  pthread_mutex_lock(vdp.v_mtx);
  const value = read_register(vdp, <u32>(vopnd.location - vdp.v_block.location));
  pthread_mutex_unlock(vdp.v_mtx);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), 4);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

/** Called with v_mtx. */
function read_register(vdp: vdev_t, offset: u32): u32 {
  const state = state_of(vdp);
  switch (offset) {
    case WORKER_READY_RO:
      return state.squared - state.fetched;
    case WORKER_RESULT_RO:
      return state.squared == state.fetched ? 0 : load<u32>(place_of(vdp, state.fetched++));
    case WORKER_DROPPED_RO:
      return state.dropped;
    default:
      return 0;
  }
}

/** Queues the number and returns: the vCPU goes on while the thread works. */
function worker_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const number = stack_alloc(4);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, number, 4);
  if (error != EOK) return guest_cpu_to_vrs(error);
  if (vopnd.location - vdp.v_block.location != WORKER_REQUEST_WO) return VRS_NORMAL;
  const state = state_of(vdp);
  pthread_mutex_lock(vdp.v_mtx);
  if (state.requested - state.fetched == PLACES) {
    state.dropped++;
  } else {
    store<u32>(place_of(vdp, state.requested++), load<u32>(number));
    pthread_cond_signal(wake_of(vdp));
  }
  pthread_mutex_unlock(vdp.v_mtx);
  return VRS_NORMAL;
}

// --------------------------------------------------------------------------------------------------- the thread's side

/**
 * Squares one number after another. It looks again after every wait (`while`, not `if`), because a wait may end for no
 * reason, and holds no lock while it works, so that no vCPU waits for longer than the lines under the lock take.
 */
function worker_thread(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  const state = state_of(vdp);
  pthread_mutex_lock(vdp.v_mtx);
  while (true) {
    while (state.requested == state.squared && !state.ends) pthread_cond_wait(wake_of(vdp), vdp.v_mtx);
    if (state.ends) break;
    const place = place_of(vdp, state.squared);
    const number = load<u32>(place);
    pthread_mutex_unlock(vdp.v_mtx);
    delay(WORK_MS);
    pthread_mutex_lock(vdp.v_mtx);
    store<u32>(place, number * number);
    state.squared++;
  }
  pthread_mutex_unlock(vdp.v_mtx);
  return 0;
}

/** Told to end, and waited for: nothing of it runs any more when this returns. */
function end_thread(vdp: vdev_t): i32 {
  const state = state_of(vdp);
  if (state.thread == 0) return EOK; // the start of the VM failed before there was one
  pthread_mutex_lock(vdp.v_mtx);
  state.ends = true;
  pthread_cond_signal(wake_of(vdp));
  pthread_mutex_unlock(vdp.v_mtx);
  return pthread_join(state.thread, 0);
}

// ------------------------------------------------------------------------------------------------------------ control

function worker_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      vdp.v_block.type = QST_MEMORY;
      vdp.v_block.length = WORKER_SIZE;
      return EOK;
    case VDEV_CTRL_OPTIONS_END:
      return pthread_cond_init(wake_of(vdp), null);
    case VDEV_CTRL_GUEST_CONFIGURED: {
      // All that the thread uses is made by now.
      const id = stack_alloc(sizeof<pthread_t>());
      const error = vdev_thread_create(vdp, cstr("worker"), id, null, worker_thread, changetype<usize>(vdp));
      state_of(vdp).thread = load<pthread_t>(id);
      return error;
    }
    case VDEV_CTRL_TERMINATE:
      return end_thread(vdp);
    default:
      return EOK;
  }
}

const factory = vdev_factory.alloc();
factory.control = worker_control;
factory.vread = worker_vread;
factory.vwrite = worker_vwrite;
factory.factory_flags = VFF_VDEV_MEM | VFF_INTR_NO | VFF_MUTEX;
factory.acc_sizes = 1 << 4;
factory.extra_space = <u32>WAKE + pthread_cond_t.SIZEOF;
vdev_register_factory(factory, QVM_VDEV_ABI);
