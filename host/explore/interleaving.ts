import { THREAD } from "../gate/situation.ts";
import type { Schedule } from "../threads/schedule.ts";
import type { Thread } from "../threads/thread.ts";
import type { Threads } from "../threads/threads.ts";
import { ACTOR, type Actor, actorOf, formatActor, kindOf, whichOf } from "./actor.ts";
import { type Chooser, PLAIN } from "./chooser.ts";

/**
 * Who could go on beside threads, in the order a run without disturbance would prefer them; faults come last.
 * @param inside whether a callback in the middle of another one is awaited
 */
export type Others = (add: (actor: Actor) => void, inside: boolean) => void;

/**
 * The schedule of a VM that is searched: asks a chooser at every call to the host and whenever nobody is in progress, and
 * keeps what it decided. Where there is no choice nothing is kept.
 */
export class Interleaving implements Schedule {
  chooser: Chooser = PLAIN;
  /** Set when the VM has been assembled: until then nobody is disturbed. */
  threads: Threads | undefined;
  others: Others = () => {};
  /** In the middle of a callback: takes down what has ended there. */
  settles: () => void = () => {};
  /** In the middle of a callback: that vCPU begins its next access. @returns undefined when no vdev is asked */
  begins: (vcpu: number) => Thread | undefined = () => undefined;
  /** What every decision came to, in order. */
  readonly decisions: Actor[] = [];
  /** Whether threads are only changed where they wait. */
  calm = false;
  /** Whether accesses of vCPUs are made one at a time: no thread takes a vCPU's turn, and none begins in another's. */
  serial = false;
  /** Told of every call to the host a thread makes at which it goes on. */
  onCall: ((call: string) => void) | undefined;
  /** Told of every decision, in the words of a recording. */
  onDecision: ((actor: string) => void) | undefined;
  /** Who could go on; cut to its length when it has been filled, as an array that is emptied gives its room back. */
  readonly #enabled: Actor[] = [];
  #count = 0;
  readonly #add = (actor: Actor): void => {
    this.#enabled[this.#count++] = actor;
  };
  #next: Actor = -1;
  /** Whose schedule it is; others may stand in for it. */
  #begun: Chooser = PLAIN;

  /** Begins a schedule. */
  begin(chooser: Chooser): void {
    this.chooser = chooser;
    this.#begun = chooser;
    this.decisions.length = 0;
    this.#next = -1;
    this.calm = false;
    chooser.begin();
  }

  /** Who goes on, when nobody is in progress; -1 when nobody can. */
  next(): Actor {
    const decided = this.#next;
    this.#next = -1;
    if (decided >= 0 && this.#isPossible(decided)) return decided;
    this.#collect(undefined);
    return this.#enabled.length === 0 ? -1 : this.#decide(-1);
  }

  /**
   * Whether what was decided at a call can be done still: whoever lost its turn there may have been stopped before it
   * was left, for want of memory or stack, and the module's other threads with it.
   */
  #isPossible(decided: Actor): boolean {
    const kind = kindOf(decided);
    if (kind !== ACTOR.thread && kind !== ACTOR.wake) return true;
    const state = this.threads?.find(whichOf(decided))?.state;
    return kind === ACTOR.wake ? state === "waiting" : state === "ready" || state === "new";
  }

  preempts(call: string): boolean {
    const current = this.threads?.current;
    if (current === undefined) return false;
    if (!this.calm && !(this.serial && current.kind === THREAD.vcpu)) {
      this.#collect(current);
      const own = actorOf(ACTOR.thread, current.id);
      const chosen = this.#decide(own);
      if (chosen !== own) {
        this.#next = chosen;
        return true;
      }
    }
    this.onCall?.(call);
    return false;
  }

  goesOn(call: string): void {
    this.onCall?.(call);
  }

  choose(ready: readonly Thread[]): Thread {
    if (this.threads === undefined) return ready[0]!;
    if (ready[0]!.state === "waiting") return threadOf(this.#whoIsWoken(ready), ready);
    for (;;) {
      this.settles();
      const actor = this.next();
      if (kindOf(actor) !== ACTOR.vcpu) return threadOf(actor, ready);
      const begun = this.begins(whichOf(actor));
      if (begun !== undefined) return begun;
    }
  }

  /** One of those that wait for a condition variable. */
  #whoIsWoken(waiting: readonly Thread[]): Actor {
    this.#count = 0;
    for (const { id } of waiting) this.#add(actorOf(ACTOR.thread, id));
    this.#cut();
    return this.#decide(-1);
  }

  #decide(current: Actor): Actor {
    const enabled = this.#enabled;
    if (enabled.length === 1) {
      this.chooser.only?.(enabled[0]!);
      return enabled[0]!;
    }
    const chosen = this.chooser.choose(current, enabled);
    this.decisions.push(chosen);
    if (this.chooser !== this.#begun) this.#begun.passed?.();
    this.onDecision?.(formatActor(chosen));
    return chosen;
  }

  /** Finds out who could go on; a thread in progress comes first. */
  #collect(current: Thread | undefined): void {
    const threads = this.threads!;
    this.#count = 0;
    if (current !== undefined) this.#add(actorOf(ACTOR.thread, current.id));
    for (const thread of threads.ready)
      if (this.#mayRun(thread, threads.all)) this.#add(actorOf(ACTOR.thread, thread.id));
    this.others(this.#add, threads.awaits);
    this.#cut();
  }

  #cut(): void {
    while (this.#enabled.length > this.#count) this.#enabled.pop();
  }

  /** Timers fire on one thread, and pulses arrive on one: the next begins when the one before it has ended. */
  #mayRun(thread: Thread, all: readonly Thread[]): boolean {
    if (thread.state !== "new" || thread.instance !== undefined) return true;
    return !all.some(
      (other) =>
        other.kind === thread.kind &&
        other.id < thread.id &&
        other.vcpu === thread.vcpu &&
        other.instance === undefined,
    );
  }

  save(): number {
    return 0;
  }

  restore(): void {}
}

function threadOf(actor: Actor, ready: readonly Thread[]): Thread {
  return ready.find(({ id }) => actorOf(ACTOR.thread, id) === actor) ?? ready[0]!;
}
