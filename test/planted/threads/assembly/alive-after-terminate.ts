/** The thread is told to end at TERMINATE, but nobody waits until it has: it runs on in what is being taken down. Finding: alive. */
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread } from "./lesson";

const stop = memory.data(4, 4);
let ticks: u32 = 0;
let worker: pthread_t = 0;

function counts(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  while (atomic.load<u32>(stop) == 0) {
    // Where it still is when the VM has ended.
    delay(1); // BUG
    pthread_mutex_lock(vdp.v_mtx);
    ticks++;
    pthread_mutex_unlock(vdp.v_mtx);
  }
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(counts, vdp); // WITH
}

function end(vdp: vdev_t): void {
  atomic.store<u32>(stop, 1);
  if (FIXED) join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = ticks;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

lesson(cstr("alive-after-terminate"), nothing, start, end, read, ignored);
