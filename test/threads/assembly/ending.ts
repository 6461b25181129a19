/**
 * Threads that end in every way, and what else POSIX keeps for a thread. A write starts or does something; a read of
 * word 0 gives the steps taken so far, one hexadecimal digit each, a read of word 4 the result of the last call.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import {
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  EOK,
  PTHREAD_CANCEL_DISABLE,
  PTHREAD_CANCEL_ENABLE,
  PTHREAD_CREATE_DETACHED,
  TIMER_ABSTIME,
  clock_gettime,
  clock_nanosleep,
  delay,
  errno_get,
  pthread_attr_init,
  pthread_attr_setdetachstate,
  pthread_attr_t,
  pthread_cancel,
  pthread_cleanup_pop,
  pthread_cleanup_push,
  pthread_cond_init,
  pthread_cond_t,
  pthread_cond_timedwait,
  pthread_cond_wait,
  pthread_create,
  pthread_equal,
  pthread_exit,
  pthread_join,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_timedlock,
  pthread_mutex_unlock,
  pthread_once,
  pthread_once_t,
  pthread_self,
  pthread_setcancelstate,
  pthread_setname_np,
  pthread_testcancel,
  sem_getvalue,
  sem_init,
  sem_post,
  sem_t,
  sem_wait,
  timer_delete,
  timespec,
} from "vdevbox/abi/posix";
import { address_of, stack_alloc, stack_mark, stack_release } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VDEV_CTRL_TERMINATE,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const mutex = pthread_mutex_t.alloc();
const cond = pthread_cond_t.alloc();
const sem = sem_t.alloc();
const once = pthread_once_t.alloc();
const forever = pthread_once_t.alloc();
let steps: u32 = 0;
let result: i32 = 0;
let thread: u32 = 0;

function step(digit: u32): void {
  steps = (steps << 4) | digit;
}

function gives_back(arg: usize): void {
  step(<u32>arg);
  pthread_mutex_unlock(mutex);
}

function takes_step(arg: usize): void {
  step(<u32>arg);
}

function sleeps_in_handler(arg: usize): void {
  delay(10);
  step(<u32>arg);
}

/** 1: waits with a handler that gives its mutex back. */
function waits(arg: usize): usize {
  pthread_cleanup_push(gives_back, 2);
  pthread_mutex_lock(mutex);
  step(1);
  while (true) pthread_cond_wait(cond, mutex);
  return 0;
}

/** 2: exits deep in a call, with two handlers, the last of which waits. */
function exits(arg: usize): usize {
  pthread_cleanup_push(takes_step, 1);
  pthread_cleanup_push(sleeps_in_handler, 2);
  leaves();
  step(0xf);
  return 0;
}

function leaves(): void {
  delay(1);
  pthread_exit(77);
  step(0xe);
}

/** 3: pops one handler and calls it, pops the other and does not. */
function pops(arg: usize): usize {
  pthread_cleanup_push(takes_step, 1);
  pthread_cleanup_push(takes_step, 2);
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(1);
  return 5;
}

/** 4: returns with a handler left. */
function forgets(arg: usize): usize {
  pthread_cleanup_push(takes_step, 1);
  return 6; // forgets
}

/** 5: is not cancelled before it allows it. */
function defers(arg: usize): usize {
  const old = stack_alloc(4);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, old);
  delay(10);
  step(1 + load<u32>(old));
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, old);
  step(1 + load<u32>(old));
  pthread_testcancel();
  step(0xf);
  return 0;
}

function initialises(): void {
  step(1);
  delay(10);
  step(2);
}

/** 6: the function is called once, and everybody waits for its end. */
function asks_once(arg: usize): usize {
  pthread_once(once, initialises);
  step(3);
  return 0;
}

/** 7: cancelled in the function: the next one calls it again. */
function asks_forever(arg: usize): usize {
  pthread_once(forever, sleeps_long);
  step(3);
  return 0;
}

function sleeps_long(): void {
  step(1);
  delay(1000);
}

function asks_itself(): void {
  pthread_once(once, asks_itself); // asks itself
}

