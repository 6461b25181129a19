/** <qvm/gasp.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { stack_alloc, stack_release } from "./runtime/frame";
import { gasp_region, guest_system_t, qvm_state_block } from "./types";
import { vdev_t } from "./vdev-core";

/**
 * GMF_* bits.
 * Seen in 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_map_firmware.html
 */
export type gasp_map_flags_t = u32;

/** Mapping permission bit (8.0 use). (vdevbox) */
export const GMF_READ: u32 = 1;

/** Mapping permission bit (8.0 use). (vdevbox) */
export const GMF_WRITE: u32 = 2;

/** Optional bit of the mapping calls' prot argument. (vdevbox) */
export const GMF_MAP_ANY: u32 = 0x10000;

/**
 * Hints of gram_find_free*().
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gram_find_free.html
 */
export type gram_hint_flags = u32;
export const GRAM_HINT_NONE: gram_hint_flags = 0; // vdevbox: name and value are ours; no hint is known by name

/**
 * Walk flags (7.x / 8.0); GWS_HOST asks for host locations.
 * Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structgasp__walk__state.html
 */
export type gasp_walk_flags = u32;
export const GWS_NONE: gasp_walk_flags = 0; // vdevbox: name and value are ours
export const GWS_HOST: gasp_walk_flags = 1; // vdevbox: asks for host locations

/**
 * Opaque handle of a guest mapping.
 *
 * Layout: documented. Seen in 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_map_handle_t.html
 */
@unmanaged
@final
export class gasp_map_handle_t {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 24;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): gasp_map_handle_t {
    const address = heap.alloc(24);
    memory.fill(address, 0, 24);
    return changetype<gasp_map_handle_t>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): gasp_map_handle_t {
    return changetype<gasp_map_handle_t>(stack_alloc(24));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): gasp_map_handle_t {
    return changetype<gasp_map_handle_t>(changetype<usize>(this) + index * 24);
  }

  /** Address of the 3 elements. */
  get reserved(): usize {
    return changetype<usize>(this) + 0;
  }
  /** `reserved[index]`, index below 3. */
  reserved_at(index: u32): u64 {
    return load<u64>(changetype<usize>(this) + index * 8, 0);
  }
  set_reserved_at(index: u32, value: u64): void {
    store<u64>(changetype<usize>(this) + index * 8, value, 0);
  }
}

/**
 * State of a guest memory walk: span private; guest_loc / host_loc start of the current region (host only when
 * GWS_HOST was asked for); length; max_length cap per step; flags GWS_* (8.0: GWF_*). 7.0 has gsp as const
 * pointer.
 *
 * Layout: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structgasp__walk__state.html
 */
@unmanaged
@final
export class gasp_walk_state {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 48;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): gasp_walk_state {
    const address = heap.alloc(48);
    memory.fill(address, 0, 48);
    return changetype<gasp_walk_state>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): gasp_walk_state {
    return changetype<gasp_walk_state>(stack_alloc(48));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): gasp_walk_state {
    return changetype<gasp_walk_state>(changetype<usize>(this) + index * 48);
  }

  /** private; here the bytes still to walk */
  get span(): usize {
    return load<usize>(changetype<usize>(this), 0);
  }
  set span(value: usize) {
    store<usize>(changetype<usize>(this), value, 0);
  }

  get gsp(): usize {
    return load<usize>(changetype<usize>(this), 4);
  }
  set gsp(value: usize) {
    store<usize>(changetype<usize>(this), value, 4);
  }

  /** start of the current region in the guest */
  get guest_loc(): u64 {
    return load<u64>(changetype<usize>(this), 8);
  }
  set guest_loc(value: u64) {
    store<u64>(changetype<usize>(this), value, 8);
  }

  /** start on the host, with GWS_HOST only */
  get host_loc(): u64 {
    return load<u64>(changetype<usize>(this), 16);
  }
  set host_loc(value: u64) {
    store<u64>(changetype<usize>(this), value, 16);
  }

  get length(): u64 {
    return load<u64>(changetype<usize>(this), 24);
  }
  set length(value: u64) {
    store<u64>(changetype<usize>(this), value, 24);
  }

  /** most a step takes */
  get max_length(): u64 {
    return load<u64>(changetype<usize>(this), 32);
  }
  set max_length(value: u64) {
    store<u64>(changetype<usize>(this), value, 32);
  }

  /** GWS_* */
  get flags(): u32 {
    return load<u32>(changetype<usize>(this), 40);
  }
  set flags(value: u32) {
    store<u32>(changetype<usize>(this), value, 40);
  }
}

