/** A register, and invariants that depend on it: the vdev of invariants.test.ts. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_intr_signal,
  guest_timer_create,
  guest_timer_data,
  guest_timer_notify,
} from "vdevbox/abi/guest";
import { EOK } from "vdevbox/abi/posix";
import { address_of } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { GIS_ON, guest_cpu_t, guest_timer_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

@unmanaged
class register {
  value: u32;
  timer: guest_timer_t;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4;
  } else if (ctrl == VDEV_CTRL_OPTIONS_END) {
    changetype<register>(vdp.v_device).timer = guest_timer_create(0, vdp, 0, address_of<u64>(0));
  }
  return EOK;
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, vdp.v_device, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const state = changetype<register>(vdp.v_device);
  if (state.value == 100) guest_timer_notify(state.timer, null, 100);
  return VRS_NORMAL;
}

function timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  changetype<register>(vdp.v_device).value = 13;
}

export function vdevbox_invariants(vdp: vdev_t): void {
  const state = changetype<register>(vdp.v_device);
  assert(state.value != 13, "no thirteen"); // thirteen
  if (state.value == 14) guest_intr_signal(vdp.v_intr, GIS_ON); // call
  while (state.value == 15) state.value = 15;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vwrite = vwrite;
factory.timer = timer;
factory.extra_space = offsetof<register>();
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
