/** A message interrupt that comes while its vector is masked is not sent when the mask goes. Finding: invariant. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED, invariants } from "./device";

/** Writing makes an event on vector 0 to 3. */
const EVENT_WO: u32 = 0x00;
/** A bit for each vector that is not let through. */
const MASK_RW: u32 = 0x04;
const PENDING_RO: u32 = 0x08;
/** Messages sent. */
const SENT_RO: u32 = 0x0c;
const VECTORS: u32 = 0xf;

let mask: u32 = 0;
let pending: u32 = 0;
let sent: u32 = 0;

function send(): void {
  const ready = pending & ~mask;
  sent += popcnt<u32>(ready);
  pending &= ~ready;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == MASK_RW) return mask;
  if (offset == PENDING_RO) return pending;
  return offset == SENT_RO ? sent : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == EVENT_WO) {
    pending |= (1 << (<u32>value & 3)) & VECTORS;
    send();
  } else if (offset == MASK_RW) {
    mask = <u32>value & VECTORS; // BUG
    if (FIXED) send();
  }
}

function check(): void {
  assert((pending & ~mask) == 0, "an interrupt that is let through is pending"); // TOLD
}

invariants(device(cstr("masked-msi"), 0x10, read, write), check);
export { vdevbox_invariants } from "./device";
