/**
 * A division behind a check: the mean is asked for when there are samples, and somebody clears them before it is divided. It
 * takes a key, a mode and two samples that agree to come there, and then two vCPUs. Finding: fault.
 */
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, lesson, nothing } from "./lesson";

const KEY: u32 = 0;
const MODE: u32 = 4;
const SAMPLE: u32 = 8;
const MEAN: u32 = 12;

const UNLOCKS: u32 = 0x1acc_e551;
const AVERAGING: u32 = 5;

let unlocked = false;
let mode: u32 = 0;
let last: u32 = 0;
let sum: u32 = 0;
let count: u32 = 0;

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  let value: u32 = offset == MODE ? mode : 0;
  if (offset == MEAN && count > 0) {
    if (!FIXED) pthread_mutex_unlock(vdp.v_mtx);
    if (!FIXED) pthread_mutex_lock(vdp.v_mtx);
    value = sum / count; // BUG
  }
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  pthread_mutex_lock(vdp.v_mtx);
  if (offset == KEY) unlocked = value == UNLOCKS;
  else if (!unlocked) last = 0;
  else if (offset == MODE) mode = value;
  else if (offset == MEAN) count = 0;
  else if (offset == SAMPLE && mode == AVERAGING) {
    // A sample counts when the next one confirms it.
    if (value != 0 && value == last) {
      sum += value;
      count++;
    }
    last = value;
  }
  pthread_mutex_unlock(vdp.v_mtx);
}

lesson(cstr("count-divides"), nothing, nothing, nothing, read, write);
