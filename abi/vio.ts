/** <qvm/vio.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { stack_alloc } from "./runtime/frame";
import { cstring } from "./string";
import { guest_cpu_t, qvm_state_block, virtq_t } from "./types";
import { vdev_t } from "./vdev-core";

/** Number of 32-bit feature words. */
export const VIO_MAX_FEATURE_WORDS: u32 = 4;

/** Result class: nothing to do. */
export const VIOREF_CLASS_NOP: u32 = 0;

/** Result class: queue notified; index in low bits. */
export const VIOREF_CLASS_NOTIFY: u32 = 0x10000;

/** Result class: queue enabled; index in low bits. */
export const VIOREF_CLASS_ENABLED: u32 = 0x20000;

/** Result class: device reset asked. */
export const VIOREF_CLASS_RESET: u32 = 0x30000;

/** Result class: new device status bits; flags in low bits. */
export const VIOREF_CLASS_STATUS: u32 = 0x40000;

/** Result class: device-specific config access; offset in low bits. */
export const VIOREF_CLASS_DEVCFG: u32 = 0x50000;

/** Result class: send an exception to the guest. */
export const VIOREF_CLASS_BUS_ERROR: u32 = 0x60000;

/** Result class: error; code in low bits. */
export const VIOREF_CLASS_ERRNO: u32 = 0x70000;

/** Isolates the class. */
export const VIOREF_CLASS_MASK: u32 = 0xf0000;

/**
 * VIRTIO level implemented: 0.95 (legacy), 1.0, 1.1.
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/vio_version.html
 */
export type vio_version = u32;
export const VIOVER_095: vio_version = 0;
export const VIOVER_100: vio_version = 1;
export const VIOVER_110: vio_version = 2;

/**
 * device_type VIRTIO_DT_*; vendor_id subsystem vendor (default BlackBerry QNX 0x1C05); pci_class class/subclass
 * for PCI transport; num_queues maximum; device_config_size bytes; device_features offered.
 *
 * Layout: documented. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structvio__description.html
 */
@unmanaged
@final
export class vio_description {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 32;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vio_description {
    const address = heap.alloc(32);
    memory.fill(address, 0, 32);
    return changetype<vio_description>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vio_description {
    return changetype<vio_description>(stack_alloc(32));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vio_description {
    return changetype<vio_description>(changetype<usize>(this) + index * 32);
  }

  /** VIRTIO_DT_* */
  get device_type(): u16 {
    return load<u16>(changetype<usize>(this), 0);
  }
  set device_type(value: u16) {
    store<u16>(changetype<usize>(this), value, 0);
  }

  /** subsystem vendor; default 0x1C05 */
  get vendor_id(): u16 {
    return load<u16>(changetype<usize>(this), 2);
  }
  set vendor_id(value: u16) {
    store<u16>(changetype<usize>(this), value, 2);
  }

  /** class and subclass for PCI */
  get pci_class(): u32 {
    return load<u32>(changetype<usize>(this), 4);
  }
  set pci_class(value: u32) {
    store<u32>(changetype<usize>(this), value, 4);
  }

  /** most */
  get num_queues(): u32 {
    return load<u32>(changetype<usize>(this), 8);
  }
  set num_queues(value: u32) {
    store<u32>(changetype<usize>(this), value, 8);
  }

  /** bytes */
  get device_config_size(): u32 {
    return load<u32>(changetype<usize>(this), 12);
  }
  set device_config_size(value: u32) {
    store<u32>(changetype<usize>(this), value, 12);
  }

  /** offered */
  /** Address of the 4 elements. */
  get device_features(): usize {
    return changetype<usize>(this) + 16;
  }
  /** `device_features[index]`, index below 4. */
  device_features_at(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + index * 4, 16);
  }
  set_device_features_at(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + index * 4, value, 16);
  }
}

/**
 * vsip private; qinfo array of virtqueue information (8.0 use: qinfo[i].pvq is a vq_t*); driver_features accepted
 * by the guest driver.
 *
 * Layout: documented. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structvio__state.html
 */
