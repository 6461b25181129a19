/** <qvm/guest.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { stack_alloc } from "./runtime/frame";
import { NOT_SERVED, operand_read, operand_write } from "./runtime/operand";
import {
  guest_cpu_t,
  guest_intr,
  guest_intr_assign_type,
  guest_intr_notifications,
  guest_intr_state,
  guest_power_state_notify_t,
  guest_system_t,
  guest_timer_t,
  qvm_state_block,
} from "./types";
import { vdev_ref_status, vdev_t } from "./vdev-core";

/**
 * Cause argument of guest_terminate(); it becomes the exit code. Causes of the system: 1 to 31; of vdevs: 32 to
 * 63.
 * Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_termination_cause_t.html
 */
export type guest_termination_cause_t = u32;

/** Select CPUs that wait. (vdevbox) */
export const GPSC_WAIT: u32 = 1;

/** Select CPUs that are off. (vdevbox) */
export const GPSC_OFF: u32 = 2;

/** Accept any qualifier. (vdevbox) */
export const GIT_FLAG_NO_QUALIFIER: u32 = 0x80000000;

/** Tdp value for an absolute deadline (8.0). (vdevbox) */
export const GUEST_TIMER_ABSOLUTE: u32 = 8;

/** Normal end: exit code 0. (vdevbox) */
export const GTC_NORMAL_EXIT: u32 = 0;

/** First cause vdevs may use. */
export const GTC_CUSTOM_MIN: u32 = 32;

/** Last cause vdevs may use. (vdevbox) */
export const GTC_MAX: u32 = 63;

/**
 * Flags of guest_cpu_read()/guest_cpu_write(). PAUSE/UNPAUSE: stop the vCPU before / let it go after; ASYNC: do it
 * without pausing (may be asynchronous, with caution); GDB: internal; FLUSH: flush the data cache afterwards.
 * Default GXF_NONE.
 * Seen in 7.0, 7.1. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_xfer_flags.html
 */
export type guest_xfer_flags = u32;
export const GXF_NONE: guest_xfer_flags = 0;
export const GXF_PAUSE: guest_xfer_flags = 1;
export const GXF_UNPAUSE: guest_xfer_flags = 2;
export const GXF_ASYNC: guest_xfer_flags = 4;
export const GXF_GDB: guest_xfer_flags = 8;
export const GXF_FLUSH: guest_xfer_flags = 16;

/**
 * Guest instruction types.
 * Seen in 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_instr_callback_func_t.html
 */
export type guest_instr_type = u32;

/**
 * Which CPUs guest_power_state_current() is asked for: GPSC_*.
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_power_state_notify_register.html
 */
export type guest_power_state_cmd = u32;

/**
 * A message-signalled interrupt arrives at an interrupt controller.
 * pic: PIC vdev; src: vdev raising the MSI; paddr/data: MSI message; cookie: as registered.
 * C: `typedef void guest_msi_deliver_func_t(vdev_t *pic, const vdev_t *src, uint64_t paddr, unsigned data,
 * unsigned cookie);`
 * Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/guest_msi_deliver_func_t.html
 */
export type guest_msi_deliver_func_t = (pic: vdev_t, src: usize, paddr: u64, data: u32, cookie: u32) => void;

/**
 * Instruction-trap callback type. May return VRS_CONTINUE to let qvm look for further callbacks.
 * C: `enum vdev_ref_status guest_instr_callback_func_t(vdev_t *vdp, struct guest_cpu *gcp, enum guest_instr_type
 * git, unsigned qualifier)`
 * Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_instr_callback_func_t.html
 */
export type guest_instr_callback_func_t = (
  vdp: vdev_t,
  gcp: guest_cpu_t,
  git: guest_instr_type,
  qualifier: u32,
) => vdev_ref_status;

/**
 * A power-state notification fires.
 * C: `void guest_power_state_callback_func_t(struct guest_power_state_notify *qpnp, void *data)`
 * Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_power_state_notify_register.html
 */
export type guest_power_state_callback_func_t = (qpnp: guest_power_state_notify_t, data: usize) => void;

/**
 * Timer time stamps. host_*: as seen by the host (ClockCycles()); guest_*: guest timeline kept by the hypervisor.
 * *_notify_start: when the timer was started; *_current: now. The two timelines have no direct correspondence.
 *
 * Layout: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structguest__timer__data.html
 */
