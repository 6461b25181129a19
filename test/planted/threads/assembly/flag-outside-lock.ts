/** The flag is set outside the lock: the worker may have looked just before, and be about to wait. Finding: race. */
import { pthread_cond_broadcast, pthread_cond_init, pthread_cond_t, pthread_cond_wait } from "vdevbox/abi/posix";
import { pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, join, lesson, thread } from "./lesson";

const wake = pthread_cond_t.alloc();
let pending: i32 = 0;
let done: i32 = 0;
let ends: bool = false;
let worker: pthread_t = 0;

function works(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  pthread_mutex_lock(vdp.v_mtx);
  while (!ends) {
    while (pending == 0 && !ends) pthread_cond_wait(wake, vdp.v_mtx); // WITH
    if (ends) break;
    pending--;
    done++;
  }
  pthread_mutex_unlock(vdp.v_mtx);
  return 0;
}

function init(vdp: vdev_t): void {
  pthread_cond_init(wake, null);
}

function start(vdp: vdev_t): void {
  worker = thread(works, vdp);
}

function end(vdp: vdev_t): void {
  pthread_mutex_lock(vdp.v_mtx);
  ends = true;
  pthread_cond_broadcast(wake);
  pthread_mutex_unlock(vdp.v_mtx);
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = <u32>done;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  if (FIXED) pthread_mutex_lock(vdp.v_mtx);
  pending++; // BUG
  if (!FIXED) pthread_mutex_lock(vdp.v_mtx);
  pthread_cond_broadcast(wake);
  pthread_mutex_unlock(vdp.v_mtx);
}

lesson(cstr("flag-outside-lock"), init, start, end, read, write);
