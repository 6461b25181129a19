import type { CallbackName, Entry, FunctionEntry, Phase, Rule, ThreadKind } from "../../abi/definition/schema.ts";

/**
 * The expected verdict for every call in every situation, worked out from the rules one by one and not from the masks
 * of the gate table: the two routes are compared by a test that drives the real gate.
 */
export interface CallContext {
  readonly callback: CallbackName;
  readonly phase: Phase;
  readonly thread: ThreadKind;
}

const CONTROL_AT_STARTUP = [
  ...(["module-start", "OPTIONS_START", "OPTION", "OPTIONS_END", "ASSIGN"] as const),
  ...(["PCI_BARS", "GEN_FDT", "GEN_ACPI", "STATUS", "BUTTON", "TERMINATE"] as const),
] as const;
const CONTROL_WHILE_RUNNING = ["GUEST_CONFIGURED", "GUEST_STARTING", "STATUS", "BUTTON", "TERMINATE"] as const;
/** Phase unknown: they may come while the VM is put together. */
const PIC_AT_STARTUP = ["pic-notify", "pic-parse", "pic-string", "pic-table-spec"] as const;
/** On the thread of whoever caused them. */
const ON_ANY_THREAD = ["pic-signal", ...PIC_AT_STARTUP, "msi-deliver", "power-state"] as const;
const OWN_THREADS: readonly (readonly [CallbackName, ThreadKind])[] = [
  ["vread", "vcpu"],
  ["vwrite", "vcpu"],
  ["instruction", "vcpu"],
  ["timer", "timer"],
  ["pulse", "pulse"],
  ["thread", "vdev"],
];

/** Every situation a vdev can be in. */
export const CONTEXTS: readonly CallContext[] = [
  ...[...CONTROL_AT_STARTUP, ...PIC_AT_STARTUP].map((callback) => context(callback, "startup", "main")),
  ...CONTROL_WHILE_RUNNING.map((callback) => context(callback, "running", "main")),
  ...OWN_THREADS.map(([callback, thread]) => context(callback, "running", thread)),
  ...ON_ANY_THREAD.flatMap((callback) =>
    (["main", "vcpu", "timer", "pulse", "vdev"] as const).map((thread) => context(callback, "running", thread)),
  ),
];

function context(callback: CallbackName, phase: Phase, thread: ThreadKind): CallContext {
  return { callback, phase, thread };
}

/**
 * What the gate reports, in its order: `violation:RULE` or `warning:RULE`. A violation is the last.
 * @param lockHeld whether the calling thread holds the address space lock
 */
export function verdict(entry: FunctionEntry, where: CallContext, lockHeld: boolean): readonly string[] {
  const findings: string[] = [];
  for (const [rule, status] of brokenRules(entry, where, lockHeld)) {
    const severity = status === "documented" && rule !== "advice" ? "violation" : "warning";
    findings.push(`${severity}:${rule}`);
    if (severity === "violation") break;
  }
  return findings;
}

function* brokenRules(
  entry: FunctionEntry,
  where: CallContext,
  lockHeld: boolean,
): Generator<readonly [string, Rule<unknown>["status"]]> {
  if (!phaseAllows(entry, where)) yield ["phase", entry.phase.status];
  const { threads, adviseAgainst } = entry;
  if (threads.value !== "any" && !threads.value.includes(where.thread)) yield ["thread", threads.status];
  if (adviseAgainst?.threads.includes(where.thread)) yield ["advice", "documented"];
  for (const lock of entry.locks ?? []) {
    if (!("needed" in lock) || lockHeld) continue;
    if (lock.needed === "always" || where.phase === "running") yield ["lock", "documented"];
  }
  if (entry.mayBlock.value === "yes" && where.thread === "vcpu") yield ["may-block", entry.mayBlock.status];
}

function phaseAllows(entry: FunctionEntry, { callback, phase }: CallContext): boolean {
  const { only, except } = entry.callbacks ?? {};
  if (only !== undefined && !only.includes(callback)) return false;
  if (except?.includes(callback)) return false;
  switch (entry.phase.value) {
    case "startup":
    case "running":
      return phase === entry.phase.value;
    case "module-start":
      return callback === "module-start";
    case "after-options-start":
      return callback !== "module-start" && callback !== "OPTIONS_START";
    default:
      return true;
  }
}

/** abi/generated/conformance.ts: one letter a situation, a string a function. */
export function generateConformance(entries: readonly Entry[]): string {
  const letters = new Map<string, string>([["", "."]]);
  const row = (entry: FunctionEntry, lockHeld: boolean) =>
    CONTEXTS.map((where) => letterOf(verdict(entry, where, lockHeld), letters)).join("");
  const functions = entries.filter((entry) => entry.kind === "function" && entry.prototype !== "unknown");
  const checked = functions.filter(
    (entry) => entry.kind === "function" && entry.body !== "assembly",
  ) as FunctionEntry[];
  const free = Object.fromEntries(checked.map((entry) => [entry.name, row(entry, false)]));
  const locked = Object.fromEntries(
    checked
      .filter((entry) => entry.locks?.some((lock) => "needed" in lock))
      .map((entry) => [entry.name, row(entry, true)]),
  );
  const verdicts = Object.fromEntries(
    [...letters].map(([findings, letter]) => [letter, findings === "" ? [] : findings.split(" ")]),
  );
  return [
    "// Generated from abi/definition by build/generators: do not edit.",
    'import type { CallbackName, Phase, ThreadKind } from "../definition/schema.ts";',
    "",
    "/** Every situation a vdev can be in; the rows below have one letter for each. */",
    `export const CONTEXTS: readonly { readonly callback: CallbackName; readonly phase: Phase; readonly thread: ThreadKind }[] = ${JSON.stringify(CONTEXTS)};`,
    "",
    "/** What the gate reports, in order. `.` is an allowed call. */",
    `export const VERDICTS: Readonly<Record<string, readonly string[]>> = ${JSON.stringify(verdicts)};`,
    "",
    "/** By function, when the calling thread does not hold the address space lock. */",
    `export const CONFORMANCE: Readonly<Record<string, string>> = ${JSON.stringify(free)};`,
    "",
    "/** The functions for which holding the lock makes a difference. */",
    `export const CONFORMANCE_LOCKED: Readonly<Record<string, string>> = ${JSON.stringify(locked)};`,
    "",
  ].join("\n");
}

/** The letter of a verdict; a new one gets the next. */
function letterOf(findings: readonly string[], letters: Map<string, string>): string {
  const key = findings.join(" ");
  const letter = letters.get(key) ?? String.fromCharCode("A".charCodeAt(0) + letters.size - 1);
  letters.set(key, letter);
  return letter;
}
