/**
 * Check-then-act: the lock is dropped between the check for room and the use of it. Two vCPUs see the last place free, and
 * the second writes past the array. Finding: fault.
 */
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, lesson, nothing } from "./lesson";

const PLACES: u32 = 2;
const ring = new StaticArray<u32>(PLACES);
let used: u32 = 0;

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = used == 0 ? 0 : ring[--used];
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  pthread_mutex_lock(vdp.v_mtx);
  const has_room = used < PLACES;
  if (!FIXED) pthread_mutex_unlock(vdp.v_mtx);
  if (!FIXED) pthread_mutex_lock(vdp.v_mtx);
  if (has_room) ring[used++] = value; // BUG
  pthread_mutex_unlock(vdp.v_mtx);
}

lesson(cstr("check-then-act"), nothing, nothing, nothing, read, write);
