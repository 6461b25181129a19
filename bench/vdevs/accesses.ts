/**
 * Loops of memory accesses for explore.access: a write of `pattern | turns << 8` runs one, a read gives what came of it.
 * No loop's accesses can be left out, joined or guessed: each depends on what an earlier one has read or written.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { EOK } from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
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

/** Bytes that are accessed: the state of a large device. */
const BYTES: u32 = 4096;
const MASK: u32 = BYTES - 1;
const DATA = memory.data(4096, 16);
let result: u32 = 0;

/** Words hold the offset of another word: one circle through all of them, in no order. */
function fill(): void {
  for (let at: u32 = 0; at < BYTES; at += 4) store<u32>(DATA + at, (at * 1229 + 2048 + 4) & MASK & ~3);
}

function sequential_read(turns: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < turns; i++) sum = (sum << 1) ^ load<u32>(DATA + ((i << 2) & MASK));
  return sum;
}

function random_read(turns: u32): u32 {
  let at: u32 = 0;
  for (let i: u32 = 0; i < turns; i++) at = (load<u32>(DATA + at) + (i << 2)) & MASK;
  return at;
}

function sequential_write(turns: u32): u32 {
  let value: u32 = turns;
  for (let i: u32 = 0; i < turns; i++) {
    value = value * 5 + i;
    store<u32>(DATA + ((i << 2) & MASK), value);
  }
  return value;
}

function random_write(turns: u32): u32 {
  let value: u32 = turns;
  for (let i: u32 = 0; i < turns; i++) {
    value = value * 1664525 + 1013904223;
    store<u32>(DATA + ((value >>> 18) & MASK & ~3), value);
  }
  return value;
}

function read_modify_write(turns: u32): u32 {
  let value: u32 = turns;
  for (let i: u32 = 0; i < turns; i++) {
    const at = DATA + ((value >>> 7) & MASK & ~3);
    value = load<u32>(at) * 5 + i;
    store<u32>(at, value);
  }
  return value;
}

function bytes(turns: u32): u32 {
  let sum: u32 = turns;
  for (let i: u32 = 0; i < turns; i++) sum = (sum << 1) + load<u8>(DATA + ((sum + i) & MASK));
  return sum;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 4;
  }
  return EOK;
}

function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u32>(result), 4);
  return VRS_NORMAL;
}

function vwrite(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  const value = stack_alloc(4);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, 4);
  const turns = load<u32>(value) >>> 8;
  switch (load<u32>(value) & 0xff) {
    case 0: result = sequential_read(turns); break;
    case 1: result = random_read(turns); break;
    case 2: result = sequential_write(turns); break;
    case 3: result = random_write(turns); break;
    case 4: result = read_modify_write(turns); break;
    case 5: result = bytes(turns); break;
    default: fill();
  }
  return VRS_NORMAL;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.acc_sizes = 1 << 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
