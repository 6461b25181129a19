/** A lock kept on an error path: a write of 0 is refused, and v_mtx stays locked. Finding: lock-kept. */
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, lesson, nothing } from "./lesson";

let divisor: u32 = 1;

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const result = 1000 / divisor;
  pthread_mutex_unlock(vdp.v_mtx);
  return result;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  pthread_mutex_lock(vdp.v_mtx); // BUG
  if (value == 0) {
    if (FIXED) pthread_mutex_unlock(vdp.v_mtx);
    return;
  }
  divisor = value;
  pthread_mutex_unlock(vdp.v_mtx);
}

lesson(cstr("lock-kept"), nothing, nothing, nothing, read, write);
