/** The thread is made before what it uses is: it may run at once. Finding: race. */
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread } from "./lesson";

let rate: u32 = 0;
let ticks: u32 = 0;
let worker: pthread_t = 0;

function counts(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  for (let i = 0; i < 3; i++) {
    pthread_mutex_lock(vdp.v_mtx);
    ticks += rate; // WITH
    pthread_mutex_unlock(vdp.v_mtx);
    delay(1);
  }
  return 0;
}

function start(vdp: vdev_t): void {
  if (FIXED) rate = 5;
  worker = thread(counts, vdp);
  if (!FIXED) rate = 5; // BUG
}

function end(vdp: vdev_t): void {
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = ticks;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

lesson(cstr("thread-before-state"), nothing, start, end, read, ignored);