@unmanaged
@final
export class guest_timer_data {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 32;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): guest_timer_data {
    const address = heap.alloc(32);
    memory.fill(address, 0, 32);
    return changetype<guest_timer_data>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): guest_timer_data {
    return changetype<guest_timer_data>(stack_alloc(32));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): guest_timer_data {
    return changetype<guest_timer_data>(changetype<usize>(this) + index * 32);
  }

  /** host clock when the timer was started */
  get host_notify_start(): u64 {
    return load<u64>(changetype<usize>(this), 0);
  }
  set host_notify_start(value: u64) {
    store<u64>(changetype<usize>(this), value, 0);
  }

  /** host clock now */
  get host_current(): u64 {
    return load<u64>(changetype<usize>(this), 8);
  }
  set host_current(value: u64) {
    store<u64>(changetype<usize>(this), value, 8);
  }

  /** guest timeline when the timer was started */
  get guest_notify_start(): u64 {
    return load<u64>(changetype<usize>(this), 16);
  }
  set guest_notify_start(value: u64) {
    store<u64>(changetype<usize>(this), value, 16);
  }

  /** guest timeline now */
  get guest_current(): u64 {
    return load<u64>(changetype<usize>(this), 24);
  }
  set guest_current(value: u64) {
    store<u64>(changetype<usize>(this), value, 24);
  }
}

// @ts-ignore: decorator
@external("qvm", "guest_cpu_read")
declare function raw_guest_cpu_read(
  gcp: guest_cpu_t,
  flags: u32,
  blk: qvm_state_block,
  nblks: u32,
  data: usize,
  data_len: u32,
): i32;

/**
 * Fetches the data that blk[] describes (vCPU registers, or guest address space) into data. The usual way for
 * vwrite() to obtain the value the guest is storing (read from oopnd).
 * gcp: vCPU; 8.0: NULL when the target is guest address space only. flags: GXF_* set. blk/nblks: array of source
 * blocks. data/data_len: destination buffer.
 * 8.0 says it may also reach the registers of another vdev. No page says what data_len must be; that it is the sum
 * of the blocks' lengths is inferred from the idiom, which passes vopnd->length: another length is a warning.
 * The CPU operand of the access in progress is transferred inside the module; everything else by the host.
 *
 * C: `int guest_cpu_read(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk, unsigned nblks,
 * void *data, unsigned data_len)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_cpu_read.html
 * @returns EOK on success. 8.0: -1 means an exception must be delivered to the guest; any other value is an errno.
 * 7.0: 'an error code'. Feed a non-EOK value to guest_cpu_to_vrs().
 */
// @ts-ignore: decorator
@inline
export function guest_cpu_read(
  gcp: guest_cpu_t,
  flags: u32,
  blk: qvm_state_block,
  nblks: u32,
  data: usize,
  data_len: u32,
): i32 {
  const _status = operand_read(gcp, flags, changetype<usize>(blk), nblks, data, data_len);
  if (_status != NOT_SERVED) return _status;
  return raw_guest_cpu_read(gcp, flags, blk, nblks, data, data_len);
}

// @ts-ignore: decorator
@external("qvm", "guest_cpu_write")
declare function raw_guest_cpu_write(
  gcp: guest_cpu_t,
  flags: u32,
  blk: qvm_state_block,
  nblks: u32,
  data: usize,
  data_len: u32,
): i32;

/**
 * Stores data into what blk[] describes. The usual way for vread() to hand the read value back to the guest
 * (written to oopnd).
 * gcp: destination vCPU; 8.0: NULL for guest address space. flags: GXF_*. blk/nblks: destination blocks.
 * data/data_len: source.
 * 8.0 caution: a wrong address leads to unexpected guest behaviour. No page says what data_len must be; see
 * guest_cpu_read().
 * The CPU operand of the access in progress is transferred inside the module; everything else by the host.
 *
 * C: `int guest_cpu_write(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk, unsigned
 * nblks, const void *data, unsigned data_len)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_cpu_write.html
 * @returns As guest_cpu_read().
 */
// @ts-ignore: decorator
@inline
export function guest_cpu_write(
  gcp: guest_cpu_t,
  flags: u32,
  blk: qvm_state_block,
  nblks: u32,
  data: usize,
  data_len: u32,
): i32 {
  const _status = operand_write(gcp, flags, changetype<usize>(blk), nblks, data, data_len);
  if (_status != NOT_SERVED) return _status;
  return raw_guest_cpu_write(gcp, flags, blk, nblks, data, data_len);
}

