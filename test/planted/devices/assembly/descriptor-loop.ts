/** A queue that follows `next` of descriptors in guest memory as long as there is one. Finding: limit. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED, from_guest } from "./device";

/** Guest address of the table: 16 descriptors of 16 bytes: address u64, length u32, flags u16, next u16. */
const TABLE_RW: u32 = 0x00;
/** Writing the index of the first descriptor starts it; reads the bytes of the last chain. */
const NOTIFY_RW: u32 = 0x08;
const ENTRIES: u32 = 16;
const FLAG_NEXT: u32 = 1;

const descriptor = memory.data(16, 8);
let table: u64 = 0;
let total: u32 = 0;

function follow(first: u32): void {
  let index = first % ENTRIES;
  total = 0;
  let seen: u32 = 0;
  while (from_guest(table + index * 16, descriptor, 16)) { // BUG
    total += load<u32>(descriptor, 8);
    if ((load<u16>(descriptor, 12) & FLAG_NEXT) == 0) return;
    if (FIXED && ++seen >= ENTRIES) return;
    index = <u32>load<u16>(descriptor, 14) % ENTRIES;
  }
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == TABLE_RW) return table;
  return offset == NOTIFY_RW ? total : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == TABLE_RW) table = value;
  else if (offset == NOTIFY_RW) follow(<u32>value);
}

device(cstr("descriptor-loop"), 0x0c, read, write);
