/** Missing lock in vread: the worker writes under v_mtx, vread looks without. Finding: race. */
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread } from "./lesson";

let count: u32 = 0;
let worker: pthread_t = 0;

function counts(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  for (let i = 0; i < 3; i++) {
    delay(1);
    pthread_mutex_lock(vdp.v_mtx);
    count++; // WITH
    pthread_mutex_unlock(vdp.v_mtx);
  }
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(counts, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  if (FIXED) pthread_mutex_lock(vdp.v_mtx);
  const value = count; // BUG
  if (FIXED) pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

lesson(cstr("missing-lock"), nothing, start, end, read, ignored);
