/**
 * A vdev that makes every call about interrupts its guest asks for.
 *
 *   0x00 SIGNAL   wo   guest_intr_signal() of its own interrupt with this guest_intr_state
 *   0x04 RESULT   ro   what the last call answered
 *   0x08 EXTRA    wo   the same for the interrupt of its option `extra`
 *   0x0c TARGET   rw   address of messages
 *   0x10 MESSAGE  wo   sends one with this data
 *   0x14 LEVEL    ro   guest_intr_level() of its own interrupt, as it was at startup
 *   0x18 TEXT     rw   a write asks for guest_intr_string(): 0 into memory of its own, 1 into freshly allocated memory;
 *                      a read gives the first four bytes
 *
 * Options: `extra PIC:LINE`; `auto` asks for a line when no `intr` was given.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_cpu_write,
  guest_intr_assign_auto,
  guest_intr_level,
  guest_intr_signal,
  guest_intr_string,
  guest_msi_signal,
} from "vdevbox/abi/guest";
import { EINVAL, EOK } from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { GIAT_EXCLUSIVE, guest_cpu_t, guest_intr, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import { qvm_parse_intr } from "vdevbox/abi/utils";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_ASSIGN,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const SIGNAL: usize = 0x00;
const RESULT: usize = 0x04;
const EXTRA: usize = 0x08;
const TARGET: usize = 0x0c;
const MESSAGE: usize = 0x10;
const LEVEL: usize = 0x14;
const TEXT: usize = 0x18;
const REGISTERS: u32 = 0x1c;
/** Behind the registers: the second interrupt, and whether a line is wanted. */
const SECOND: usize = 0x20;
const WANTS: usize = 0x2c;

function second(vdp: vdev_t): guest_intr {
  return changetype<guest_intr>(vdp.v_device + SECOND);
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = REGISTERS;
  }
  if (ctrl == VDEV_CTRL_FIRST_OPTIDX) {
    const end = qvm_parse_intr(vdp.v_gsp, arg, second(vdp));
    if (end == arg || load<u8>(end) != 0) return EINVAL;
  }
  if (ctrl == VDEV_CTRL_FIRST_OPTIDX + 1) store<u32>(vdp.v_device + WANTS, 1);
  if (ctrl == VDEV_CTRL_OPTIONS_END && changetype<usize>(vdp.v_intr.pic) != 0) {
    store<i32>(vdp.v_device + LEVEL, guest_intr_level(vdp.v_intr));
  }
  if (ctrl == VDEV_CTRL_ASSIGN && load<u32>(vdp.v_device + WANTS) != 0) {
    guest_intr_assign_auto(vdp.v_intr, GIAT_EXCLUSIVE);
  }
  return EOK;
}

function offset_of(vdp: vdev_t, vopnd: qvm_state_block): usize {
  return <usize>(vopnd.location - vdp.v_block.location);
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const value = address_of<u32>(load<u32>(vdp.v_device + offset_of(vdp, vopnd)));
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const operand = stack_alloc(4);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, operand, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const value = load<u32>(operand);
  const register = offset_of(vdp, vopnd);
  const target = load<u32>(vdp.v_device + TARGET);
  let result: i32 = EOK;
  if (register == SIGNAL) result = guest_intr_signal(vdp.v_intr, value);
  else if (register == EXTRA) result = guest_intr_signal(second(vdp), value);
  else if (register == TARGET) store<u32>(vdp.v_device + TARGET, value);
  else if (register == MESSAGE) result = guest_msi_signal(vdp, target, value);
  else if (register == TEXT) {
    const place = value == 0 ? vdp.v_device + TEXT : heap.alloc(32); // here
    result = guest_intr_string(vdp.v_intr, place, value == 0 ? 4 : 32);
  }
  store<i32>(vdp.v_device + RESULT, result);
  return VRS_NORMAL;
}

const options = memory.data<usize>([0, 0, 0]);
store<usize>(options, cstr("extra"));
store<usize>(options, cstr("0auto"), sizeof<usize>());

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.option_list = options;
factory.acc_sizes = 1 << 4;
factory.extra_space = 0x30;
vdev_register_factory(factory, QVM_VDEV_ABI);
