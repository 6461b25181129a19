/** Lock in vwrite only: two fields change together, but vread looks at them without the lock. Finding: race. */
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, lesson, nothing } from "./lesson";

let sum: u32 = 0;
let writes: u32 = 0;

function read(vdp: vdev_t, offset: u32): u32 {
  if (FIXED) pthread_mutex_lock(vdp.v_mtx);
  const average = writes == 0 ? 0 : sum / writes; // BUG
  if (FIXED) pthread_mutex_unlock(vdp.v_mtx);
  return average;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  pthread_mutex_lock(vdp.v_mtx);
  sum += value; // WITH
  writes++; // WITH
  pthread_mutex_unlock(vdp.v_mtx);
}

lesson(cstr("lock-in-vwrite-only"), nothing, nothing, nothing, read, write);
