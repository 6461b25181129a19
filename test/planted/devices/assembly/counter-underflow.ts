/** Requests in flight are counted down by an acknowledgement without a request. Finding: abort. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

/** Number of requests that wait. */
const WAITING_RO: u32 = 0x00;
/** Puts a request. */
const SUBMIT_WO: u32 = 0x04;
/** Takes the newest back. */
const COMPLETE_WO: u32 = 0x08;
/** Reads the newest. */
const NEWEST_RO: u32 = 0x0c;
const PLACES: u32 = 8;

const requests = new StaticArray<u32>(PLACES);
let waiting: u32 = 0;

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == WAITING_RO) return waiting;
  if (offset != NEWEST_RO || waiting == 0) return 0;
  return requests[waiting - 1]; // BUG
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == SUBMIT_WO && waiting < PLACES) requests[waiting++] = <u32>value;
  else if (offset == COMPLETE_WO && (!FIXED || waiting > 0)) waiting--;
}

device(cstr("counter-underflow"), 0x10, read, write);
