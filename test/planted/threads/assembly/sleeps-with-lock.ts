/** The worker sleeps while it holds v_mtx, and a vCPU that wants it sleeps with it. Finding: blocked-owner. */
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread } from "./lesson";

let progress: u32 = 0;
let worker: pthread_t = 0;

function works(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  for (let i = 0; i < 3; i++) {
    pthread_mutex_lock(vdp.v_mtx);
    progress++;
    if (!FIXED) delay(2); // BUG
    pthread_mutex_unlock(vdp.v_mtx);
    if (FIXED) delay(2);
  }
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(works, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx); // WITH
  const value = progress;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

lesson(cstr("sleeps-with-lock"), nothing, start, end, read, ignored);
