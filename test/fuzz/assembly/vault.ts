/** A device whose mistakes lie behind what a fuzzer has to work out. A remark at the end of a line names each mistake. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { EOK, pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_OPTIONS_START,
  VFF_MUTEX,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const LOCK: u32 = 0x00;
const SLOT: u32 = 0x04;
const LIST: u32 = 0x08;
const PUSH: u32 = 0x0c;
const ADD: u32 = 0x10;
const DEPTH: u32 = 8;

@unmanaged
class vault {
  lock: u32;
  count: u32;
  last: u32;
  /** Of the program that is executed: a descriptor as the guest wrote it. */
  next: u32;
  flags: u32;
  /** Of all values written to the register behind the others. */
  sum: u32;
}

const slots = memory.data(64);

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY; // start
    vdp.v_block.length = 0x14;
  }
  return EOK;
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  pthread_mutex_lock(vdp.v_mtx);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, vdp.v_device, vopnd.length);
  pthread_mutex_unlock(vdp.v_mtx);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  pthread_mutex_lock(vdp.v_mtx);
  const status = written(vdp, vopnd, oopnd, gcp);
  pthread_mutex_unlock(vdp.v_mtx);
  return status;
}

function written(vdp: vdev_t, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const state = changetype<vault>(vdp.v_device);
  state.last = 0;
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, offsetof<vault>("last") + vdp.v_device, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const value = state.last;
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (offset == LOCK) turn(state, value);
  else if (offset == SLOT && state.lock == 2) store<u8>(slots + value, 1); // slot
  else if (offset == LIST) walk(state, value);
  else if (offset == PUSH) push(state, value);
  else if (offset == ADD) state.sum += value;
  return VRS_NORMAL;
}

function turn(state: vault, value: u32): void {
  if (state.lock == 0) state.lock = value == 0x600df00d ? 1 : 0;
  else if (state.lock == 1) state.lock = (value ^ 0x5a5a) == 0x1234abcd ? 2 : 0;
}

function push(state: vault, value: u32): void {
  if (value == 0) state.count = 0;
  else assert(++state.count <= DEPTH, "the FIFO is full"); // push
}

/** Follows a list in guest memory: address of the next, and flags of which bit 0 says that there is a next. */
function walk(state: vault, first: u32): void {
  const block = qvm_state_block.local();
  block.type = QST_MEMORY;
  block.flags = 0;
  block.length = 8;
  state.next = first;
  do {
    block.location = state.next;
    const into = changetype<usize>(state) + offsetof<vault>("next");
    if (guest_cpu_read(0, GXF_NONE, block, 1, into, 8) != EOK) return; // list
  } while ((state.flags & 0xff00ff01) == 0x77001101);
}

export function vdevbox_invariants(vdp: vdev_t): void {
  const state = changetype<vault>(vdp.v_device);
  assert(state.sum != 0x00c0ffee, "a sum that must not be"); // invariant
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.extra_space = offsetof<vault>();
factory.factory_flags = VFF_MUTEX;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
