/** A DMA engine whose buffer check adds 32-bit numbers, as the teaching device of an emulator did. Finding: abort. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED, from_guest, to_guest } from "./device";

const GUEST_RW: u32 = 0x00;
const OFFSET_RW: u32 = 0x08;
const COUNT_RW: u32 = 0x0c;
/** 1 copies guest memory to the buffer, 2 the other way; reads 1 after an error. */
const COMMAND_RW: u32 = 0x10;
const BUFFER: u32 = 4096;
const BURST: u32 = 64;

const buffer = new StaticArray<u8>(BUFFER);
const burst = new StaticArray<u8>(BURST);
let guest: u64 = 0;
let offset_of: u32 = 0;
let count: u32 = 0;
let error: u32 = 0;

function fits(): bool {
  if (FIXED) return offset_of <= BUFFER && count <= BUFFER - offset_of;
  return offset_of + count <= BUFFER;
}

function run(command: u32): void {
  error = 1;
  if (count > BURST || !fits()) return;
  if (command == 1 && !from_guest(guest, changetype<usize>(burst), count)) return;
  for (let i: u32 = 0; i < count; i++) {
    if (command == 1) buffer[offset_of + i] = burst[i]; // BUG
    else burst[i] = buffer[offset_of + i]; // BUG
  }
  if (command == 2 && !to_guest(guest, changetype<usize>(burst), count)) return;
  error = 0;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == GUEST_RW) return guest;
  if (offset == OFFSET_RW) return offset_of;
  if (offset == COUNT_RW) return count;
  return offset == COMMAND_RW ? error : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == GUEST_RW) guest = value;
  else if (offset == OFFSET_RW) offset_of = <u32>value;
  else if (offset == COUNT_RW) count = <u32>value;
  else if (offset == COMMAND_RW && (value == 1 || value == 2)) run(<u32>value);
}

device(cstr("dma-window"), 0x14, read, write);
