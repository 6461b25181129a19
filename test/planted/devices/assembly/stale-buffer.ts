/** A buffer that is used again still has the end of a longer frame, and gives it to the guest. Finding: invariant. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED, from_guest, invariants, to_guest } from "./device";

/** Guest address of a frame, and of what is given back. */
const FRAME_RW: u32 = 0x00;
const LENGTH_RW: u32 = 0x08;
/** 1 takes a frame of LENGTH bytes, 2 gives it back padded to 60 bytes. */
const COMMAND_WO: u32 = 0x0c;
const PADDED: u32 = 60;

const buffer = new StaticArray<u8>(<i32>PADDED);
let frame: u64 = 0;
let length: u32 = 0;
let taken: u32 = 0;

function take(): void {
  if (length > PADDED) return;
  if (FIXED) memory.fill(changetype<usize>(buffer), 0, PADDED);
  taken = from_guest(frame, changetype<usize>(buffer), length) ? length : 0; // BUG
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == FRAME_RW) return frame;
  return offset == LENGTH_RW ? length : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == FRAME_RW) frame = value;
  else if (offset == LENGTH_RW) length = <u32>value;
  else if (offset == COMMAND_WO && value == 1) take();
  else if (offset == COMMAND_WO && value == 2) to_guest(frame, changetype<usize>(buffer), PADDED);
}

function check(): void {
  for (let i = taken; i < PADDED; i++) assert(buffer[i] == 0, "bytes behind a frame are of another frame"); // TOLD
}

invariants(device(cstr("stale-buffer"), 0x10, read, write), check);
export { vdevbox_invariants } from "./device";
