/** A baud rate is divided by a register that may be 0. Finding: trap. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

const CLOCK_HZ: u32 = 48_000_000;
const DIVISOR_RW: u32 = 0x00;
/** Bit 0 enables. */
const CONTROL_RW: u32 = 0x04;
const BAUD_RO: u32 = 0x08;

let divisor: u32 = 26;
let control: u32 = 0;

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == DIVISOR_RW) return divisor;
  if (offset == CONTROL_RW) return control;
  if (offset != BAUD_RO || control == 0) return 0;
  if (FIXED && divisor == 0) return 0;
  return CLOCK_HZ / 16 / divisor; // BUG
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == DIVISOR_RW) divisor = <u32>value & 0xffff;
  else if (offset == CONTROL_RW) control = <u32>value & 1;
}

device(cstr("zero-divisor"), 0x0c, read, write);
