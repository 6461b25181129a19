/** A device whose mistakes lie behind values of its options. A remark at the end of a line names each mistake. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { EINVAL, EOK, strcmp } from "vdevbox/abi/posix";
import { cstr, cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const OPTION_MODE: u32 = VDEV_CTRL_FIRST_OPTIDX;
const OPTION_RATE: u32 = VDEV_CTRL_FIRST_OPTIDX + 1;
const OPTION_FAST: u32 = VDEV_CTRL_FIRST_OPTIDX + 2;
const options = memory.data<cstring>([cstr("mode"), cstr("rate"), cstr("0fast"), 0]);

@unmanaged
class tuned {
  mode: u32;
  rate: u32;
  period: u32;
  fast: u32;
  value: u32;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  const state = changetype<tuned>(vdp.v_device);
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 8;
    state.rate = 100;
  } else if (ctrl == OPTION_MODE) {
    if (strcmp(arg, cstr("plain")) == 0) state.mode = 1;
    else if (strcmp(arg, cstr("turbo")) == 0) state.mode = 2;
    else return EINVAL;
  } else if (ctrl == OPTION_RATE) {
    const rate = number(arg);
    if (rate < 0) return EINVAL;
    state.rate = <u32>rate;
  } else if (ctrl == OPTION_FAST) state.fast = 1;
  else if (ctrl == VDEV_CTRL_OPTIONS_END) state.period = 1000 / state.rate; // rate
  return EOK;
}

/** A decimal number of 32 bits; -1 for what is none. */
function number(text: cstring): i64 {
  let value: i64 = 0;
  let at: usize = text;
  for (; load<u8>(at) != 0; at++) {
    const digit = <i32>load<u8>(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > 0xffff_ffff) return -1;
  }
  return at == text ? -1 : value;
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, offsetof<tuned>("value") + vdp.v_device, vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const state = changetype<tuned>(vdp.v_device);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, offsetof<tuned>("value") + vdp.v_device, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  if (state.mode == 2) assert(state.value != 0x600dbeef, "turbo takes no such value"); // turbo
  if (state.fast == 1 && state.value == 7) state.value = 1 / (state.value - 7); // fast
  return VRS_NORMAL;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.option_list = options;
factory.extra_space = offsetof<tuned>();
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
