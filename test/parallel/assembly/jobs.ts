/**
 * Threads that run in parallel, each for one question of parallel-threads.test.ts: a write of N begins job N, a read gives
 * what the jobs have counted under v_mtx.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GTC_CUSTOM_MIN, GXF_NONE, guest_cpu_read, guest_cpu_write, guest_terminate } from "vdevbox/abi/guest";
import {
  CLOCK_MONOTONIC,
  clock_gettime,
  EOK,
  pthread_cancel,
  pthread_cond_init,
  pthread_cond_signal,
  pthread_cond_t,
  pthread_cond_wait,
  pthread_create,
  pthread_join,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_unlock,
  pthread_self,
  pthread_t,
  sem_init,
  sem_post,
  sem_t,
  sem_wait,
  sleep,
  timespec,
  usleep,
} from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_TERMINATE,
  VFF_MUTEX,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
  vdev_thread_create,
} from "vdevbox/abi/vdev-core";

const COUNTING: u32 = 1;
const LOCKED_AND_CALLING: u32 = 2;
const DEADLOCK: u32 = 3;
const TRAP: u32 = 4;
const SPIN: u32 = 5;
const SLEEP: u32 = 6;
const TOO_MANY: u32 = 7;
const FAIL: u32 = 8;
const MISUSE: u32 = 9;
const ASSERT: u32 = 10;
const STUCK: u32 = 11;
const QUEUE: u32 = 12;
const LEFT: u32 = 13;
const END: u32 = 14;
const ALLOCATE: u32 = 15;

/** Set by the top level, which runs once: threads must find it. */
let started: u32 = 0;
/** Counted with v_mtx. */
let count: u32 = 0;
/** Of the last thread that is to be cancelled. */
let sleeper: pthread_t = 0;
let joins: bool = false;
let device: vdev_t = changetype<vdev_t>(0);

const other = pthread_mutex_t.alloc();
const ready = sem_t.alloc();
const wake = pthread_cond_t.alloc();
const spot = memory.data(8, 8);

/** Each count is made with calls in between, so that threads are in it at the same time. */
function counts(arg: usize): usize {
  const now = timespec.local();
  for (let i: usize = 0; i < arg; i++) {
    pthread_mutex_lock(device.v_mtx);
    const before = count;
    clock_gettime(CLOCK_MONOTONIC, now);
    count = before + started;
    pthread_mutex_unlock(device.v_mtx);
  }
  return 0;
}

/** Locks, says so, and needs the host before it unlocks. */
function locks_and_calls(arg: usize): usize {
  const now = timespec.local();
  pthread_mutex_lock(device.v_mtx);
  sem_post(ready);
  for (let i = 0; i < 100; i++) clock_gettime(CLOCK_MONOTONIC, now);
  count++;
  pthread_mutex_unlock(device.v_mtx);
  return 0;
}

function locks_the_other_way_round(arg: usize): usize {
  pthread_mutex_lock(other);
  sem_post(ready);
  pthread_mutex_lock(device.v_mtx); // waits for v_mtx
  return 0;
}

function traps(arg: usize): usize {
  usleep(1);
  unreachable(); // traps
  return 0;
}

function asserts(arg: usize): usize {
  pthread_self();
  assert(count == 12345, "the count is wrong");
  return 0;
}

function spins(arg: usize): usize {
  sem_post(ready);
  while (atomic.load<u32>(spot) == 0) {}
  return 0;
}

function sleeps(arg: usize): usize {
  while (true) sleep(1000);
  return 0;
}

function fails(arg: usize): usize {
  unreachable();
  return 0;
}

function misuses(arg: usize): usize {
  pthread_mutex_unlock(device.v_mtx); // unlocks what it does not hold
  return 0;
}

function ends_the_vm(arg: usize): usize {
  guest_terminate(GTC_CUSTOM_MIN);
  return 0;
}

/** Holds v_mtx for ever. */
function keeps(arg: usize): usize {
  pthread_mutex_lock(device.v_mtx);
  sem_post(ready);
  while (true) sleep(1000);
  return 0;
}

function queues(arg: usize): usize {
  pthread_mutex_lock(device.v_mtx);
  while (count < 5) pthread_cond_wait(wake, device.v_mtx);
  count += 100;
  pthread_mutex_unlock(device.v_mtx);
  return 0;
}

function begin(what: (arg: usize) => usize, arg: usize): i32 {
  const id = stack_alloc(sizeof<pthread_t>());
  const error = vdev_thread_create(device, cstr("job"), id, null, what, arg);
  sleeper = load<pthread_t>(id);
  return error;
}

/** Begins one that says when it is there. */
function begin_and_wait(what: (arg: usize) => usize): void {
  begin(what, 0);
  sem_wait(ready);
}

function lock_and_count(): void {
  pthread_mutex_lock(device.v_mtx);
  count++;
  pthread_mutex_unlock(device.v_mtx);
}

function job(which: u32): void {
  switch (which) {
    case COUNTING:
      for (let i = 0; i < 4; i++) begin(counts, 50);
      break;
    case LOCKED_AND_CALLING:
      begin_and_wait(locks_and_calls);
      lock_and_count();
      break;
    case DEADLOCK:
      pthread_mutex_lock(device.v_mtx);
      begin_and_wait(locks_the_other_way_round);
      pthread_mutex_lock(other); // waits for other
      break;
    case TRAP:
      begin(traps, 0);
      break;
    case ASSERT:
      begin(asserts, 0);
      break;
    case SPIN:
      begin_and_wait(spins);
      break;
    case SLEEP:
      joins = true;
      begin(sleeps, 0);
      break;
    case LEFT:
      begin(sleeps, 0);
      break;
    case END:
      begin(ends_the_vm, 0);
      break;
    case TOO_MANY:
      while (begin(sleeps, 0) == EOK) lock_and_count();
      break;
    case FAIL:
      begin(fails, 0);
      break;
    case ALLOCATE:
      heap.alloc(16);
      break;
    case MISUSE:
      begin(misuses, 0);
      break;
    case STUCK:
      begin_and_wait(keeps);
      break;
    case QUEUE:
      begin(queues, 0);
      break;
    default:
      lock_and_count();
      pthread_cond_signal(wake);
  }
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  pthread_mutex_lock(vdp.v_mtx);
  const value = count;
  pthread_mutex_unlock(vdp.v_mtx);
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), 4);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  job(load<u32>(value));
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      device = vdp;
      vdp.v_block.type = QST_MEMORY;
      vdp.v_block.length = 4;
      return EOK;
    case VDEV_CTRL_OPTIONS_END:
      pthread_mutex_init(other, null);
      pthread_cond_init(wake, null);
      return sem_init(ready, 0, 0);
    case VDEV_CTRL_TERMINATE:
      if (joins) {
        pthread_cancel(sleeper);
        pthread_join(sleeper, 0);
      }
      return EOK;
    default:
      return EOK;
  }
}

started++;
const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.factory_flags = VFF_MUTEX;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
