/** A reset leaves the timer of a transfer armed: it ends a transfer that is no more. Finding: abort. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { arm_timer, FIXED, timed_device } from "./device";

/** Bit 0 while a transfer goes on. */
const STATUS_RO: u32 = 0x00;
/** Writing starts a transfer in channel 0 to 3. */
const START_WO: u32 = 0x04;
const RESET_WO: u32 = 0x08;
const DONE_RO: u32 = 0x0c;
const NO_CHANNEL: i32 = -1;
const TAKES_NS: u64 = 10_000;

const done = new StaticArray<u32>(4);
let channel: i32 = NO_CHANNEL;

function finished(vdp: vdev_t): void {
  if (FIXED && channel == NO_CHANNEL) return;
  done[channel]++; // BUG
  channel = NO_CHANNEL;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == STATUS_RO) return channel == NO_CHANNEL ? 0 : 1;
  return offset == DONE_RO ? done[0] + done[1] + done[2] + done[3] : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == START_WO && channel == NO_CHANNEL) {
    channel = <i32>value & 3;
    arm_timer(vdp, TAKES_NS);
  } else if (offset == RESET_WO) {
    channel = NO_CHANNEL;
  }
}

timed_device(cstr("reset-during-transfer"), 0x10, read, write, finished);
