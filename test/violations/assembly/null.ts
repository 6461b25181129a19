/** Gives guest_cpu_write() and guest_cpu_read() NULL instead of a buffer. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import { vdev_factory, vdev_ref_status, vdev_register_factory, vdev_t } from "vdevbox/abi/vdev-core";

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  vdp.v_block.type = QST_MEMORY;
  vdp.v_block.length = 4;
  return 0;
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, 0, vopnd.length);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  return guest_cpu_read(gcp, GXF_NONE, oopnd, 1, 0, vopnd.length);
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
