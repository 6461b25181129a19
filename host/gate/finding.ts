import type { SourcePlace } from "../errors.ts";
import type { Situation } from "./situation.ts";

/** Which kind of rule was broken. `result`: what a callback returned. `limit`: fuel, call depth, memory. */
export type RuleName =
  | "phase"
  | "thread"
  | "advice"
  | "lock"
  | "may-block"
  | "thread-safety"
  | "argument"
  | "result"
  | "callback"
  | "double-fetch"
  | "mapping"
  | "race"
  | "limit"
  | "memory-growth"
  | "abort"
  | "invariant"
  | "reference"
  | "reset"
  | "nondeterminism"
  | "trap"
  | "deadlock"
  | "lock-order"
  | "blocked-owner"
  | "predicate"
  | "lost-wakeup"
  | "starvation";

/** One frame of a vdev's call stack, innermost first. */
export interface StackFrame {
  readonly function: string;
  /** Module file the frame belongs to. */
  readonly module: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** A vdev as a report names it. */
export interface VdevName {
  readonly name: string;
  readonly type: string;
  readonly location: string;
}

/**
 * Something a vdev did wrong. A *violation* breaks a documented rule, a *warning* an inferred rule or advice, a *fault*
 * is a module that could not go on. All three carry the same facts.
 */
export interface Finding {
  readonly severity: "violation" | "warning" | "fault";
  readonly rule: RuleName;
  /** One sentence: what happened. */
  readonly message: string;
  /** The call, with the values of its arguments as text; absent when no ABI call was involved. */
  readonly call?: {
    readonly name: string;
    readonly arguments: readonly { readonly name: string; readonly value: string }[];
  };
  /** The rule in words, how sure it is, and the public page it is on. */
  readonly reason?: { readonly text: string; readonly status: string; readonly manual?: string };
  readonly situation: Situation;
  readonly vdev: VdevName | undefined;
  readonly module: string;
  readonly stack: readonly StackFrame[];
  /** Other places it takes to understand it: where a lock was taken, where another thread stands. */
  readonly also?: readonly { readonly what: string; readonly stack: readonly StackFrame[] }[];
  /** Every vdev that stops with this one, because they share a module instance. */
  readonly affected: readonly string[];
  readonly advice: string;
  /** Of a race: both accesses, the earlier one first. */
  readonly accesses?: readonly FoundAccess[];
  /** Of two answers that had to be equal. */
  readonly compared?: ComparedAnswers;
}

/** What a device answered, and what it should have. */
export interface ComparedAnswers {
  /** Of what: the same whatever the values are. */
  readonly what: string;
  readonly got: string;
  readonly expected: string;
  /** Which access or operation it was of those that lead there. */
  readonly where: string;
}

/** One access of memory that a finding is about. */
export interface FoundAccess {
  readonly thread: string;
  readonly writes: boolean;
  readonly place: SourcePlace | undefined;
  /** Names of the locks that were held. */
  readonly locks: readonly string[];
}

/** Thrown through a module to stop it: the finding is already recorded. */
export class StopModule extends Error {
  override readonly name = "StopModule";
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.message);
    this.finding = finding;
  }
}

/** Thrown through a module when the VM is to end: guest_terminate(), qvm_fatal(). */
export class EndOfVm extends Error {
  override readonly name = "EndOfVm";
  readonly exitCode: number;

  constructor(exitCode: number, reason: string) {
    super(reason);
    this.exitCode = exitCode;
  }
}

/** The finding as people read it, several lines, no trailing newline. */
export function formatFinding(finding: Finding): string {
  const rows: [string, string][] = [];
  if (finding.call !== undefined) {
    const values = finding.call.arguments.map((argument) => `${argument.name}=${argument.value}`);
    rows.push(["call", `${finding.call.name}(${values.join(", ")})`]);
  }
  if (finding.reason !== undefined) {
    rows.push(["rule", `${finding.rule}: ${finding.reason.text} (${finding.reason.status})`]);
    if (finding.reason.manual !== undefined) rows.push(["manual", finding.reason.manual]);
  } else {
    rows.push(["rule", finding.rule]);
  }
  if (finding.compared !== undefined) {
    const { got, expected, where } = finding.compared;
    rows.push(["got", got], ["not", expected], ["where", where]);
  }
  finding.stack.forEach((frame, i) => {
    rows.push([i === 0 ? "where" : "", formatFrame(frame)]);
  });
  for (const { what, stack } of finding.also ?? []) {
    rows.push(["also", `${what}${stack.length === 0 ? "" : ":"}`]);
    for (const frame of stack) rows.push(["", `  ${formatFrame(frame)}`]);
  }
  if (finding.vdev !== undefined)
    rows.push(["vdev", `${finding.vdev.name} (${finding.vdev.type}) at ${finding.vdev.location}`]);
  rows.push(["during", formatSituation(finding.situation)]);
  if (finding.affected.length > 1)
    rows.push(["stops", `${finding.affected.join(", ")}: they share one module instance`]);
  rows.push(["advice", finding.advice]);
  const lines = rows.map(([title, text]) => `  ${title.padEnd(7)} ${text}`);
  return [`${finding.severity}: ${finding.message}`, ...lines].join("\n");
}

export function formatFrame(frame: StackFrame): string {
  if (frame.file === undefined) return `${frame.function} in ${frame.module} (no source position)`;
  return `${frame.file}:${frame.line}:${frame.column} in ${frame.function}`;
}

export function formatSituation(situation: Situation): string {
  const thread = situation.vcpu === undefined ? `${situation.thread} thread` : `vCPU ${situation.vcpu}`;
  const trap = situation.trap === 0 ? "" : `, trap #${situation.trap}`;
  return `callback ${situation.callback}, phase ${situation.phase}, ${thread}${trap}`;
}
