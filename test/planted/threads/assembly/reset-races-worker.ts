/** The reset register clears what the worker is about to change, and takes no lock. Finding: race. */
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, join, lesson, nothing, thread } from "./lesson";

const RESET: u32 = 4;
let steps: u32 = 0;
let distance: u32 = 0;
let worker: pthread_t = 0;

function moves(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  for (let i = 0; i < 4; i++) {
    delay(1);
    pthread_mutex_lock(vdp.v_mtx);
    steps++; // WITH
    distance += 10; // WITH
    pthread_mutex_unlock(vdp.v_mtx);
  }
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(moves, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
}

/** Ten for each step, always. */
function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = steps == 0 ? 10 : distance / steps;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  if (offset != RESET) return;
  if (FIXED) pthread_mutex_lock(vdp.v_mtx);
  steps = 0; // BUG
  distance = 0; // BUG
  if (FIXED) pthread_mutex_unlock(vdp.v_mtx);
}

lesson(cstr("reset-races-worker"), nothing, start, end, read, write);
