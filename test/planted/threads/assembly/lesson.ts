/**
 * What the lessons of this folder share, so that each shows little beside its mistake: registration, the operand of an
 * access, and threads. `FIXED` is true in the corrected twin of a lesson; lines that belong to the correction say so with it.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { EOK, pthread_create, pthread_join, pthread_t } from "vdevbox/abi/posix";
import { address_of, stack_alloc, stack_mark, stack_release } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_TERMINATE,
  VFF_MUTEX,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

/** Whether this is the corrected twin. */
export const FIXED: bool = isDefined(PLANTED_FIXED);

/** What a lesson does when all vdevs are known, when the guest is about to run, and when the VM ends. */
type step = (vdp: vdev_t) => void;
/** A guest access at an offset: a read gives the value, a write gets it. */
type reads = (vdp: vdev_t, offset: u32) => u32;
type writes = (vdp: vdev_t, offset: u32, value: u32) => void;

/** A factory, followed by what its lesson does: indices in the module's table, as all lessons may be in one module. */
const INIT: usize = vdev_factory.SIZEOF;
const START: usize = INIT + 4;
const END: usize = START + 4;
const READ: usize = END + 4;
const WRITE: usize = READ + 4;

// @ts-ignore: decorator
@inline
function index_of(vdp: vdev_t, which: usize): u32 {
  return load<u32>(changetype<usize>(vdp.v_factory) + which);
}

export function nothing(vdp: vdev_t): void {}

export function zero(vdp: vdev_t, offset: u32): u32 {
  return 0;
}

export function ignored(vdp: vdev_t, offset: u32, value: u32): void {}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 16;
  } else if (ctrl == VDEV_CTRL_OPTIONS_END) {
    call_indirect<void>(index_of(vdp, INIT), vdp);
  } else if (ctrl == VDEV_CTRL_GUEST_CONFIGURED) {
    call_indirect<void>(index_of(vdp, START), vdp);
  } else if (ctrl == VDEV_CTRL_TERMINATE) {
    call_indirect<void>(index_of(vdp, END), vdp);
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
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  const value = call_indirect<u32>(index_of(vdp, READ), vdp, offset);
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), 4);
  return VRS_NORMAL;
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  call_indirect<void>(index_of(vdp, WRITE), vdp, offset, load<u32>(value));
  return VRS_NORMAL;
}

/** Registers a lesson by its name. */
export function lesson(name: cstring, init: step, start: step, end: step, read: reads, write: writes): void {
  register(prepare(name, init, start, end, read, write));
}

/** The same in two steps, for a lesson that changes something of its factory in between. */
export function prepare(
  name: cstring,
  init: step,
  start: step,
  end: step,
  read: reads,
  write: writes,
): vdev_factory {
  const at = heap.alloc(WRITE + 4);
  memory.fill(at, 0, WRITE + 4);
  store<u32>(at, init.index, INIT);
  store<u32>(at, start.index, START);
  store<u32>(at, end.index, END);
  store<u32>(at, read.index, READ);
  store<u32>(at, write.index, WRITE);
  const factory = changetype<vdev_factory>(at);
  factory.name = name;
  factory.control = control;
  factory.vread = vread;
  factory.vwrite = vwrite;
  factory.factory_flags = VFF_MUTEX;
  factory.acc_sizes = 1 << 4;
  return factory;
}

export function register(factory: vdev_factory): void {
  vdev_register_factory(factory, QVM_VDEV_ABI);
}

/** Makes a thread that gets the vdev. */
export function thread(routine: (arg: usize) => usize, vdp: vdev_t): pthread_t {
  const mark = stack_mark();
  const id = stack_alloc(sizeof<pthread_t>());
  pthread_create(id, null, routine, changetype<usize>(vdp));
  const made = load<pthread_t>(id);
  stack_release(mark);
  return made;
}

export function join(made: pthread_t): void {
  pthread_join(made, 0);
}
