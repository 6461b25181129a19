import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_write } from "vdevbox/abi/guest";
import { EOK, pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { address_of } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import { VDEV_CTRL_OPTIONS_START, VFF_MUTEX, VRS_NORMAL, vdev_factory, vdev_ref_status, vdev_register_factory, vdev_t } from "vdevbox/abi/vdev-core";
let sum: u32 = 0;
function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) { vdp.v_block.type = QST_MEMORY; vdp.v_block.length = 4; }
  return EOK;
}
function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  for (let i = 0; i < 200; i++) {
    pthread_mutex_lock(vdp.v_mtx);
    sum += i;
    pthread_mutex_unlock(vdp.v_mtx);
  }
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(sum), 4);
  return VRS_NORMAL;
}
const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.factory_flags = VFF_MUTEX;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