@unmanaged
@final
export class vio_state {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 24;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vio_state {
    const address = heap.alloc(24);
    memory.fill(address, 0, 24);
    return changetype<vio_state>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vio_state {
    return changetype<vio_state>(stack_alloc(24));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vio_state {
    return changetype<vio_state>(changetype<usize>(this) + index * 24);
  }

  /** private */
  get vsip(): usize {
    return load<usize>(changetype<usize>(this), 0);
  }
  set vsip(value: usize) {
    store<usize>(changetype<usize>(this), value, 0);
  }

  /** one per virtqueue */
  get qinfo(): vio_queue_info {
    return changetype<vio_queue_info>(load<usize>(changetype<usize>(this), 4));
  }
  set qinfo(value: vio_queue_info) {
    store<usize>(changetype<usize>(this), changetype<usize>(value), 4);
  }

  /** accepted by the guest's driver */
  /** Address of the 4 elements. */
  get driver_features(): usize {
    return changetype<usize>(this) + 8;
  }
  /** `driver_features[index]`, index below 4. */
  driver_features_at(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + index * 4, 8);
  }
  set_driver_features_at(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + index * 4, value, 8);
  }
}

/**
 * Work area of vio_get_iov(), reusable: vi_iov vector; vi_paddrs physical addresses if asked; vi_iov_len allocated
 * size; vi_reserved entries kept for the caller; vi_flags vio_iov_flags; vi_hdr_len expected header size (set once
 * after zeroing); vi_count entries mapped; vi_payload index where payload starts.
 *
 * Layout: documented. Seen in 7.0, 7.1. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structvio__iov.html
 * vio_iov_flags values: value unknown.
 */