/**
 * Answers an invalid guest request by writing a value with all bits set (width from blk).
 * gcp: destination vCPU. flags: GXF_*. blk: destination.
 * 7.0: only listed in the function safety table; the 7.0 page itself was not found.
 *
 * C: `int guest_write_all_ones(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/guest_write_all_ones.html
 * @returns EOK or an error code.
 */
// @ts-ignore: decorator
@external("qvm", "guest_write_all_ones")
export declare function guest_write_all_ones(gcp: guest_cpu_t, flags: u32, blk: qvm_state_block): i32;

/**
 * Asserts or de-asserts an interrupt request to a PIC or guest CPU (level semantics: GIS_ON raises, GIS_OFF
 * lowers).
 * gip: the interrupt (typically &vdp->v_intr). gis: GIS_* flag(s).
 * 7.0/7.1 prototype page not found.
 *
 * C: `errno_t guest_intr_signal(guest_intr_t *gip, guest_intr_state_t gis)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_intr_signal.html
 * @returns EOK or an error value. 7.1: with GIS_ISR alone it is a query and returns -ENOTSUPP when the interrupt
 * cannot be handled from an ISR.
 */
// @ts-ignore: decorator
@external("qvm", "guest_intr_signal")
export declare function guest_intr_signal(gip: guest_intr, gis: guest_intr_state): i32;

/**
 * Connects a source to a given pin of a PIC vdev, with an assignment type.
 * pic: interrupt-controller vdev. pnum: pin. type: guest_intr_assign_type. ip: interrupt structure to fill in, or
 * NULL.
 * Needed when a vdev connects to a PIC explicitly, typically because it has more than one interrupt line. vdevbox:
 * src_id is a bit of the line's own for each source, 31 at most; a line that is GIAT_EXCLUSIVE takes no second
 * source.
 *
 * C: `void guest_intr_assign(vdev_t *pic, unsigned pnum, enum guest_intr_assign_type const type, struct guest_intr
 * *ip)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: documented. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_intr_assign.html
 */
// @ts-ignore: decorator
@external("qvm", "guest_intr_assign")
export declare function guest_intr_assign(
  pic: usize,
  pnum: u32,
  type: guest_intr_assign_type,
  ip: guest_intr | null,
): void;

/**
 * Lets qvm choose an interrupt and assign it, for vdevs whose interrupt number the guest can discover (firmware
 * table or device register).
 * gip: interrupt structure to fill in if non-NULL (type spelled 'guest_intr' on the page). type: assignment type.
 * To be called from VDEV_CTRL_ASSIGN when the user gave no intr option. vdevbox: the first free line of the first
 * controller the configuration declares, else of the gic; a shareable one when no line is free.
 *
 * C: `void guest_intr_assign_auto(guest_intr *gip, guest_intr_assign_type_t type)`
 * Phase: startup (documented). Thread safe: unknown. Threads: main (documented). May block: no (inferred).
 * Prototype: inferred. Seen in 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_intr_assign_auto.html
 */
// @ts-ignore: decorator
@external("qvm", "guest_intr_assign_auto")
export declare function guest_intr_assign_auto(gip: guest_intr | null, type: guest_intr_assign_type): void;

/**
 * Known from the function safety table only. Here: whether the line of an interrupt is level triggered.
 *
 * C: `int guest_intr_level(const struct guest_intr *gip)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 * @returns non-zero when level triggered; a line of a controller that is a vdev always is
 */
// @ts-ignore: decorator
@external("qvm", "guest_intr_level")
export declare function guest_intr_level(gip: guest_intr): i32;

/**
 * Known from the function safety table only. Here: a PIC vdev says how many lines it has.
 * Without it a controller has as many lines as pnum_mask leaves room for, 65,536 at most.
 *
 * C: `void guest_intr_num_pins(vdev_t *pic, unsigned num_pins)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 */
// @ts-ignore: decorator
@external("qvm", "guest_intr_num_pins")
export declare function guest_intr_num_pins(pic: vdev_t, num_pins: u32): void;

/**
 * Known from the function safety table only. Here: the text of an interrupt, as the string callback of a PIC gives
 * it.
 *
 * C: `size_t guest_intr_string(const struct guest_intr *gip, char *buf, size_t buf_len)`
 * Phase: both (documented). Thread safe: no-allocation-when-running (documented). Threads: any (inferred). May
 * block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 * @returns length without the terminating NUL that the full text needs; the text is PIC:LINE
 */
