/** Bodies of `<qvm/vdev-core.h>` that run inside the module. */
import { VRS_BUS_ERROR, VRS_ERRNO, vdev_ref_status } from "../vdev-core";

/** What guest_cpu_read() and guest_cpu_write() answer when the guest is to get an exception. */
const EXCEPTION: i32 = -1;

export function guest_cpu_to_vrs(errcode: i32): vdev_ref_status {
  return errcode == EXCEPTION ? VRS_BUS_ERROR : VRS_ERRNO + <u32>errcode;
}
