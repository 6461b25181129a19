/** A thread that thinks another one takes too long unlocks its mutex for it. Only the owner may. Finding: unlock. */
import { pthread_mutex_init, pthread_mutex_lock, pthread_mutex_t, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { delay, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, thread, zero } from "./lesson";

const busy = pthread_mutex_t.alloc();
let jobs: u32 = 0;
let worker: pthread_t = 0;
let helper: pthread_t = 0;

function works(arg: usize): usize {
  pthread_mutex_lock(busy); // WITH
  jobs++;
  delay(2);
  pthread_mutex_unlock(busy);
  return 0;
}

function helps(arg: usize): usize {
  delay(1);
  if (FIXED) pthread_mutex_lock(busy);
  pthread_mutex_unlock(busy); // BUG
  return 0;
}

function init(vdp: vdev_t): void {
  pthread_mutex_init(busy, null);
}

function start(vdp: vdev_t): void {
  worker = thread(works, vdp);
  helper = thread(helps, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
  join(helper);
}

lesson(cstr("unlock-by-another"), init, start, end, zero, ignored);
