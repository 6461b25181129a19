/** A second channel makes its timer when the guest enables it, long after startup. Finding: phase. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { guest_timer_create } from "vdevbox/abi/guest";
import { stack_alloc } from "vdevbox/abi/stack";
import { arm_timer, FIXED, timed_device } from "./device";

/** Bit 0 enables channel 0, bit 1 channel 1. */
const ENABLE_RW: u32 = 0x00;
const TICKS_RO: u32 = 0x04;
const PERIOD_NS: u64 = 50_000;

let enable: u32 = 0;
let ticks: u32 = 0;

function tick(vdp: vdev_t): void {
  ticks++;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == ENABLE_RW) return enable;
  return offset == TICKS_RO ? ticks : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset != ENABLE_RW) return;
  const rising = <u32>value & ~enable;
  enable = <u32>value & 3;
  if ((rising & 1) != 0) arm_timer(vdp, PERIOD_NS);
  if ((rising & 2) == 0) return;
  if (FIXED) arm_timer(vdp, PERIOD_NS);
  else guest_timer_create(0, vdp, 0, stack_alloc(8)); // BUG
}

timed_device(cstr("late-timer"), 0x08, read, write, tick);
