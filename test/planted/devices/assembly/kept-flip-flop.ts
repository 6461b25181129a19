/** A counter is loaded in two bytes, and a reset between them leaves the next load out of step. Finding: reset. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

/** The low byte, then the high byte. */
const LOAD_WO: u32 = 0x00;
const COUNT_RO: u32 = 0x04;
const RESET_WO: u32 = 0x08;

let count: u32 = 0;
let is_high: bool = false;

function reset(): void {
  count = 0; // BUG
  if (FIXED) is_high = false;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  return offset == COUNT_RO ? count : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == RESET_WO) return reset();
  if (offset != LOAD_WO) return;
  const byte = <u32>value & 0xff;
  count = is_high ? (count & 0x00ff) | (byte << 8) : (count & 0xff00) | byte;
  is_high = !is_high;
}

device(cstr("kept-flip-flop"), 0x0c, read, write);
