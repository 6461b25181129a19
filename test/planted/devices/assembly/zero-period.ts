/** A periodic timer with a period of 0 fires again and again without time going on. Finding: limit. */
import { guest_timer_notify } from "vdevbox/abi/guest";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, timed_device, timer_of } from "./device";

/** Nanoseconds. */
const PERIOD_RW: u32 = 0x00;
/** Bit 0 starts. */
const CONTROL_RW: u32 = 0x04;
const TICKS_RO: u32 = 0x08;
const SHORTEST_NS: u32 = 1000;

let period: u32 = SHORTEST_NS;
let control: u32 = 0;
let ticks: u32 = 0;

function arm(vdp: vdev_t): void {
  guest_timer_notify(timer_of(vdp), null, FIXED ? max(period, SHORTEST_NS) : period); // BUG
}

function tick(vdp: vdev_t): void {
  ticks++;
  if (control != 0) arm(vdp);
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == PERIOD_RW) return period;
  if (offset == CONTROL_RW) return control;
  return offset == TICKS_RO ? ticks : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == PERIOD_RW) period = <u32>value;
  if (offset != CONTROL_RW) return;
  const was = control;
  control = <u32>value & 1;
  if (was == 0 && control != 0) arm(vdp);
}

timed_device(cstr("zero-period"), 0x0c, read, write, tick);
