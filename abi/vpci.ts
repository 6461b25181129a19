/** <qvm/vpci.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { stack_alloc } from "./runtime/frame";
import { gasp_region } from "./types";

/**
 * One BAR: established mapping; current value; upper word of a 64-bit BAR; slice index; BAR register (non-zero:
 * qvm writes the value back to the device when it assigns an address). vb_mapping.host_location and
 * vb_mapping.guest.length must stay constant.
 *
 * Layout: documented. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structvpci__bar.html
 */
@unmanaged
@final
export class vpci_bar {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 56;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vpci_bar {
    const address = heap.alloc(56);
    memory.fill(address, 0, 56);
    return changetype<vpci_bar>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vpci_bar {
    return changetype<vpci_bar>(stack_alloc(56));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vpci_bar {
    return changetype<vpci_bar>(changetype<usize>(this) + index * 56);
  }

  /** host_location and guest.length must stay constant */
  get vb_mapping(): gasp_region {
    return changetype<gasp_region>(changetype<usize>(this) + 0);
  }

  /** current value */
  get vb_value(): u32 {
    return load<u32>(changetype<usize>(this), 40);
  }
  set vb_value(value: u32) {
    store<u32>(changetype<usize>(this), value, 40);
  }

  /** upper word of a 64-bit BAR */
  get vb_value_upper(): u32 {
    return load<u32>(changetype<usize>(this), 44);
  }
  set vb_value_upper(value: u32) {
    store<u32>(changetype<usize>(this), value, 44);
  }

  /** slice index */
  get vb_slice(): u16 {
    return load<u16>(changetype<usize>(this), 48);
  }
  set vb_slice(value: u16) {
    store<u16>(changetype<usize>(this), value, 48);
  }

  /** BAR register; non-zero: qvm writes the value back when it assigns an address */
  get vb_breg(): u16 {
    return load<u16>(changetype<usize>(this), 50);
  }
  set vb_breg(value: u16) {
    store<u16>(changetype<usize>(this), value, 50);
  }
}

/**
 * Writable state of a virtual PCI device; members not found.
 *
 * Layout: vdevbox. Seen in 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/vpci_ctrl_pci_bars.html
 * No member is known: our opaque bytes.
 */
@unmanaged
@final
export class vpci_rw_state {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 256;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vpci_rw_state {
    const address = heap.alloc(256);
    memory.fill(address, 0, 256);
    return changetype<vpci_rw_state>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vpci_rw_state {
    return changetype<vpci_rw_state>(stack_alloc(256));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vpci_rw_state {
    return changetype<vpci_rw_state>(changetype<usize>(this) + index * 256);
  }

  /** Address of the 64 elements. */
  get reserved(): usize {
    return changetype<usize>(this) + 0;
  }
  /** `reserved[index]`, index below 64. */
  reserved_at(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + index * 4, 0);
  }
  set_reserved_at(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + index * 4, value, 0);
  }
}

/**
 * Answers VDEV_CTRL_PCI_BARS for a virtual PCI device; called by vio_ctrl_pci_bars().
 *
 * C: `int vpci_ctrl_pci_bars(struct vpci_rw_state *rw_cfg, const char *arg)`
 * Phase: startup (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/vpci_ctrl_pci_bars.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 * @returns always -6: an array of 6 vpci_bar objects.
 */
// @ts-ignore: decorator
@external("qvm", "vpci_ctrl_pci_bars")
export declare function vpci_ctrl_pci_bars(rw_cfg: vpci_rw_state, arg: usize): i32;
