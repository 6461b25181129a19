import {
  CALLBACKS,
  type CallbackName,
  type GateEntry,
  type Phase,
  type Status,
  THREADS,
  type ThreadKind,
} from "../../abi/definition/schema.ts";
import { phaseAdvice, phaseRule } from "../gate/advice.ts";
import type { Finding, RuleName } from "../gate/finding.ts";

/** A situation in which a callback runs. */
export interface RunContext {
  readonly callback: CallbackName;
  readonly phase: Phase;
  readonly thread: ThreadKind;
}

/** A rule that a call would break, in the words of the gate. */
export interface Breach {
  readonly severity: "violation" | "warning";
  readonly rule: RuleName;
  /** What is wrong, to stand behind "NAME(), which". */
  readonly wrong: string;
  readonly reason: NonNullable<Finding["reason"]>;
  readonly advice: string;
}

/**
 * What the gate would report if the function were called there, its arguments being right: the same rules in the same
 * order, and nothing after the first violation.
 * @param mayHoldLock whether the address space lock can be held at the call
 */
export function breaches(entry: GateEntry, context: RunContext, mayHoldLock: boolean): readonly Breach[] {
  const found: Breach[] = [];
  for (const rule of [phase, thread, advisedAgainst, lock, mayBlock]) {
    const breach = rule(entry, context, mayHoldLock);
    if (breach === undefined) continue;
    found.push(breach);
    if (breach.severity === "violation") break;
  }
  return found;
}

function breach(
  entry: GateEntry,
  rule: RuleName,
  by: { readonly status: Status; readonly note?: string },
  wrong: string,
  words: { readonly text: string; readonly advice: string },
): Breach {
  return {
    severity: by.status === "documented" ? "violation" : "warning",
    rule,
    wrong,
    reason: {
      text: words.text,
      status: by.note ?? by.status,
      ...(entry.source === "" ? {} : { manual: entry.source }),
    },
    advice: words.advice,
  };
}

function phase(entry: GateEntry, context: RunContext): Breach | undefined {
  const allowed = context.phase === "startup" ? entry.allowedStartup : entry.allowedRunning;
  if (((allowed >>> CALLBACKS.indexOf(context.callback)) & 1) === 1) return undefined;
  return breach(entry, "phase", entry.phase, `may not be called there (phase ${context.phase})`, {
    text: phaseRule(entry),
    advice: phaseAdvice(entry, context.callback),
  });
}

function thread(entry: GateEntry, context: RunContext): Breach | undefined {
  if (isOn(entry.threads, context)) return undefined;
  const by = { status: entry.threadsStatus };
  return breach(entry, "thread", by, `may not be called on a ${context.thread} thread`, {
    text: `${entry.name}() is not for ${context.thread} threads`,
    advice: "Call it from a thread this function is meant for.",
  });
}

function advisedAgainst(entry: GateEntry, context: RunContext): Breach | undefined {
  if (!isOn(entry.advisedAgainst, context)) return undefined;
  return breach(
    entry,
    "advice",
    { status: "inferred", note: "advice of the manual" },
    `should not be called on a ${threadName(context)} thread`,
    {
      text: entry.advice,
      advice: "The guest's processor waits meanwhile; let a thread of the vdev's own do it.",
    },
  );
}

function lock(entry: GateEntry, context: RunContext, mayHoldLock: boolean): Breach | undefined {
  if (entry.lockNeeded === "never" || mayHoldLock) return undefined;
  if (entry.lockNeeded === "running" && context.phase === "startup") return undefined;
  const wrong = "needs the address space lock, and gasp_lock() is never called there";
  return breach(entry, "lock", { status: "documented" }, wrong, {
    text: `${entry.name}() ${entry.lockNeeded === "running" ? "while running " : ""}belongs between gasp_lock() and gasp_unlock()`,
    advice: "Call gasp_lock() with the region's type first and gasp_unlock() after it.",
  });
}

function mayBlock(entry: GateEntry, context: RunContext): Breach | undefined {
  if (entry.mayBlock.value === "no" || context.thread !== "vcpu") return undefined;
  return breach(entry, "may-block", entry.mayBlock, "may block, and this is a vCPU thread", {
    text: "a call that may block belongs on a thread the vdev made itself",
    advice: "Hand the work to a thread made with vdev_thread_create() and return.",
  });
}

function isOn(mask: number, context: RunContext): boolean {
  return ((mask >>> THREADS.indexOf(context.thread)) & 1) === 1;
}

function threadName(context: RunContext): string {
  return context.thread === "vcpu" ? "vCPU" : context.thread;
}
