/**
 * Four threads at once, each experiment for one question of stress.test.ts: a write of N begins experiment N on a thread
 * that makes the others and joins them; a read at 0 says whether it is over, at 4 and on what came of it.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_cpu_write,
  guest_timer_create,
  guest_timer_data,
  guest_timer_notify,
} from "vdevbox/abi/guest";
import {
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  clock_gettime,
  delay,
  EOK,
  errno_get,
  nanosleep,
  PTHREAD_CANCEL_DISABLE,
  PTHREAD_CANCEL_ENABLE,
  PTHREAD_MUTEX_RECURSIVE,
  pthread_cancel,
  pthread_cleanup_pop,
  pthread_cleanup_push,
  pthread_cond_init,
  pthread_cond_t,
  pthread_cond_timedwait,
  pthread_create,
  pthread_join,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_timedlock,
  pthread_mutex_unlock,
  pthread_mutexattr_init,
  pthread_mutexattr_settype,
  pthread_mutexattr_t,
  pthread_once,
  pthread_once_t,
  pthread_self,
  pthread_setcancelstate,
  pthread_setname_np,
  pthread_t,
  pthread_testcancel,
  sched_yield,
  sem_getvalue,
  sem_init,
  sem_post,
  sem_t,
  sem_timedwait,
  sem_trywait,
  sem_wait,
  sleep,
  timespec,
  usleep,
} from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, guest_timer_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VFF_MUTEX,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const THREADS: u32 = 4;
/** Words that a read at 4 × n shows. */
const WORDS: u32 = 16;
const OVER: usize = 0;

const words = memory.data(64, 8);
/** What has to be fetched each time, and written back: no compiler keeps it in a register. */
const cell = memory.data(4, 4);
/** How many threads have come to where all begin together. */
const arrived = memory.data(4, 4);
const ids = memory.data(16, 4);

const mutex = pthread_mutex_t.alloc();
const recursive = pthread_mutex_t.alloc();
const full = sem_t.alloc();
const empty = sem_t.alloc();
const never = sem_t.alloc();
const cond = pthread_cond_t.alloc();
const once = pthread_once_t.alloc();
const attribute = pthread_mutexattr_t.alloc();

let device: vdev_t = changetype<vdev_t>(0);
let clock: guest_timer_t = changetype<guest_timer_t>(0);
let sum: u32 = 0;
let cleaned: u32 = 0;
let made: u32 = 0;

function word(at: u32, value: u32): void {
  atomic.store<u32>(words + at * 4, value);
}

function add(at: u32, value: u32): void {
  atomic.add<u32>(words + at * 4, value);
}

function all_begin(): void {
  atomic.add<u32>(arrived, 1);
  while (atomic.load<u32>(arrived) < THREADS) {}
}

function start(what: (arg: usize) => usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) pthread_create(ids + i * 4, null, what, i);
}

function join_all(count: u32): void {
  for (let i: u32 = 0; i < count; i++) pthread_join(load<pthread_t>(ids + i * 4), 0);
}

function start_and_join(what: (arg: usize) => usize): void {
  start(what, THREADS);
  join_all(THREADS);
}

// ------------------------------------------------------------------------------------------------------------ counting

const ROUNDS: u32 = 25_000;
/** Each lock is a call of the host: fewer of them take as long. */
const LOCKED_ROUNDS: u32 = 500;

function counts_locked(arg: usize): usize {
  for (let i: u32 = 0; i < LOCKED_ROUNDS; i++) {
    pthread_mutex_lock(mutex);
    for (let n: u32 = 0; n < ROUNDS / LOCKED_ROUNDS; n++) store<u32>(cell, load<u32>(cell) + 1);
    pthread_mutex_unlock(mutex);
  }
  return 0;
}

function counts_atomically(arg: usize): usize {
  all_begin();
  for (let i: u32 = 0; i < ROUNDS; i++) atomic.add<u32>(cell, 1);
  return 0;
}

/** What a count without a lock may come to: all have fetched it before one of them writes it back. */
function counts_plainly(arg: usize): usize {
  const before = load<u32>(cell);
  all_begin();
  store<u32>(cell, before + 1);
  return 0;
}

function counts_recursively(arg: usize): usize {
  for (let i: u32 = 0; i < 200; i++) {
    pthread_mutex_lock(recursive);
    pthread_mutex_lock(recursive);
    const before = sum;
    pthread_mutex_lock(recursive);
    sched_yield();
    sum = before + 1;
    pthread_mutex_unlock(recursive);
    pthread_mutex_unlock(recursive);
    pthread_mutex_unlock(recursive);
  }
  return 0;
}

