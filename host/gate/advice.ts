import { CALLBACKS, type CallbackName, type GateEntry } from "../../abi/definition/schema.ts";

/** The phase rule of a function as one sentence without a full stop. */
export function phaseRule(entry: GateEntry): string {
  switch (entry.phase.value) {
    case "startup":
      return `${entry.name}() may be called at startup only, before VDEV_CTRL_GUEST_CONFIGURED`;
    case "running":
      return `${entry.name}() may be called from VDEV_CTRL_GUEST_CONFIGURED on`;
    case "module-start":
      return `${entry.name}() is called while the module is loaded, once`;
    case "after-options-start":
      return `${entry.name}() may be called only after VDEV_CTRL_OPTIONS_START`;
    default:
      return `${entry.name}() may be called in ${names(entry.allowedStartup | entry.allowedRunning)}`;
  }
}

/** What to do instead: one sentence. */
export function phaseAdvice(entry: GateEntry, callback: CallbackName): string {
  const { value } = entry.phase;
  if (value === "running" && callback === "OPTIONS_END") {
    return "OPTIONS_END is not the boundary: other vdevs may still be unconfigured. Wait for VDEV_CTRL_GUEST_CONFIGURED.";
  }
  if (value === "running") return "Wait for VDEV_CTRL_GUEST_CONFIGURED and call it from there on.";
  if (value === "startup" && entry.name === "guest_timer_create") {
    return "Create the timer at startup, for example in VDEV_CTRL_OPTIONS_END, and arm it later with guest_timer_notify().";
  }
  if (value === "startup") return "Call it at startup, for example in VDEV_CTRL_OPTIONS_END.";
  if (value === "module-start") return "Call it from the module's top level.";
  if (value === "after-options-start") return "Call it in VDEV_CTRL_OPTIONS_END or later.";
  return `Call it from ${names(entry.allowedStartup | entry.allowedRunning)}.`;
}

function names(mask: number): string {
  const allowed = CALLBACKS.filter((_, i) => i > 0 && ((mask >>> i) & 1) === 1);
  return allowed.length === 0 ? "no callback" : allowed.join(", ");
}
