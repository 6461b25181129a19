/** A service mode behind two states and a 32-bit key reaches a table that production devices lack. Finding: trap. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

/** 1 halts, 2 selects the flash while halted, 0 goes back. */
const MODE_RW: u32 = 0x00;
/** The key, with the flash selected, opens the service mode. */
const KEY_WO: u32 = 0x04;
const OPEN_RO: u32 = 0x08;
const KEY: u32 = 0xc0de5afe;
const RUNNING: u32 = 0;
const HALTED: u32 = 1;
const FLASH: u32 = 2;

let mode: u32 = RUNNING;
let open: u32 = 0;

function unlock(value: u32): void {
  if (mode != FLASH) return;
  if (value != KEY) return;
  open = 1;
  if (!FIXED) unreachable(); // BUG
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == MODE_RW) return mode;
  return offset == OPEN_RO ? open : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == KEY_WO) unlock(<u32>value);
  if (offset != MODE_RW) return;
  if (value == 1) mode = HALTED;
  else if (value == 2 && mode == HALTED) mode = FLASH;
  else mode = RUNNING;
}

device(cstr("magic-key"), 0x0c, read, write);
