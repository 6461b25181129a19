/** Each reset of the device takes new memory for its queue. Finding: memory-growth. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

const RESET_WO: u32 = 0x00;
const QUEUE_RW: u32 = 0x04;
const QUEUE: u32 = 4096;

const first = heap.alloc(QUEUE);
let queue: usize = first;

function reset(): void {
  if (!FIXED) queue = heap.alloc(QUEUE); // BUG
  memory.fill(queue, 0, QUEUE);
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  return offset == QUEUE_RW ? load<u32>(queue) : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == RESET_WO) reset();
  else if (offset == QUEUE_RW) store<u32>(queue, <u32>value);
}

device(cstr("memory-growth"), 0x08, read, write);