// ------------------------------------------------------------------------------------------------------------- per thread

/** Each thread fails in a way of its own, and asks for errno when the others have failed too. */
function fails(arg: usize): usize {
  const past = timespec.local();
  past.tv_sec = 0;
  past.tv_nsec = 0;
  all_begin();
  for (let i: u32 = 0; i < 300; i++) {
    let expected: i32 = 11; // EAGAIN
    if (arg % 3 == 0) sem_trywait(never);
    else if (arg % 3 == 1) {
      sem_init(cell_semaphore(), 0, 0xffffffff);
      expected = 22; // EINVAL
    } else {
      sem_timedwait(never, past);
      expected = 110; // ETIMEDOUT
    }
    sched_yield();
    if (errno_get() != expected) add(1, 1);
    add(2, 1);
  }
  return 0;
}

function cell_semaphore(): sem_t {
  return changetype<sem_t>(words + 48);
}

function makes(): void {
  made++;
  usleep(2000); // the others come meanwhile
  made += 10;
}

function asks_once(arg: usize): usize {
  all_begin();
  pthread_once(once, makes);
  if (made != 11) add(1, 1);
  return 0;
}

function gives_back(arg: usize): void {
  cleaned++;
  pthread_mutex_unlock(changetype<pthread_mutex_t>(arg));
}

/** Is cancelled while it holds the mutex: not before it has counted, and not without giving the mutex back. */
function is_cancelled(arg: usize): usize {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, 0);
  sem_post(full);
  usleep(1000); // cancelled here, and goes on
  pthread_mutex_lock(mutex);
  pthread_cleanup_push(gives_back, changetype<usize>(mutex));
  sum++;
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, 0);
  while (true) {
    pthread_testcancel();
    sleep(1000);
  }
  pthread_cleanup_pop(1);
  add(1, 1); // never
  return 0;
}

function cancels(): void {
  start(is_cancelled, THREADS);
  for (let i: u32 = 0; i < THREADS; i++) sem_wait(full);
  const status = stack_alloc(4);
  for (let i: u32 = 0; i < THREADS; i++) pthread_cancel(load<pthread_t>(ids + i * 4));
  for (let i: u32 = 0; i < THREADS; i++) {
    pthread_join(load<pthread_t>(ids + i * 4), status);
    if (load<i32>(status) == -1) add(2, 1);
  }
  pthread_mutex_lock(mutex); // free again
  word(3, sum);
  word(4, cleaned);
  pthread_mutex_unlock(mutex);
}

function names_itself(arg: usize): usize {
  pthread_setname_np(pthread_self(), cstr("the named one"));
  while (true) {}
  return 0;
}

// ------------------------------------------------------------------------------------------------------- handing over

/** Slots of a ring; what is in them is handed over under semaphores alone. */
const SLOTS: u32 = 4;
const ring = memory.data(16, 4);
const places = memory.data(8, 4);

/** Two threads put the numbers of 1 to 1000 in, two take them out. */
function hands_over(arg: usize): usize {
  const isGiver = (arg & 1) == 0;
  for (let i: u32 = 0; i < 1000; i++) {
    sem_wait(isGiver ? empty : full);
    pthread_mutex_lock(mutex);
    const place = places + (isGiver ? 0 : 4);
    const at = load<u32>(place);
    store<u32>(place, (at + 1) % SLOTS);
    if (isGiver) store<u32>(ring + at * 4, i + 1);
    else sum += load<u32>(ring + at * 4);
    pthread_mutex_unlock(mutex);
    sem_post(isGiver ? full : empty);
  }
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------- time

const WAIT_MS: u32 = 40;

function microseconds(clock: i32, at: timespec): u64 {
  clock_gettime(clock, at);
  return <u64>at.tv_sec * 1_000_000 + <u64>at.tv_nsec / 1000;
}

/** A time of day that comes in WAIT_MS. */
function soon(at: timespec): timespec {
  clock_gettime(CLOCK_REALTIME, at);
  const ns = <u64>at.tv_nsec + WAIT_MS * 1_000_000;
  at.tv_sec += ns / 1_000_000_000;
  at.tv_nsec = <u32>(ns % 1_000_000_000);
  return at;
}

/** Waits in the way of its number, while the mutex is another's. Its word says for how many microseconds. */
function waits(arg: usize): usize {
  const at = timespec.local();
  const own = pthread_mutex_t.alloc();
  const before = microseconds(CLOCK_MONOTONIC, at);
  switch (<u32>arg) {
    case 0:
      delay(WAIT_MS);
      break;
    case 1:
      usleep(WAIT_MS * 1000);
      break;
    case 2:
      at.tv_sec = 0;
      at.tv_nsec = WAIT_MS * 1_000_000;
      nanosleep(at, null);
      break;
    case 3:
      sem_timedwait(never, soon(at));
      break;
    case 4:
      pthread_mutex_timedlock(mutex, soon(at));
      break;
    default:
      pthread_mutex_init(own, null);
      pthread_mutex_lock(own);
      pthread_cond_timedwait(cond, own, soon(at));
      pthread_mutex_unlock(own);
  }
  word(1 + <u32>arg, <u32>(microseconds(CLOCK_MONOTONIC, at) - before));
  return 0;
}

const more_ids = memory.data(24, 4);

function all_wait(): void {
  pthread_mutex_lock(mutex);
  for (let i: u32 = 0; i < 6; i++) pthread_create(more_ids + i * 4, null, waits, i);
  for (let i: u32 = 0; i < 6; i++) pthread_join(load<pthread_t>(more_ids + i * 4), 0);
  pthread_mutex_unlock(mutex);
}

/** Holds v_mtx while it sleeps. */
function sleeps_with_lock(arg: usize): usize {
  pthread_mutex_lock(device.v_mtx);
  sem_post(full);
  delay(WAIT_MS);
  pthread_mutex_unlock(device.v_mtx);
  return 0;
}

/** Holds v_mtx until the timer's callback posts. */
function waits_for_timer(arg: usize): usize {
  pthread_mutex_lock(device.v_mtx);
  sem_post(full);
  sem_wait(never);
  pthread_mutex_unlock(device.v_mtx);
  return 0;
}

function timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  sem_post(never);
}

