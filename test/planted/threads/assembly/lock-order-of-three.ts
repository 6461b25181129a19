/**
 * Lock order: a before b, b before c, c before a. No two of the three can deadlock, all three can. Finding: lock-order,
 * also in a run where nothing stops.
 */
import { pthread_mutex_init, pthread_mutex_lock, pthread_mutex_t, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, lesson, nothing, zero } from "./lesson";

const a = pthread_mutex_t.alloc();
const b = pthread_mutex_t.alloc();
const c = pthread_mutex_t.alloc();

function init(vdp: vdev_t): void {
  pthread_mutex_init(a, null);
  pthread_mutex_init(b, null);
  pthread_mutex_init(c, null);
}

function both(first: pthread_mutex_t, second: pthread_mutex_t): void {
  pthread_mutex_lock(first);
  pthread_mutex_lock(second); // BUG
  pthread_mutex_unlock(second);
  pthread_mutex_unlock(first);
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  if (offset == 0) both(a, b);
  else if (offset == 4) both(b, c);
  else if (FIXED) both(a, c);
  else both(c, a);
}

lesson(cstr("lock-order-of-three"), init, nothing, nothing, zero, write);