/**
 * State of a filtered walk.
 *
 * Layout: vdevbox. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/structgasp__walk__state__filtered.html
 */
@unmanaged
@final
export class gasp_walk_state_filtered {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 72;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): gasp_walk_state_filtered {
    const address = heap.alloc(72);
    memory.fill(address, 0, 72);
    return changetype<gasp_walk_state_filtered>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): gasp_walk_state_filtered {
    return changetype<gasp_walk_state_filtered>(stack_alloc(72));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): gasp_walk_state_filtered {
    return changetype<gasp_walk_state_filtered>(changetype<usize>(this) + index * 72);
  }

  get ws(): gasp_walk_state {
    return changetype<gasp_walk_state>(changetype<usize>(this) + 0);
  }

  /** gasp_walk_filter_t, not known: ours */
  get filter(): u32 {
    return load<u32>(changetype<usize>(this), 48);
  }
  set filter(value: u32) {
    store<u32>(changetype<usize>(this), value, 48);
  }

  get remaining_guest_loc(): u64 {
    return load<u64>(changetype<usize>(this), 56);
  }
  set remaining_guest_loc(value: u64) {
    store<u64>(changetype<usize>(this), value, 56);
  }

  get remaining_length(): u64 {
    return load<u64>(changetype<usize>(this), 64);
  }
  set remaining_length(value: u64) {
    store<u64>(changetype<usize>(this), value, 64);
  }
}

/**
 * Locks the guest address space of one type so that no other vdev changes it.
 * type: QST_MEMORY (guest-physical memory) or QST_X86_IO (I/O ports).
 * Not needed at startup (single-threaded).
 *
 * C: `int gasp_lock(struct guest_system *gsp, uint16_t type)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_lock.html
 * @returns EOK or an error.
 */
// @ts-ignore: decorator
@external("qvm", "gasp_lock")
export declare function gasp_lock(gsp: guest_system_t, type: u16): i32;

/**
 * Releases the lock; gasp_lock() must have been called first.
 * type: as gasp_lock().
 *
 * C: `int gasp_unlock(struct guest_system *gsp, uint16_t type)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_unlock.html
 * @returns EOK or an error.
 */
// @ts-ignore: decorator
@external("qvm", "gasp_unlock")
export declare function gasp_unlock(gsp: guest_system_t, type: u16): i32;

// @ts-ignore: decorator
@external("qvm", "gasp_find_free")
declare function raw_gasp_find_free(
  gsp: guest_system_t,
  qst: u32,
  size_lo: u32,
  size_hi: u32,
  align_lo: u32,
  align_hi: u32,
  _result: usize,
): void;

/**
 * Finds a free region of the given space type; normally at startup.
 * qst: QST_* space; size, align in bytes.
 * Thread safe during startup only; when running hold gasp_lock() from before the call until the region is claimed.
 *
 * C: `uint64_t gasp_find_free(const struct guest_system *gsp, unsigned qst, uint64_t size, uint64_t align)`
 * Phase: both (documented). Thread safe: under-gasp-lock-when-running (documented). Threads: any (inferred). May
 * block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_find_free.html
 * @returns start location, or QSL_NO_LOCATION.
 */
