/**
 * A device that walks guest memory and changes rights of its pages. Registers, 8 bytes each: START 0x00, LENGTH 0x08, CAP
 * 0x10 (0: none), FLAGS 0x18; a write to WALK 0x20 walks, one to RIGHTS 0x28 sets page rights, one to INFO 0x30 asks for
 * the region at START. Results: RESULT 0x38 (last value returned), COUNT 0x40 (gasp_walk_count at the start), PIECES
 * 0x48; from 0x80 on what was found: location and length of each piece, and of a region its flags too.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  gasp_lock,
  gasp_region_info,
  gasp_region_set_soft,
  gasp_unlock,
  gasp_walk_count,
  gasp_walk_init,
  gasp_walk_next,
  gasp_walk_state,
  gram_find_free,
  gram_find_free_range,
  gram_reserve,
  GWS_HOST,
} from "vdevbox/abi/gasp";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { stack_alloc } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { gasp_region, guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const START: usize = 0x00;
const LENGTH: usize = 0x08;
const CAP: usize = 0x10;
const FLAGS: usize = 0x18;
const WALK: usize = 0x20;
const RIGHTS: usize = 0x28;
const INFO: usize = 0x30;
const RESULT: usize = 0x38;
const COUNT: usize = 0x40;
const PIECES: usize = 0x48;
const FOUND: usize = 0x80;
const ROOM: u32 = 48;

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 0x400;
  }
  if (ctrl == VDEV_CTRL_OPTIONS_END) reserve(vdp);
  return 0;
}

/** What gram_*() answer at startup, from 0x300 on. */
function reserve(vdp: vdev_t): void {
  const results = vdp.v_device + 0x300;
  store<u64>(results, gram_find_free(vdp.v_gsp, 0x1000, 0x1000, 0));
  store<u64>(results, gram_find_free(vdp.v_gsp, 0x10, 0x1000, 0), 8);
  store<u64>(results, gram_find_free(vdp.v_gsp, 0x10, 0x10, 0), 16);
  store<u64>(results, gram_find_free_range(vdp.v_gsp, 0x100, 0, 0, 0x1000, 0x10ff), 24);
  store<u64>(results, gram_find_free_range(vdp.v_gsp, 1, 0, 0, 0x1000, 0x10ff), 32);
  store<i64>(results, gram_reserve(0x1100, 0x100), 40);
  store<i64>(results, gram_reserve(0x11ff, 1), 48);
  store<i64>(results, gram_reserve(0x4ff0, 0x11), 56);
  store<i64>(results, gram_reserve(0, 1), 64);
  store<i64>(results, gram_reserve(0xffffffffffffffff, 2), 72);
  store<u64>(results, gram_find_free(vdp.v_gsp, 0xffffffffffffffff, 0xffffffffffffffff, 0), 80);
}

function walk(vdp: vdev_t): void {
  const registers = vdp.v_device;
  const state = changetype<gasp_walk_state>(stack_alloc(gasp_walk_state.SIZEOF));
  let result = gasp_walk_init(state, vdp.v_gsp, load<u64>(registers, START), load<u64>(registers, LENGTH), GWS_HOST);
  let pieces: u32 = 0;
  if (result == 0) {
    if (load<u64>(registers, CAP) != 0) state.max_length = load<u64>(registers, CAP);
    store<u64>(registers, gasp_walk_count(state), COUNT);
    result = gasp_walk_next(state);
    while (result == 1 && pieces < ROOM) {
      const piece = registers + FOUND + pieces * 16;
      store<u64>(piece, state.host_loc == state.guest_loc ? state.guest_loc : 0xbad);
      store<u64>(piece, state.length, 8);
      pieces++;
      result = gasp_walk_next(state);
    }
  }
  store<i64>(registers, result, RESULT);
  store<u64>(registers, pieces, PIECES);
}

function describe(region: gasp_region, vdp: vdev_t): void {
  region.flags = <u32>load<u64>(vdp.v_device, FLAGS);
  region.cookie = 0;
  region.vdev = changetype<vdev_t>(0);
  region.guest.location = load<u64>(vdp.v_device, START);
  region.guest.length = <u32>load<u64>(vdp.v_device, LENGTH);
  region.guest.type = QST_MEMORY;
}

function rights(vdp: vdev_t): void {
  const region = changetype<gasp_region>(stack_alloc(gasp_region.SIZEOF));
  describe(region, vdp);
  gasp_lock(vdp.v_gsp, QST_MEMORY);
  store<u64>(vdp.v_device, gasp_region_set_soft(vdp.v_gsp, 1, region), RESULT);
  gasp_unlock(vdp.v_gsp, QST_MEMORY);
}

function info(vdp: vdev_t): void {
  const block = qvm_state_block.local();
  block.location = load<u64>(vdp.v_device, START);
  block.length = 1;
  block.type = QST_MEMORY;
  const region = changetype<gasp_region>(stack_alloc(gasp_region.SIZEOF));
  store<i64>(vdp.v_device, gasp_region_info(vdp.v_gsp, block, region), RESULT);
  store<u64>(vdp.v_device, region.guest.location, FOUND);
  store<u64>(vdp.v_device, region.guest.length, FOUND + 8);
  store<u64>(vdp.v_device, region.flags, FOUND + 16);
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const at = vdp.v_device + <usize>(vopnd.location - vdp.v_block.location);
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, at, vopnd.length);
  return VRS_NORMAL;
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const offset = <usize>(vopnd.location - vdp.v_block.location);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, vdp.v_device + offset, vopnd.length);
  if (offset == WALK) walk(vdp);
  if (offset == RIGHTS) rights(vdp);
  if (offset == INFO) info(vdp);
  return VRS_NORMAL;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.extra_space = 0x400;
vdev_register_factory(factory, QVM_VDEV_ABI);
