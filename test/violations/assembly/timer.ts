/** Creates a guest timer when the guest reads or writes, which is too late: timers are made at startup. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { guest_timer_create } from "vdevbox/abi/guest";
import { vdev_logf } from "vdevbox/abi/log";
import { QVM_OUTE_QVM } from "vdevbox/abi/outpipe";
import { address_of } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_BUTTON,
  VDEV_CTRL_OPTIONS_START,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

/** Called from two callbacks, as helpers are. */
function helper(vdp: vdev_t): vdev_ref_status {
  const resolution = address_of<u64>(0);
  const timer = guest_timer_create(0, vdp, 0, resolution); // by helper
  if (timer != 0) return VRS_NORMAL;
  vdev_logf(QVM_OUTE_QVM, vdp, cstr("no timer: %d"), load<i32>(resolution));
  return VRS_BUS_ERROR;
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const resolution = address_of<u64>(0);
  const timer = guest_timer_create(0, vdp, 0, resolution); // direct
  return timer == 0 ? VRS_BUS_ERROR : VRS_NORMAL;
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  return helper(vdp) == VRS_NORMAL ? VRS_NORMAL : VRS_BUS_ERROR; // caller of helper
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4096;
  }
  if (ctrl == VDEV_CTRL_BUTTON) helper(vdp);
  return 0;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
vdev_register_factory(factory, QVM_VDEV_ABI);