export function gasp_find_free(gsp: guest_system_t, qst: u32, size: u64, align: u64): u64 {
  const _result = stack_alloc(8);
  raw_gasp_find_free(gsp, qst, <u32>size, <u32>(size >>> 32), <u32>align, <u32>(align >>> 32), _result);
  const _value = load<u64>(_result);
  stack_release(_result);
  return _value;
}

// @ts-ignore: decorator
@external("qvm", "gasp_find_free_range")
declare function raw_gasp_find_free_range(
  gsp: guest_system_t,
  qst: u32,
  size_lo: u32,
  size_hi: u32,
  align_lo: u32,
  align_hi: u32,
  min_addr_lo: u32,
  min_addr_hi: u32,
  max_addr_lo: u32,
  max_addr_hi: u32,
  _result: usize,
): void;

/**
 * gasp_find_free() limited to an address range.
 * Same conditions as gasp_find_free().
 *
 * C: `uint64_t gasp_find_free_range(const struct guest_system *gsp, unsigned qst, uint64_t size, uint64_t align,
 * uint64_t min_addr, uint64_t max_addr)`
 * Phase: both (documented). Thread safe: under-gasp-lock-when-running (documented). Threads: any (inferred). May
 * block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_find_free_range.html
 * @returns start location, or QSL_NO_LOCATION.
 */
export function gasp_find_free_range(
  gsp: guest_system_t,
  qst: u32,
  size: u64,
  align: u64,
  min_addr: u64,
  max_addr: u64,
): u64 {
  const _result = stack_alloc(8);
  raw_gasp_find_free_range(
    gsp,
    qst,
    <u32>size,
    <u32>(size >>> 32),
    <u32>align,
    <u32>(align >>> 32),
    <u32>min_addr,
    <u32>(min_addr >>> 32),
    <u32>max_addr,
    <u32>(max_addr >>> 32),
    _result,
  );
  const _value = load<u64>(_result);
  stack_release(_result);
  return _value;
}

/**
 * Reports the region that covers a guest-physical location.
 * blk: location and length to query, type QST_MEMORY (MMIO vdevs) or QST_PCI_IO (PCI vdevs). rgn: result.
 *
 * C: `int gasp_region_info(struct guest_system *gsp, const struct qvm_state_block *blk, struct gasp_region *rgn)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_region_info.html
 * @returns EOK or an error.
 */
// @ts-ignore: decorator
@external("qvm", "gasp_region_info")
export declare function gasp_region_info(gsp: guest_system_t, blk: qvm_state_block, rgn: gasp_region): i32;

/**
 * As gasp_region_set_soft(), but takes and releases the gasp lock itself and terminates the qvm process on a fatal
 * error.
 * qvm may have split memory into several regions; to delete a range, loop with gasp_region_info(). 8.0 prototype
 * not found (8.0 dropped the gsp argument in the gasp calls that were found).
 *
 * C: `void gasp_region_set(struct guest_system *gsp, unsigned num_regions, const struct gasp_region *rgn)`
 * Phase: startup (documented). Thread safe: yes (documented). Threads: main (documented). May block: no
 * (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_region_set.html
 */
// @ts-ignore: decorator
@external("qvm", "gasp_region_set")
export declare function gasp_region_set(gsp: guest_system_t, num_regions: u32, rgn: gasp_region): void;

/**
 * Adds, modifies or deletes the vdev's own regions, or changes page permissions of guest RAM. Existing region with
 * flags GRF_NONE: deleted; other flags: modified; not existing: added.
 * Must be called between gasp_lock() and gasp_unlock().
 *
 * C: `unsigned gasp_region_set_soft(struct guest_system *gsp, unsigned num_regions, const struct gasp_region
 * *rgn)`
 * Phase: running (documented). Thread safe: no (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_region_set_soft.html
 * @returns number of regions set (== num_regions) on success; otherwise errno is set and the value is the index of
 * the first failure.
 */