// @ts-ignore: decorator
@external("qvm", "guest_intr_string")
export declare function guest_intr_string(gip: guest_intr, buf: usize, buf_len: u32): u32;

/**
 * Used by a PIC vdev to tell qvm that the guest unmasked (GIN_UNMASK) or acknowledged (GIN_ACK) an interrupt line.
 * vdp: the PIC vdev. param: its interrupt line. gin: notification type.
 * vdevbox counts what the guest did with the line; no vdev is told.
 *
 * C: `void guest_intr_notify(const vdev_t *vdp, unsigned param, enum guest_intr_notifications gin)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/guest_intr_notify.html
 */
// @ts-ignore: decorator
@external("qvm", "guest_intr_notify")
export declare function guest_intr_notify(vdp: vdev_t, param: u32, gin: guest_intr_notifications): void;

// @ts-ignore: decorator
@external("qvm", "guest_msi_signal")
declare function raw_guest_msi_signal(src: vdev_t, addr_lo: u32, addr_hi: u32, data: u32): i32;

/**
 * Delivers a message-signalled interrupt to the guest.
 * src: signalling vdev. addr/data: MSI address and data.
 *
 * C: `int guest_msi_signal(const vdev_t *src, uint64_t addr, unsigned data)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_msi_signal.html
 * @returns EOK or an error code. vdevbox: ENXIO when nobody takes messages at addr.
 */
export function guest_msi_signal(src: vdev_t, addr: u64, data: u32): i32 {
  return raw_guest_msi_signal(src, <u32>addr, <u32>(addr >>> 32), data);
}

// @ts-ignore: decorator
@external("qvm", "guest_msi_register")
declare function raw_guest_msi_register(
  pic: vdev_t,
  paddr_lo: u32,
  paddr_hi: u32,
  mask_lo: u32,
  mask_hi: u32,
  deliver: u32,
  cookie: u32,
): void;

/**
 * A PIC vdev registers the guest-physical address (with a compare mask) at which it accepts MSIs.
 * pic; paddr; mask applied when comparing with paddr; deliver: callback; cookie: handed back to deliver.
 *
 * C: `void guest_msi_register(vdev_t *const pic, uint64_t const paddr, uint64_t const mask,
 * guest_msi_deliver_func_t *deliver, unsigned cookie)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: documented. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_msi_register.html
 */
export function guest_msi_register(
  pic: vdev_t,
  paddr: u64,
  mask: u64,
  deliver: guest_msi_deliver_func_t,
  cookie: u32,
): void {
  raw_guest_msi_register(pic, <u32>paddr, <u32>(paddr >>> 32), <u32>mask, <u32>(mask >>> 32), deliver.index, cookie);
}

/**
 * Creates a guest timer; when it fires the vdev's factory timer() callback runs with data.
 * gcp: vCPU for a per-CPU timer, else NULL. vdp: owning vdev. data: cookie given back to timer(). resolutionp:
 * out, timer resolution (clock frequency used by guest_timer_notify).
 * Here: the resolution is 10^9, one cycle is one nanosecond of virtual time; a module instance has at most 16384
 * timers (EAGAIN). No page says where a vdev gets the gcp of a vCPU at startup: vdevbox_guest_cpu().
 *
 * C: `struct guest_timer* guest_timer_create(const struct guest_cpu *gcp, const vdev_t *vdp, const void *data,
 * uint64_t *resolutionp)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_timer_create.html
 * @returns the timer, or NULL with an error code stored through resolutionp.
 */
// @ts-ignore: decorator
@external("qvm", "guest_timer_create")
export declare function guest_timer_create(
  gcp: guest_cpu_t,
  vdp: vdev_t,
  data: usize,
  resolutionp: usize,
): guest_timer_t;

// @ts-ignore: decorator
@external("qvm", "guest_timer_notify")
declare function raw_guest_timer_notify(
  vtp: guest_timer_t,
  tdp: guest_timer_data | null,
  incr_lo: u32,
  incr_hi: u32,
): i32;