/** Asks for the time so often that the calls of one callback would be too many. */
function polls(arg: usize): usize {
  const now = timespec.local();
  for (let i: u32 = 0; i < 3000; i++) {
    clock_gettime(CLOCK_MONOTONIC, now);
    add(1, 1);
  }
  return 0;
}

// --------------------------------------------------------------------------------------------------------- experiments

function experiment(arg: usize): usize {
  switch (<u32>arg) {
    case 1:
      start_and_join(counts_locked);
      word(1, load<u32>(cell));
      break;
    case 2:
      start_and_join(counts_atomically);
      word(1, load<u32>(cell));
      break;
    case 3:
      start_and_join(counts_plainly);
      word(1, load<u32>(cell));
      break;
    case 4:
      start_and_join(counts_recursively);
      word(1, sum);
      break;
    case 5:
      start_and_join(fails);
      break;
    case 6:
      start_and_join(asks_once);
      word(2, made);
      break;
    case 7:
      cancels();
      break;
    case 8: {
      start_and_join(hands_over);
      word(1, sum);
      sem_getvalue(empty, words + 8);
      sem_getvalue(full, words + 12);
      break;
    }
    case 9:
      all_wait();
      break;
    case 10:
      start(names_itself, 1);
      join_all(1);
      break;
    case 11:
      start_and_join(polls);
      break;
    case 12:
      delay(WAIT_MS);
      break;
    case 13:
      sleep(1000);
      break;
  }
  word(OVER as u32, 1);
  return 0;
}

/** Experiments of which a vCPU's callback is a part, and the beginning of the others. */
function callback(which: u32): void {
  const id = stack_alloc(sizeof<pthread_t>());
  switch (which) {
    case 97:
      pthread_create(id, null, sleeps_with_lock, 0);
      break;
    case 98:
      guest_timer_notify(clock, null, WAIT_MS * 1_000_000);
      pthread_create(id, null, waits_for_timer, 0);
      break;
    case 99:
      sem_wait(never); // a vCPU must not
      return;
    default:
      pthread_create(id, null, experiment, which);
      return;
  }
  while (sem_trywait(full) != 0) sched_yield();
  pthread_mutex_lock(device.v_mtx);
  word(1, 1);
  pthread_mutex_unlock(device.v_mtx);
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(atomic.load<u32>(words + offset)), 4);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  callback(load<u32>(value));
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    device = vdp;
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = WORDS * 4;
  }
  if (ctrl == VDEV_CTRL_OPTIONS_END) {
    clock = guest_timer_create(changetype<guest_cpu_t>(0), vdp, 0, stack_alloc(8));
    pthread_mutexattr_init(attribute);
    pthread_mutexattr_settype(attribute, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(recursive, attribute);
    pthread_mutex_init(mutex, null);
    pthread_cond_init(cond, null);
    sem_init(full, 0, 0);
    sem_init(empty, 0, SLOTS);
    sem_init(never, 0, 0);
  }
  return EOK;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.timer = timer;
factory.factory_flags = VFF_MUTEX;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
