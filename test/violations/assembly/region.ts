/** Moves a region when the guest reads or writes, and forgets the address space lock. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { gasp_region_set_soft } from "vdevbox/abi/gasp";
import { vdev_logf } from "vdevbox/abi/log";
import { QVM_OUTE_QVM } from "vdevbox/abi/outpipe";
import { stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { GRF_VIRT_RD, gasp_region, guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
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

function region_of(vdp: vdev_t): gasp_region {
  const region = changetype<gasp_region>(stack_alloc(gasp_region.SIZEOF));
  region.flags = GRF_VIRT_RD;
  region.cookie = 1;
  region.vdev = vdp;
  region.guest.location = 0x50000000;
  region.guest.length = 4096;
  region.guest.type = QST_MEMORY;
  return region;
}

/** Called from two callbacks, as helpers are. */
function helper(vdp: vdev_t, cookie: u32): vdev_ref_status {
  const region = region_of(vdp);
  region.cookie = cookie;
  const done = gasp_region_set_soft(vdp.v_gsp, 1, region); // by helper
  if (done == 1) return VRS_NORMAL;
  vdev_logf(QVM_OUTE_QVM, vdp, cstr("region %u is not set"), done);
  return VRS_BUS_ERROR;
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const region = region_of(vdp);
  const done = gasp_region_set_soft(vdp.v_gsp, 1, region); // direct
  return done == 1 ? VRS_NORMAL : VRS_BUS_ERROR;
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  return helper(vdp, 2) == VRS_NORMAL ? VRS_NORMAL : VRS_BUS_ERROR; // caller of helper
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4096;
  }
  if (ctrl == VDEV_CTRL_BUTTON) helper(vdp, 3);
  return 0;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vwrite = vwrite;
factory.vread = vread;
vdev_register_factory(factory, QVM_VDEV_ABI);
