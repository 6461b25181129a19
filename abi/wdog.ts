/** <qvm/wdog.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { stack_alloc } from "./runtime/frame";
import { guest_intr } from "./types";

/** wdog_bite() ends the guest with exit code 4. (vdevbox) */
export const WDOG_ACTION_TERMINATE: u32 = 1;

/** wdog_bite() asserts an interrupt of the guest. (vdevbox) */
export const WDOG_ACTION_INTR: u32 = 2;

/** wdog_bite() writes a core file first. (vdevbox) */
export const WDOG_FLAG_DUMP: u32 = 0x100;

/**
 * Watchdog state; member ws_action (WDOG_ACTION_*) is known, the rest was not found.
 *
 * Layout: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/wdog_bite.html
 * Only ws_action is known; that the flag is ORed into it is our reading, and ws_intr is ours.
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

  /** what WDOG_ACTION_INTR asserts; pic NULL: the v_intr of the vdev that calls */
  get ws_intr(): guest_intr {
    return changetype<guest_intr>(changetype<usize>(this) + 4);
  }
}

/**
 * Performs the watchdog action selected by wds->ws_action (e.g. terminate the guest, interrupt it); makes a core
 * dump if WDOG_FLAG_DUMP is set. Called when the watchdog timer has expired.
 * wds: what to do. WDOG_ACTION_TERMINATE ends the guest with exit code 4 and does not return; WDOG_ACTION_INTR
 * asserts ws_intr, or the vdev's own v_intr when ws_intr.pic is NULL; WDOG_FLAG_DUMP writes the guest's core file
 * first.
 * The page names the actions and the flag; which interrupt is asserted, that the call does not return, and that
 * the flag is ORed into ws_action are our choice.
 *
 * C: `void wdog_bite(struct wdog_state *wds)`
 * Phase: unknown. Thread safe: unknown. Threads: any (inferred). May block: yes (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/wdog_bite.html
 */
// @ts-ignore: decorator
@external("qvm", "wdog_bite")
export declare function wdog_bite(wds: wdog_state): void;