// @ts-ignore: decorator
@external("qvm", "gasp_region_set_soft")
export declare function gasp_region_set_soft(gsp: guest_system_t, num_regions: u32, rgn: gasp_region): u32;

// @ts-ignore: decorator
@external("qvm", "gasp_map_vdma")
declare function raw_gasp_map_vdma(
  vdev: vdev_t,
  prot: i32,
  guest_paddr_lo: u32,
  guest_paddr_hi: u32,
  length: u32,
): usize;

/**
 * Maps guest-physical memory into qvm for device-like (DMA) access; passes through the guest-controlled simulated
 * IOMMU. Use for addresses the guest supplied.
 * vdev: the device doing DMA (not NULL; use gasp_map_sys() if it would be NULL). prot: PROT_* bits, optionally
 * GMF_MAP_ANY.
 * Undo with gasp_unmap(). 8.0: still named in the chapter's table; the 8.0 manual pages describe
 * gasp_map()/handles instead.
 *
 * C: `void* gasp_map_vdma(const vdev_t *vdev, int prot, uint64_t guest_paddr, size_t length)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_map_vdma.html
 * @returns pointer in the qvm process, or NULL.
 */
export function gasp_map_vdma(vdev: vdev_t, prot: i32, guest_paddr: u64, length: u32): usize {
  return raw_gasp_map_vdma(vdev, prot, <u32>guest_paddr, <u32>(guest_paddr >>> 32), length);
}

// @ts-ignore: decorator
@external("qvm", "gasp_map_sys")
declare function raw_gasp_map_sys(
  gsp: guest_system_t,
  prot: i32,
  guest_paddr_lo: u32,
  guest_paddr_hi: u32,
  length: u32,
): usize;

/**
 * Maps guest-physical memory for firmware-like access (no IOMMU view). Use for addresses the vdev allocated
 * itself.
 * prot: PROT_* bits, optionally GMF_MAP_ANY.
 *
 * C: `void* gasp_map_sys(struct guest_system *gsp, int prot, uint64_t guest_paddr, size_t length)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_map_sys.html
 * @returns pointer, or NULL.
 */
export function gasp_map_sys(gsp: guest_system_t, prot: i32, guest_paddr: u64, length: u32): usize {
  return raw_gasp_map_sys(gsp, prot, <u32>guest_paddr, <u32>(guest_paddr >>> 32), length);
}

/**
 * As gasp_map_vdma(), but also reports the host-physical address.
 * ppaddr: in guest-physical address, out host-physical address. plength: in maximum length, out length actually
 * mapped. prot: PROT_*, optionally GMF_MAP_ANY.
 *
 * C: `void* gasp_map_contig(const vdev_t *vdev, int prot, uint64_t *ppaddr, size_t *plength)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_map_contig.html
 * @returns pointer, or NULL.
 */
// @ts-ignore: decorator
@external("qvm", "gasp_map_contig")
export declare function gasp_map_contig(vdev: vdev_t, prot: i32, ppaddr: usize, plength: usize): usize;

/**
 * Removes a mapping made by gasp_map_contig/sys/vdma.
 * flush: 1 = flush the data cache, 0 = do not.
 *
 * C: `void gasp_unmap(struct guest_system *gsp, const void *ptr, size_t length, int const flush)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_unmap.html
 */
// @ts-ignore: decorator
@external("qvm", "gasp_unmap")
export declare function gasp_unmap(gsp: guest_system_t, ptr: usize, length: u32, flush: i32): void;

// @ts-ignore: decorator
@external("qvm", "gasp_map_firmware")
declare function raw_gasp_map_firmware(
  guest_paddr_lo: u32,
  guest_paddr_hi: u32,
  length: u32,
  prot: gasp_map_flags_t,
  h: gasp_map_handle_t,
): i32;

