/** The oracle is the generated conformance matrix: what the gate must report in every situation there is. */
import { describe, expect, it } from "vitest";
import { CONFORMANCE, CONTEXTS, VERDICTS } from "../../abi/generated/conformance.ts";
import { GATE_TABLE } from "../../abi/generated/gate-table.ts";
import { breaches } from "./rules.ts";

const entries = GATE_TABLE.filter((entry) => CONFORMANCE[entry.name] !== undefined);

describe("the rules that check applies", () => {
  it("covers every function that can be imported", () => {
    const callable = GATE_TABLE.filter((entry) => entry.prototype !== "unknown");
    expect(entries.map((entry) => entry.name)).toEqual(expect.arrayContaining(callable.map((entry) => entry.name)));
  });

  it.each(entries)("are the gate's for $name", (entry) => {
    CONTEXTS.forEach((context, i) => {
      const expected = VERDICTS[CONFORMANCE[entry.name]![i]!];
      const found = breaches(entry, context, false).map(({ severity, rule }) => `${severity}:${rule}`);
      expect(found, `${context.callback}, ${context.phase}, ${context.thread}`).toEqual(expected);
    });
  });

  it("does not ask for a lock that may be held", () => {
    const entry = entries.find(({ name }) => name === "gasp_region_set_soft")!;
    const context = { callback: "timer", phase: "running", thread: "timer" } as const;
    expect(breaches(entry, context, false).map(({ rule }) => rule)).toEqual(["lock"]);
    expect(breaches(entry, context, true)).toEqual([]);
  });
});
