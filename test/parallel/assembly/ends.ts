/**
 * Threads in the middle of something when the end comes: a write of N begins job N, a read waits for v_mtx. TERMINATE
 * cancels and joins the threads, where the job says so.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { gasp_lock } from "vdevbox/abi/gasp";
import { GTC_CUSTOM_MIN, GXF_NONE, guest_cpu_read, guest_cpu_write, guest_terminate } from "vdevbox/abi/guest";
import {
  CLOCK_MONOTONIC,
  clock_gettime,
  EOK,
  pthread_cancel,
  pthread_cleanup_pop,
  pthread_cleanup_push,
  pthread_cond_init,
  pthread_cond_t,
  pthread_cond_wait,
  pthread_create,
  pthread_join,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_unlock,
  pthread_t,
  sem_init,
  sem_post,
  sem_t,
  sem_wait,
  sleep,
  timespec,
} from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
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
} from "vdevbox/abi/vdev-core";

const SLEEPS: u32 = 1;
const WAITS: u32 = 2;
const SPINS: u32 = 3;
const CALLS: u32 = 4;
const TRAPS_BESIDE_CALLERS: u32 = 5;
const ABORTS: u32 = 6;
const TAKES_ALL_MEMORY: u32 = 7;
const BREAKS_A_RULE: u32 = 8;
const ENDS_WITH_LOCK: u32 = 9;
const TRAPS_WITH_LOCKS: u32 = 10;
const LEFT_SPINNING: u32 = 11;
const ENDS_BESIDE_CALLERS: u32 = 12;

const CALLERS: u32 = 4;

let device: vdev_t = changetype<vdev_t>(0);
let job: u32 = 0;
const over = memory.data(4, 4);
const ids = memory.data(32, 4);
let begun: u32 = 0;
const wake = pthread_cond_t.alloc();
const ready = sem_t.alloc();

function begin(what: (arg: usize) => usize): void {
  pthread_create(ids + begun++ * 4, null, what, 0);
}

function sleeps(arg: usize): usize {
  sem_post(ready);
  while (true) sleep(1000);
  return 0;
}

function gives_back(arg: usize): void {
  pthread_mutex_unlock(changetype<pthread_mutex_t>(arg));
}

function waits(arg: usize): usize {
  const mutex = device.v_mtx;
  pthread_mutex_lock(mutex);
  pthread_cleanup_push(gives_back, changetype<usize>(mutex));
  sem_post(ready);
  while (atomic.load<u32>(over) != 7) pthread_cond_wait(wake, mutex);
  pthread_cleanup_pop(1);
  return 0;
}

function spins(arg: usize): usize {
  sem_post(ready);
  while (atomic.load<u32>(over) != 7) {} // for ever
  return 0;
}

/** Calls the host all the time, now with v_mtx and now without. */
function calls(arg: usize): usize {
  const now = timespec.local();
  while (atomic.load<u32>(over) == 0) {
    pthread_mutex_lock(device.v_mtx);
    clock_gettime(CLOCK_MONOTONIC, now);
    pthread_mutex_unlock(device.v_mtx);
  }
  return 0;
}

function begin_callers(): void {
  for (let i: u32 = 0; i < CALLERS; i++) begin(calls);
}

function traps(arg: usize): usize {
  pthread_mutex_lock(device.v_mtx);
  unreachable(); // traps
  return 0;
}

function aborts(arg: usize): usize {
  assert(false, "é" + "long ".repeat(100) + "end"); // fails
  return 0;
}

function takes_all_memory(arg: usize): usize {
  while (true) heap.alloc(1 << 20);
  return 0;
}

function breaks_a_rule(arg: usize): usize {
  pthread_mutex_unlock(device.v_mtx); // unlocks what is not locked
  return 0;
}

function ends_with_lock(arg: usize): usize {
  pthread_mutex_lock(device.v_mtx);
  sem_post(ready);
  sleep(0);
  guest_terminate(GTC_CUSTOM_MIN);
  return 0;
}

function ends(arg: usize): usize {
  guest_terminate(GTC_CUSTOM_MIN);
  return 0;
}

function traps_with_locks(arg: usize): usize {
  gasp_lock(device.v_gsp, QST_MEMORY);
  pthread_mutex_lock(device.v_mtx);
  unreachable(); // traps with locks
  return 0;
}

function run(which: u32): void {
  job = which;
  switch (which) {
    case SLEEPS:
      begin(sleeps);
      break;
    case WAITS:
      begin(waits);
      break;
    case SPINS:
    case LEFT_SPINNING:
      begin(spins);
      break;
    case CALLS:
      begin_callers();
      break;
    case TRAPS_BESIDE_CALLERS:
      begin_callers();
      begin(traps);
      break;
    case ABORTS:
      begin(aborts);
      break;
    case TAKES_ALL_MEMORY:
      begin(takes_all_memory);
      break;
    case BREAKS_A_RULE:
      begin(breaks_a_rule);
      break;
    case ENDS_WITH_LOCK:
      begin(ends_with_lock);
      break;
    case TRAPS_WITH_LOCKS:
      begin(traps_with_locks);
      break;
    case ENDS_BESIDE_CALLERS:
      begin_callers();
      begin(ends);
      break;
  }
}

function end_threads(): void {
  if (job == LEFT_SPINNING) return;
  atomic.store<u32>(over, 1);
  for (let i: u32 = 0; i < begun; i++) {
    const id = load<pthread_t>(ids + i * 4);
    if (job == SLEEPS || job == WAITS || job == SPINS) pthread_cancel(id);
    pthread_join(id, 0);
  }
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  pthread_mutex_lock(vdp.v_mtx);
  pthread_mutex_unlock(vdp.v_mtx);
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(job), 4);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  run(load<u32>(value));
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
      pthread_cond_init(wake, null);
      return sem_init(ready, 0, 0);
    case VDEV_CTRL_TERMINATE:
      end_threads();
      return EOK;
    default:
      return EOK;
  }
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.factory_flags = VFF_MUTEX;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