/**
 * 8.0 handle-based firmware/vCPU-like mapping for addresses the vdev allocated.
 * prot: GMF_* bits, possibly GMF_MAP_ANY. h: filled in on success.
 *
 * C: `errno_t gasp_map_firmware(uint64_t guest_paddr, size_t length, gasp_map_flags_t prot, gasp_map_handle_t *h)`
 * Phase: both (documented). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_map_firmware.html
 * @returns EOK or an error code; ENXIO: bad guest-physical address, invalid prot combination, or no contiguous
 * range that fits.
 */
export function gasp_map_firmware(guest_paddr: u64, length: u32, prot: gasp_map_flags_t, h: gasp_map_handle_t): i32 {
  return raw_gasp_map_firmware(<u32>guest_paddr, <u32>(guest_paddr >>> 32), length, prot, h);
}

/**
 * Removes the mapping of a handle; the handle stays valid and a second unmap does nothing.
 *
 * C: `void gasp_unmap_handle(gasp_map_handle_t *h)`
 * Phase: both (documented). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_unmap_handle.html
 */
// @ts-ignore: decorator
@external("qvm", "gasp_unmap_handle")
export declare function gasp_unmap_handle(h: gasp_map_handle_t): void;

/**
 * How many steps a walk of guest memory still has.
 * No public page shows the prototype: prototype and meaning are ours.
 *
 * C: `unsigned gasp_walk_count(const struct gasp_walk_state *ws)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/about_gasp_8h.html
 * @returns how often gasp_walk_next() will return 1 from here, up to the first byte that is no memory.
 */
// @ts-ignore: decorator
@external("qvm", "gasp_walk_count")
export declare function gasp_walk_count(ws: gasp_walk_state): u32;

// @ts-ignore: decorator
@external("qvm", "gasp_walk_init")
declare function raw_gasp_walk_init(
  ws: gasp_walk_state,
  gsp: guest_system_t,
  guest_loc_lo: u32,
  guest_loc_hi: u32,
  length_lo: u32,
  length_hi: u32,
  flags: gasp_walk_flags,
): i32;

/**
 * Starts a walk of guest memory: `length` bytes from `guest_loc` on, as the pieces that are contiguous.
 * guest_loc, length: may come from the guest as they are. flags: GWS_HOST or none. Set ws.max_length afterwards to
 * cap each step.
 * No public page shows the prototype: prototype and meaning are ours.
 *
 * C: `int gasp_walk_init(struct gasp_walk_state *ws, struct guest_system *gsp, uint64_t guest_loc, uint64_t
 * length, unsigned flags)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/about_gasp_8h.html
 * @returns EOK; EINVAL: 4 GiB or more, past the end of the address space, or a flag that is not known.
 */
export function gasp_walk_init(
  ws: gasp_walk_state,
  gsp: guest_system_t,
  guest_loc: u64,
  length: u64,
  flags: gasp_walk_flags,
): i32 {
  return raw_gasp_walk_init(ws, gsp, <u32>guest_loc, <u32>(guest_loc >>> 32), <u32>length, <u32>(length >>> 32), flags);
}

/**
 * Goes to the next piece of a walk: guest_loc and length are then of memory that is contiguous.
 * No public page shows the prototype: prototype and meaning are ours. A piece is in one RAM or ROM range, so that
 * it can be mapped. host_loc is the guest-physical address, as in gasp_map_contig().
 *
 * C: `int gasp_walk_next(struct gasp_walk_state *ws)`
 * Phase: both (documented). Thread safe: yes (documented). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/about_gasp_8h.html
 * @returns 1: there is a piece. 0: all has been walked. -ENXIO: the byte at guest_loc is no RAM or ROM the guest
 * can read; the walk goes no further. -EINVAL: max_length is 0.
 */
// @ts-ignore: decorator
@external("qvm", "gasp_walk_next")
export declare function gasp_walk_next(ws: gasp_walk_state): i32;

