/**
 * What the devices of this folder share, so that each shows its registers and little beside its mistake: registration,
 * the operand of an access, the device's lock, and guest memory. `FIXED` is true in the corrected twin; lines of the
 * correction say so with it. Each file holds one device of a VM: its state is in globals.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_cpu_write,
  guest_timer_create,
  guest_timer_data,
  guest_timer_notify,
} from "vdevbox/abi/guest";
import { EOK, pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { address_of, stack_alloc, stack_mark, stack_release } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, guest_timer_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VFF_MUTEX,
  VFF_VDEV_MEM,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

/** Whether this is the corrected twin. */
export const FIXED: bool = isDefined(PLANTED_FIXED);

/** A guest access at an offset, of 1, 2, 4 or 8 bytes: a read gives the value, a write gets it. */
type reads = (vdp: vdev_t, offset: u32, width: u32) => u64;
type writes = (vdp: vdev_t, offset: u32, width: u32, value: u64) => void;
/** A timer that fired. */
type ticks = (vdp: vdev_t) => void;
/** The author's invariants: assertions about the state between two callbacks. */
type checks = () => void;

/** A factory, followed by what its device does: indices in the module's table, as all devices may be in one module. */
const READ: usize = vdev_factory.SIZEOF;
const WRITE: usize = READ + 4;
const SIZE: usize = WRITE + 4;
const LOCKED: usize = SIZE + 4;
const TICK: usize = LOCKED + 4;
const CHECK: usize = TICK + 4;
const TIMER: usize = CHECK + 4;
const END: usize = TIMER + 4;

// @ts-ignore: decorator
@inline
function slot_of(vdp: vdev_t, which: usize): u32 {
  return load<u32>(changetype<usize>(vdp.v_factory) + which);
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = slot_of(vdp, SIZE);
  } else if (ctrl == VDEV_CTRL_OPTIONS_END && slot_of(vdp, TICK) != 0) {
    store<u32>(changetype<usize>(vdp.v_factory), guest_timer_create(0, vdp, 0, stack_alloc(8)), TIMER);
  } else if (ctrl == VDEV_CTRL_GUEST_CONFIGURED) {
    own_start = min(own_start, vdp.v_block.location);
    own_end = max(own_end, vdp.v_block.location + vdp.v_block.length);
  }
  return EOK;
}

/** From the first to the last register of the devices here, between which is no memory: the guest must not send one there. */
let own_start: u64 = u64.MAX_VALUE;
let own_end: u64 = 0;

// @ts-ignore: decorator
@inline
function is_own(address: u64, length: u32): bool {
  return address - own_start < own_end - own_start || own_start - address < length;
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (slot_of(vdp, LOCKED) != 0) pthread_mutex_lock(vdp.v_mtx);
  const value = address_of<u64>(call_indirect<u64>(slot_of(vdp, READ), vdp, offset, vopnd.length));
  if (slot_of(vdp, LOCKED) != 0) pthread_mutex_unlock(vdp.v_mtx);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const value = address_of<u64>(0);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (slot_of(vdp, LOCKED) != 0) pthread_mutex_lock(vdp.v_mtx);
  call_indirect<void>(slot_of(vdp, WRITE), vdp, offset, vopnd.length, load<u64>(value));
  if (slot_of(vdp, LOCKED) != 0) pthread_mutex_unlock(vdp.v_mtx);
  return VRS_NORMAL;
}

function on_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  pthread_mutex_lock(vdp.v_mtx);
  call_indirect<void>(slot_of(vdp, TICK), vdp);
  pthread_mutex_unlock(vdp.v_mtx);
}

/** Registers a device by its name. Its functions run with v_mtx held. @param size bytes of registers */
export function device(name: cstring, size: u32, read: reads, write: writes): usize {
  return register(prepare(name, size, read, write));
}

/** A device that takes its locks itself. */
export function unlocked_device(name: cstring, size: u32, read: reads, write: writes): usize {
  const at = prepare(name, size, read, write);
  store<u32>(at, 0, LOCKED);
  return register(at);
}

/** A device with a guest timer, made at startup; arm_timer() arms it. */
export function timed_device(name: cstring, size: u32, read: reads, write: writes, tick: ticks): usize {
  const at = prepare(name, size, read, write);
  store<u32>(at, tick.index, TICK);
  changetype<vdev_factory>(at).timer = on_timer;
  return register(at);
}

function prepare(name: cstring, size: u32, read: reads, write: writes): usize {
  const at = heap.alloc(END);
  memory.fill(at, 0, END);
  store<u32>(at, read.index, READ);
  store<u32>(at, write.index, WRITE);
  store<u32>(at, size, SIZE);
  store<u32>(at, 1, LOCKED);
  const factory = changetype<vdev_factory>(at);
  factory.name = name;
  factory.control = control;
  factory.vread = vread;
  factory.vwrite = vwrite;
  factory.factory_flags = VFF_VDEV_MEM | VFF_MUTEX;
  factory.acc_sizes = (1 << 1) | (1 << 2) | (1 << 4) | (1 << 8);
  return at;
}

function register(at: usize): usize {
  vdev_register_factory(changetype<vdev_factory>(at), QVM_VDEV_ABI);
  return at;
}

/** Arms the timer once. @param ns nanoseconds of virtual time from now */
export function arm_timer(vdp: vdev_t, ns: u64): void {
  guest_timer_notify(timer_of(vdp), null, ns);
}

/** The device's timer. */
export function timer_of(vdp: vdev_t): guest_timer_t {
  return slot_of(vdp, TIMER);
}

/** A device with invariants. @param at what registered it */
export function invariants(at: usize, check: checks): void {
  store<u32>(at, check.index, CHECK);
}

/** What a fuzzer calls between two callbacks. */
export function vdevbox_invariants(vdp: usize): void {
  const check = slot_of(changetype<vdev_t>(vdp), CHECK);
  if (check != 0) call_indirect<void>(check);
}

/** Copies guest memory to module memory. @returns false where the guest has none */
export function from_guest(address: u64, to: usize, length: u32): bool {
  if (is_own(address, length)) return false;
  const mark = stack_mark();
  const error = guest_cpu_read(0, GXF_NONE, guest_block(address, length), 1, to, length);
  stack_release(mark);
  return error == EOK;
}

/** Copies module memory to guest memory. @returns false where the guest has none */
export function to_guest(address: u64, from: usize, length: u32): bool {
  if (is_own(address, length)) return false;
  const mark = stack_mark();
  const error = guest_cpu_write(0, GXF_NONE, guest_block(address, length), 1, from, length);
  stack_release(mark);
  return error == EOK;
}

/** A place in guest memory, on the SDK's stack. */
export function guest_block(address: u64, length: u32): qvm_state_block {
  const block = qvm_state_block.local();
  memory.fill(changetype<usize>(block), 0, qvm_state_block.SIZEOF);
  block.location = address;
  block.length = length;
  block.type = QST_MEMORY;
  return block;
}
