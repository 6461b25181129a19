/** ABBA: reads take a then b, writes b then a. Finding: deadlock. */
import { pthread_mutex_init, pthread_mutex_lock, pthread_mutex_t, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, lesson, nothing } from "./lesson";

const a = pthread_mutex_t.alloc();
const b = pthread_mutex_t.alloc();
let value: u32 = 0;

function init(vdp: vdev_t): void {
  pthread_mutex_init(a, null);
  pthread_mutex_init(b, null);
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(a);
  pthread_mutex_lock(b); // WITH
  const result = value;
  pthread_mutex_unlock(b);
  pthread_mutex_unlock(a);
  return result;
}

function write(vdp: vdev_t, offset: u32, given: u32): void {
  pthread_mutex_lock(FIXED ? a : b);
  pthread_mutex_lock(FIXED ? b : a); // BUG
  value = given;
  pthread_mutex_unlock(a);
  pthread_mutex_unlock(b);
}

lesson(cstr("abba"), init, nothing, nothing, read, write);
