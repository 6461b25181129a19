/** A device whose registers take different amounts of work. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { EOK } from "vdevbox/abi/posix";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

/** A write works as often as its low byte says. */
const WORK: u32 = 0;
/** A read works 1000 times for each write before it, 5 at most. */
const COUNT: u32 = 4;
/** A write of one value does not end. */
const END: u32 = 8;

@unmanaged
class stalls {
  value: u32;
  count: u32;
  sum: u32;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 12;
  }
  return EOK;
}

function work(state: stalls, times: u32): void {
  for (let i: u32 = 0; i < times; i++) state.sum = (state.sum << 1) ^ i ^ (state.sum >> 3);
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const state = changetype<stalls>(vdp.v_device);
  if (vopnd.location - vdp.v_block.location == COUNT) work(state, state.count * 1000);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, offsetof<stalls>("sum") + vdp.v_device, vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const state = changetype<stalls>(vdp.v_device);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, offsetof<stalls>("value") + vdp.v_device, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (offset == WORK) work(state, state.value & 0xff);
  else if (offset == COUNT && state.count < 5) state.count++;
  else if (offset == END) while (state.value == 0x600df00d) state.sum++;
  return VRS_NORMAL;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.extra_space = offsetof<stalls>();
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
