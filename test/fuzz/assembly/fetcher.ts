/**
 * A device whose jobs lie in guest memory at 0x2000: a byte of kind and one of length. A write to START takes the job, and to
 * CANCEL drops it. A read of STEP does a part of it: the length is looked at, and used after the lock was given away. Writes
 * of STEP count how often two of them are made at once.
 */
import { GXF_NONE, guest_cpu_read } from "vdevbox/abi/guest";
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, lesson, nothing } from "../../planted/threads/assembly/lesson";

const START: u32 = 0;
const CANCEL: u32 = 4;
const STEP: u32 = 8;

const JOB: u64 = 0x2000;
const COPIES: u8 = 0x5a;

let length: u32 = 0;
let done: u32 = 0;
let counting: u32 = 0;
let met: u32 = 0;

function take(): void {
  const block = qvm_state_block.local();
  block.location = JOB;
  block.length = 2;
  block.type = QST_MEMORY;
  block.flags = 0;
  const job = memory.data(2);
  guest_cpu_read(0, GXF_NONE, block, 1, job, 2);
  length = load<u8>(job) == COPIES ? load<u8>(job, 1) : 0;
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  if (offset == STEP && length > 0) {
    if (!FIXED) {
      pthread_mutex_unlock(vdp.v_mtx);
      pthread_mutex_lock(vdp.v_mtx);
    }
    done += 100 / length; // BUG
  }
  const value = done;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  pthread_mutex_lock(vdp.v_mtx);
  if (offset == START) take();
  else if (offset == CANCEL) length = 0;
  else if (offset == STEP) {
    counting++;
    pthread_mutex_unlock(vdp.v_mtx);
    pthread_mutex_lock(vdp.v_mtx);
    if (counting > 1) met++;
    counting--;
  }
  pthread_mutex_unlock(vdp.v_mtx);
}

lesson(cstr("fetcher"), nothing, nothing, nothing, read, write);

/** No write is in progress when this is asked. */
export function vdevbox_invariants(vdp: vdev_t): void {
  assert(counting == 0, "a write of STEP is over and still counted");
}
