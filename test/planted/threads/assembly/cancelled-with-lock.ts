/**
 * Cancelled with a lock: the worker may be cancelled in the middle of its work, and nobody gives its lock back then. It is seen only
 * when the guest ends just there. Finding: lock-kept.
 */
import {
  pthread_cancel,
  pthread_cleanup_pop,
  pthread_cleanup_push,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_t,
  pthread_mutex_unlock,
  pthread_t,
  pthread_testcancel,
  sem_init,
  sem_post,
  sem_t,
  sem_wait,
} from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, join, lesson, thread, zero } from "./lesson";

const request = sem_t.alloc();
const line = pthread_mutex_t.alloc();
let worker: pthread_t = 0;
let done: u32 = 0;

function gives_back(arg: usize): void {
  pthread_mutex_unlock(line);
}

function works(arg: usize): usize {
  while (true) {
    sem_wait(request);
    pthread_mutex_lock(line); // BUG
    if (FIXED) pthread_cleanup_push(gives_back, 0);
    done++;
    pthread_testcancel();
    done++;
    if (FIXED) pthread_cleanup_pop(1);
    else pthread_mutex_unlock(line);
  }
  return 0;
}

function init(vdp: vdev_t): void {
  sem_init(request, 0, 0);
  pthread_mutex_init(line, null);
}

function start(vdp: vdev_t): void {
  worker = thread(works, vdp);
}

function end(vdp: vdev_t): void {
  pthread_cancel(worker);
  join(worker);
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  sem_post(request);
}

lesson(cstr("cancelled-with-lock"), init, start, end, zero, write);
