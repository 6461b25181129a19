/** <qvm/types.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { sched_param } from "./posix";
import { stack_alloc } from "./runtime/frame";
import { vdev_t } from "./vdev-core";

/** `struct guest_cpu *`: the host's; 0 is NULL. */
export type guest_cpu_t = usize;

/** `struct guest_system *`: the host's; 0 is NULL. */
export type guest_system_t = usize;

/** `struct guest_timer *`: the host's; 0 is NULL. */
export type guest_timer_t = usize;

/** `struct guest_power_state_notify *`: the host's; 0 is NULL. */
export type guest_power_state_notify_t = usize;

/** `struct virtq *`: the host's; 0 is NULL. */
export type virtq_t = usize;

/** 'no location' value returned by the find functions and used as v_block default. (vdevbox) */
export const QSL_NO_LOCATION: u64 = 0xffffffffffffffff;

/**
 * Type of a qvm_state_block: guest-physical address, guest-virtual address, offset in CPU_REGISTERS, offset in
 * FPU_REGISTERS, host virtual address, PCI bus/dev/func(+config offset, QSL_PCI_MAKE_LOC), PCI I/O BAR on non-x86
 * (treat as QST_MEMORY), immediate integer; x86: I/O port, offsets in X86_64_SEGREGS/CTRLREGS/DBGREGS, MSR number;
 * ARM: system register number.
 * Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/qvm_state_types.html
 */
export type qvm_state_types = u16;
export const QST_MEMORY: qvm_state_types = 0;
export const QST_VIRTUAL: qvm_state_types = 1;
export const QST_CPUREGS: qvm_state_types = 2;
export const QST_FPUREGS: qvm_state_types = 3;
export const QST_HOST: qvm_state_types = 4;
export const QST_PCI: qvm_state_types = 5;
export const QST_PCI_IO: qvm_state_types = 6;
export const QST_IMMEDIATE: qvm_state_types = 7;
export const QST_ARCH_SPECIFIC: qvm_state_types = 0x8000;
export const QST_X86_IO: qvm_state_types = 0x8000;
export const QST_X86_SEGREGS: qvm_state_types = 0x8001;
export const QST_X86_CTRLREGS: qvm_state_types = 0x8002;
export const QST_X86_DBGREGS: qvm_state_types = 0x8003;
export const QST_X86_MSR: qvm_state_types = 0x8004;
export const QST_ARM_SR: qvm_state_types = 0x8000;
export const QST_NO_TYPE: qvm_state_types = 0xffff;

/**
 * Flags of a qvm_state_block: bits 0-3 bytes to sign-extend by, bits 4-7 bytes to zero-extend by (after sign
 * extension); FORCE_WRITE (7.1) bypasses guest-compliant emulation; REPORT_EXCEPTION: access problems become a
 * guest exception.
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/qvm_state_flags.html
 */
export type qvm_state_flags = u16;
export const QSF_NONE: qvm_state_flags = 0;
export const QSF_SEXT_SHIFT: qvm_state_flags = 0;
export const QSF_ZEXT_SHIFT: qvm_state_flags = 4;
export const QSF_EXT_MASK: qvm_state_flags = 15;
export const QSF_FORCE_WRITE: qvm_state_flags = 0x4000; // 7.1
export const QSF_REPORT_EXCEPTION: qvm_state_flags = 0x8000;

/**
 * VIRT_RD/WR: guest access exits and calls vread/vwrite; VIRT_EX: exits, handled per the VM's 'unsupported'
 * option; PASS_*: access goes through without exit; NOCACHE: pass-through is uncached; ACTIVE: installed; MEMORY:
 * ordinary RAM; NOPERMS: reserved but without page permissions; PASSTHRU/DMA_* /PRECIOUS: internal; BACKUP_*:
 * saved PASS_* /NOCACHE bits; STICKY: flags to preserve.
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/gasp_region_flags.html
 */
