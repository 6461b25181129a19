/** vread waits for a semaphore that a thread posts; the twin looks whether there is something to take. Finding: may-block. */
import { delay, EOK, pthread_t, sem_init, sem_post, sem_t, sem_trywait, sem_wait } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, thread } from "./lesson";

const ready = sem_t.alloc();
let worker: pthread_t = 0;

function posts(arg: usize): usize {
  for (let i = 0; i < 20; i++) {
    delay(1);
    sem_post(ready);
  }
  return 0;
}

function init(vdp: vdev_t): void {
  sem_init(ready, 0, 0);
}

function start(vdp: vdev_t): void {
  worker = thread(posts, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  if (FIXED) return sem_trywait(ready) == EOK ? 1 : 0;
  sem_wait(ready); // BUG
  return 1;
}

lesson(cstr("sem-wait-on-vcpu"), init, start, end, read, ignored);
