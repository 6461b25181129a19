/** ABBA between a lock of the vdev's own and the address space lock, on two threads of its own. Finding: deadlock. */
import { gasp_lock, gasp_unlock } from "vdevbox/abi/gasp";
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { QST_MEMORY } from "vdevbox/abi/types";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread, zero } from "./lesson";

let moved: u32 = 0;
let one: pthread_t = 0;
let other: pthread_t = 0;

function moves(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  delay(1);
  gasp_lock(vdp.v_gsp, QST_MEMORY);
  pthread_mutex_lock(vdp.v_mtx); // WITH
  moved++;
  pthread_mutex_unlock(vdp.v_mtx);
  gasp_unlock(vdp.v_gsp, QST_MEMORY);
  return 0;
}

function looks(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  delay(1);
  if (!FIXED) pthread_mutex_lock(vdp.v_mtx);
  gasp_lock(vdp.v_gsp, QST_MEMORY); // BUG
  if (FIXED) pthread_mutex_lock(vdp.v_mtx);
  moved++;
  pthread_mutex_unlock(vdp.v_mtx);
  gasp_unlock(vdp.v_gsp, QST_MEMORY);
  return 0;
}

function start(vdp: vdev_t): void {
  one = thread(moves, vdp);
  other = thread(looks, vdp);
}

function end(vdp: vdev_t): void {
  join(one);
  join(other);
}

lesson(cstr("abba-gasp-lock"), nothing, start, end, zero, ignored);