export type gasp_region_flags = u32;
export const GRF_NONE: gasp_region_flags = 0;
export const GRF_VIRT_RD: gasp_region_flags = 1;
export const GRF_VIRT_WR: gasp_region_flags = 2;
export const GRF_VIRT_EX: gasp_region_flags = 4;
export const GRF_VIRT_ANY: gasp_region_flags = 7;
export const GRF_PASS_RD: gasp_region_flags = 8;
export const GRF_PASS_WR: gasp_region_flags = 16;
export const GRF_PASS_EX: gasp_region_flags = 32;
export const GRF_PASS_ANY: gasp_region_flags = 56;
export const GRF_NOCACHE: gasp_region_flags = 64;
export const GRF_ACTIVE: gasp_region_flags = 128;
export const GRF_MEMORY: gasp_region_flags = 0x100;
export const GRF_PASSTHRU: gasp_region_flags = 0x200;
export const GRF_DMA_USES: gasp_region_flags = 0x400;
export const GRF_DMA_NO_USE: gasp_region_flags = 0x800;
export const GRF_DMA_SOURCE: gasp_region_flags = 0x1000;
export const GRF_DMA_TARGET: gasp_region_flags = 0x2000;
export const GRF_PRECIOUS: gasp_region_flags = 0x4000;
export const GRF_NOPERMS: gasp_region_flags = 0x8000;
export const GRF_BACKUP_MASK: gasp_region_flags = 0xf0000000;
export const GRF_BACKUP_SHIFT: gasp_region_flags = 25;
export const GRF_STICKY: gasp_region_flags = 0x3300;

/**
 * ON assert; OFF de-assert; NOP nothing; ISR alone: ask whether the signal can be handled from an ISR (-ENOTSUPP
 * if not); ISR|ON or ISR|OFF: the call is being made from an ISR.
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_intr_state.html
 */
export type guest_intr_state = u32;
export const GIS_NOP: guest_intr_state = 0; // 7.1
export const GIS_ON: guest_intr_state = 1;
export const GIS_OFF: guest_intr_state = 2;
export const GIS_ISR: guest_intr_state = 4;

/**
 * Which guest actions on a line call guest_intr_notify(): unmask, acknowledge.
 * Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_intr_notifications.html
 */
export type guest_intr_notifications = u32;
export const GIN_UNMASK: guest_intr_notifications = 1;
export const GIN_ACK: guest_intr_notifications = 2;

/**
 * UNUSED free for automatic assignment; SHAREABLE assigned but still eligible; RESERVED not automatic but may be
 * named in the configuration; EXCLUSIVE named in the configuration and not shareable; SPECIAL cannot be named. A
 * line may only move upwards in this order.
 * Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_intr_assign_type.html
 */
export type guest_intr_assign_type = u32;
export const GIAT_UNUSED: guest_intr_assign_type = 0;
export const GIAT_SHAREABLE: guest_intr_assign_type = 1;
export const GIAT_RESERVED: guest_intr_assign_type = 2;
export const GIAT_EXCLUSIVE: guest_intr_assign_type = 3;
export const GIAT_SPECIAL: guest_intr_assign_type = 4;

/**
 * Argument of vdev_pic_functions.table_spec; enumerators not found (header assumed).
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_pic_functions.html
 */
export type guest_table_spec_component = u32;

/**
 * Pin flags in guest_intr.param (7.0).
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structguest__intr.html
 */
export type guest_intr_pin_flags = u32;

/**
 * Describes a data element. location: meaning depends on the type (address, register offset, immediate ...);
 * length in bytes; type: QST_*; flags: QSF_*; spare (8.0): reserved, 0.
 *
 * Layout: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structqvm__state__block.html
 * 8.0 widened length to 64 bits and renamed type/flags. sizeof of qvm_state_types_t/qvm_state_flags_t not stated.
 */
@unmanaged
@final
export class qvm_state_block {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 16;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): qvm_state_block {
    const address = heap.alloc(16);
    memory.fill(address, 0, 16);
    return changetype<qvm_state_block>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): qvm_state_block {
    return changetype<qvm_state_block>(stack_alloc(16));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): qvm_state_block {
    return changetype<qvm_state_block>(changetype<usize>(this) + index * 16);
  }

  /** meaning depends on the type: address, register offset, immediate */
  get location(): u64 {
    return load<u64>(changetype<usize>(this), 0);
  }
  set location(value: u64) {
    store<u64>(changetype<usize>(this), value, 0);
  }

  /** bytes */
  get length(): u32 {
    return load<u32>(changetype<usize>(this), 8);
  }
  set length(value: u32) {
    store<u32>(changetype<usize>(this), value, 8);
  }

  /** QST_* */
  get type(): u16 {
    return load<u16>(changetype<usize>(this), 12);
  }
  set type(value: u16) {
    store<u16>(changetype<usize>(this), value, 12);
  }

  /** QSF_* */
  get flags(): u16 {
    return load<u16>(changetype<usize>(this), 14);
  }
  set flags(value: u16) {
    store<u16>(changetype<usize>(this), value, 14);
  }
}

