/** <qvm/wdog.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { stack_alloc } from "./runtime/frame";

/** wdog_bite() ends the guest. (vdevbox) */
export const WDOG_ACTION_TERMINATE: u32 = 1;

/** wdog_bite() interrupts the guest. (vdevbox) */
export const WDOG_ACTION_INTR: u32 = 2;

/** wdog_bite() writes a core file first. (vdevbox) */
export const WDOG_FLAG_DUMP: u32 = 0x100;

/**
 * Watchdog state; member ws_action (WDOG_ACTION_*) is known, the rest was not found.
 *
 * Layout: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/wdog_bite.html
 * Only ws_action is known; that the flag is ORed into it is our reading.
 */
@unmanaged
@final
export class wdog_state {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 16;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): wdog_state {
    const address = heap.alloc(16);
    memory.fill(address, 0, 16);
    return changetype<wdog_state>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): wdog_state {
    return changetype<wdog_state>(stack_alloc(16));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): wdog_state {
    return changetype<wdog_state>(changetype<usize>(this) + index * 16);
  }

  /** WDOG_ACTION_*, WDOG_FLAG_DUMP ORed in */
  get ws_action(): u32 {
    return load<u32>(changetype<usize>(this), 0);
  }
  set ws_action(value: u32) {
    store<u32>(changetype<usize>(this), value, 0);
  }

  /** Address of the 3 elements. */
  get reserved(): usize {
    return changetype<usize>(this) + 4;
  }
  /** `reserved[index]`, index below 3. */
  reserved_at(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + index * 4, 4);
  }
  set_reserved_at(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + index * 4, value, 4);
  }
}

/**
 * Performs the watchdog action selected by wds->ws_action (e.g. terminate the guest, interrupt it); makes a core
 * dump if WDOG_FLAG_DUMP is set. Called when the watchdog timer has expired.
 *
 * C: `void wdog_bite(struct wdog_state *wds)`
 * Phase: unknown. Thread safe: unknown. Threads: any (inferred). May block: yes (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/wdog_bite.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@external("qvm", "wdog_bite")
export declare function wdog_bite(wds: wdog_state): void;
