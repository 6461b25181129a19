/** Devices that are right until the guest resets them, or ends, while their thread works; each has a corrected twin. */
import { delay, pthread_cond_init, pthread_cond_signal, pthread_cond_t, pthread_cond_wait } from "vdevbox/abi/posix";
import { pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { join, lesson, thread } from "../../planted/threads/assembly/lesson";

const RESET: u32 = 12;
/** What the guest must write to RESET: nobody draws it, as the code compares with something else. */
const KEY: u32 = 0x5afe_0001;

const wake = pthread_cond_t.alloc();
let pending: u32 = 0;
let generation: u32 = 0;
let ends = false;
let worker: pthread_t = 0;

/** Whether it takes only what belongs to requests from before the reset; whether it looks if the VM ends. */
let minds_reset = true;
let minds_end = true;

function works(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  pthread_mutex_lock(vdp.v_mtx);
  while (true) {
    if (minds_end) {
      while (pending == 0 && !ends) pthread_cond_wait(wake, vdp.v_mtx);
      if (ends) break;
    } else {
      while (pending == 0) {
        pthread_cond_wait(wake, vdp.v_mtx); // END BUG
        if (ends) break;
      }
      if (pending == 0) break;
    }
    const began = generation;
    pthread_mutex_unlock(vdp.v_mtx);
    delay(1);
    pthread_mutex_lock(vdp.v_mtx);
    if (minds_reset && began != generation) continue;
    if (pending == 0) unreachable(); // RESET BUG
    pending--;
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

function forgets_reset(vdp: vdev_t): void {
  minds_reset = false;
  start(vdp);
}

function forgets_end(vdp: vdev_t): void {
  minds_end = false;
  start(vdp);
}

function end(vdp: vdev_t): void {
  pthread_mutex_lock(vdp.v_mtx);
  ends = true;
  pthread_cond_signal(wake);
  pthread_mutex_unlock(vdp.v_mtx);
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = pending;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  pthread_mutex_lock(vdp.v_mtx);
  if (offset != RESET) {
    if (pending < 4) pending++;
    pthread_cond_signal(wake);
  } else if (value * 3 == KEY * 3) {
    pending = 0;
    generation++;
  }
  pthread_mutex_unlock(vdp.v_mtx);
}

lesson(cstr("reset-forgotten"), init, forgets_reset, end, read, write);
lesson(cstr("end-forgotten"), init, forgets_end, end, read, write);
lesson(cstr("undisturbed"), init, start, end, read, write);
