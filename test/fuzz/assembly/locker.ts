/** A device that does with mutexes and a timer whatever the guest asks for, one act for each write. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_cpu_write,
  guest_timer_create,
  guest_timer_data,
  guest_timer_notify,
  guest_timer_state,
} from "vdevbox/abi/guest";
import {
  EOK,
  PTHREAD_MUTEX_ERRORCHECK,
  PTHREAD_MUTEX_RECURSIVE,
  pthread_mutex_destroy,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  pthread_mutexattr_init,
  pthread_mutexattr_settype,
  pthread_mutexattr_t,
} from "vdevbox/abi/posix";
import { stack_alloc } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, guest_timer_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
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

/** v_mtx, a recursive one, one that checks, and bytes that are none. */
const others = memory.data(4 * pthread_mutex_t.SIZEOF, 16);
const kinds = memory.data<i32>([0, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK]);
let timer: guest_timer_t = 0;
let fired: u32 = 0;
/** What calls answered, mixed. */
let answers: u64 = 0;

function mutex_of(vdp: vdev_t, which: u32): pthread_mutex_t {
  return which == 0 ? vdp.v_mtx : changetype<pthread_mutex_t>(others + which * pthread_mutex_t.SIZEOF);
}

function make(vdp: vdev_t, which: u32): i32 {
  const attr = pthread_mutexattr_t.local();
  pthread_mutexattr_init(attr);
  pthread_mutexattr_settype(attr, load<i32>(kinds + 4 * which));
  return pthread_mutex_init(mutex_of(vdp, which), attr);
}

/** `address` is anything the guest likes: only what the manual allows may be written to. */
function state_at(address: usize): void {
  guest_timer_state(timer, changetype<guest_timer_data>(address));
}

function note(answer: u64): void {
  answers = rotl(answers, 5) ^ answer;
}

function act(vdp: vdev_t, what: u32, value: u32): void {
  const which = value & 3;
  const mutex = mutex_of(vdp, which);
  switch (what) {
    case 0:
      return note(pthread_mutex_lock(mutex));
    case 1:
      return note(pthread_mutex_unlock(mutex));
    case 2:
      return note(pthread_mutex_trylock(mutex));
    case 3: {
      const now = guest_timer_data.local();
      guest_timer_state(timer, now);
      note(now.guest_current * 31 + now.host_notify_start);
      return note(now.host_current * 31 + now.guest_notify_start);
    }
    case 4:
      return note(guest_timer_notify(timer, null, value));
    case 5:
      for (let i: u32 = 0; i < value; i++) {
        pthread_mutex_lock(mutex);
        pthread_mutex_unlock(mutex);
      }
      return;
    case 6:
      return note(which == 3 ? 0 : pthread_mutex_destroy(mutex));
    case 7:
      return note(which == 0 || which == 3 ? 0 : make(vdp, which));
    case 8:
      return store<u32>(changetype<usize>(mutex), value);
    case 9:
      return state_at(value);
    default:
      unreachable();
  }
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 0x40;
  } else if (ctrl == VDEV_CTRL_OPTIONS_END) {
    timer = guest_timer_create(0, vdp, 0, stack_alloc(8));
    make(vdp, 1);
    make(vdp, 2);
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
  const value = stack_alloc(8);
  pthread_mutex_trylock(vdp.v_mtx);
  store<u64>(value, answers + fired);
  pthread_mutex_unlock(vdp.v_mtx);
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
  const value = stack_alloc(8);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  // Two acts in one access: the low half of the value says the second.
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  act(vdp, offset >>> 2, load<u32>(value));
  if (vopnd.length == 8) act(vdp, load<u32>(value, 4) & 3, load<u32>(value));
  return VRS_NORMAL;
}

function tick(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  pthread_mutex_lock(vdp.v_mtx);
  fired++;
  note(tdp.guest_current);
  pthread_mutex_unlock(vdp.v_mtx);
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.timer = tick;
factory.factory_flags = VFF_VDEV_MEM | VFF_MUTEX;
factory.acc_sizes = (1 << 4) | (1 << 8);
vdev_register_factory(factory, QVM_VDEV_ABI);
