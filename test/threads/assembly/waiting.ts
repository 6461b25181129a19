/** Threads that wait in every way; which one runs is the vdev's option, and the guest's write starts it. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import {
  CLOCK_MONOTONIC,
  EOK,
  delay,
  pthread_cancel,
  pthread_cond_init,
  pthread_condattr_init,
  pthread_condattr_setclock,
  pthread_condattr_t,
  pthread_cond_t,
  pthread_cond_timedwait,
  pthread_join,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_unlock,
  pthread_create,
  sched_yield,
  sem_init,
  sem_post,
  sem_t,
  sem_wait,
  timespec,
  usleep,
} from "vdevbox/abi/posix";
import { address_of, stack_alloc, stack_mark, stack_release } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VFF_MUTEX,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const a = pthread_mutex_t.alloc();
const b = pthread_mutex_t.alloc();
const cond = pthread_cond_t.alloc();
const sem = sem_t.alloc();
let seen: u32 = 0;
let thread: u32 = 0;
let spin: u32 = 1;

/** Takes a, sleeps, takes b: together with a vread that takes b, then a, it deadlocks. */
function abba(arg: usize): usize {
  pthread_mutex_lock(a); // abba holds a
  usleep(1000);
  pthread_mutex_lock(b); // abba thread
  pthread_mutex_unlock(b);
  pthread_mutex_unlock(a);
  return 0;
}

function counts(arg: usize): usize {
  for (let i = 0; i < 3; i++) {
    delay(10);
    seen++;
  }
  return 42;
}

function takes(arg: usize): usize {
  for (let i = 0; i < 3; i++) {
    sem_wait(sem);
    seen++;
  }
  return 0;
}

function times_out(arg: usize): usize {
  const until = timespec.local();
  until.tv_sec = 2;
  until.tv_nsec = 500;
  pthread_mutex_lock(a);
  seen = pthread_cond_timedwait(cond, a, until);
  pthread_mutex_unlock(a);
  return 0;
}

function spins(arg: usize): usize {
  while (spin) seen++; // spins
  return 0;
}

function yields(arg: usize): usize {
  while (spin) sched_yield();
  return 0;
}

function traps(arg: usize): usize {
  usleep(1000);
  unreachable(); // traps
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 0x100;
  }
  if (ctrl == VDEV_CTRL_OPTIONS_END) {
    pthread_mutex_init(a, null);
    pthread_mutex_init(b, null);
    const clock = pthread_condattr_t.local();
    pthread_condattr_init(clock);
    pthread_condattr_setclock(clock, CLOCK_MONOTONIC);
    pthread_cond_init(cond, clock);
    sem_init(sem, 0, 1);
  }
  return EOK;
}

function start(routine: (arg: usize) => usize): i32 {
  const mark = stack_mark();
  const id = address_of<u32>(0);
  const error = pthread_create(id, null, routine, 0); // makes it
  thread = load<u32>(id);
  stack_release(mark);
  return error;
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  if (vopnd.location - vdp.v_block.location == 4) {
    pthread_mutex_lock(b); // vread holds b
    pthread_mutex_lock(a); // abba vread
    pthread_mutex_unlock(a);
    pthread_mutex_unlock(b);
  }
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(seen), 4);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  switch (load<u32>(value)) {
    case 1:
      return start(abba);
    case 2:
      return start(counts);
    case 3:
      return start(takes);
    case 4:
      return start(times_out);
    case 5:
      return start(spins);
    case 6:
      return start(yields);
    case 7:
      return start(traps);
    case 10:
      return sem_post(sem);
    case 11:
      seen = 0x1000 + pthread_cancel(thread);
      return 0;
    case 12: {
      let made: u32 = 0;
      while (start(counts) == EOK && made < 1000) made++;
      seen = made;
      return 0;
    }
    case 13: {
      const result = address_of<u32>(0);
      seen = pthread_join(thread, result) + load<u32>(result); // joins in vwrite
      return 0;
    }
    default:
      return 0;
  }
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.factory_flags = VFF_MUTEX;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
