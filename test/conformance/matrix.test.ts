/**
 * Every ABI call in every situation, against abi/generated/conformance.ts, which is worked out from the definition
 * rule by rule and not from the masks the gate uses.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { GateEntry } from "../../abi/definition/schema.ts";
import { CONFORMANCE, CONFORMANCE_LOCKED, CONTEXTS, VERDICTS } from "../../abi/generated/conformance.ts";
import { QST_MEMORY } from "../../abi/generated/constants.ts";
import type { Finding } from "../../host/gate/finding.ts";
import type { Policy } from "../../host/vm/plan.ts";
import { Bench, type Outcome, type Where } from "./bench.ts";
import { CALLABLE, failure, NEEDS_OWN_THREAD, NEVER_RETURN } from "./calls.ts";

/** What a call returns that is allowed and given good arguments; what is not listed returns 0 (EOK, or nothing). */
const GOOD_RESULTS: Readonly<Record<string, (bench: Bench) => bigint | undefined>> = {
  // "device at 0x1c000000" and "/dev/qvm/test/device".
  vdev_string: () => 20n,
  vdev_path: () => 20n,
  // The lowest free 4 KiB: page 0, below the RAM at 0x1000.
  gasp_find_free: () => 0n,
  // From 0x1000 on: the RAM ends at 0x11000.
  gasp_find_free_range: () => 0x11000n,
  // From the top of the RAM down, each time another place.
  gram_find_free: () => undefined,
  gram_find_free_range: () => undefined,
  // Addresses of the module's own: only that they are not NULL is said.
  guest_timer_create: () => undefined,
  guest_power_state_notify_create: () => undefined,
  // ENOENT: the bench has no `dump FILE`.
  guest_write_core_file: () => 2n,
  // ESRCH: a number that is no thread of the module's.
  pthread_join: () => 3n,
  pthread_cancel: () => 3n,
  pthread_detach: () => 3n,
  pthread_setname_np: () => 3n,
  // A thread's number: only that it is one is said.
  pthread_self: () => undefined,
  vdevbox_guest_cpu: () => undefined,
  gasp_map_vdma: () => undefined,
  gasp_map_sys: () => undefined,
  gasp_map_contig: () => undefined,
  qvm_parse_block: () => undefined,
  // A gic's line 40 is level-triggered: 1.
  guest_intr_level: () => 1n,
  // "gic:40".
  guest_intr_string: () => 6n,
  // Nothing is pending, and 16 bytes are taken.
  cdev_output_empty: () => 1n,
  cdev_write: () => 16n,
  // "0x10" names no controller: the text itself is given back.
  qvm_parse_intr: () => undefined,
};

/** What a call can only do right after another call that one callback of the bench cannot make. */
const BROKEN_BY_ITSELF: Readonly<Record<string, string>> = {
  pthread_cond_wait: "violation:lock",
  pthread_mutex_unlock: "violation:lock",
  pthread_cond_timedwait: "violation:lock",
  // Nothing has been started.
  guest_clock_stop: "warning:argument",
  ...Object.fromEntries(NEEDS_OWN_THREAD.map((name) => [name, "violation:thread"])),
};

/** What a call is told of on one kind of thread only: whose time a vdev's own thread takes is no guest's. */
const TOLD_ON: Readonly<Record<string, { readonly thread: Where["thread"]; readonly as: string }>> = {
  guest_clock_start: { thread: "vdev", as: "warning:argument" },
};

let strict: Bench;
let report: Bench;
beforeAll(() => {
  strict = new Bench("strict");
  report = new Bench("report");
});

/** `violation:RULE`, `warning:RULE` of the gate; what a callback left behind is no call's. */
function verdictOf(findings: readonly Finding[]): string[] {
  return findings.filter((one) => one.call !== undefined).map((one) => `${one.severity}:${one.rule}`);
}

function describeWhere({ callback, phase, thread }: Where): string {
  return `${callback}, ${phase}, ${thread}`;
}

/** What went otherwise than it should, as a sentence; undefined when nothing did. */
function check(bench: Bench, policy: Policy, entry: GateEntry, where: Where, locked: boolean): string | undefined {
  const table = locked ? CONFORMANCE_LOCKED : CONFORMANCE;
  const verdict = VERDICTS[table[entry.name]![CONTEXTS.indexOf(where)]!]!;
  const isRefused = verdict.at(-1)?.startsWith("violation") === true;
  const told = TOLD_ON[entry.name];
  const itself = told?.thread === where.thread ? told.as : BROKEN_BY_ITSELF[entry.name];
  const own = isRefused ? undefined : itself;
  const expected = own === undefined ? verdict : [...verdict, own];
  const outcome = bench.call(entry, where, () => {
    if (locked) bench.vm.locks.lock(QST_MEMORY, bench.instance.id);
  });
  const got = verdictOf(outcome.findings);
  const at = `${entry.name} in ${describeWhere(where)}${locked ? " under the lock" : ""} (${policy})`;
  if (got.join() !== expected.join()) return `${at}: [${got}] instead of [${expected}]`;
  const wrong = checkOutcome(bench, policy, entry, expected.at(-1)?.startsWith("violation") === true, outcome);
  return wrong === undefined ? undefined : `${at}: ${wrong}`;
}

function checkOutcome(
  bench: Bench,
  policy: Policy,
  entry: GateEntry,
  refused: boolean,
  outcome: Outcome,
): string | undefined {
  const stops = refused && policy === "strict";
  if (outcome.stopped !== stops) return stops ? "the module was not stopped" : "the module was stopped";
  if (stops) return outcome.result === undefined ? undefined : "the call returned";
  const ends = !refused && NEVER_RETURN.includes(entry.name);
  if (outcome.ended !== ends) return ends ? "the VM did not end" : "the VM ended";
  if (ends) return undefined;
  const expected = expectedResult(bench, entry, refused);
  if (expected === undefined) return outcome.result === 0n ? "answered NULL" : undefined;
  return outcome.result === expected ? undefined : `answered ${outcome.result} instead of ${expected}`;
}

function expectedResult(bench: Bench, entry: GateEntry, refused: boolean): bigint | undefined {
  if (refused) return failure(entry, "refused");
  if (entry.body === "later") return failure(entry, "not implemented");
  const good = GOOD_RESULTS[entry.name];
  return good === undefined ? 0n : good(bench);
}

it("has a row for every call a module can make, and a letter for every situation", () => {
  expect(Object.keys(CONFORMANCE).sort()).toEqual(CALLABLE.map((entry) => entry.name).sort());
  for (const row of [...Object.values(CONFORMANCE), ...Object.values(CONFORMANCE_LOCKED)]) {
    expect(row).toHaveLength(CONTEXTS.length);
  }
});

describe.each(["strict", "report"] as const)("under %s", (policy) => {
  it.each(CALLABLE.map((entry) => [entry.name, entry] as const))("%s", (_name, entry) => {
    const bench = policy === "strict" ? strict : report;
    const wrong = CONTEXTS.flatMap((where) => check(bench, policy, entry, where, false) ?? []);
    expect(wrong).toEqual([]);
  });

  it.each(Object.keys(CONFORMANCE_LOCKED))("%s while the caller holds the lock", (name) => {
    const bench = policy === "strict" ? strict : report;
    const entry = CALLABLE.find((one) => one.name === name)!;
    const wrong = CONTEXTS.flatMap((where) => check(bench, policy, entry, where, true) ?? []);
    expect(wrong).toEqual([]);
  });
});
