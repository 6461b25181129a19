import { ALL, functionsOf, mayBlock, struct, unknown, VOID } from "./builders.ts";
import type { Entry } from "./schema.ts";
import { api70, api71, api80 } from "./sources.ts";

const fn = functionsOf({ header: "wdog", threadSafe: unknown });

/** `qvm/wdog.h`: what watchdog vdevs share. */
export const entries: readonly Entry[] = [
  fn("wdog_bite", {
    summary:
      "Performs the watchdog action selected by wds->ws_action (e.g. terminate the guest, interrupt it); makes a core dump if WDOG_FLAG_DUMP is set. Called when the watchdog timer has expired.",
    versions: ALL,
    sources: [api70("wdog_bite"), api71("wdog_bite"), api80("wdog_bite")],
    c: { "7.0": "void wdog_bite(struct wdog_state *wds)" },
    prototype: "documented",
    params: [struct("wds", "wdog_state", "in")],
    result: VOID,
    phase: unknown,
    mayBlock: mayBlock("it writes a core file when WDOG_FLAG_DUMP is set"),
    arguments:
      "wds: what to do. WDOG_ACTION_TERMINATE ends the guest with exit code 4 and does not return; WDOG_ACTION_INTR asserts ws_intr, or the vdev's own v_intr when ws_intr.pic is NULL; WDOG_FLAG_DUMP writes the guest's core file first.",
    notes:
      "The page names the actions and the flag; which interrupt is asserted, that the call does not return, and that the flag is ORed into ws_action are our choice.",
  }),
  {
    kind: "struct",
    name: "wdog_state",
    header: "wdog",
    versions: ALL,
    summary: "Watchdog state; member ws_action (WDOG_ACTION_*) is known, the rest was not found.",
    sources: [api70("wdog_bite")],
    notes: "Only ws_action is known; that the flag is ORed into it is our reading, and ws_intr is ours.",
    c: {},
    layout: "vdevbox",
    fields: [
      { name: "ws_action", type: "u32", doc: "WDOG_ACTION_*, WDOG_FLAG_DUMP ORed in" },
      {
        name: "ws_intr",
        type: { embed: "guest_intr" },
        doc: "what WDOG_ACTION_INTR asserts; pic NULL: the v_intr of the vdev that calls",
      },
    ],
  },
  {
    kind: "constant",
    name: "WDOG_ACTION_TERMINATE",
    header: "wdog",
    versions: ALL,
    summary: "wdog_bite() ends the guest with exit code 4.",
    sources: [api70("wdog_bite")],
    type: "u32",
    value: 1,
    status: "vdevbox",
  },
  {
    kind: "constant",
    name: "WDOG_ACTION_INTR",
    header: "wdog",
    versions: ALL,
    summary: "wdog_bite() asserts an interrupt of the guest.",
    sources: [api70("wdog_bite")],
    type: "u32",
    value: 2,
    status: "vdevbox",
  },
  {
    kind: "constant",
    name: "WDOG_FLAG_DUMP",
    header: "wdog",
    versions: ALL,
    summary: "wdog_bite() writes a core file first.",
    sources: [api70("wdog_bite")],
    type: "u32",
    value: 0x100,
    status: "vdevbox",
  },
];
