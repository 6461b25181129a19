import type { CallbackName, Phase } from "./schema.ts";

/**
 * The life of a VM as a small state machine, to be explored exhaustively: one module that serves two vdevs of its type,
 * each with at most one option. Written from the manual's lifecycle page and the control callbacks, not from the masks.
 */
export interface State {
  /** What qvm does next, or has in progress. */
  readonly stage: Stage;
  /** Which vdev's turn it is. */
  readonly vdev: 0 | 1;
  /** Callback in progress; "none" between callbacks. */
  readonly callback: CallbackName;
  readonly phase: Phase;
  /** Callbacks that described the VM to the guest already; they come in any order, if at all. */
  readonly described: number;
  /** Whether VDEV_CTRL_OPTIONS_START of the vdev whose callback is in progress has returned. */
  readonly optionsStarted: boolean;
}

type Stage =
  | "load"
  | "options-start"
  | "options"
  | "assign"
  | "describe"
  | "configure"
  | "start-guest"
  | "guest-runs"
  | "terminate"
  | "ended";

export const INITIAL: State = {
  stage: "load",
  vdev: 0,
  callback: "none",
  phase: "startup",
  described: 0,
  optionsStarted: false,
};

const DESCRIBING: readonly CallbackName[] = ["PCI_BARS", "GEN_FDT", "GEN_ACPI"];
/** Asked of an interrupt controller while options are parsed and the VM is described. */
const PIC_AT_STARTUP: readonly CallbackName[] = ["pic-parse", "pic-string", "pic-table-spec", "pic-notify"];
const EVENTS: readonly CallbackName[] = [
  ...(["vread", "vwrite", "timer", "pulse", "thread", "STATUS", "BUTTON", "instruction", "msi-deliver"] as const),
  ...(["power-state", "pic-signal", "pic-notify", "pic-parse", "pic-string", "pic-table-spec"] as const),
];

/** Every state that can follow. */
export function successors(state: State): readonly State[] {
  return state.callback === "none" ? entered(state) : returned(state);
}

/** Between callbacks: those that can be called now, or the next stage. */
function entered(state: State): readonly State[] {
  const call = (callback: CallbackName, change: Partial<State> = {}): State => ({ ...state, ...change, callback });
  switch (state.stage) {
    case "load":
      return [call("module-start")];
    case "options-start":
      return [call("OPTIONS_START", { optionsStarted: false })];
    case "options":
      return [
        call("OPTION"),
        call("OPTIONS_END"),
        ...PIC_AT_STARTUP.map((name) => call(name)),
        call("STATUS"),
        call("BUTTON"),
      ];
    case "assign":
      return [call("ASSIGN")];
    case "describe": {
      const left = DESCRIBING.filter((_, i) => (state.described & (1 << i)) === 0).map((name) => call(name));
      const asked = PIC_AT_STARTUP.map((name) => call(name));
      return [...left, ...asked, { ...state, stage: "configure", vdev: 0 }];
    }
    case "configure":
      return [call("GUEST_CONFIGURED", { phase: "running" })];
    case "start-guest":
      return [call("GUEST_STARTING")];
    case "guest-runs":
      return [...EVENTS.map((name) => call(name)), { ...state, stage: "terminate" }];
    case "terminate":
      return [call("TERMINATE")];
    case "ended":
      return [];
  }
}

/** A callback has returned: the VM goes on, or the start is given up. */
function returned(state: State): readonly State[] {
  const next = (change: Partial<State>): State => ({ ...state, callback: "none", ...change });
  const givenUp = next({ stage: "terminate" });
  const other = state.vdev === 0;
  switch (state.callback) {
    case "module-start":
      return [next({ stage: "options-start" }), next({ stage: "ended" })];
    case "OPTIONS_START":
      return [next({ stage: "options", optionsStarted: true }), givenUp];
    case "OPTION":
      return [next({}), givenUp];
    case "OPTIONS_END":
      return [other ? next({ stage: "options-start", vdev: 1 }) : next({ stage: "assign", vdev: 0 }), givenUp];
    case "ASSIGN":
      return [other ? next({ vdev: 1 }) : next({ stage: "describe", vdev: 0 }), givenUp];
    case "PCI_BARS":
    case "GEN_FDT":
    case "GEN_ACPI":
      return [next({ described: state.described | (1 << DESCRIBING.indexOf(state.callback)) }), givenUp];
    case "GUEST_CONFIGURED":
      return [other ? next({ vdev: 1 }) : next({ stage: "start-guest", vdev: 0 }), givenUp];
    case "GUEST_STARTING":
      return [other ? next({ vdev: 1 }) : next({ stage: "guest-runs", vdev: 0 }), givenUp];
    case "TERMINATE":
      return [other ? next({ vdev: 1 }) : next({ stage: "ended" })];
    default:
      return [next({})];
  }
}

/** Every state there is, with the states that follow it. */
export function explore(): ReadonlyMap<string, { readonly state: State; readonly next: readonly string[] }> {
  const found = new Map<string, { state: State; next: string[] }>();
  const open: State[] = [INITIAL];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (found.has(keyOf(state))) continue;
    const following = successors(state);
    found.set(keyOf(state), { state, next: following.map(keyOf) });
    open.push(...following);
  }
  return found;
}

export function keyOf(state: State): string {
  return Object.values(state).join("/");
}
