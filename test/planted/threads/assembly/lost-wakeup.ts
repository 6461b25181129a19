/**
 * Signal before wait: the worker looks whether there is work, and only then locks and waits. Work that comes in between
 * signals nobody, and the worker sleeps on it. Finding: lost-wakeup.
 */
import { pthread_cond_init, pthread_cond_signal, pthread_cond_t, pthread_cond_wait } from "vdevbox/abi/posix";
import { pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, join, lesson, thread } from "./lesson";

const wake = pthread_cond_t.alloc();
/** Requests, and what is done; the end is one more request. Atomic, so that no race hides the lesson. */
const requested = memory.data(4, 4);
const done = memory.data(4, 4);
const ends = memory.data(4, 4);
let worker: pthread_t = 0;

function works(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  while (atomic.load<u32>(ends) == 0) {
    if (FIXED) {
      pthread_mutex_lock(vdp.v_mtx);
      while (atomic.load<u32>(requested) == atomic.load<u32>(done)) pthread_cond_wait(wake, vdp.v_mtx);
      pthread_mutex_unlock(vdp.v_mtx);
    } else if (atomic.load<u32>(requested) == atomic.load<u32>(done)) {
      pthread_mutex_lock(vdp.v_mtx);
      pthread_cond_wait(wake, vdp.v_mtx); // BUG
      pthread_mutex_unlock(vdp.v_mtx);
    }
    if (atomic.load<u32>(requested) != atomic.load<u32>(done)) atomic.add<u32>(done, 1);
  }
  return 0;
}

function request(vdp: vdev_t): void {
  pthread_mutex_lock(vdp.v_mtx);
  atomic.add<u32>(requested, 1);
  pthread_cond_signal(wake); // WITH
  pthread_mutex_unlock(vdp.v_mtx);
}

function init(vdp: vdev_t): void {
  pthread_cond_init(wake, null);
}

function start(vdp: vdev_t): void {
  worker = thread(works, vdp);
}

function end(vdp: vdev_t): void {
  atomic.store<u32>(ends, 1);
  request(vdp);
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  return atomic.load<u32>(done);
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  request(vdp);
}

lesson(cstr("lost-wakeup"), init, start, end, read, write);
