/**
 * copier: copies guest memory on a thread of its own, while the guest's processor goes on. How a device with a DMA engine
 * is written, and what it may share with its thread. README.md has the register map.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import {
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
import { guest_cpu_t, QSF_NONE, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
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

const COPIER_SOURCE_RW: u32 = 0x00;
const COPIER_TARGET_RW: u32 = 0x04;
const COPIER_LENGTH_RW: u32 = 0x08;
/** A write begins the copy, a read says how it stands: STATUS_*. */
const COPIER_STATUS_RW: u32 = 0x0c;
const COPIER_SIZE: u32 = COPIER_STATUS_RW + 4;

const STATUS_IDLE: u32 = 0;
const STATUS_BUSY: u32 = 1;
const STATUS_DONE: u32 = 2;
/** Some of it is no guest memory. */
const STATUS_ERROR: u32 = 3;

/** Bytes that go at once: they stand on the thread's stack. */
const PIECE: u32 = 64;

/** All of it belongs to whoever holds v_mtx, but for `thread`, which the main thread alone uses. */
@unmanaged
class copier_state {
  source: u32;
  target: u32;
  length: u32;
  status: u32;
  /** The VM ends: so does the thread. */
  ends: bool;
  thread: pthread_t;
}

const WAKE: usize = (offsetof<copier_state>() + 7) & ~7;

function state_of(vdp: vdev_t): copier_state {
  return changetype<copier_state>(vdp.v_device);
}

function wake_of(vdp: vdev_t): pthread_cond_t {
  return changetype<pthread_cond_t>(vdp.v_device + WAKE);
}

// ------------------------------------------------------------------------------------------------------ the vCPU's side

function copier_vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const offset = <usize>(vopnd.location - vdp.v_block.location);
  pthread_mutex_lock(vdp.v_mtx);
  const value = address_of<u32>(load<u32>(vdp.v_device + offset)); // the first four fields are the registers
  pthread_mutex_unlock(vdp.v_mtx);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, 4);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

function copier_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const value = stack_alloc(4);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  const state = state_of(vdp);
  pthread_mutex_lock(vdp.v_mtx);
  if (state.status == STATUS_BUSY) {
    // The registers are the engine's now.
  } else if (offset == COPIER_STATUS_RW) {
    state.status = STATUS_BUSY;
    pthread_cond_signal(wake_of(vdp));
  } else {
    store<u32>(vdp.v_device + offset, load<u32>(value));
  }
  pthread_mutex_unlock(vdp.v_mtx);
  return VRS_NORMAL;
}

// --------------------------------------------------------------------------------------------------- the thread's side

/** Bytes of guest memory, as guest_cpu_read() and _write() take them. */
function place(block: qvm_state_block, address: u32, length: u32): qvm_state_block {
  block.location = address;
  block.length = <u16>length;
  block.type = QST_MEMORY;
  block.flags = QSF_NONE;
  return block;
}

/** Copies with no lock held: the guest may ask how it stands meanwhile. @returns STATUS_DONE or STATUS_ERROR */
function copy(source: u32, target: u32, length: u32, piece: usize, block: qvm_state_block): u32 {
  const nobody = changetype<guest_cpu_t>(0); // not for a vCPU: guest memory by its address
  for (let at: u32 = 0; at < length; at += PIECE) {
    const bytes = min(PIECE, length - at);
    if (guest_cpu_read(nobody, GXF_NONE, place(block, source + at, bytes), 1, piece, bytes) != EOK) return STATUS_ERROR;
    if (guest_cpu_write(nobody, GXF_NONE, place(block, target + at, bytes), 1, piece, bytes) != EOK) return STATUS_ERROR;
  }
  return STATUS_DONE;
}

function copier_thread(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  const state = state_of(vdp);
  const piece = stack_alloc(PIECE);
  const block = qvm_state_block.local();
  pthread_mutex_lock(vdp.v_mtx);
  while (true) {
    while (state.status != STATUS_BUSY && !state.ends) pthread_cond_wait(wake_of(vdp), vdp.v_mtx);
    if (state.ends) break;
    const source = state.source;
    const target = state.target;
    const length = state.length;
    pthread_mutex_unlock(vdp.v_mtx);
    const status = copy(source, target, length, piece, block);
    pthread_mutex_lock(vdp.v_mtx);
    state.status = status;
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

function copier_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      vdp.v_block.type = QST_MEMORY;
      vdp.v_block.length = COPIER_SIZE;
      return EOK;
    case VDEV_CTRL_OPTIONS_END:
      state_of(vdp).status = STATUS_IDLE;
      return pthread_cond_init(wake_of(vdp), null);
    case VDEV_CTRL_GUEST_CONFIGURED: {
      const id = stack_alloc(sizeof<pthread_t>());
      const error = vdev_thread_create(vdp, cstr("copier"), id, null, copier_thread, changetype<usize>(vdp));
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
factory.control = copier_control;
factory.vread = copier_vread;
factory.vwrite = copier_vwrite;
factory.factory_flags = VFF_VDEV_MEM | VFF_INTR_NO | VFF_MUTEX;
factory.acc_sizes = 1 << 4;
factory.extra_space = <u32>WAKE + pthread_cond_t.SIZEOF;
vdev_register_factory(factory, QVM_VDEV_ABI);
