/** A copy engine that may be sent to its own registers, to start itself again. Finding: argument. */
import { GXF_NONE, guest_cpu_write } from "vdevbox/abi/guest";
import { stack_mark, stack_release } from "vdevbox/abi/stack";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED, guest_block } from "./device";

const DESTINATION_RW: u32 = 0x00;
const VALUE_RW: u32 = 0x08;
/** Writing stores VALUE at DESTINATION. */
const START_WO: u32 = 0x0c;
const SIZE: u32 = 0x10;

const word = memory.data(4, 4);
let destination: u64 = 0;
let value_of: u32 = 0;

function is_own(vdp: vdev_t): bool {
  return destination + 4 > vdp.v_block.location && destination < vdp.v_block.location + SIZE;
}

function start(vdp: vdev_t): void {
  if (FIXED && is_own(vdp)) return;
  store<u32>(word, value_of);
  const mark = stack_mark();
  guest_cpu_write(0, GXF_NONE, guest_block(destination, 4), 1, word, 4); // BUG
  stack_release(mark);
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == DESTINATION_RW) return destination;
  return offset == VALUE_RW ? value_of : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == DESTINATION_RW) destination = value;
  else if (offset == VALUE_RW) value_of = <u32>value;
  else if (offset == START_WO) start(vdp);
}

device(cstr("own-registers"), SIZE, read, write);
