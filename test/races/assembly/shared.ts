/**
 * A vdev whose registers each use shared data in one way, right or wrong: tests access them from several vCPUs. Lines
 * that tests look for end in a remark.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write, guest_timer_create, guest_timer_data, guest_timer_notify } from "vdevbox/abi/guest";
import {
  CLOCK_MONOTONIC,
  clock_gettime,
  EOK,
  pthread_cancel,
  pthread_join,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_t,
  sem_wait,
  timespec,
} from "vdevbox/abi/posix";
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
  bare: u32;
  locked: u32;
  handed: u32;
  counted: u32;
  forTimer: u32;
  thread: u32;
  timer: u32;
  once: u32;
}

let total: u32 = 0;
let limit: u32 = 0;
const argument = memory.data(8, 8);
const buffer = memory.data(64, 8);
const now = memory.data(16, 8);
const flag = memory.data(4, 4);
const payload = memory.data(4, 4);
const work = sem_t.alloc();
const done = sem_t.alloc();

function state_of(vdp: vdev_t): state {
  return changetype<state>(vdp.v_device);
}

function worker(arg: usize): usize {
  const own = state_of(changetype<vdev_t>(arg));
  while (true) {
    sem_wait(work);
    own.counted += 1; // thread counts
    own.handed += 1;
    sem_post(done);
  }
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  const own = state_of(vdp);
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      vdp.v_block.type = QST_MEMORY;
      vdp.v_block.length = 64;
      return EOK;
    case VDEV_CTRL_OPTIONS_END:
      limit = 12;
      own.once = 5;
      own.timer = changetype<u32>(guest_timer_create(changetype<guest_cpu_t>(0), vdp, 0, stack_alloc(8)));
      sem_init(done, 0, 0);
      return sem_init(work, 0, 0);
    case VDEV_CTRL_GUEST_CONFIGURED: {
      own.once = 6;
      const id = address_of<u32>(0);
      const error = vdev_thread_create(vdp, cstr("worker"), id, null, worker, changetype<usize>(vdp));
      own.thread = load<u32>(id);
      return error;
    }
    case VDEV_CTRL_TERMINATE: {
      pthread_cancel(own.thread);
      pthread_join(own.thread, stack_alloc(4));
      own.counted = 0;
      return own.bare == 1 ? EOK : EOK;
    }
    default:
      return EOK;
  }
}

function answer(gcp: guest_cpu_t, oopnd: qvm_state_block, value: u32): vdev_ref_status {
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), 4);
  return VRS_NORMAL;
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const own = state_of(vdp);
  switch (<u32>(vopnd.location - vdp.v_block.location)) {
    case 0:
      return answer(gcp, oopnd, own.bare); // bare read
    case 4: {
      pthread_mutex_lock(vdp.v_mtx);
      const value = own.locked;
      pthread_mutex_unlock(vdp.v_mtx);
      return answer(gcp, oopnd, value);
    }
    case 8:
      return answer(gcp, oopnd, total); // static read
    case 12:
      clock_gettime(CLOCK_MONOTONIC, changetype<timespec>(now)); // shared time
      return answer(gcp, oopnd, 0);
    case 16:
      sem_wait(done);
      return answer(gcp, oopnd, own.handed);
    case 20:
      return answer(gcp, oopnd, own.counted); // vCPU looks
    case 24:
      return answer(gcp, oopnd, own.once + limit);
    case 28:
      return answer(gcp, oopnd, load<u32>(load<u32>(buffer, 60), 8)); // follows NULL
    case 32:
      return answer(gcp, oopnd, own.locked); // forgot the lock
    case 36:
      return answer(gcp, oopnd, atomic.load<u32>(flag) == 1 ? load<u32>(payload) : 0); // looks at the flag
    default:
      return answer(gcp, oopnd, 0);
  }
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const own = state_of(vdp);
  const value = stack_alloc(4);
  switch (<u32>(vopnd.location - vdp.v_block.location)) {
    case 0:
      guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
      own.bare = load<u32>(value); // bare write
      return VRS_NORMAL;
    case 4:
      pthread_mutex_lock(vdp.v_mtx);
      own.locked += 1;
      pthread_mutex_unlock(vdp.v_mtx);
      return VRS_NORMAL;
    case 8:
      total += 1; // static write
      return VRS_NORMAL;
    case 12:
      guest_cpu_read(gcp, GXF_NONE, oopnd, 1, argument, 4); // shared argument
      return VRS_NORMAL;
    case 16:
      sem_post(work);
      return VRS_NORMAL;
    case 20:
      memory.copy(buffer + 8, buffer, 8); // copies
      return VRS_NORMAL;
    case 24:
      own.forTimer = 9;
      guest_timer_notify(own.timer, null, 1000);
      return VRS_NORMAL;
    case 28:
      own.forTimer += 1; // behind the timer
      return VRS_NORMAL;
    case 32:
      store<u32>(payload, 7);
      atomic.store<u32>(flag, 1); // raises the flag
      return VRS_NORMAL;
    case 36:
      store<u32>(flag, 0); // lowers the flag
      return VRS_NORMAL;
    case 40:
      atomic.add<u32>(flag, 1);
      return VRS_NORMAL;
    default:
      return VRS_NORMAL;
  }
}

function timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  state_of(vdp).forTimer += 1; // timer counts
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.timer = timer;
factory.factory_flags = VFF_MUTEX;
factory.acc_sizes = 1 << 4;
factory.extra_space = offsetof<state>();
vdev_register_factory(factory, QVM_VDEV_ABI);