/**
 * Arms a guest timer.
 * vtp: timer. tdp: NULL = one-shot with relative deadline, or first activation of a repeating timer; the
 * guest_timer_data given to the timer() callback = next period of a repeating timer; 8.0 only:
 * GUEST_TIMER_ABSOLUTE = one-shot with absolute deadline. incr/deadline: guest clock cycles (unit per resolution
 * from guest_timer_create()).
 * How a timer is cancelled, and what arming an armed one does, is not stated on the pages found. Here: the new
 * deadline replaces the old one, and one that never comes (UINT64_MAX cycles) cancels. A deadline that has passed
 * counts as now. The timer fires when time next moves, never inside the call. A repeating timer's period counts
 * from when it last fired.
 *
 * C: `int guest_timer_notify(struct guest_timer *vtp, const struct guest_timer_data *tdp, uint64_t incr)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_timer_notify.html
 * @returns EOK or an errno value.
 */
export function guest_timer_notify(vtp: guest_timer_t, tdp: guest_timer_data | null, incr: u64): i32 {
  return raw_guest_timer_notify(vtp, tdp, <u32>incr, <u32>(incr >>> 32));
}

/**
 * Fills tdp with the current timing information of a timer created earlier at startup.
 * Here: host and guest time are both the virtual time of the VM; a timer that was never armed has 0 as its start.
 *
 * C: `void guest_timer_state(const struct guest_timer *vtp, struct guest_timer_data *tdp)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/guest_timer_state.html
 */
// @ts-ignore: decorator
@external("qvm", "guest_timer_state")
export declare function guest_timer_state(vtp: guest_timer_t, tdp: guest_timer_data): void;

/**
 * The guest_cpu of a vCPU itself, for a per-CPU guest timer. Ours: no page says where a vdev gets one outside an
 * access. Not portable as it stands.
 * index: number of the vCPU, from 0.
 *
 * C: `struct guest_cpu *vdevbox_guest_cpu(unsigned index)`
 * Phase: both (vdevbox). Thread safe: yes (vdevbox). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in no release. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_timer_create.html
 * @returns the vCPU, or NULL when there is none of that number. It is another pointer than the gcp of an access.
 */
// @ts-ignore: decorator
@external("qvm", "vdevbox_guest_cpu")
export declare function vdevbox_guest_cpu(index: u32): guest_cpu_t;

/**
 * Called inside a vdev callback: from here on the callback's time counts as billable vCPU time (may count as
 * stolen time) rather than emulation overhead.
 * Here: counted for each vdev and vCPU, with the virtual time up to guest_clock_stop() or the callback's return;
 * see docs/time.md. That the return ends it, and the warnings for a second start and for a vdev's own thread, are
 * inferred.
 *
 * C: `void guest_clock_start(void)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_clock_start.html
 */
// @ts-ignore: decorator
@external("qvm", "guest_clock_start")
export declare function guest_clock_start(): void;

/**
 * Counterpart of guest_clock_start(): from here on the callback is emulation overhead again. Known from the
 * function safety table only.
 * Here: ends what guest_clock_start() began in the same callback; a warning (inferred) when that was not called.
 *
 * C: `void guest_clock_stop(void)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 */
// @ts-ignore: decorator
@external("qvm", "guest_clock_stop")
export declare function guest_clock_stop(): void;

// @ts-ignore: decorator
@external("qvm", "guest_instr_register")
declare function raw_guest_instr_register(vdp: vdev_t, git: guest_instr_type, qualifier: u32, func: u32): i32;

/**
 * Registers a callback for a guest instruction type that traps.
 * git: instruction type, may be ORed with GIT_FLAG_NO_QUALIFIER (then qualifier is ignored). func: callback.
 *
 * C: `int guest_instr_register(vdev_t *vdp, enum guest_instr_type git, unsigned qualifier,
 * guest_instr_callback_func_t *func)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_instr_register.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 * @returns EOK or an error code.
 */
export function guest_instr_register(
  vdp: vdev_t,
  git: guest_instr_type,
  qualifier: u32,
  func: guest_instr_callback_func_t,
): i32 {
  return raw_guest_instr_register(vdp, git, qualifier, func.index);
}

/**
 * Reads the bitset(s) of guest CPUs that are waiting and/or off.
 * cmd: GPSC_WAIT, GPSC_OFF, or both ORed. base: must be 0 for now. nresult/result: array to fill.
 * Needs a notify structure created and registered first. That one result has 64 CPUs, and that both commands ORed
 * give the CPUs in either state, is our reading.
 *
 * C: `int guest_power_state_current(struct guest_system *gsp, enum guest_power_state_cmd cmd, unsigned base,
 * unsigned nresult, uint64_t *result)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/guest_power_state_current.html
 * @returns number of entries filled in, or a negative errno.
 */
