/** A register that counts its reads: each must get a number of its own. It forgets that between its two locks. */
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { ignored, lesson, nothing } from "../../planted/threads/assembly/lesson";

let next: u32 = 0;

/** Wrong, though all is under the lock: somebody may come in the middle. */
function torn(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const number = next;
  pthread_mutex_unlock(vdp.v_mtx);
  pthread_mutex_lock(vdp.v_mtx);
  next = number + 1;
  pthread_mutex_unlock(vdp.v_mtx);
  return number;
}

/** Right. */
function whole(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const number = next++;
  pthread_mutex_unlock(vdp.v_mtx);
  return number;
}

lesson(cstr("torn"), nothing, nothing, nothing, torn, ignored);
lesson(cstr("whole"), nothing, nothing, nothing, whole, ignored);
