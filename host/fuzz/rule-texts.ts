import type { RuleName } from "../gate/finding.ts";

/** What each kind of rule asks for, in a sentence, for tools that list rules. */
const TEXTS: Partial<Record<RuleName, string>> = {
  phase: "A call of the API is made only in the phases and callbacks that its manual page allows.",
  thread: "A call of the API is made only on the threads that may make it.",
  lock: "A lock is taken and given back as the API says, and not kept over the end of a callback.",
  "may-block": "A call that may block is not made where nothing may block.",
  "thread-safety": "A call that is not safe among threads is made under the lock that its manual page names.",
  argument: "Arguments of a call of the API have the values that its manual page allows.",
  result: "A callback returns a value that the API defines for it.",
  callback: "A vdev has the callbacks that it asks the API to call.",
  "double-fetch": "Guest memory is fetched once: between two fetches the guest may change it.",
  mapping: "A mapping of guest memory is used as the API says.",
  race: "Two threads use the same memory, one of them to write it, with nothing that orders them.",
  limit: "A callback ends within its limits of steps, calls and memory.",
  abort: "An assertion of the author's holds, and abort() is not called.",
  invariant: "What the author says must hold between callbacks holds.",
  reference: "A device answers as the reference does that it is compared with.",
  reset: "After its own reset a device does what it does after a reset of a device that was never used.",
  nondeterminism: "The same program, executed twice from the same moment, does the same.",
  trap: "WebAssembly code does not trap: accesses stay in memory, divisors are not 0, pointers to functions fit.",
  deadlock: "Threads do not wait for each other in a circle.",
  "lock-order": "Locks are taken in the same order everywhere.",
  "blocked-owner": "A thread that has a lock others need does not wait for something else.",
  predicate: "A condition is looked at again after a wait: waits end early too.",
  "lost-wakeup": "A wake-up is not sent before somebody waits for it.",
  starvation: "Every thread gets on in the end.",
};

/** @param rule of a finding, also one that has no sentence of its own here */
export function ruleText(rule: string): string {
  return TEXTS[rule as RuleName] ?? `Rule ${rule} of vdevbox holds.`;
}