/**
 * One guest resource: flags GRF_*; cookie handed to vread/vwrite; vdev called back (only with GRF_VIRT_*);
 * host_location: where it maps on the host; guest: where it appears in the guest.
 *
 * Layout: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structgasp__region.html
 */
@unmanaged
@final
export class gasp_region {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 40;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): gasp_region {
    const address = heap.alloc(40);
    memory.fill(address, 0, 40);
    return changetype<gasp_region>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): gasp_region {
    return changetype<gasp_region>(stack_alloc(40));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): gasp_region {
    return changetype<gasp_region>(changetype<usize>(this) + index * 40);
  }

  /** GRF_* */
  get flags(): u32 {
    return load<u32>(changetype<usize>(this), 0);
  }
  set flags(value: u32) {
    store<u32>(changetype<usize>(this), value, 0);
  }

  /** handed to vread and vwrite */
  get cookie(): u32 {
    return load<u32>(changetype<usize>(this), 4);
  }
  set cookie(value: u32) {
    store<u32>(changetype<usize>(this), value, 4);
  }

  /** called back, with GRF_VIRT_* only */
  get vdev(): vdev_t {
    return changetype<vdev_t>(load<usize>(changetype<usize>(this), 8));
  }
  set vdev(value: vdev_t) {
    store<usize>(changetype<usize>(this), changetype<usize>(value), 8);
  }

  /** where it maps on the host */
  get host_location(): u64 {
    return load<u64>(changetype<usize>(this), 16);
  }
  set host_location(value: u64) {
    store<u64>(changetype<usize>(this), value, 16);
  }

  /** where it appears in the guest */
  get guest(): qvm_state_block {
    return changetype<qvm_state_block>(changetype<usize>(this) + 24);
  }
}

/**
 * A virtual interrupt: pic = controller vdev; param = pin number (7.0: plus GIPF_* flags); src_id = source
 * identification bit.
 *
 * Layout: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structguest__intr.html
 * GIPF_* : value unknown.
 */
@unmanaged
@final
export class guest_intr {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 12;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): guest_intr {
    const address = heap.alloc(12);
    memory.fill(address, 0, 12);
    return changetype<guest_intr>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): guest_intr {
    return changetype<guest_intr>(stack_alloc(12));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): guest_intr {
    return changetype<guest_intr>(changetype<usize>(this) + index * 12);
  }

  /** the interrupt controller; may belong to another module: never look into it */
  get pic(): vdev_t {
    return changetype<vdev_t>(load<usize>(changetype<usize>(this), 0));
  }
  set pic(value: vdev_t) {
    store<usize>(changetype<usize>(this), changetype<usize>(value), 0);
  }

  /** pin number and GIPF_* flags */
  get param(): u32 {
    return load<u32>(changetype<usize>(this), 4);
  }
  set param(value: u32) {
    store<u32>(changetype<usize>(this), value, 4);
  }

  /** source identification bit */
  get src_id(): u32 {
    return load<u32>(changetype<usize>(this), 8);
  }
  set src_id(value: u32) {
    store<u32>(changetype<usize>(this), value, 8);
  }
}

/**
 * Scheduling for pulses and threads: policy (-1 = not set), sched (sched.sched_priority -1 = not set).
 *
 * Layout: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structqvm__sched__info.html
 * The size follows from our struct sched_param.
 */
@unmanaged
@final
export class qvm_sched_info {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 8;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): qvm_sched_info {
    const address = heap.alloc(8);
    memory.fill(address, 0, 8);
    return changetype<qvm_sched_info>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): qvm_sched_info {
    return changetype<qvm_sched_info>(stack_alloc(8));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): qvm_sched_info {
    return changetype<qvm_sched_info>(changetype<usize>(this) + index * 8);
  }

  /** -1: not set */
  get policy(): i32 {
    return load<i32>(changetype<usize>(this), 0);
  }
  set policy(value: i32) {
    store<i32>(changetype<usize>(this), value, 0);
  }

  /** sched_priority -1: not set */
  get sched(): sched_param {
    return changetype<sched_param>(changetype<usize>(this) + 4);
  }
}

/* Not here, because no public page shows how they are declared: QSL_PCI_MAKE_LOC. */
