/**
 * An interrupt controller of eight lines, for the tests of controllers that are vdevs.
 *
 *   0x00 MASK     rw   bit n: line n is masked
 *   0x04 PENDING  ro   bit n: line n waits
 *   0x08 ACK      wo   w1c of PENDING; a level-triggered line that is still up stays
 *   0x0c LINES    ro   bit n: at least one source asserts line n
 *   0x10 EDGE     rw   bit n: line n is edge-triggered
 *   0x14 ASKED    ro   bit n: somebody wants to be notified of line n
 *   0x18 ADDRESS  ro   low half of the address of the last message
 *   0x1c MESSAGE  ro   its data, and its cookie << 16
 *
 * Its own interrupt is up while a line waits that is not masked.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_cpu_write,
  guest_intr_notify,
  guest_intr_num_pins,
  guest_intr_signal,
  guest_msi_register,
} from "vdevbox/abi/guest";
import { EINVAL, EOK } from "vdevbox/abi/posix";
import { address_of, stack_alloc } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import {
  GIN_ACK,
  GIN_UNMASK,
  GIS_OFF,
  GIS_ON,
  guest_cpu_t,
  guest_intr,
  guest_intr_notifications,
  guest_intr_state,
  QST_MEMORY,
  qvm_state_block,
} from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VRS_NORMAL,
  vdev_factory,
  vdev_pic_functions,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const LINES: u32 = 8;
const MASK: usize = 0x00;
const PENDING: usize = 0x04;
const ACK: usize = 0x08;
const STATE: usize = 0x0c;
const EDGE: usize = 0x10;
const ASKED: usize = 0x14;
const ADDRESS: usize = 0x18;
const MESSAGE: usize = 0x1c;
const REGISTERS: usize = 0x20;
/** Behind the registers: the sources of each line, and whether its own interrupt is up. */
const SOURCES: usize = 0x20;
const UP: usize = 0x40;

function get(vdp: vdev_t, register: usize): u32 {
  return load<u32>(vdp.v_device + register);
}

function set(vdp: vdev_t, register: usize, value: u32): void {
  store<u32>(vdp.v_device + register, value);
}

/** Tells the controller above, when there is one and something has changed for it. */
function update(vdp: vdev_t): void {
  const levels = get(vdp, STATE) & ~get(vdp, EDGE);
  set(vdp, PENDING, get(vdp, PENDING) | levels);
  const up: u32 = (get(vdp, PENDING) & ~get(vdp, MASK)) != 0 ? 1 : 0;
  if (up == get(vdp, UP) || changetype<usize>(vdp.v_intr.pic) == 0) return;
  set(vdp, UP, up);
  guest_intr_signal(vdp.v_intr, up != 0 ? GIS_ON : GIS_OFF);
}

function signal(gip: guest_intr, gis: guest_intr_state): i32 {
  const vdp = gip.pic;
  const line = gip.param & 7;
  const bit: u32 = 1 << line;
  const sources = SOURCES + 4 * line;
  if (gip.src_id == 0) return EINVAL;
  const before = get(vdp, STATE);
  if ((gis & GIS_ON) != 0) set(vdp, sources, get(vdp, sources) | gip.src_id);
  else if ((gis & GIS_OFF) != 0) set(vdp, sources, get(vdp, sources) & ~gip.src_id);
  set(vdp, STATE, get(vdp, sources) != 0 ? before | bit : before & ~bit);
  const rose = get(vdp, STATE) & ~before;
  set(vdp, PENDING, get(vdp, PENDING) | (rose & get(vdp, EDGE)));
  // A level that has gone no longer waits.
  if ((get(vdp, STATE) & bit) == 0) set(vdp, PENDING, get(vdp, PENDING) & (~bit | get(vdp, EDGE)));
  update(vdp);
  return EOK;
}

function notify(gip: guest_intr, gin: guest_intr_notifications): void {
  if (gin != 0) set(gip.pic, ASKED, get(gip.pic, ASKED) | (1 << (gip.param & 7)));
}

/** A digit, or a letter from `a` on. */
function parse(gip: guest_intr, name: cstring): cstring {
  const char = load<u8>(name);
  if (char >= 0x30 && char < 0x30 + LINES) gip.param = char - 0x30;
  else if (char >= 0x61 && char < 0x61 + LINES) gip.param = char - 0x61;
  else return 0;
  return name + 1;
}

/** The letter. */
function text(gip: guest_intr, buf: usize, buf_len: u32): u32 {
  if (buf_len < 2) return 1;
  store<u8>(buf, <u8>(0x61 + (gip.param & 7)));
  store<u8>(buf, 0, 1);
  return 1;
}

function deliver(pic: vdev_t, src: usize, paddr: u64, data: u32, cookie: u32): void {
  set(pic, ADDRESS, <u32>paddr);
  set(pic, MESSAGE, data | (cookie << 16));
  set(pic, PENDING, get(pic, PENDING) | (1 << (data & 7)));
  update(pic);
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  if (ctrl == VDEV_CTRL_OPTIONS_START) {
    vdp.v_block.type = QST_MEMORY;
    vdp.v_block.length = <u32>REGISTERS;
  }
  if (ctrl == VDEV_CTRL_OPTIONS_END) {
    guest_intr_num_pins(vdp, LINES);
    guest_msi_register(vdp, vdp.v_block.location + 0x10000000, 0xfffff000, deliver, 7);
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
  const value = address_of<u32>(get(vdp, offset_of(vdp, vopnd)));
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
  const value = stack_alloc(4);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  const written = load<u32>(value);
  const register = offset_of(vdp, vopnd);
  if (register == MASK) {
    tell(vdp, get(vdp, MASK) & ~written, GIN_UNMASK);
    set(vdp, MASK, written);
  } else if (register == EDGE) set(vdp, EDGE, written);
  else if (register == ACK) {
    tell(vdp, get(vdp, PENDING) & written, GIN_ACK);
    set(vdp, PENDING, get(vdp, PENDING) & ~written);
  }
  update(vdp);
  return VRS_NORMAL;
}

function tell(vdp: vdev_t, lines: u32, gin: guest_intr_notifications): void {
  for (let line: u32 = 0; line < LINES; line++) {
    if ((lines & get(vdp, ASKED) & (1 << line)) != 0) guest_intr_notify(vdp, line, gin);
  }
}

const functions = vdev_pic_functions.alloc();
functions.pnum_mask = 7;
functions.signal = signal;
functions.notify = notify;
functions.parse = parse;
functions.string = text;

const factory = vdev_factory.alloc();
factory.control = control;
factory.vread = vread;
factory.vwrite = vwrite;
factory.pic = functions;
factory.acc_sizes = 1 << 4;
factory.extra_space = <u32>UP + 4;
vdev_register_factory(factory, QVM_VDEV_ABI);
