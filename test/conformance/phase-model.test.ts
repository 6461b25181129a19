/**
 * The phase machine as a small model: all states a VM with one vdev can be in, and what may happen next in each. Every
 * situation of the conformance table is one the model reaches, and the other way round; and for each function the
 * table says about phases what the model says.
 */
import { describe, expect, it } from "vitest";
import { FUNCTIONS } from "../../abi/definition/index.ts";
import type { CallbackName, CallPhase, Phase } from "../../abi/definition/schema.ts";
import { CONFORMANCE, CONTEXTS, VERDICTS } from "../../abi/generated/conformance.ts";

/** How far a VM has come. */
const STAGES = ["nothing", "loaded", "begun", "ended options", "assigned", "configured", "running", "over"] as const;
type Stage = (typeof STAGES)[number];

interface Step {
  readonly callback: CallbackName;
  readonly to: Stage;
}

const step = (callback: CallbackName, to: Stage): Step => ({ callback, to });
/** Callbacks whose place in the startup no page gives: any time once the vdev has begun. */
const WHEN_BEGUN = ["PCI_BARS", "GEN_FDT", "GEN_ACPI", "STATUS", "BUTTON"] as const;
const OF_PICS_EARLY = ["pic-notify", "pic-parse", "pic-string", "pic-table-spec"] as const;
const WHILE_RUNNING = [
  ...(["vread", "vwrite", "instruction", "timer", "pulse", "thread", "STATUS", "BUTTON"] as const),
  ...(["pic-signal", ...OF_PICS_EARLY, "msi-deliver", "power-state"] as const),
];

/** What may happen in a stage, and where it leads. */
function steps(stage: Stage): readonly Step[] {
  const stay = (callbacks: readonly CallbackName[]) => callbacks.map((callback) => step(callback, stage));
  switch (stage) {
    case "nothing":
      return [step("module-start", "loaded")];
    case "loaded":
      return [step("OPTIONS_START", "begun")];
    case "begun":
      return [
        ...stay(["OPTION", ...WHEN_BEGUN, ...OF_PICS_EARLY]),
        step("OPTIONS_END", "ended options"),
        step("TERMINATE", "over"),
      ];
    case "ended options":
      return [...stay([...WHEN_BEGUN, ...OF_PICS_EARLY]), step("ASSIGN", "assigned"), step("TERMINATE", "over")];
    case "assigned":
      return [
        ...stay([...WHEN_BEGUN, ...OF_PICS_EARLY]),
        step("GUEST_CONFIGURED", "configured"),
        step("TERMINATE", "over"),
      ];
    case "configured":
      return [step("GUEST_STARTING", "running"), step("TERMINATE", "over")];
    case "running":
      return [...stay(WHILE_RUNNING), step("TERMINATE", "over")];
    case "over":
      return [];
  }
}

/** The boundary is GUEST_CONFIGURED: what it is called in is already running. */
function phaseOf(stage: Stage, callback: CallbackName): Phase {
  return callback === "GUEST_CONFIGURED" || STAGES.indexOf(stage) >= STAGES.indexOf("configured")
    ? "running"
    : "startup";
}

interface Reached {
  readonly stage: Stage;
  readonly callback: CallbackName;
  readonly phase: Phase;
}

/** Every (stage, callback) from the beginning on. */
function explore(): Reached[] {
  const reached: Reached[] = [];
  const seen = new Set<Stage>();
  const open: Stage[] = ["nothing"];
  for (let stage = open.pop(); stage !== undefined; stage = open.pop()) {
    if (seen.has(stage)) continue;
    seen.add(stage);
    for (const { callback, to } of steps(stage)) {
      reached.push({ stage, callback, phase: phaseOf(stage, callback) });
      open.push(to);
    }
  }
  return reached;
}

/** What the rule means in a state of the model, said without masks. */
function allows(rule: CallPhase, { stage, callback, phase }: Reached): boolean {
  switch (rule) {
    case "startup":
    case "running":
      return phase === rule;
    case "both":
    case "unknown":
      return true;
    case "module-start":
      return stage === "nothing";
    case "after-options-start":
      return stage !== "nothing" && stage !== "loaded" && callback !== "OPTIONS_START";
  }
}

const REACHED = explore();
const functions = FUNCTIONS.filter((entry) => entry.name in CONFORMANCE && entry.callbacks === undefined);

describe("the phase machine", () => {
  it("reaches every stage and ends in one", () => {
    expect(new Set(REACHED.map(({ stage }) => stage)).size).toBe(STAGES.length - 1);
    expect(steps("over")).toEqual([]);
  });

  it("has the situations of the conformance table and no others", () => {
    const name = ({ callback, phase }: { callback: CallbackName; phase: Phase }) => `${callback} ${phase}`;
    expect(new Set(REACHED.map(name))).toEqual(new Set(CONTEXTS.map(name)));
  });

  it.each(functions.map((entry) => [entry.name, entry] as const))("agrees on %s", (name, entry) => {
    for (const state of REACHED) {
      CONTEXTS.forEach(({ callback, phase, thread }, i) => {
        if (callback !== state.callback || phase !== state.phase) return;
        const refused = VERDICTS[CONFORMANCE[name]![i]!]!.some((verdict) => verdict.endsWith(":phase"));
        expect(refused, `${name} in ${callback} on ${thread}, ${state.stage}`).toBe(!allows(entry.phase.value, state));
      });
    }
  });
});
