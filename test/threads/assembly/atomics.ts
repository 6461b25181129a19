/** AssemblyScript's atomic.*: a write of N does step N and a read gives its result. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { EOK, pthread_create, sched_yield } from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_START,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const word = memory.data(8, 8);
let result: u32 = 0;

/** Adds ten, each in a turn of its own. */
function adds(arg: usize): usize {
  for (let i = 0; i < 10; i++) {
    atomic.add<u32>(word, 1);
    sched_yield();
  }
  return 0;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4;
  }
  return EOK;
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(result), 4);
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  switch (load<u32>(value)) {
    case 1:
      atomic.store<i32>(word, 40);
      result = atomic.load<i32>(word);
      return 0;
    case 2:
      result = (atomic.add<i32>(word, 2) << 8) | atomic.load<i32>(word);
      return 0;
    case 3:
      result = (atomic.cmpxchg<i32>(word, 42, 7) << 16) | (atomic.cmpxchg<i32>(word, 42, 8) << 8) | atomic.load<i32>(word);
      return 0;
    case 4:
      result = (<u32>atomic.xchg<u8>(word, 0xff) << 16) | (<u32>atomic.and<u8>(word, 0x0f) << 8) | atomic.or<u8>(word, 0x30);
      return 0;
    case 5:
      atomic.store<u64>(word, 0x1_0000_0000);
      atomic.sub<u64>(word, 1);
      result = <u32>atomic.load<u64>(word);
      return 0;
    case 6:
      atomic.store<u32>(word, 0);
      pthread_create(0, null, adds, 0);
      return pthread_create(0, null, adds, 0);
    case 7:
      result = atomic.load<u32>(word);
      return 0;
    case 8:
      result = atomic.load<u32>(word + 1); // not aligned
      return 0;
    default:
      return 0;
  }
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
