import { describe, expect, test } from "vitest";
import { ENTRIES, FUNCTIONS } from "../../abi/definition/index.ts";
import { CALLBACKS, type FunctionEntry } from "../../abi/definition/schema.ts";
import { CONTEXTS, verdict } from "./conformance.ts";
import { gateTable } from "./gate-table.ts";
import { callbackMasks } from "./masks.ts";

const functionOf = (name: string) => FUNCTIONS.find((entry) => entry.name === name) as FunctionEntry;
const at = (text: string) => {
  const [phase, callback, thread] = text.split(" ");
  const found = CONTEXTS.find(
    (where) => where.phase === phase && where.callback === callback && where.thread === thread,
  );
  if (found === undefined) throw new Error(`no situation ${text}`);
  return found;
};

describe("contexts", () => {
  test("are those the callback entries give", () => {
    const masks = callbackMasks(ENTRIES);
    for (const phase of ["startup", "running"] as const) {
      const given = CALLBACKS.filter((_, i) => ((masks[phase] >>> i) & 1) === 1);
      const listed = new Set(CONTEXTS.filter((where) => where.phase === phase).map(({ callback }) => callback));
      expect([...listed].sort(), phase).toEqual([...given].sort());
    }
  });

  test("are on the thread the callback entry gives", () => {
    for (const entry of ENTRIES) {
      if (entry.kind !== "callback" || entry.callback === undefined || entry.thread.value === "caller") continue;
      const threads = new Set(
        CONTEXTS.filter((where) => where.callback === entry.callback).map(({ thread }) => thread),
      );
      expect([...threads], entry.name).toEqual([entry.thread.value]);
    }
  });
});

describe("verdicts", () => {
  test("agree with the phase masks of the gate table, which are worked out another way", () => {
    for (const gate of gateTable(ENTRIES)) {
      const entry = functionOf(gate.name);
      for (const where of CONTEXTS) {
        const mask = where.phase === "startup" ? gate.allowedStartup : gate.allowedRunning;
        const allowed = ((mask >>> CALLBACKS.indexOf(where.callback)) & 1) === 1;
        const said = verdict(entry, where, true).some((finding) => finding.endsWith(":phase"));
        expect(said, `${gate.name} in ${where.phase} ${where.callback}`).toBe(!allowed);
      }
    }
  });

  test.each([
    ["vdev_path", "startup OPTIONS_END main", ["violation:phase"]],
    ["vdev_path", "running GUEST_CONFIGURED main", []],
    ["guest_timer_create", "running vread vcpu", ["violation:phase"]],
    ["vdev_register_factory", "startup OPTIONS_START main", ["warning:phase"]],
    ["gasp_region_set_soft", "running timer timer", ["violation:lock"]],
    ["gasp_region_set_soft", "running vwrite vcpu", ["warning:advice", "violation:lock"]],
    ["gasp_find_free", "startup ASSIGN main", []],
    ["gasp_find_free", "running thread vdev", ["violation:lock"]],
    ["pthread_cond_wait", "running vread vcpu", ["warning:may-block"]],
    ["pthread_cond_wait", "running thread vdev", []],
    ["pthread_mutex_lock", "running vread vcpu", []],
    ["qvm_report", "startup STATUS main", ["warning:phase"]],
  ])("%s in %s", (name, where, expected) => {
    expect(verdict(functionOf(name), at(where), false)).toEqual(expected);
  });

  test("the lock makes gasp_region_set_soft() legal", () => {
    expect(verdict(functionOf("gasp_region_set_soft"), at("running thread vdev"), true)).toEqual([]);
  });
});
