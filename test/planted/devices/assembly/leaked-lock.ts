/** A refused write returns with the lock held. Finding: lock. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { FIXED, unlocked_device } from "./device";

/** A level from 0 to 100. */
const LEVEL_RW: u32 = 0x00;
const REFUSED_RO: u32 = 0x04;

let level: u32 = 0;
let refused: u32 = 0;

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = offset == LEVEL_RW ? level : refused;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  pthread_mutex_lock(vdp.v_mtx); // BUG
  if (offset == LEVEL_RW && value > 100) {
    refused++;
    if (FIXED) pthread_mutex_unlock(vdp.v_mtx);
    return;
  }
  if (offset == LEVEL_RW) level = <u32>value;
  pthread_mutex_unlock(vdp.v_mtx);
}

unlocked_device(cstr("leaked-lock"), 0x08, read, write);
