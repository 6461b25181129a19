/** <qvm/cdev.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { stack_alloc } from "./runtime/frame";
import { vdev_t } from "./vdev-core";

/**
 * Positions that cdev_control() expects in a character vdev's option_list (hostdev, delayed, batch); own options
 * start at CDEV_OPT_NUM_OPTS.
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/cdev/cdev_opt.html
 */
export type cdev_opt = u32;
export const CDEV_OPT_HOSTDEV_IDX: cdev_opt = 0;
export const CDEV_OPT_DELAYED_IDX: cdev_opt = 1;
export const CDEV_OPT_BATCH_IDX: cdev_opt = 2;
export const CDEV_OPT_NUM_OPTS: cdev_opt = 3;

/**
 * All members are for internal use; the vdev only provides the space.
 *
 * Layout: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/cdev/cdev_state.html
 * Every member is internal in the manual too; the sizes of its parts are not known, so these are our opaque bytes.
 */
@unmanaged
@final
export class cdev_state {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 256;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): cdev_state {
    const address = heap.alloc(256);
    memory.fill(address, 0, 256);
    return changetype<cdev_state>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): cdev_state {
    return changetype<cdev_state>(stack_alloc(256));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): cdev_state {
    return changetype<cdev_state>(changetype<usize>(this) + index * 256);
  }

  /** Address of the 32 elements. */
  get reserved(): usize {
    return changetype<usize>(this) + 0;
  }
  /** `reserved[index]`, index below 32. */
  reserved_at(index: u32): u64 {
    return load<u64>(changetype<usize>(this) + index * 8, 0);
  }
  set_reserved_at(index: u32, value: u64): void {
    store<u64>(changetype<usize>(this) + index * 8, value, 0);
  }
}

/**
 * Base handler of a character-like vdev: its control function calls this at its end, every time, passing ctrl and
 * arg on.
 * vdevbox: hostdev - is standard input and output of the run, and the only host device; delayed and batch have no
 * effect.
 *
 * C: `int cdev_control(struct cdev_state *cds, unsigned ctrl, const char *arg)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/cdev_control.html
 * @returns EOK or an error.
 */
// @ts-ignore: decorator
@external("qvm", "cdev_control")
export declare function cdev_control(cds: cdev_state, ctrl: u32, arg: usize): i32;

/**
 * Known from the function safety table only. Here: binds the state of a character device to its vdev; to be called
 * before cdev_control(), in VDEV_CTRL_OPTIONS_START. A vdev has one.
 * in_code, out_code: codes of the pulses the factory's pulse() gets when input has arrived and when there is room
 * for output again.
 *
 * C: `int cdev_setup(struct cdev_state *cds, vdev_t *vdp, int in_code, int out_code)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns EOK; EBUSY when the vdev has one already
 */
// @ts-ignore: decorator
@external("qvm", "cdev_setup")
export declare function cdev_setup(cds: cdev_state, vdp: vdev_t, in_code: i32, out_code: i32): i32;

/**
 * Known from the function safety table only. Here: whether cdev_read() would get a byte.
 *
 * C: `int cdev_input_available(const struct cdev_state *cds)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns non-zero when there is input
 */
// @ts-ignore: decorator
@external("qvm", "cdev_input_available")
export declare function cdev_input_available(cds: cdev_state): i32;

/**
 * Known from the function safety table only. Here: how many bytes of input are buffered.
 *
 * C: `unsigned cdev_input_num_available(const struct cdev_state *cds)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns number of bytes
 */
// @ts-ignore: decorator
@external("qvm", "cdev_input_num_available")
export declare function cdev_input_num_available(cds: cdev_state): u32;

/**
 * Known from the function safety table only. Here: how many bytes the host device has ready; device and buffer are
 * one.
 *
 * C: `int cdev_input_receive(struct cdev_state *cds)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns number of bytes, or a negative errno
 */
// @ts-ignore: decorator
@external("qvm", "cdev_input_receive")
export declare function cdev_input_receive(cds: cdev_state): i32;

/**
 * Known from the function safety table only. Here: whether output is on its way to the host device.
 *
 * C: `int cdev_output_busy(const struct cdev_state *cds)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns non-zero while busy
 */
// @ts-ignore: decorator
@external("qvm", "cdev_output_busy")
export declare function cdev_output_busy(cds: cdev_state): i32;

/**
 * Known from the function safety table only. Here: whether the output buffer is empty.
 *
 * C: `int cdev_output_empty(const struct cdev_state *cds)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns non-zero when empty
 */
// @ts-ignore: decorator
@external("qvm", "cdev_output_empty")
export declare function cdev_output_empty(cds: cdev_state): i32;

/**
 * Known from the function safety table only. Here: whether the output buffer has no room.
 *
 * C: `int cdev_output_full(const struct cdev_state *cds)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns non-zero when full
 */
// @ts-ignore: decorator
@external("qvm", "cdev_output_full")
export declare function cdev_output_full(cds: cdev_state): i32;

/**
 * Known from the function safety table only. Here: how many bytes of output wait in the buffer.
 *
 * C: `unsigned cdev_output_num_pending(const struct cdev_state *cds)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns number of bytes
 */
// @ts-ignore: decorator
@external("qvm", "cdev_output_num_pending")
export declare function cdev_output_num_pending(cds: cdev_state): u32;

/**
 * Known from the function safety table only. Here: takes bytes from the input buffer, as many as there are; it
 * does not wait.
 *
 * C: `int cdev_read(struct cdev_state *cds, void *buf, unsigned len)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns number of bytes, or a negative errno
 */
// @ts-ignore: decorator
@external("qvm", "cdev_read")
export declare function cdev_read(cds: cdev_state, buf: usize, len: u32): i32;

/**
 * Known from the function safety table only. Here: sends bytes to the host device, or puts them into the output
 * buffer while that takes none; it does not wait.
 *
 * C: `int cdev_write(struct cdev_state *cds, const void *buf, unsigned len)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns number of bytes, or a negative errno
 */
// @ts-ignore: decorator
@external("qvm", "cdev_write")
export declare function cdev_write(cds: cdev_state, buf: usize, len: u32): i32;

/**
 * Known from the function safety table only. Here: sends the output buffer to the host device, which happens by
 * itself as soon as that takes bytes.
 *
 * C: `int cdev_write_buffer(struct cdev_state *cds)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: yes (inferred).
 * Prototype: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/about_cdev_8h.html
 * @returns number of bytes sent, or a negative errno
 */
// @ts-ignore: decorator
@external("qvm", "cdev_write_buffer")
export declare function cdev_write_buffer(cds: cdev_state): i32;
