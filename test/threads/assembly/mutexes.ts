/** Does with mutexes what the guest's write asks for; a read gives the result of the last call. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import {
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
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VFF_MUTEX,
  VFF_MUTEX_RECURSIVE,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const errorcheck = pthread_mutex_t.alloc();
const recursive = pthread_mutex_t.alloc();
const never = pthread_mutex_t.alloc();
let result: i32 = 0;

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4;
  }
  if (ctrl == VDEV_CTRL_OPTIONS_END) {
    const attr = pthread_mutexattr_t.local();
    pthread_mutexattr_init(attr);
    pthread_mutexattr_settype(attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(errorcheck, attr);
    pthread_mutexattr_settype(attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(recursive, attr);
  }
  return 0;
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<i32>(result), 4);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  const mutex = vdp.v_mtx;
  switch (load<u32>(value)) {
    case 1:
      result = pthread_mutex_lock(mutex);
      result |= pthread_mutex_unlock(mutex);
      return 0;
    case 2:
      result = pthread_mutex_lock(mutex); // kept
      return 0;
    case 3:
      pthread_mutex_lock(mutex);
      result = pthread_mutex_lock(mutex); // again
      pthread_mutex_unlock(mutex);
      pthread_mutex_unlock(mutex);
      return 0;
    case 4:
      result = pthread_mutex_unlock(mutex); // not locked
      return 0;
    case 5:
      result = pthread_mutex_lock(never); // never made
      return 0;
    case 6:
      pthread_mutex_lock(errorcheck);
      result = pthread_mutex_lock(errorcheck);
      pthread_mutex_unlock(errorcheck);
      return 0;
    case 7:
      pthread_mutex_lock(recursive);
      result = pthread_mutex_lock(recursive) | pthread_mutex_trylock(recursive);
      pthread_mutex_unlock(recursive);
      pthread_mutex_unlock(recursive);
      result |= pthread_mutex_unlock(recursive);
      return 0;
    case 8:
      pthread_mutex_lock(errorcheck);
      result = pthread_mutex_trylock(errorcheck);
      pthread_mutex_unlock(errorcheck);
      return 0;
    case 9:
      pthread_mutex_lock(errorcheck);
      result = pthread_mutex_destroy(errorcheck); // destroyed while held
      pthread_mutex_unlock(errorcheck);
      return 0;
    case 10:
      result = pthread_mutex_destroy(errorcheck);
      return 0;
    case 11:
      store<u32>(changetype<usize>(errorcheck), 0);
      result = pthread_mutex_lock(errorcheck); // overwritten
      return 0;
    default:
      return 0;
  }
}

function register(name: cstring, flags: u32): void {
  const factory = vdev_factory.alloc();
  factory.name = name;
  factory.control = control;
  factory.vread = vread;
  factory.vwrite = vwrite;
  factory.factory_flags = flags;
  factory.acc_sizes = 1 << 4;
  vdev_register_factory(factory, QVM_VDEV_ABI);
}

register(cstr("without"), 0);
register(cstr("normal"), VFF_MUTEX);
register(cstr("recursive"), VFF_MUTEX | VFF_MUTEX_RECURSIVE);
