/** Two threads that each add 1 to a field and to a static three times when the guest writes; a read gives the field. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_write } from "vdevbox/abi/guest";
import { EOK, sem_init, sem_post, sem_t, sem_wait } from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
  vdev_thread_create,
} from "vdevbox/abi/vdev-core";

let total: u32 = 0;
const work = sem_t.alloc();

function adder(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  while (true) {
    sem_wait(work);
    for (let i: u32 = 0; i < 3; i++) {
      store<u32>(vdp.v_device, load<u32>(vdp.v_device) + 1); // adds
      total += 1; // adds to the static
    }
  }
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      vdp.v_block.type = QST_MEMORY;
      vdp.v_block.length = 8;
      return EOK;
    case VDEV_CTRL_OPTIONS_END:
      return sem_init(work, 0, 0);
    case VDEV_CTRL_GUEST_CONFIGURED: {
      const id = stack_alloc(4);
      vdev_thread_create(vdp, cstr("one"), id, null, adder, changetype<usize>(vdp));
      return vdev_thread_create(vdp, cstr("other"), id, null, adder, changetype<usize>(vdp));
    }
    default:
      return EOK;
  }
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = vopnd.location == vdp.v_block.location ? load<u32>(vdp.v_device) : total;
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), 4);
  return VRS_NORMAL;
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  sem_post(work);
  sem_post(work);
  return VRS_NORMAL;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.acc_sizes = 1 << 4;
factory.extra_space = 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
