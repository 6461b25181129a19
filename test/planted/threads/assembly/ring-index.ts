/** A message queue whose fill count producer and consumer change, each with a lock of its own. Finding: race. */
import { pthread_mutex_init, pthread_mutex_lock, pthread_mutex_t, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, lesson, nothing } from "./lesson";

const PLACES: u32 = 4;
const ring = new StaticArray<u32>(PLACES);
const putting = pthread_mutex_t.alloc();
const taking = pthread_mutex_t.alloc();
let filled: u32 = 0;
let first: u32 = 0;

function init(vdp: vdev_t): void {
  pthread_mutex_init(putting, null);
  pthread_mutex_init(taking, null);
}

function read(vdp: vdev_t, offset: u32): u32 {
  const own = FIXED ? putting : taking;
  pthread_mutex_lock(own);
  let message: u32 = 0;
  if (filled > 0) {
    message = ring[first];
    first = (first + 1) % PLACES;
    filled--; // BUG
  }
  pthread_mutex_unlock(own);
  return message;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  pthread_mutex_lock(putting);
  if (filled < PLACES) {
    ring[(first + filled) % PLACES] = value;
    filled++; // WITH
  }
  pthread_mutex_unlock(putting);
}

lesson(cstr("ring-index"), init, nothing, nothing, read, write);
