/** A block device whose check of the last sector wraps around. Finding: abort. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

const SECTOR_RW: u32 = 0x00;
const SECTORS_RW: u32 = 0x08;
/** Writing fills the sectors with a byte; reads 1 after a refusal. */
const FILL_RW: u32 = 0x10;
const SECTOR: u32 = 16;
const CAPACITY: u64 = 64;

const disk = new StaticArray<u8>(<i32>CAPACITY * SECTOR);
let sector: u64 = 0;
let sectors: u64 = 0;
let refused: u32 = 0;

function is_inside(): bool {
  if (FIXED) return sector < CAPACITY && sectors <= CAPACITY - sector;
  return sector + sectors <= CAPACITY;
}

function fill(byte: u8): void {
  refused = 1;
  if (!is_inside()) return;
  const first = <u32>sector * SECTOR;
  for (let i: u32 = 0; i < <u32>min<u64>(sectors, CAPACITY) * SECTOR; i++) disk[first + i] = byte; // BUG
  refused = 0;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == SECTOR_RW) return sector;
  if (offset == SECTORS_RW) return sectors;
  return offset == FILL_RW ? refused : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == SECTOR_RW) sector = value;
  else if (offset == SECTORS_RW) sectors = value;
  else if (offset == FILL_RW) fill(<u8>value);
}

device(cstr("size-overflow"), 0x18, read, write);
