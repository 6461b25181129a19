/**
 * A vdev with a thread: a write queues a number, the worker adds it to a sum after 1 ms, a read waits until the queue
 * is empty. Correct; the tests' variants come from its options.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import {
  EOK,
  pthread_cancel,
  pthread_cond_broadcast,
  pthread_cond_init,
  pthread_cond_t,
  pthread_cond_wait,
  pthread_join,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  usleep,
} from "vdevbox/abi/posix";
import { qvm_report } from "vdevbox/abi/log";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
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
  vdev_thread_create,
} from "vdevbox/abi/vdev-core";

@unmanaged
class state {
  queued: u32;
  pending: u32;
  sum: u32;
  thread: u32;
  joined: u32;
}

/** One for all instances of a test; the tests have one. */
const changed = pthread_cond_t.alloc();

function state_of(vdp: vdev_t): state {
  return changetype<state>(vdp.v_device);
}

function worker(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  const own = state_of(vdp);
  pthread_mutex_lock(vdp.v_mtx);
  while (true) {
    while (own.pending == 0) pthread_cond_wait(changed, vdp.v_mtx);
    const number = own.queued;
    pthread_mutex_unlock(vdp.v_mtx);
    usleep(1000);
    pthread_mutex_lock(vdp.v_mtx);
    own.sum += number;
    own.pending = 0;
    pthread_cond_broadcast(changed);
  }
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  const own = state_of(vdp);
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      vdp.v_block.type = QST_MEMORY;
      vdp.v_block.length = 4;
      return EOK;
    case VDEV_CTRL_OPTIONS_END:
      return pthread_cond_init(changed, null);
    case VDEV_CTRL_GUEST_CONFIGURED: {
      const id = address_of<u32>(0);
      const error = vdev_thread_create(vdp, cstr("worker"), id, null, worker, changetype<usize>(vdp));
      own.thread = load<u32>(id);
      return error;
    }
    case VDEV_CTRL_TERMINATE: {
      pthread_cancel(own.thread);
      const value = address_of<u32>(0);
      const error = pthread_join(own.thread, value);
      qvm_report(cstr("joined %d with %d"), error, load<u32>(value));
      return error;
    }
    default:
      return EOK;
  }
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  pthread_mutex_lock(vdp.v_mtx);
  const sum = state_of(vdp).sum;
  pthread_mutex_unlock(vdp.v_mtx);
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(sum), 4);
  return VRS_NORMAL;
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  const own = state_of(vdp);
  pthread_mutex_lock(vdp.v_mtx);
  own.queued = load<u32>(value);
  own.pending = 1;
  pthread_cond_broadcast(changed);
  pthread_mutex_unlock(vdp.v_mtx);
  return VRS_NORMAL;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.factory_flags = VFF_MUTEX;
factory.acc_sizes = 1 << 4;
factory.extra_space = offsetof<state>();
vdev_register_factory(factory, QVM_VDEV_ABI);
