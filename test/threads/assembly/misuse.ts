/** Makes a thread too early when its option says so, and uses locks as they must not be. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import {
  EOK,
  delay,
  pthread_cond_destroy,
  pthread_cond_init,
  pthread_cond_signal,
  pthread_cond_t,
  pthread_cond_wait,
  pthread_create,
  pthread_mutex_destroy,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_unlock,
  sem_destroy,
  sem_init,
  sem_t,
  sem_wait,
} from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_START,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
  vdev_thread_create,
} from "vdevbox/abi/vdev-core";

const mutex = pthread_mutex_t.alloc();
const second = pthread_mutex_t.alloc();
const cond = pthread_cond_t.alloc();
const sem = sem_t.alloc();
let result: i32 = 0;

function ends(arg: usize): usize {
  return 0;
}

function waits(arg: usize): usize {
  pthread_mutex_lock(mutex);
  pthread_cond_wait(cond, mutex);
  pthread_mutex_unlock(mutex);
  return 0;
}

function waits_without(arg: usize): usize {
  return pthread_cond_wait(cond, mutex); // waits without the mutex
}

function waits_otherwise(arg: usize): usize {
  pthread_mutex_lock(second);
  result = pthread_cond_wait(cond, second); // waits with another mutex
  pthread_mutex_unlock(second);
  return 0;
}

function takes(arg: usize): usize {
  return sem_wait(sem);
}

function keeps(arg: usize): usize {
  pthread_mutex_lock(mutex);
  return delay(1000);
}

function gives_back(arg: usize): usize {
  result = pthread_mutex_unlock(mutex); // another thread's
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      vdp.v_block.type = QST_MEMORY;
      vdp.v_block.length = 4;
      return EOK;
    case VDEV_CTRL_FIRST_OPTIDX:
      return vdev_thread_create(vdp, cstr("early"), 0, null, ends, 0); // named too early
    case VDEV_CTRL_FIRST_OPTIDX + 1:
      return pthread_create(0, null, ends, 0); // too early
    case VDEV_CTRL_GUEST_CONFIGURED:
      return EOK;
    default:
      return EOK;
  }
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<i32>(result), 4);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  switch (load<u32>(value)) {
    case 1:
      pthread_mutex_init(mutex, null);
      pthread_cond_init(cond, null);
      return sem_init(sem, 0, 0);
    case 2:
      result = pthread_mutex_lock(mutex); // locked
      return 0;
    case 3:
      pthread_mutex_destroy(mutex);
      result = pthread_mutex_lock(mutex); // destroyed
      return 0;
    case 4:
      return pthread_create(0, null, waits, 0);
    case 5:
      result = pthread_cond_destroy(cond); // somebody waits for the signal
      return 0;
    case 6:
      return pthread_create(0, null, takes, 0);
    case 7:
      result = sem_destroy(sem); // somebody waits for the semaphore
      return 0;
    case 8:
      return pthread_create(0, null, gives_back, 0);
    case 9:
      return pthread_create(0, null, waits_without, 0);
    case 10:
      return vdev_thread_create(vdp, cstr("keeper"), 0, null, keeps, 0);
    case 11:
      pthread_mutex_init(second, null);
      return pthread_create(0, null, waits_otherwise, 0);
    case 12:
      result = pthread_cond_init(cond, null); // made anew, somebody waits for the signal
      return 0;
    case 13:
      memory.fill(changetype<usize>(sem), 0, sem_t.SIZEOF);
      result = sem_init(sem, 0, 0); // made anew, somebody waits for the semaphore
      return 0;
    case 14:
      return pthread_cond_signal(cond);
    default:
      return 0;
  }
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.option_list = memory.data<cstring>([cstr("named"), cstr("plain"), 0]);
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
