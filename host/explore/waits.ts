import { THREAD } from "../gate/situation.ts";
import type { Thread } from "../threads/thread.ts";
import type { Remark } from "../vm/findings.ts";
import type { Vm } from "../vm/vm.ts";
import { type Places, recordAt } from "./places.ts";

/** What is wrong with what threads wait for, found as soon as they do. */
export class Waits {
  readonly #vm: Vm;
  readonly #places: Places;

  constructor(vm: Vm, places: Places) {
    this.#vm = vm;
    this.#places = places;
  }

  /** A thread has just begun to wait. @returns whether it, and others with it, will wait for ever */
  began(thread: Thread): boolean {
    if (thread.wait?.for === "mutex" || thread.wait?.for === "join") {
      const circle = circleFrom(thread);
      if (circle !== undefined) {
        this.#deadlock(circle);
        return true;
      }
    }
    this.#blockedOwners(thread);
    return false;
  }

  /** A vCPU may wait for a mutex, but not for what its owner waits for meanwhile. */
  #blockedOwners(changed: Thread): void {
    for (const thread of this.#vm.threads!.all) {
      if (thread.state !== "waiting" || thread.wait?.for !== "mutex") continue;
      const owner = thread.wait.owner();
      if (owner === undefined || (changed !== thread && changed !== owner)) continue;
      if (thread.kind === THREAD.vcpu && isBlocked(owner)) this.#blockedOwner(thread, owner);
    }
  }

  #blockedOwner(thread: Thread, owner: Thread): void {
    const name = nameOfWait(thread);
    recordAt(this.#vm, thread, this.#places.of(thread), {
      severity: "warning",
      rule: "blocked-owner",
      message: `${thread.name} waits for ${name}, and ${owner.name}, which holds it, waits for ${nameOfWait(owner)}`,
      reason: {
        text: "a vCPU thread may take a mutex, but must never be blocked: the guest's processor stands still",
        status: "advice of the manual",
      },
      advice: "Let go of the mutex before a call that may block, and take it again behind it.",
      also: [{ what: `${owner.name} waits while it holds ${name}`, stackOf: this.#places.of(owner) }],
    });
  }

  #deadlock(circle: readonly Thread[]): void {
    const [first] = circle;
    const words = circle.map((thread) => `${thread.name} waits for ${nameOfWait(thread)}${heldBy(thread)}`);
    recordAt(this.#vm, first!, this.#places.of(first), {
      ...DEADLOCK,
      message: `deadlock: ${words.join("; ")}`,
      also: circle.slice(1).map((thread) => ({ what: `${thread.name} waits`, stackOf: this.#places.of(thread) })),
    });
  }

  /** A wait for a condition variable ended without a signal, right after it began, and the thread went on. */
  noPredicate(thread: Thread, place: Error | undefined): void {
    recordAt(this.#vm, thread, place, {
      severity: "warning",
      rule: "predicate",
      message: `${thread.name} went on when its wait for a condition variable ended without a signal, though nothing had changed`,
      reason: { text: "pthread_cond_wait() may return without a signal (POSIX: spurious wakeups)", status: "POSIX" },
      advice:
        "Wait in a loop: while (!predicate) pthread_cond_wait(…), and look at the predicate before the first wait.",
    });
  }

  /** Nobody will signal any more, and a thread that was woken all the same found something to do. */
  lostWakeup(thread: Thread, name: string, place: Error | undefined): void {
    recordAt(this.#vm, thread, place, {
      severity: "warning",
      rule: "lost-wakeup",
      message: `${thread.name} waits for ${name} for ever, though there is something for it to do: the signal came too early, or never`,
      advice: "Change what is waited for and signal under the mutex, and look at the predicate before each wait.",
    });
  }

  /** A vCPU waits for a mutex that is given back, and never gets it. */
  starved(thread: Thread): void {
    const owner = thread.wait?.for === "mutex" ? thread.wait.owner() : undefined;
    recordAt(this.#vm, thread, this.#places.of(thread), {
      severity: "warning",
      rule: "starvation",
      message: `${thread.name} waits for ${nameOfWait(thread)} and never gets it${owner === undefined ? "" : `: ${owner.name} has it nearly all the time`}`,
      advice: "Do not hold a mutex while waiting for time to pass, and let others have a turn before taking it again.",
      also:
        owner === undefined
          ? []
          : [{ what: `${owner.name} waits for ${nameOfWait(owner)}`, stackOf: this.#places.of(owner) }],
    });
  }

  /** Nobody can go on, and a callback has not ended. */
  stuck(threads: readonly Thread[]): void {
    const [first] = threads;
    const holder = first!.wait?.for === "mutex" ? first!.wait.owner() : undefined;
    recordAt(this.#vm, first!, this.#places.of(first), {
      ...DEADLOCK,
      message: `deadlock: ${first!.name} waits for ${nameOfWait(first!)}${heldBy(first!)}, and nothing will ever wake it`,
      also:
        holder === undefined
          ? []
          : [{ what: `${holder.name} waits for ${nameOfWait(holder)}`, stackOf: this.#places.of(holder) }],
    });
  }
}

const DEADLOCK = {
  severity: "fault",
  rule: "deadlock",
  advice: "Take locks in one order everywhere, and wait only for what somebody else will surely do.",
} as const satisfies Partial<Remark>;

function heldBy(thread: Thread): string {
  const owner = thread.wait?.for === "mutex" ? thread.wait.owner() : undefined;
  return owner === undefined ? "" : `, which ${owner.name} holds`;
}

export function nameOfWait({ wait }: Pick<Thread, "wait">): string {
  if (wait === undefined || wait.for === "turn") return "its turn";
  if (wait.for === "time") return "time to pass";
  if (wait.for === "join") return `the end of ${wait.of.name}`;
  return wait.name;
}

function isBlocked(thread: Thread): boolean {
  const kind = thread.wait?.for;
  return thread.state === "waiting" && (kind === "time" || kind === "cond" || kind === "sem" || kind === "join");
}

/** Threads that wait for each other, from this one on. */
function circleFrom(thread: Thread): Thread[] | undefined {
  const chain: Thread[] = [];
  for (let next: Thread | undefined = thread; next !== undefined; ) {
    if (next.state !== "waiting" || next.alarm.isSet) return undefined;
    chain.push(next);
    const { wait }: Thread = next;
    next = wait?.for === "mutex" ? wait.owner() : wait?.for === "join" ? wait.of : undefined;
    if (next === thread) return chain;
    if (next !== undefined && chain.includes(next)) return undefined; // told when those began
  }
  return undefined;
}
