/** Mistakes a guest's write chooses from; each case ends in the mark the test looks for. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { gasp_lock } from "vdevbox/abi/gasp";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { qvm_logf } from "vdevbox/abi/outpipe";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import { VDEV_CTRL_OPTIONS_START, vdev_factory, vdev_ref_status, vdev_register_factory, vdev_t } from "vdevbox/abi/vdev-core";

let kept: usize = 0;

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 0x100;
  }
  return 0;
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = address_of<u64>(7);
  switch (<u32>(vopnd.location - vdp.v_block.location)) {
    case 0:
      guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, 8); // longer than the operand
      return 0;
    case 4:
      guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, 2); // shorter than the operand
      return 0;
    case 8:
      guest_cpu_write(0, GXF_NONE, oopnd, 1, value, 4); // no guest_cpu
      return 0;
    case 12:
      guest_cpu_write(gcp, GXF_NONE, vopnd, 1, value, 4); // vopnd for oopnd
      return 0;
    case 20:
    case 24: {
      // What DMA does for a guest that gives the address of a device: of another one, or of this.
      const other: u64 = (vopnd.location & 0xff) == 20 ? 0x1000 : 4;
      const block = qvm_state_block.local();
      block.type = QST_MEMORY;
      block.location = vdp.v_block.location + other;
      block.length = 4;
      guest_cpu_read(gcp, GXF_NONE, block, 1, value, 4); // to a device
      guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
      return 0;
    }
    default:
      guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4); // the wrong way round
      return 0;
  }
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  switch (load<u32>(value)) {
    case 1:
      gasp_lock(vdp.v_gsp, QST_MEMORY); // never unlocked
      return 0;
    case 2:
      for (let i = 0; i < 100; i++) kept = stack_alloc(8); // out of stack
      return 0;
    case 3:
      for (;;) kept = heap.alloc(1 << 20); // out of memory
    case 4:
      unreachable(); // the author's own
    case 5:
      qvm_logf(0, cstr("%d of %d"), 1); // an argument too few
      qvm_logf(0, cstr("%d of %d"), 0, 0);
      return 0;
    default:
      return 0x42;
  }
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