// @ts-ignore: decorator
@external("qvm", "gram_find_free")
declare function raw_gram_find_free(
  gsp: guest_system_t,
  size_lo: u32,
  size_hi: u32,
  align_lo: u32,
  align_hi: u32,
  flags: gram_hint_flags,
  _result: usize,
): void;

/**
 * Finds free space inside guest RAM/ROM and marks it used (calls gram_reserve() itself).
 * flags: GRAM_HINT_* (value unknown).
 * gram_*: never after the guest has started. Which free range is taken is not known; here it is the highest, RAM
 * before ROM, because guests have their programs at low addresses. Hints change nothing.
 *
 * C: `static uint64_t gram_find_free(struct guest_system *const gsp, uint64_t const size, uint64_t const align,
 * unsigned const flags)`
 * Phase: startup (documented). Thread safe: no (documented). Threads: main (documented). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gram_find_free.html
 * @returns address, or QSL_NO_LOCATION.
 */
export function gram_find_free(gsp: guest_system_t, size: u64, align: u64, flags: gram_hint_flags): u64 {
  const _result = stack_alloc(8);
  raw_gram_find_free(gsp, <u32>size, <u32>(size >>> 32), <u32>align, <u32>(align >>> 32), flags, _result);
  const _value = load<u64>(_result);
  stack_release(_result);
  return _value;
}

// @ts-ignore: decorator
@external("qvm", "gram_find_free_range")
declare function raw_gram_find_free_range(
  gsp: guest_system_t,
  size_lo: u32,
  size_hi: u32,
  align_lo: u32,
  align_hi: u32,
  flags: gram_hint_flags,
  range_start_lo: u32,
  range_start_hi: u32,
  range_end_lo: u32,
  range_end_hi: u32,
  _result: usize,
): void;

/**
 * gram_find_free() within an address range.
 * range_end: taken as the last address that may be in the range, as max_addr of gasp_find_free_range().
 *
 * C: `uint64_t gram_find_free_range(struct guest_system *gsp, uint64_t size, uint64_t align, unsigned flags,
 * uint64_t range_start, uint64_t range_end)`
 * Phase: startup (documented). Thread safe: no (documented). Threads: main (documented). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gram_find_free_range.html
 * @returns address, or QSL_NO_LOCATION.
 */
export function gram_find_free_range(
  gsp: guest_system_t,
  size: u64,
  align: u64,
  flags: gram_hint_flags,
  range_start: u64,
  range_end: u64,
): u64 {
  const _result = stack_alloc(8);
  raw_gram_find_free_range(
    gsp,
    <u32>size,
    <u32>(size >>> 32),
    <u32>align,
    <u32>(align >>> 32),
    flags,
    <u32>range_start,
    <u32>(range_start >>> 32),
    <u32>range_end,
    <u32>(range_end >>> 32),
    _result,
  );
  const _value = load<u64>(_result);
  stack_release(_result);
  return _value;
}

// @ts-ignore: decorator
@external("qvm", "gram_reserve")
declare function raw_gram_reserve(loc_lo: u32, loc_hi: u32, size_lo: u32, size_hi: u32): i32;

/**
 * Marks a guest RAM/ROM range as in use.
 *
 * C: `int gram_reserve(uint64_t loc, uint64_t size)`
 * Phase: startup (documented). Thread safe: no (documented). Threads: main (documented). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/gram_reserve.html
 * @returns EOK or an errno. Here EINVAL: not all of it is RAM or ROM; EBUSY: part of it is reserved already.
 */
export function gram_reserve(loc: u64, size: u64): i32 {
  return raw_gram_reserve(<u32>loc, <u32>(loc >>> 32), <u32>size, <u32>(size >>> 32));
}

/*
 * Not here, because no public page shows how they are declared: gasp_map, gasp_map_host_contig, gasp_get_vaddr,
 * gasp_walk_init_filtered, gasp_walk_next_filtered.
 */