// @ts-ignore: decorator
@external("qvm", "guest_power_state_current")
export declare function guest_power_state_current(
  gsp: guest_system_t,
  cmd: guest_power_state_cmd,
  base: u32,
  nresult: u32,
  result: usize,
): i32;

/**
 * Creates the notification that the other guest_power_state_notify_* calls use.
 * The prototype is not known: this one is ours. One module has at most 64.
 *
 * C: `struct guest_power_state_notify *guest_power_state_notify_create(struct guest_system *gsp)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 * @returns the notification, or NULL
 */
// @ts-ignore: decorator
@external("qvm", "guest_power_state_notify_create")
export declare function guest_power_state_notify_create(gsp: guest_system_t): guest_power_state_notify_t;

/**
 * Deletes a notification. Known from the function safety table only.
 *
 * C: `void guest_power_state_notify_delete(struct guest_power_state_notify *qpnp)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 */
// @ts-ignore: decorator
@external("qvm", "guest_power_state_notify_delete")
export declare function guest_power_state_notify_delete(qpnp: guest_power_state_notify_t): void;

// @ts-ignore: decorator
@external("qvm", "guest_power_state_notify_register")
declare function raw_guest_power_state_notify_register(
  qpnp: guest_power_state_notify_t,
  cmd: guest_power_state_cmd,
  base: u32,
  mask_lo: u32,
  mask_hi: u32,
  bits_lo: u32,
  bits_hi: u32,
  func: u32,
  data: usize,
): void;

/**
 * Sets when (state & mask compared with bits) and which callback a power-state notification fires.
 * qpnp: notification. cmd: GPSC_WAIT, GPSC_OFF, or both ORed. base: 0. mask, bits: it fires when (state & mask) ==
 * bits. func: callback. data: cookie given to it.
 * How state is compared is our reading: it fires each time the condition begins to hold by a change of a CPU,
 * never because it holds already when it is registered. A later call replaces the condition.
 *
 * C: `void guest_power_state_notify_register(struct guest_power_state_notify *qpnp, enum guest_power_state_cmd
 * cmd, unsigned base, uint64_t mask, uint64_t bits, guest_power_state_callback_func_t *func, void *data)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_power_state_notify_register.html
 */
export function guest_power_state_notify_register(
  qpnp: guest_power_state_notify_t,
  cmd: guest_power_state_cmd,
  base: u32,
  mask: u64,
  bits: u64,
  func: guest_power_state_callback_func_t,
  data: usize,
): void {
  raw_guest_power_state_notify_register(
    qpnp,
    cmd,
    base,
    <u32>mask,
    <u32>(mask >>> 32),
    <u32>bits,
    <u32>(bits >>> 32),
    func.index,
    data,
  );
}

/**
 * Known from the function safety table only. Here: asks that VDEV_CTRL_BUTTON be delivered to this vdev.
 * The prototype is not known: this one is ours. When no vdev has registered, VDEV_CTRL_BUTTON goes to every vdev,
 * and the VM is ended after it.
 *
 * C: `int guest_button_register(vdev_t *vdp)`
 * Phase: startup (documented). Thread safe: startup-only (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 * @returns EOK or an errno
 */
// @ts-ignore: decorator
@external("qvm", "guest_button_register")
export declare function guest_button_register(vdp: vdev_t): i32;

/**
 * Ends the qvm process instance at once with a cause, which becomes the exit code.
 * cause: 0 for a normal end, 1 to 31 as the system has them, 32 to 63 for causes of the vdevs' own.
 * The prototype is not known: this one is ours.
 *
 * C: `void guest_terminate(guest_termination_cause_t cause)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 * @returns does not return.
 */
// @ts-ignore: decorator
@external("qvm", "guest_terminate")
export declare function guest_terminate(cause: guest_termination_cause_t): void;

/**
 * Writes the guest's core file to where the configuration's dump option says. Known from the function safety table
 * only.
 * The prototype is not known: this one is ours. The first dump goes to the file of the configuration, further ones
 * to names with .1, .2 and so on.
 *
 * C: `int guest_write_core_file(void)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: yes (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest/about_guest_8h.html
 * @returns EOK; ENOENT when the configuration has no dump option; EEXIST after 8 dumps of one run; else an errno
 */
// @ts-ignore: decorator
@external("qvm", "guest_write_core_file")
export declare function guest_write_core_file(): i32;
