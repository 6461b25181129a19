/** The index of a receive ring wraps one place too late. Finding: abort. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

const DATA_RW: u32 = 0x00;
const FILLED_RO: u32 = 0x04;
const PLACES: u32 = 8;

const ring = new StaticArray<u32>(PLACES);
let head: u32 = 0;
let tail: u32 = 0;
let filled: u32 = 0;

function after(index: u32): u32 {
  const next = index + 1;
  return next > (FIXED ? PLACES - 1 : PLACES) ? 0 : next;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == FILLED_RO) return filled;
  if (offset != DATA_RW || filled == 0) return 0;
  const value = ring[tail]; // BUG
  tail = after(tail);
  filled--;
  return value;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset != DATA_RW || filled == PLACES) return;
  ring[head] = <u32>value; // BUG
  head = after(head);
  filled++;
}

device(cstr("ring-wrap"), 0x08, read, write);