/** 8: fails, lets others go first, and looks at its errno then. */
function fails(arg: usize): usize {
  timer_delete(12345);
  const own = errno_get();
  delay(5);
  step(own == errno_get() ? 1 : 2);
  return 0;
}

function succeeds(arg: usize): usize {
  step(errno_get() == EOK ? 3 : 4);
  return 0;
}

/** 9: timed waits for a mutex somebody keeps, and for a signal nobody sends, both by the time of day. */
function gives_up(arg: usize): usize {
  const until = timespec.local();
  clock_gettime(CLOCK_REALTIME, until);
  until.tv_sec += 1;
  result = pthread_mutex_timedlock(mutex, until);
  step(1);
  clock_gettime(CLOCK_REALTIME, until);
  until.tv_sec += 1;
  pthread_mutex_lock(mutex);
  result = (result << 8) | pthread_cond_timedwait(cond, mutex, until);
  pthread_mutex_unlock(mutex);
  step(2);
  clock_gettime(CLOCK_MONOTONIC, until);
  until.tv_sec += 1;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until, null);
  step(3);
  return 0;
}

function keeps(arg: usize): usize {
  pthread_mutex_lock(mutex);
  delay(1500);
  pthread_mutex_unlock(mutex);
  return 0;
}

function waits_for_post(arg: usize): usize {
  sem_wait(sem);
  return 0;
}

function start(routine: (arg: usize) => usize, attr: pthread_attr_t | null = null): u32 {
  const mark = stack_mark();
  const id = address_of<u32>(0);
  result = pthread_create(id, attr, routine, 0);
  thread = load<u32>(id);
  stack_release(mark);
  return thread;
}

/** Joins the last thread on a thread of its own. */
function joins(arg: usize): usize {
  const value = address_of<u32>(0);
  const error = pthread_join(<u32>arg, value);
  result = error == EOK ? load<i32>(value) : error;
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 8;
  }
  if (ctrl == VDEV_CTRL_OPTIONS_END) {
    pthread_mutex_init(mutex, null);
    pthread_cond_init(cond, null);
    sem_init(sem, 0, 3);
  }
  if (ctrl == VDEV_CTRL_TERMINATE) pthread_cancel(thread);
  return EOK;
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = vopnd.location == vdp.v_block.location ? steps : <u32>result;
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), 4);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  switch (load<u32>(value)) {
    case 1:
      return start(waits) & 0;
    case 2:
      return start(exits) & 0;
    case 3:
      return start(pops) & 0;
    case 4:
      return start(forgets) & 0;
    case 5:
      return start(defers) & 0;
    case 6:
      start(asks_once);
      return start(asks_once) & 0;
    case 7:
      return start(asks_forever) & 0;
    case 8:
      start(fails);
      return start(succeeds) & 0;
    case 9:
      start(keeps);
      return start(gives_up) & 0;
    case 20:
      result = pthread_cancel(thread);
      return 0;
    case 21: {
      const mark = stack_mark();
      const error = pthread_create(0, null, joins, thread);
      stack_release(mark);
      return error;
    }
    case 22:
      result = pthread_mutex_lock(mutex) | pthread_mutex_unlock(mutex);
      return 0;
    case 23: {
      const attr = pthread_attr_t.local();
      pthread_attr_init(attr);
      pthread_attr_setdetachstate(attr, PTHREAD_CREATE_DETACHED);
      return start(succeeds, attr) & 0;
    }
    case 24:
      start(waits_for_post, pthread_attr_t.local()); // never filled
      return 0;
    case 25:
      result = pthread_setname_np(thread, cstr("painter"));
      return 0;
    case 26:
      result = pthread_equal(thread, pthread_self()) | (pthread_equal(pthread_self(), pthread_self()) << 1);
      return 0;
    case 27: {
      const held = address_of<i32>(0);
      sem_post(sem);
      result = sem_getvalue(sem, held) + load<i32>(held);
      return 0;
    }
    case 28:
      pthread_exit(0); // exits in vwrite
      return 0;
    case 29:
      pthread_cleanup_pop(1); // pops nothing
      return 0;
    case 30:
      pthread_once(once, asks_itself);
      return 0;
    default:
      return 0;
  }
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
