/** <qvm/utils.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { stack_alloc } from "./runtime/frame";
import { cstring } from "./string";
import { guest_intr, guest_system_t, qvm_state_block } from "./types";

/**
 * A range of offsets in a state structure: writable bits, offset in the read-only structure, where changes are
 * stored, number of bytes.
 *
 * Layout: documented. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structqvm__slice__descriptor.html
 */
@unmanaged
@final
export class qvm_slice_descriptor {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 12;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): qvm_slice_descriptor {
    const address = heap.alloc(12);
    memory.fill(address, 0, 12);
    return changetype<qvm_slice_descriptor>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): qvm_slice_descriptor {
    return changetype<qvm_slice_descriptor>(stack_alloc(12));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): qvm_slice_descriptor {
    return changetype<qvm_slice_descriptor>(changetype<usize>(this) + index * 12);
  }

  /** bits that can be written */
  get writable(): u32 {
    return load<u32>(changetype<usize>(this), 0);
  }
  set writable(value: u32) {
    store<u32>(changetype<usize>(this), value, 0);
  }

  /** offset in the read-only structure */
  get offset(): u16 {
    return load<u16>(changetype<usize>(this), 4);
  }
  set offset(value: u16) {
    store<u16>(changetype<usize>(this), value, 4);
  }

  /** where changes are stored */
  get store_offset(): u16 {
    return load<u16>(changetype<usize>(this), 6);
  }
  set store_offset(value: u16) {
    store<u16>(changetype<usize>(this), value, 6);
  }

  /** number of bytes */
  get nbytes(): u8 {
    return load<u8>(changetype<usize>(this), 8);
  }
  set nbytes(value: u8) {
    store<u8>(changetype<usize>(this), value, 8);
  }
}

/**
 * Parses 'picname:number' (the PIC must exist in the VM and have that line).
 *
 * C: `char* qvm_parse_intr(const struct guest_system *gsp, const char *str, struct guest_intr *ip)`
 * Phase: unknown. Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/qvm_parse_intr.html
 * @returns pointer to the first character after the specification.
 */
// @ts-ignore: decorator
@external("qvm", "qvm_parse_intr")
export declare function qvm_parse_intr(gsp: guest_system_t, str: cstring, ip: guest_intr): cstring;

/**
 * Parses '[type:]location' into bp; pre-set bp's type to give a default.
 * pci_idp (7.1): if non-NULL, true is stored when the pci:vid/did/didx form is met.
 * Calling it after startup may terminate the guest system.
 *
 * C: `char* qvm_parse_block(const char *str, struct qvm_state_block *bp, int *pci_idp)`
 * Phase: startup (documented). Thread safe: unknown. Threads: main (documented). May block: no (inferred).
 * Prototype: documented. Seen in 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/qvm_parse_block.html
 * @returns pointer to the first character after the location.
 */
// @ts-ignore: decorator
@external("qvm", "qvm_parse_block")
export declare function qvm_parse_block(str: cstring, bp: qvm_state_block, pci_idp: usize): cstring;
