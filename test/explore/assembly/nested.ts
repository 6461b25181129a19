/**
 * A controller that is a vdev, and its client, whose write signals. The controller's callback says that it is in progress, and
 * makes a call, in which others may go on.
 *
 * Client:      0x00 SIGNAL  wo  guest_intr_signal(); reads give 0x5161
 * Controller:  0x00 INSIDE  ro  whether its callback is in progress, looked at before any call to the host
 *              0x04 LOOKS   ro  how often INSIDE was looked at while it was
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_write, guest_intr_num_pins, guest_intr_signal } from "vdevbox/abi/guest";
import { EOK, sched_yield } from "vdevbox/abi/posix";
import { address_of } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import {
  GIS_ON,
  guest_cpu_t,
  guest_intr,
  guest_intr_state,
  QST_MEMORY,
  qvm_state_block,
} from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_pic_functions,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const inside = memory.data(4, 4);
const looks = memory.data(4, 4);

function signal(gip: guest_intr, gis: guest_intr_state): i32 {
  atomic.store<u32>(inside, 1);
  sched_yield();
  atomic.store<u32>(inside, 0);
  return EOK;
}

function parse(gip: guest_intr, name: cstring): cstring {
  gip.param = load<u8>(name) - 0x30;
  return name + 1;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 8;
  }
  if (ctrl == VDEV_CTRL_OPTIONS_END && changetype<usize>(vdp.v_factory.pic) != 0) guest_intr_num_pins(vdp, 8);
  return EOK;
}

function answers(gcp: guest_cpu_t, oopnd: qvm_state_block, value: u32): vdev_ref_status {
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(value), 4);
  return VRS_NORMAL;
}

function looks_inside(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const is = atomic.load<u32>(inside);
  if (vopnd.location != vdp.v_block.location) return answers(gcp, oopnd, atomic.load<u32>(looks));
  atomic.add<u32>(looks, is);
  return answers(gcp, oopnd, is);
}

function constant(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  guest_intr_signal(vdp.v_intr, GIS_ON);
  return answers(gcp, oopnd, 0x5161);
}

function signals(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  guest_intr_signal(vdp.v_intr, GIS_ON);
  return VRS_NORMAL;
}

const functions = vdev_pic_functions.alloc();
functions.pnum_mask = 7;
functions.signal = signal;
functions.parse = parse;

const controller = vdev_factory.alloc();
controller.name = cstr("controller");
controller.control = control;
controller.vread = looks_inside;
controller.pic = functions;
controller.acc_sizes = 1 << 4;
vdev_register_factory(controller, QVM_VDEV_ABI);

const client = vdev_factory.alloc();
client.name = cstr("client");
client.control = control;
client.vread = constant;
client.vwrite = signals;
client.acc_sizes = 1 << 4;
vdev_register_factory(client, QVM_VDEV_ABI);
