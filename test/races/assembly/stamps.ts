/**
 * Two readings of a clock go to the same bytes, each under a mutex of its own: a race of two calls, in the middle of which both
 * threads can be left.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  CLOCK_MONOTONIC,
  clock_gettime,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_unlock,
  timespec,
} from "vdevbox/abi/posix";
import { cstring } from "vdevbox/abi/string";
import {
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_STATUS,
  VFF_MUTEX,
  VFF_VDEV_MEM,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

function stamp(vdp: vdev_t): timespec {
  return changetype<timespec>(vdp.v_device);
}

function other(vdp: vdev_t): pthread_mutex_t {
  return changetype<pthread_mutex_t>(vdp.v_device + 32);
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4;
    return pthread_mutex_init(other(vdp), null);
  }
  if (ctrl == VDEV_CTRL_STATUS) {
    pthread_mutex_lock(other(vdp));
    clock_gettime(CLOCK_MONOTONIC, stamp(vdp)); // reading
    pthread_mutex_unlock(other(vdp));
  }
  return 0;
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  pthread_mutex_lock(vdp.v_mtx);
  clock_gettime(CLOCK_MONOTONIC, stamp(vdp)); // reading
  pthread_mutex_unlock(vdp.v_mtx);
  return VRS_NORMAL;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vwrite = vwrite;
factory.factory_flags = VFF_VDEV_MEM | VFF_MUTEX;
factory.acc_sizes = 1 << 4;
factory.extra_space = 64;
vdev_register_factory(factory, QVM_VDEV_ABI);
