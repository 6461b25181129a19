/**
 * A device with a window whose place the guest chooses, as a PCI device has: a write to BASE moves it, also from within
 * the window itself. Registers, 8 bytes each: BASE 0x00 (0: no window), ACCESS 0x08 (flags of the window: 1 reads, 2
 * writes), RESULT 0x10 (what the last move returned), COUNT 0x18 (accesses of the window). The window has 16 bytes: at 0
 * it reads as its own address, and a write of 0xdead at 8 makes it go away before the write is answered.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { gasp_lock, gasp_region_set_soft, gasp_unlock } from "vdevbox/abi/gasp";
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { GRF_NONE, gasp_region, guest_cpu_t, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  VDEV_CTRL_OPTIONS_START,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const BASE: usize = 0;
const ACCESS: usize = 8;
const RESULT: usize = 16;
const COUNT: usize = 24;
const WINDOW: u32 = 1; // cookie
const WINDOW_BYTES: u32 = 16;

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = 32;
    store<u64>(vdp.v_device, 3, ACCESS);
  }
  return 0;
}

/** One region to set: two of them in a move, the old and the new. */
function describe(region: gasp_region, vdp: vdev_t, location: u64, flags: u32): void {
  region.flags = flags;
  region.cookie = WINDOW;
  region.vdev = vdp;
  region.guest.location = location;
  region.guest.length = WINDOW_BYTES;
  region.guest.type = QST_MEMORY;
}

function set(vdp: vdev_t, regions: usize, count: u32): u32 {
  gasp_lock(vdp.v_gsp, QST_MEMORY);
  const done = gasp_region_set_soft(vdp.v_gsp, count, changetype<gasp_region>(regions));
  gasp_unlock(vdp.v_gsp, QST_MEMORY);
  return done;
}

function move(vdp: vdev_t, to: u64): void {
  const from = load<u64>(vdp.v_device, BASE);
  const regions = stack_alloc(2 * gasp_region.SIZEOF);
  let count: u32 = 0;
  if (from != 0) {
    describe(changetype<gasp_region>(regions), vdp, from, GRF_NONE);
    count++;
  }
  if (to != 0) {
    const flags = <u32>load<u64>(vdp.v_device, ACCESS);
    describe(changetype<gasp_region>(regions + count * gasp_region.SIZEOF), vdp, to, flags);
    count++;
  }
  const done = set(vdp, regions, count);
  store<u64>(vdp.v_device, done == count ? to : 0, BASE);
  store<u64>(vdp.v_device, done, RESULT);
}

function vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  let value: u64 = vopnd.location;
  if (cookie == WINDOW) store<u64>(vdp.v_device, load<u64>(vdp.v_device, COUNT) + 1, COUNT);
  else value = load<u64>(vdp.v_device + <usize>(vopnd.location - vdp.v_block.location));
  guest_cpu_write(gcp, GXF_NONE, oopnd, 1, address_of<u64>(value), vopnd.length);
  return VRS_NORMAL;
}

function vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const value = address_of<u64>(0);
  guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  const written = load<u64>(value);
  if (cookie == WINDOW) {
    store<u64>(vdp.v_device, load<u64>(vdp.v_device, COUNT) + 1, COUNT);
    if (written == 0xdead) {
      move(vdp, 0);
      return VRS_BUS_ERROR; // the region is gone, and yet it is this vdev that answers
    }
    if (written == 0xbad) {
      move(vdp, 0);
      return -1;
    }
    move(vdp, written);
    return VRS_NORMAL;
  }
  const offset = <usize>(vopnd.location - vdp.v_block.location);
  if (offset == BASE) move(vdp, written);
  if (offset == ACCESS) {
    store<u64>(vdp.v_device, written, ACCESS);
    const region = stack_alloc(gasp_region.SIZEOF);
    describe(changetype<gasp_region>(region), vdp, load<u64>(vdp.v_device, BASE), <u32>written);
    store<u64>(vdp.v_device, set(vdp, region, 1), RESULT);
  }
  return VRS_NORMAL;
}

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.extra_space = 32;
vdev_register_factory(factory, QVM_VDEV_ABI);
