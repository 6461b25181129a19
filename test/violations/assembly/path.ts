/** Asks for its path in OPTIONS_END, where other vdevs may still be unconfigured: OPTIONS_END is not the boundary. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { vdev_logf } from "vdevbox/abi/log";
import { QVM_OUTE_QVM } from "vdevbox/abi/outpipe";
import { stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  QVM_OPTION_NO_ARG_PREFIX,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_path,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const PATH_BYTES: u32 = 64;
let by_helper = false;

/** Called from two callbacks, as helpers are. */
function helper(vdp: vdev_t): i32 {
  const path = stack_alloc(PATH_BYTES);
  const length = vdev_path(path, PATH_BYTES, vdp); // by helper
  if (length == 0) vdev_logf(QVM_OUTE_QVM, vdp, cstr("there is no path"));
  return length;
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  return helper(vdp) == 0 ? VRS_BUS_ERROR : VRS_NORMAL;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4096;
  }
  if (ctrl == VDEV_CTRL_FIRST_OPTIDX) by_helper = true;
  if (ctrl == VDEV_CTRL_OPTIONS_END) {
    if (by_helper) {
      helper(vdp); // caller of helper
    } else {
      const path = stack_alloc(PATH_BYTES);
      vdev_path(path, PATH_BYTES, vdp); // direct
    }
  }
  return 0;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.option_list = memory.data<cstring>([cstr(QVM_OPTION_NO_ARG_PREFIX + "by-helper"), 0]);
vdev_register_factory(factory, QVM_VDEV_ABI);
