/** The upper half of a 64-bit guest address is lost on the way to the transfer. Finding: invariant. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED, invariants, to_guest } from "./device";

const ADDRESS_LOW_RW: u32 = 0x00;
const ADDRESS_HIGH_RW: u32 = 0x04;
/** Writing stores a 4-byte completion at the address; reads 1 after an error. */
const COMPLETE_RW: u32 = 0x08;

const completion = memory.data(4, 4);
let low: u32 = 0;
let high: u32 = 0;
let stored_at: u64 = 0;
let asked_for: u64 = 0;
let error: u32 = 0;

function complete(value: u32): void {
  asked_for = low | (<u64>high << 32);
  stored_at = FIXED ? asked_for : <u64>low; // BUG
  store<u32>(completion, value);
  error = to_guest(stored_at, completion, 4) ? 0 : 1;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == ADDRESS_LOW_RW) return low;
  if (offset == ADDRESS_HIGH_RW) return high;
  return offset == COMPLETE_RW ? error : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == ADDRESS_LOW_RW) low = <u32>value;
  else if (offset == ADDRESS_HIGH_RW) high = <u32>value;
  else if (offset == COMPLETE_RW) complete(<u32>value);
}

function check(): void {
  assert(stored_at == asked_for, "a completion went to another address than the guest asked for"); // TOLD
}

invariants(device(cstr("truncated-address"), 0x0c, read, write), check);
export { vdevbox_invariants } from "./device";
