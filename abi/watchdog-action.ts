/** The `action` option that watchdog vdevs share. For authors of vdevs; no part of the qvm API. */
import { refuse_option } from "./options";
import { memcmp, strcmp } from "./posix";
import { cstr, cstring } from "./string";
import { vdev_t } from "./vdev-core";
import { WDOG_ACTION_INTR, WDOG_ACTION_TERMINATE, WDOG_FLAG_DUMP } from "./wdog";

/** What `watchdog_action` answers to a text that names no action. */
export const NO_WATCHDOG_ACTION: u32 = 0;

/**
 * `[dump,]terminate|fiq` as a value for ws_action of wdog_bite(). That `dump,` may stand before `fiq` too is our
 * reading; the manual's synopsis can be read both ways.
 */
export function watchdog_action(text: cstring): u32 {
  const dumps = memcmp(text, cstr("dump,"), 5) == 0;
  const flag = dumps ? WDOG_FLAG_DUMP : 0;
  const rest = dumps ? text + 5 : text;
  if (strcmp(rest, cstr("terminate")) == 0) return WDOG_ACTION_TERMINATE | flag;
  if (strcmp(rest, cstr("fiq")) == 0) return WDOG_ACTION_INTR | flag;
  return NO_WATCHDOG_ACTION;
}

/** Says what the option takes. @returns EINVAL, the answer to a text that names no action */
export function refuse_watchdog_action(vdp: vdev_t, text: cstring): i32 {
  return refuse_option(vdp, cstr("action"), text, cstr("terminate or fiq, with dump, in front of it for a guest dump"));
}

/** Whether the action interrupts the guest, so that the vdev needs an interrupt. */
export function watchdog_interrupts(action: u32): bool {
  return (action & WDOG_ACTION_INTR) != 0;
}

/** The action as the option's text, for status reports. */
export function watchdog_action_text(action: u32): cstring {
  const dumps = (action & WDOG_FLAG_DUMP) != 0;
  if (watchdog_interrupts(action)) return dumps ? cstr("dump,fiq") : cstr("fiq");
  return dumps ? cstr("dump,terminate") : cstr("terminate");
}
