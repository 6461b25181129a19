import { describe, expect, test } from "vitest";
import { GATE_TABLE } from "../generated/gate-table.ts";
import { explore, INITIAL, keyOf, type State } from "./phase-model.ts";
import { CALLBACKS, type GateEntry } from "./schema.ts";

// The oracle is the life of a VM as the manual tells it, explored state by state.

const states = explore();
const inCallback = [...states.values()].map(({ state }) => state).filter(({ callback }) => callback !== "none");
const callable = GATE_TABLE.filter((entry) => entry.prototype !== "unknown");

function allows(entry: GateEntry, { phase, callback }: State): boolean {
  const mask = phase === "startup" ? entry.allowedStartup : entry.allowedRunning;
  return ((mask >>> CALLBACKS.indexOf(callback)) & 1) === 1;
}

function entryOf(name: string): GateEntry {
  const entry = GATE_TABLE.find((other) => other.name === name);
  if (entry === undefined) throw new Error(`no ${name} in the gate table`);
  return entry;
}

const withPhase = (phase: string) => callable.filter((entry) => entry.phase.value === phase);

describe("the model", () => {
  test("reaches every callback a vdev can have", () => {
    const reached = new Set(inCallback.map(({ callback }) => callback));
    expect([...reached].sort()).toEqual(CALLBACKS.filter((name) => name !== "none").sort());
  });

  test("never goes from running back to startup", () => {
    for (const { state, next } of states.values()) {
      if (state.phase === "startup") continue;
      for (const key of next) expect(states.get(key)?.state.phase, key).toBe("running");
    }
  });

  test("starts running on entry to VDEV_CTRL_GUEST_CONFIGURED and nowhere else", () => {
    for (const { state, next } of states.values()) {
      for (const key of next) {
        const after = (states.get(key) as { state: State }).state;
        if (after.phase !== state.phase) expect(after.callback).toBe("GUEST_CONFIGURED");
      }
    }
  });

  test("can end from every state", () => {
    const ends = new Set([...states].filter(([, { next }]) => next.length === 0).map(([key]) => key));
    for (let size = -1; size !== ends.size; ) {
      size = ends.size;
      for (const [key, { next }] of states) if (next.some((after) => ends.has(after))) ends.add(key);
    }
    expect(ends.size).toBe(states.size);
    expect(ends.has(keyOf(INITIAL))).toBe(true);
  });
});

describe("the masks", () => {
  test("allow every callable function in some state", () => {
    const nowhere = callable.filter((entry) => !inCallback.some((state) => allows(entry, state)));
    expect(nowhere.map((entry) => entry.name)).toEqual([]);
  });

  test("allow no running-only function in any startup state", () => {
    for (const entry of withPhase("running")) {
      const wrong = inCallback.filter((state) => state.phase === "startup" && allows(entry, state));
      expect(wrong.map(keyOf), entry.name).toEqual([]);
    }
  });

  test("do not take OPTIONS_END for the boundary", () => {
    const atEnd = inCallback.filter(({ callback }) => callback === "OPTIONS_END");
    expect(atEnd.length).toBeGreaterThan(0);
    for (const name of ["vdev_path", "vdev_string", "vdev_thread_create"]) {
      for (const state of atEnd) expect(allows(entryOf(name), state), name).toBe(false);
    }
    for (const state of atEnd) expect(allows(entryOf("guest_timer_create"), state)).toBe(true);
  });

  test("allow every running function from GUEST_CONFIGURED on, whatever happens", () => {
    const running = inCallback.filter(({ phase }) => phase === "running");
    for (const entry of withPhase("running")) {
      const wrong = running.filter((state) => !allows(entry, state));
      expect(wrong.map(keyOf), entry.name).toEqual([]);
    }
  });

  test("allow no startup function from GUEST_CONFIGURED on, not even in the other vdev's turn", () => {
    const running = inCallback.filter(({ phase }) => phase === "running");
    for (const entry of withPhase("startup")) {
      const wrong = running.filter((state) => allows(entry, state));
      expect(wrong.map(keyOf), entry.name).toEqual([]);
    }
  });

  test("allow startup functions in every startup callback but those the manual excludes", () => {
    const startup = inCallback.filter(({ phase }) => phase === "startup");
    for (const entry of withPhase("startup")) {
      const refused = new Set(startup.filter((state) => !allows(entry, state)).map(({ callback }) => callback));
      const excluded = entry.name === "vio_init" ? ["OPTION", "OPTIONS_START", "module-start"] : [];
      expect([...refused].sort(), entry.name).toEqual(excluded);
    }
  });

  test("allow vdev_pulse() exactly after VDEV_CTRL_OPTIONS_START of the vdev has returned", () => {
    const pulse = entryOf("vdev_pulse");
    for (const state of inCallback) {
      // A start that is given up terminates vdevs that had no callback yet: the situation alone cannot tell.
      if (state.callback === "TERMINATE") continue;
      expect(allows(pulse, state), keyOf(state)).toBe(state.optionsStarted);
    }
  });

  test("allow vdev_register_factory() only while the module starts", () => {
    for (const state of inCallback) {
      expect(allows(entryOf("vdev_register_factory"), state)).toBe(state.callback === "module-start");
    }
  });

  test("allow functions of both and of unknown phase everywhere", () => {
    for (const entry of [...withPhase("both"), ...withPhase("unknown")]) {
      expect(inCallback.filter((state) => !allows(entry, state)).map(keyOf), entry.name).toEqual([]);
    }
  });
});
