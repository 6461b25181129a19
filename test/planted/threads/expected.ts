import { fileOf, linesOf } from "./planted.ts";

/** What kind of finding a planted mistake is. */
export type FindingClass =
  | "race"
  | "deadlock"
  | "lock-order"
  | "lock-kept"
  | "unlock"
  | "may-block"
  | "blocked-owner"
  | "no-predicate-loop"
  | "lost-wakeup"
  | "alive"
  | "starvation"
  | "fault"
  | "gate";

/** A planted mistake, and where its finding must point. */
export interface Planted {
  /** The vdev's type, and the name of its file in `assembly/`. */
  readonly name: string;
  readonly class: FindingClass;
  readonly file: string;
  /** Lines marked `// BUG`: a finding names one of them. */
  readonly bug: readonly number[];
  /** Lines marked `// WITH`: the other access of a race, the other lock of a cycle, where a thread was made; empty where there is none. */
  readonly with: readonly number[];
}

const CLASSES: Readonly<Record<string, FindingClass>> = {
  "missing-lock": "race",
  "lock-in-vwrite-only": "race",
  "double-checked": "race",
  "flag-outside-lock": "race",
  "flag-polled": "race",
  "reset-races-worker": "race",
  "result-without-join": "race",
  "static-out-parameter": "race",
  "thread-before-state": "race",
  "timer-without-lock": "race",
  "wide-counter": "race",
  "ring-index": "race",
  "check-then-act": "fault",
  "count-divides": "fault",
  abba: "deadlock",
  "abba-gasp-lock": "deadlock",
  "lock-order-of-three": "lock-order",
  "lock-kept": "lock-kept",
  "cancelled-with-lock": "lock-kept",
  "unlock-by-another": "unlock",
  "lost-wakeup": "lost-wakeup",
  "no-predicate-loop": "no-predicate-loop",
  "alive-after-terminate": "alive",
  "delay-on-vcpu": "may-block",
  "sem-wait-on-vcpu": "may-block",
  "sleeps-with-lock": "blocked-owner",
  starvation: "starvation",
  "timer-made-late": "gate",
};

/** Every planted mistake. */
export const PLANTED: readonly Planted[] = Object.entries(CLASSES).map(([name, which]) => ({
  name,
  class: which,
  file: fileOf(name),
  bug: linesOf(name, "BUG"),
  with: linesOf(name, "WITH"),
}));
