/** Who acknowledges one event acknowledges all: those that came meanwhile are lost. Finding: reference. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

/** Events that wait; a 1 takes one back. */
const PENDING_W1C: u32 = 0x00;
/** What makes events in the real device; here the guest does. */
const RAISE_WO: u32 = 0x04;

let pending: u32 = 0;

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  return offset == PENDING_W1C ? pending : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == RAISE_WO) pending |= <u32>value;
  else if (offset != PENDING_W1C) return;
  else if (FIXED) pending &= ~(<u32>value);
  else if ((pending & <u32>value) != 0) pending = 0; // BUG
}

device(cstr("lost-events"), 0x08, read, write);
