/** A reset of the device forgets the threshold. Finding: invariant. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED, invariants } from "./device";

const CONTROL_RW: u32 = 0x00;
const THRESHOLD_RW: u32 = 0x04;
/** Counts writes to it; the alarm of STATUS rises at the threshold. */
const COUNT_RW: u32 = 0x08;
const STATUS_RO: u32 = 0x0c;
const RESET_WO: u32 = 0x10;
const DEFAULT_THRESHOLD: u32 = 8;

let control: u32 = 0;
let threshold: u32 = DEFAULT_THRESHOLD;
let count: u32 = 0;
let is_fresh: bool = true;

function reset(): void {
  control = 0;
  count = 0; // BUG
  if (FIXED) threshold = DEFAULT_THRESHOLD;
  is_fresh = true;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == CONTROL_RW) return control;
  if (offset == THRESHOLD_RW) return threshold;
  if (offset == COUNT_RW) return count;
  return offset == STATUS_RO && (control & 1) != 0 && count >= threshold ? 1 : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  is_fresh = false;
  if (offset == CONTROL_RW) control = <u32>value & 1;
  else if (offset == THRESHOLD_RW) threshold = <u32>value & 0xff;
  else if (offset == COUNT_RW) count++;
  else if (offset == RESET_WO) reset();
}

function check(): void {
  assert(!is_fresh || threshold == DEFAULT_THRESHOLD, "THRESHOLD has not its reset value after a reset"); // TOLD
}

invariants(device(cstr("survives-reset"), 0x14, read, write), check);
export { vdevbox_invariants } from "./device";
