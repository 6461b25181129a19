/**
 * Loops of memory accesses for explore.access: a write of `pattern + 256 * turns` runs one, a read gives what came of it.
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
const WORDS: u32 = MASK & ~3;
const DATA = memory.data(4096, 16);
let result: u32 = 0;

/** Words hold the offset of another word: one circle through all of them, in no order. */
function fill(): void {
  for (let at: u32 = 0; at < BYTES; at += 4) store<u32>(DATA + at, (at * 1229 + 2048 + 4) & WORDS);
}

/** Each turn of a loop makes four accesses, so that the loop itself and its limit weigh little. */
function sequential_read(turns: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < turns; i++) {
    const at = DATA + ((i << 4) & MASK);
    sum = (sum << 1) ^ load<u32>(at);
    sum = (sum << 1) ^ load<u32>(at, 4);
    sum = (sum << 1) ^ load<u32>(at, 8);
    sum = (sum << 1) ^ load<u32>(at, 12);
  }
  return sum;
}

function random_read(turns: u32): u32 {
  let at: u32 = 0;
  for (let i: u32 = 0; i < turns; i++) {
    at = load<u32>(DATA + at) & WORDS;
    at = load<u32>(DATA + at) & WORDS;
    at = load<u32>(DATA + at) & WORDS;
    at = (load<u32>(DATA + at) + (i << 2)) & WORDS;
  }
  return at;
}

function sequential_write(turns: u32): u32 {
  let value: u32 = turns;
  for (let i: u32 = 0; i < turns; i++) {
    const at = DATA + ((i << 4) & MASK);
    store<u32>(at, value);
    store<u32>(at, value + i, 4);
    store<u32>(at, value ^ i, 8);
    value = value * 5 + i;
    store<u32>(at, value, 12);
  }
  return value;
}

function random_write(turns: u32): u32 {
  let value: u32 = turns;
  for (let i: u32 = 0; i < turns; i++) {
    value = value * 1664525 + 1013904223;
    store<u32>(DATA + ((value >>> 18) & WORDS), value);
    store<u32>(DATA + ((value >>> 14) & WORDS), i);
    store<u32>(DATA + ((value >>> 10) & WORDS), value);
    store<u32>(DATA + ((value >>> 6) & WORDS), i);
  }
  return value;
}

/** Two reads and two writes a turn. */
function read_modify_write(turns: u32): u32 {
  let value: u32 = turns;
  for (let i: u32 = 0; i < turns; i++) {
    const one = DATA + ((value >>> 7) & WORDS);
    value = load<u32>(one) * 5 + i;
    store<u32>(one, value);
    const other = DATA + ((value >>> 9) & WORDS);
    value = load<u32>(other) * 3 + i;
    store<u32>(other, value);
  }
  return value;
}

function bytes(turns: u32): u32 {
  let sum: u32 = turns;
  for (let i: u32 = 0; i < turns; i++) {
    sum = (sum << 1) + load<u8>(DATA + (sum & MASK));
    sum = (sum << 1) + load<u8>(DATA + ((sum + i) & MASK));
    sum = (sum << 1) + load<u8>(DATA + (sum & MASK));
    sum = (sum << 1) + load<u8>(DATA + ((sum + i) & MASK));
  }
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
