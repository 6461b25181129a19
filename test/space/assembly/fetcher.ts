/**
 * A device that reads and writes the guest's memory at 0x1000 in one of the ways below, right and wrong, as a number
 * written to it says. A read gives the result of the last.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { gasp_map_sys, gasp_unmap } from "vdevbox/abi/gasp";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { errno_get, PROT_READ, PROT_WRITE } from "vdevbox/abi/posix";
import { stack_alloc } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const AT: u64 = 0x1000;
const LENGTH: u32 = 16;

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4;
  }
  return 0;
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, vdp.v_device, vopnd.length);
  return VRS_NORMAL;
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const command = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, command, 4);
  store<u32>(vdp.v_device, execute(vdp, load<u32>(command)));
  return VRS_NORMAL;
}

function execute(vdp: vdev_t, command: u32): u32 {
  if (command == 1) return map_twice(vdp, PROT_READ);
  if (command == 2) return header_then_all();
  if (command == 3) return map_once(vdp);
  if (command == 4) return map_own_twice(vdp);
  if (command == 5) return write_then_read();
  if (command == 6) return keep(vdp);
  if (command == 7) return map_twice(vdp, PROT_WRITE);
  if (command == 8) return aliases(vdp);
  if (command == 9) return write_after_unmap(vdp);
  if (command == 10) return overrun(vdp);
  if (command == 11) return write_read_only(vdp);
  if (command == 12) return read_after_unmap(vdp);
  if (command == 13) return underrun(vdp);
  if (command == 14) return wrong_length(vdp);
  if (command == 15) return kept_and_read(vdp);
  if (command == 16) return checked_then_used(vdp);
  if (command == 17) return copied_once(vdp);
  if (command == 18) return own_bytes(vdp);
  if (command == 19) return copied_twice(vdp);
  if (command == 20) return loads_of_two(vdp);
  if (command == 21) return load_and_transfer(vdp);
  return 0;
}

function map_twice(vdp: vdev_t, prot: i32): u32 {
  const first = gasp_map_sys(vdp.v_gsp, prot, AT, LENGTH);
  gasp_unmap(vdp.v_gsp, first, LENGTH, 0);
  const second = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH); // second map
  const value = load<u8>(second);
  gasp_unmap(vdp.v_gsp, second, LENGTH, 0);
  return value;
}

function block_of(length: u32): qvm_state_block {
  const block = qvm_state_block.local();
  block.location = AT;
  block.length = length;
  block.type = QST_MEMORY;
  block.flags = 0;
  return block;
}

function header_then_all(): u32 {
  const bytes = stack_alloc(LENGTH);
  guest_cpu_read(0, GXF_NONE, block_of(4), 1, bytes, 4);
  guest_cpu_read(0, GXF_NONE, block_of(LENGTH), 1, bytes, LENGTH); // whole
  return load<u8>(bytes);
}

/** One mapping, read twice: the copy does not change. */
function map_once(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const same = load<u32>(window) == load<u32>(window);
  gasp_unmap(vdp.v_gsp, window, LENGTH, 0);
  return same ? 1 : 0;
}

/** What it wrote itself is no surprise. */
function map_own_twice(vdp: vdev_t): u32 {
  const first = gasp_map_sys(vdp.v_gsp, PROT_READ | PROT_WRITE, AT, LENGTH);
  store<u8>(first, load<u8>(first) + 1);
  gasp_unmap(vdp.v_gsp, first, LENGTH, 1);
  const second = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const value = load<u8>(second);
  gasp_unmap(vdp.v_gsp, second, LENGTH, 0);
  return value;
}

function write_then_read(): u32 {
  const bytes = stack_alloc(LENGTH);
  guest_cpu_read(0, GXF_NONE, block_of(LENGTH), 1, bytes, LENGTH);
  store<u8>(bytes, 0x77);
  guest_cpu_write(0, GXF_NONE, block_of(1), 1, bytes, 1);
  guest_cpu_read(0, GXF_NONE, block_of(LENGTH), 1, bytes, LENGTH);
  return load<u8>(bytes);
}

/** Leaves the mapping open. */
function keep(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  return load<u8>(window);
}