@unmanaged
@final
export class vio_iov {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 32;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vio_iov {
    const address = heap.alloc(32);
    memory.fill(address, 0, 32);
    return changetype<vio_iov>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vio_iov {
    return changetype<vio_iov>(stack_alloc(32));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vio_iov {
    return changetype<vio_iov>(changetype<usize>(this) + index * 32);
  }

  /** the vector */
  get vi_iov(): usize {
    return load<usize>(changetype<usize>(this), 0);
  }
  set vi_iov(value: usize) {
    store<usize>(changetype<usize>(this), value, 0);
  }

  /** physical addresses if asked for */
  get vi_paddrs(): usize {
    return load<usize>(changetype<usize>(this), 4);
  }
  set vi_paddrs(value: usize) {
    store<usize>(changetype<usize>(this), value, 4);
  }

  /** allocated entries */
  get vi_iov_len(): i32 {
    return load<i32>(changetype<usize>(this), 8);
  }
  set vi_iov_len(value: i32) {
    store<i32>(changetype<usize>(this), value, 8);
  }

  /** entries kept for the caller */
  get vi_reserved(): i32 {
    return load<i32>(changetype<usize>(this), 12);
  }
  set vi_reserved(value: i32) {
    store<i32>(changetype<usize>(this), value, 12);
  }

  /** vio_iov_flags */
  get vi_flags(): u32 {
    return load<u32>(changetype<usize>(this), 16);
  }
  set vi_flags(value: u32) {
    store<u32>(changetype<usize>(this), value, 16);
  }

  /** expected size of the header */
  get vi_hdr_len(): u32 {
    return load<u32>(changetype<usize>(this), 20);
  }
  set vi_hdr_len(value: u32) {
    store<u32>(changetype<usize>(this), value, 20);
  }

  /** entries mapped */
  get vi_count(): i32 {
    return load<i32>(changetype<usize>(this), 24);
  }
  set vi_count(value: i32) {
    store<i32>(changetype<usize>(this), value, 24);
  }

  /** index where the payload starts */
  get vi_payload(): i32 {
    return load<i32>(changetype<usize>(this), 28);
  }
  set vi_payload(value: i32) {
    store<i32>(changetype<usize>(this), value, 28);
  }
}

/**
 * Element of vio_state.qinfo; member pvq (vq_t *) is used by 8.0 third-party code and is NULL until the queue is
 * set up; other members not found.
 *
 * Layout: vdevbox. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/structvio__state.html
 */
@unmanaged
@final
export class vio_queue_info {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 32;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vio_queue_info {
    const address = heap.alloc(32);
    memory.fill(address, 0, 32);
    return changetype<vio_queue_info>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vio_queue_info {
    return changetype<vio_queue_info>(stack_alloc(32));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vio_queue_info {
    return changetype<vio_queue_info>(changetype<usize>(this) + index * 32);
  }

  /** NULL until the queue is set up */
  get pvq(): usize {
    return load<usize>(changetype<usize>(this), 0);
  }
  set pvq(value: usize) {
    store<usize>(changetype<usize>(this), value, 0);
  }

  /** Address of the 7 elements. */
  get reserved(): usize {
    return changetype<usize>(this) + 4;
  }
  /** `reserved[index]`, index below 7. */
  reserved_at(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + index * 4, 4);
  }
  set_reserved_at(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + index * 4, value, 4);
  }
}

/**
 * Initialises the VIRTIO state of a vdev; only after (from) VDEV_CTRL_OPTIONS_END.
 *
 * C: `void vio_init(vdev_t *vdp, enum vio_version const ver, const struct vio_description *vdesc, struct vio_state
 * *vsp)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vio_init.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@external("qvm", "vio_init")
export declare function vio_init(vdp: vdev_t, ver: vio_version, vdesc: vio_description, vsp: vio_state): void;

/**
 * Sets up one virtqueue (index, maximum size).
 *
 * C: `int vio_init_queue(struct vio_state *vsp, unsigned queue_idx, unsigned queue_size)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vio/about_vio_8h.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 * @returns EOK or an error (use seen in third-party code).
 */
// @ts-ignore: decorator
@external("qvm", "vio_init_queue")
export declare function vio_init_queue(vsp: vio_state, queue_idx: u32, queue_size: u32): i32;

/**
 * To be called by vread() with its parameters passed through; implements the transport registers.
 *
 * C: `unsigned vio_read(struct vio_state *vsp, unsigned cookie, const struct qvm_state_block *vopnd, const struct
 * qvm_state_block *oopnd, struct guest_cpu *gcp)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vio_read.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 * @returns VIOREF_CLASS_* | low bits: what the vdev still has to do.
 */
// @ts-ignore: decorator
@external("qvm", "vio_read")
export declare function vio_read(
  vsp: vio_state,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): u32;

/**
 * To be called by vwrite() with its parameters passed through.
 *
 * C: `unsigned vio_write(struct vio_state *vsp, unsigned cookie, const struct qvm_state_block *vopnd, const struct
 * qvm_state_block *oopnd, struct guest_cpu *gcp)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vio_write.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 * @returns VIOREF_CLASS_* | low bits.
 */
// @ts-ignore: decorator
@external("qvm", "vio_write")
export declare function vio_write(
  vsp: vio_state,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): u32;

/**
 * Converts a descriptor chain into an iov array.
 *
 * C: `ssize_t vio_get_iov(const vdev_t *vdp, struct virtq *vq, uint16_t didx, struct vio_iov *iov)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vio_get_iov.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 * @returns bytes to transfer, or a negative errno.
 */
// @ts-ignore: decorator
@external("qvm", "vio_get_iov")
export declare function vio_get_iov(vdp: vdev_t, vq: virtq_t, didx: u16, iov: vio_iov): i32;

/**
 * Resets the VIRTIO state (called on VIOREF_CLASS_RESET).
 *
 * C: `vio_reset(struct vio_state *vsp)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vio/about_vio_8h.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@external("qvm", "vio_reset")
export declare function vio_reset(vsp: vio_state): void;

/**
 * Sets the queues up (called on VIOREF_CLASS_STATUS with DRIVER_OK).
 *
 * C: `vio_setup_queues(struct vio_state *vsp)`
 * Phase: running (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vio/about_vio_8h.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@external("qvm", "vio_setup_queues")
export declare function vio_setup_queues(vsp: vio_state): void;

/**
 * Handles VDEV_CTRL_PCI_BARS for a VIRTIO vdev; pass the control arg through.
 *
 * C: `int vio_ctrl_pci_bars(struct vio_state *vsp, const char *arg)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vio_ctrl_pci_bars.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 * @returns 0 for MMIO vdevs, else what vpci_ctrl_pci_bars() returns.
 */
// @ts-ignore: decorator
@external("qvm", "vio_ctrl_pci_bars")
export declare function vio_ctrl_pci_bars(vsp: vio_state, arg: usize): i32;

/**
 * Handles VDEV_CTRL_GEN_FDT for a VIRTIO vdev (manual page not found).
 *
 * C: `vio_ctrl_gen_fdt(struct vio_state *vsp, const char *node_name, int parent_node)`
 * Phase: startup (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 8.0. Source: third-party vdev-virtio-gpu.c (MIT repository, QNX 8.0, Raspberry Pi
 * 5)
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@external("qvm", "vio_ctrl_gen_fdt")
export declare function vio_ctrl_gen_fdt(vsp: vio_state, node_name: cstring, parent_node: i32): i32;

/**
 * A feature bit inside its 32-bit word, device_features[bit / 32].
 * Status: inferred. Seen in 8.0. Source: third-party vdev-virtio-gpu.c (MIT repository, QNX 8.0, Raspberry Pi 5)
 */
// @ts-ignore: decorator
@inline
export function VIO_F_BIT(bit: u32): u32 {
  return 1 << (bit & 31);
}

/*
 * Not here, because no public page shows how they are declared: vio_put_iov, vio_prepare_iov, vio_append_iov,
 * vio_iov_set_flags, vio_config_update, vio_device_status.
 */
