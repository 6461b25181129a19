/** INDEX and DATA are written by two vCPUs, and the pair takes no lock. Finding: race. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { FIXED, unlocked_device } from "./device";

const INDEX_RW: u32 = 0x00;
/** The register that INDEX names. */
const DATA_RW: u32 = 0x04;

const registers = new StaticArray<u32>(16);
let index: u32 = 0;

function enter(vdp: vdev_t): void {
  if (FIXED) pthread_mutex_lock(vdp.v_mtx);
}

function leave(vdp: vdev_t): void {
  if (FIXED) pthread_mutex_unlock(vdp.v_mtx);
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  enter(vdp);
  const value = offset == INDEX_RW ? index : registers[index]; // BUG
  leave(vdp);
  return value;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  enter(vdp);
  if (offset == INDEX_RW) index = <u32>value & 15; // BUG
  else if (offset == DATA_RW) registers[index] = <u32>value; // BUG
  leave(vdp);
}

unlocked_device(cstr("register-pair"), 0x08, read, write);
