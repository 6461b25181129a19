import { type GateEntry, THREADS } from "../../abi/definition/schema.ts";
import type { ImportReport } from "./report.ts";

/** What binds a call of an imported ABI function. */
export function importReport(entry: GateEntry): ImportReport {
  const threads = THREADS.filter((_, i) => ((entry.threads >>> i) & 1) === 1);
  return {
    name: entry.name,
    header: entry.header,
    phase: { value: entry.phase.value, status: entry.phase.status },
    threads: { value: threads.length === THREADS.length ? "any" : threads, status: entry.threadsStatus },
    thread_safe: { value: entry.threadSafe.value, status: entry.threadSafe.status },
    may_block: { value: entry.mayBlock.value, status: entry.mayBlock.status },
    lock_needed: entry.lockNeeded,
    prototype: entry.prototype,
    body: entry.body,
    ...(entry.source === "" ? {} : { manual: entry.source }),
  };
}

/** qvm functions whose signature is vdevbox's own: a module that calls them will not compile against qvm as is. */
export function notPortable(calls: readonly GateEntry[]): string[] {
  return calls
    .filter((entry) => entry.module === "qvm" && entry.prototype === "vdevbox")
    .map((entry) => entry.name)
    .sort();
}