/** Two mappings of the same bytes, and a transfer: what goes in one way comes out the others. */
function aliases(vdp: vdev_t): u32 {
  const writer = gasp_map_sys(vdp.v_gsp, PROT_READ | PROT_WRITE, AT, LENGTH);
  store<u8>(writer, 0x11);
  const reader = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const first = load<u8>(reader);
  const bytes = stack_alloc(1);
  store<u8>(bytes, 0x22);
  guest_cpu_write(0, GXF_NONE, block_of(1), 1, bytes, 1);
  const second = load<u8>(reader);
  store<u8>(writer, 0x33);
  guest_cpu_read(0, GXF_NONE, block_of(1), 1, bytes, 1);
  const third = load<u8>(bytes);
  gasp_unmap(vdp.v_gsp, writer, LENGTH, 1);
  const fourth = load<u8>(reader);
  gasp_unmap(vdp.v_gsp, reader, LENGTH, 0);
  return first | (<u32>second << 8) | (<u32>third << 16) | (<u32>fourth << 24);
}

function write_after_unmap(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ | PROT_WRITE, AT, LENGTH);
  gasp_unmap(vdp.v_gsp, window, LENGTH, 1); // given back
  store<u8>(window + 3, 0x99);
  return 0;
}

function overrun(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ | PROT_WRITE, AT, LENGTH); // too short
  store<u8>(window + LENGTH, 0x99);
  gasp_unmap(vdp.v_gsp, window, LENGTH, 1);
  return 0;
}

function underrun(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ | PROT_WRITE, AT, LENGTH);
  store<u8>(window - 1, 0x99);
  gasp_unmap(vdp.v_gsp, window, LENGTH, 1);
  return 0;
}

function write_read_only(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH); // only to read
  store<u8>(window, 0x99);
  gasp_unmap(vdp.v_gsp, window, LENGTH, 1);
  return 0;
}

function read_after_unmap(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  gasp_unmap(vdp.v_gsp, window, LENGTH, 0);
  return load<u8>(window);
}

function wrong_length(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  gasp_unmap(vdp.v_gsp, window, LENGTH - 1, 0);
  return 0;
}

/** A mapping is open, and the same bytes come in another way. */
function kept_and_read(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const bytes = stack_alloc(LENGTH);
  guest_cpu_read(0, GXF_NONE, block_of(LENGTH), 1, bytes, LENGTH); // again
  const same = load<u8>(window) == load<u8>(bytes);
  gasp_unmap(vdp.v_gsp, window, LENGTH, 0);
  return same ? 1 : 0;
}

/** Checks a length in the mapping and uses the one that is there later. */
function checked_then_used(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  let length: u32 = 0;
  if (load<u32>(window) <= 8) { // checked
    errno_get();
    length = load<u32>(window); // used
  }
  gasp_unmap(vdp.v_gsp, window, LENGTH, 0);
  return length;
}

/** As it should be. */
function copied_once(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const length = load<u32>(window);
  errno_get();
  gasp_unmap(vdp.v_gsp, window, LENGTH, 0);
  return length <= 8 ? length : 0;
}

/** Loads what it stored, once as another value and once as the one that was there. */
function own_bytes(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ | PROT_WRITE, AT, LENGTH);
  const first = load<u8>(window);
  store<u8>(window, first);
  store<u8>(window + 1, 0x5a);
  errno_get();
  const sum = load<u8>(window) + load<u8>(window + 1);
  gasp_unmap(vdp.v_gsp, window, LENGTH, 1);
  return sum;
}

function copied_twice(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const bytes = stack_alloc(LENGTH);
  memory.copy(bytes, window, 12); // header
  errno_get();
  memory.copy(bytes, window, LENGTH); // all
  gasp_unmap(vdp.v_gsp, window, LENGTH, 0);
  return load<u32>(bytes);
}

function loads_of_two(vdp: vdev_t): u32 {
  const one = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const two = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const first = load<u32>(one); // in one
  const second = load<u32>(two); // in two
  gasp_unmap(vdp.v_gsp, one, LENGTH, 0);
  gasp_unmap(vdp.v_gsp, two, LENGTH, 0);
  return first ^ second;
}

function load_and_transfer(vdp: vdev_t): u32 {
  const window = gasp_map_sys(vdp.v_gsp, PROT_READ, AT, LENGTH);
  const length = load<u32>(window); // loaded
  const bytes = stack_alloc(LENGTH);
  guest_cpu_read(0, GXF_NONE, block_of(LENGTH), 1, bytes, LENGTH); // and read
  gasp_unmap(vdp.v_gsp, window, LENGTH, 0);
  return length ^ load<u32>(bytes);
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.extra_space = 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
