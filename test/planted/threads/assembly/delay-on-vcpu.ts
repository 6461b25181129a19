/** vread sleeps until the measurement is done: the guest's processor stands still meanwhile. Finding: may-block. */
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread } from "./lesson";

let measured: u32 = 0;
let worker: pthread_t = 0;

function measures(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  delay(5);
  pthread_mutex_lock(vdp.v_mtx);
  measured = 37;
  pthread_mutex_unlock(vdp.v_mtx);
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(measures, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  if (!FIXED) delay(5); // BUG
  pthread_mutex_lock(vdp.v_mtx);
  const value = measured;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

lesson(cstr("delay-on-vcpu"), nothing, start, end, read, ignored);
