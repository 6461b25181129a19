/** The worker never lets go of v_mtx for longer than it takes to lock it again, and gives its turns away with it. Finding: starvation. */
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t, sched_yield } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread } from "./lesson";

const stop = memory.data(4, 4);
let rounds: u32 = 0;
let worker: pthread_t = 0;

function works(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  delay(1);
  pthread_mutex_lock(vdp.v_mtx);
  while (atomic.load<u32>(stop) == 0) {
    rounds++;
    if (FIXED) {
      pthread_mutex_unlock(vdp.v_mtx);
      delay(1);
      pthread_mutex_lock(vdp.v_mtx);
    }
    sched_yield(); // BUG
  }
  pthread_mutex_unlock(vdp.v_mtx);
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(works, vdp);
}

function end(vdp: vdev_t): void {
  atomic.store<u32>(stop, 1);
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx); // WITH
  const value = rounds;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

lesson(cstr("starvation"), nothing, start, end, read, ignored);
