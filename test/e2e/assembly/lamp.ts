/** A register and, at other offsets, what goes wrong with it: the vdev of explain.test.ts and usage.test.ts. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_write, guest_intr_signal, guest_timer_create } from "vdevbox/abi/guest";
import { vdev_logf } from "vdevbox/abi/log";
import { QVM_OUTI_QVM } from "vdevbox/abi/outpipe";
import { EOK } from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { GIS_OFF, GIS_ON, guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_START,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_path,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const LAMP: u32 = 0x00;
const REFUSES: u32 = 0x04;
const RECURSES: u32 = 0x08;
const LATE: u32 = 0x0c;

/** So that the next warning of the compiler has a line: classes are no exports of a module. */
export class Unused {
  x: i32;
}

function descend(depth: u32): u32 {
  return descend(depth + 1) + depth;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 0x10;
  } else if (ctrl == VDEV_CTRL_GUEST_CONFIGURED) vdev_path(stack_alloc(32), 32, vdp);
  return EOK;
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (offset == REFUSES) return VRS_BUS_ERROR;
  if (offset == RECURSES) return descend(0);
  if (offset == LATE) guest_timer_create(0, vdp, 0, address_of<u64>(0));
  vdev_logf(QVM_OUTI_QVM, vdp, cstr("asked"));
  guest_intr_signal(vdp.v_intr, GIS_ON);
  guest_intr_signal(vdp.v_intr, GIS_OFF);
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(7), vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.acc_sizes = (1 << 2) | (1 << 4);
vdev_register_factory(factory, QVM_VDEV_ABI);
