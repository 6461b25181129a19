/** A counter of 64 bits, read in two halves without the lock: they may be of two different times. Finding: race. */
import { delay, pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread } from "./lesson";

const counter = memory.data(8, 8);
const latched = memory.data(4, 4);
let worker: pthread_t = 0;

function counts(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  for (let i = 0; i < 4; i++) {
    delay(1);
    pthread_mutex_lock(vdp.v_mtx);
    store<u64>(counter, load<u64>(counter) + 0x8000_0000); // WITH
    pthread_mutex_unlock(vdp.v_mtx);
  }
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(counts, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
}

/** Offset 0 is the low half, and keeps the high one for the read of offset 4 that follows. */
function read(vdp: vdev_t, offset: u32): u32 {
  if (!FIXED) return load<u32>(counter + (offset & 4)); // BUG
  pthread_mutex_lock(vdp.v_mtx);
  if ((offset & 4) == 0) store<u32>(latched, load<u32>(counter, 4));
  const value = (offset & 4) == 0 ? load<u32>(counter) : load<u32>(latched);
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

lesson(cstr("wide-counter"), nothing, start, end, read, ignored);
