/** An out-parameter in a static: two vCPUs that write at the same time read each other's value. Finding: race. */
import { GXF_NONE, guest_cpu_read } from "vdevbox/abi/guest";
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { stack_alloc } from "vdevbox/abi/stack";
import { cstr } from "vdevbox/abi/string";
import { guest_cpu_t, qvm_state_block } from "vdevbox/abi/types";
import { VRS_NORMAL, vdev_ref_status, vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, nothing, prepare, register } from "./lesson";

const operand = memory.data(4, 4);
let sum: u32 = 0;

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const value = FIXED ? stack_alloc(4) : operand;
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4); // WITH
  pthread_mutex_lock(vdp.v_mtx);
  sum += load<u32>(value); // BUG
  pthread_mutex_unlock(vdp.v_mtx);
  return VRS_NORMAL;
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = sum;
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

const factory = prepare(cstr("static-out-parameter"), nothing, nothing, nothing, read, ignored);
factory.vwrite = vwrite;
register(factory);
