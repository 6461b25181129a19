/** A delay register makes the device loop as often as the guest says. Finding: limit. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

const SEED_RW: u32 = 0x00;
/** Writing shifts the register so many times. */
const SHIFT_WO: u32 = 0x04;
const MOST: u32 = 64;

let lfsr: u32 = 1;

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  return offset == SEED_RW ? lfsr : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == SEED_RW) lfsr = <u32>value;
  if (offset != SHIFT_WO) return;
  const steps = FIXED ? min(<u32>value, MOST) : <u32>value;
  for (let i: u32 = 0; i < steps; i++) lfsr = (lfsr >> 1) ^ (0xd0000001 & (0 - (lfsr & 1))); // BUG
}

device(cstr("guest-count"), 0x08, read, write);
