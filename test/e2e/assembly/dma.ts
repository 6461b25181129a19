/**
 * A device that reaches guest memory in the three ways the API has, for the end-to-end test: registers ADDRESS 0x00,
 * LENGTH 0x04, COMMAND 0x08, RESULT 0x0c. A command interrupts when it is done.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { gasp_map_vdma, gasp_unmap } from "vdevbox/abi/gasp";
import { GXF_NONE, guest_cpu_read, guest_cpu_write, guest_intr_signal } from "vdevbox/abi/guest";
import { EOK, PROT_READ, PROT_WRITE } from "vdevbox/abi/posix";
import { cstring } from "vdevbox/abi/string";
import { GIS_OFF, GIS_ON, guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const COMMAND_SUM: u32 = 1; // RESULT = sum of the bytes, read through a mapping
const COMMAND_UPPER: u32 = 2; // a-z become A-Z, in a mapping
const COMMAND_STORE: u32 = 3; // RESULT is stored at ADDRESS with guest_cpu_write
const COMMAND_LOAD: u32 = 4; // RESULT is loaded from ADDRESS with guest_cpu_read
const COMMAND_QUIET: u32 = 5; // the interrupt goes away

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 16;
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
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, vdp.v_device + offset_of(vdp, vopnd), vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, vdp.v_device + offset_of(vdp, vopnd), vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  if (offset_of(vdp, vopnd) == 8) execute(vdp);
  return VRS_NORMAL;
}

function execute(vdp: vdev_t): void {
  const registers = vdp.v_device;
  const address = load<u32>(registers);
  const length = load<u32>(registers, 4);
  const command = load<u32>(registers, 8);
  if (command == COMMAND_QUIET) {
    guest_intr_signal(vdp.v_intr, GIS_OFF);
    return;
  }
  if (command == COMMAND_SUM) store<u32>(registers, sum(vdp, address, length), 12);
  if (command == COMMAND_UPPER) upper(vdp, address, length);
  if (command == COMMAND_STORE) transfer(registers, address, true);
  if (command == COMMAND_LOAD) transfer(registers, address, false);
  guest_intr_signal(vdp.v_intr, GIS_ON);
}

function sum(vdp: vdev_t, address: u32, length: u32): u32 {
  const window = gasp_map_vdma(vdp, PROT_READ, address, length);
  if (window == 0) return 0xffffffff;
  let total: u32 = 0;
  for (let i: u32 = 0; i < length; i++) total += load<u8>(window + i);
  gasp_unmap(vdp.v_gsp, window, length, 0);
  return total;
}

function upper(vdp: vdev_t, address: u32, length: u32): void {
  const window = gasp_map_vdma(vdp, PROT_READ | PROT_WRITE, address, length);
  if (window == 0) return;
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(window + i);
    if (byte >= 0x61 && byte <= 0x7a) store<u8>(window + i, byte - 0x20);
  }
  gasp_unmap(vdp.v_gsp, window, length, 1);
}

function transfer(registers: usize, address: u32, to_guest: bool): void {
  const block = qvm_state_block.local();
  block.location = address;
  block.length = 4;
  block.type = QST_MEMORY;
  block.flags = 0;
  if (to_guest) guest_cpu_write(0, GXF_NONE, block, 1, registers + 12, 4);
  else guest_cpu_read(0, GXF_NONE, block, 1, registers + 12, 4);
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.acc_sizes = 1 << 4;
factory.extra_space = 16;
vdev_register_factory(factory, QVM_VDEV_ABI);
