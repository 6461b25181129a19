/** <qvm/vq.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { virtq_t } from "./types";

/** No, or no more, entry. (vdevbox) */
export const VQ_INVALID_ID: u32 = 0xffffffff;

/**
 * Takes the next available buffer; result is the buffer id or VQ_INVALID_ID, *first the first descriptor.
 *
 * C: `unsigned vq_get_from_driver(vq_t *vq, unsigned *first)`
 * Phase: unknown. Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 8.0. Source: third-party vdev-virtio-gpu.c (MIT repository, QNX 8.0, Raspberry Pi
 * 5)
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@external("qvm", "vq_get_from_driver")
export declare function vq_get_from_driver(vq: virtq_t, first: usize): u32;

/**
 * Returns a used buffer with its written length; last argument true in the code seen.
 *
 * C: `vq_put_to_driver(vq_t *vq, unsigned bufid, unsigned len, bool notify)`
 * Phase: unknown. Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 8.0. Source: third-party vdev-virtio-gpu.c (MIT repository, QNX 8.0, Raspberry Pi
 * 5)
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@external("qvm", "vq_put_to_driver")
export declare function vq_put_to_driver(vq: virtq_t, bufid: u32, len: u32, notify: u32): void;

/**
 * Reads one descriptor; result is the next index or VQ_INVALID_ID.
 *
 * C: `unsigned vq_desc_get(vq_t *vq, unsigned idx, uint64_t *addr, uint32_t *len, unsigned *flags)`
 * Phase: unknown. Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 8.0. Source: third-party vdev-virtio-gpu.c (MIT repository, QNX 8.0, Raspberry Pi
 * 5)
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@external("qvm", "vq_desc_get")
export declare function vq_desc_get(vq: virtq_t, idx: u32, addr: usize, len: usize, flags: usize): u32;
