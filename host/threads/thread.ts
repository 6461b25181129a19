import type { ModuleInstance } from "../sandbox/instance.ts";
import { Alarm } from "../time/clock.ts";
import type { Activation } from "../vm/activation.ts";
import type { HeldLock } from "../vm/held-locks.ts";
import type { Mutex } from "./mutexes.ts";
import type { Suspended } from "./suspended.ts";

/** Who has what a thread waits for, and where it was locked. */
export type Holder = Pick<HeldLock, "name" | "owner" | "call">;

/** What a thread waits for. */
export type Wait =
  | { readonly for: "turn" }
  | { readonly for: "mutex"; readonly of: object; readonly name: string; readonly holder: () => Holder | undefined }
  | { readonly for: "cond"; readonly of: object; readonly name: string; readonly mutex: Mutex }
  | { readonly for: "sem"; readonly of: object; readonly name: string }
  | { readonly for: "join"; readonly of: Thread }
  | { readonly for: "time" };

/** The object that is waited for; undefined of a wait for time or a turn. */
export function objectOf(wait: Wait): object | undefined {
  return wait.for === "turn" || wait.for === "time" ? undefined : wait.of;
}

/**
 * A thread: of a vdev's own, or what runs a callback (a vCPU, the main thread, a timer). Threads take turns; one that
 * does not run has been left at the host call it waits in.
 */
export interface Thread {
  /** pthread_t; from 1. */
  readonly id: number;
  name: string;
  /** THREAD.* of situation.ts. */
  readonly kind: number;
  readonly vcpu: number;
  /** Whom it acts for: itself, or the thread that waits for the callback it runs. Locks belong to that one. */
  readonly root: Thread | undefined;
  /** Whose thread it is; undefined for those that run callbacks. */
  readonly instance: ModuleInstance | undefined;
  /** `new`: has not run. */
  state: "new" | "ready" | "running" | "waiting" | "ended";
  /** When it last became able to run, as a count; says whose turn is next. */
  readySince: number;
  /** Begins to run it. */
  readonly start: () => number | undefined | Suspended;
  wait: Wait | undefined;
  /** Its stack is where the thread began to wait for another one; not kept of sleeping and giving a turn away. */
  waitsAt: Error | undefined;
  /** Its stack is where a vdev made the thread. */
  madeAt: Error | undefined;
  /** Wakes it when it has waited long enough. */
  readonly alarm: ThreadAlarm;
  /** The alarm went off before what it waited for. */
  timedOut: boolean;
  /** Where it was left, innermost first. */
  left: readonly Activation[];
  /** What its function returned. */
  result: number | undefined;
  cancelled: boolean;
  detached: boolean;
}

/** Goes off when a thread has waited long enough. */
export class ThreadAlarm extends Alarm {
  readonly #wake: () => void;

  constructor(wake: () => void) {
    super();
    this.#wake = wake;
  }

  override fire(): void {
    this.#wake();
  }

  /** Threads are put back by whoever has them. */
  override keep(): undefined {
    return undefined;
  }

  override putBack(): void {}
}

/** Thrown through a module to end the thread in progress: pthread_cancel() took effect. */
export class EndOfThread extends Error {
  override readonly name = "EndOfThread";
}

const NOBODY: readonly Activation[] = [];

/** A thread that has not run. @param readySince see there; @param timeOut called when it has waited long enough */
export function newThread(
  given: Pick<Thread, "id" | "name" | "kind" | "vcpu" | "instance" | "start" | "root">,
  readySince: number,
  timeOut: () => void,
): Thread {
  // Nothing is spread into it: the engine takes microseconds for that, and every access of a guest makes a thread.
  return {
    alarm: new ThreadAlarm(timeOut),
    id: given.id,
    name: given.name,
    kind: given.kind,
    vcpu: given.vcpu,
    instance: given.instance,
    start: given.start,
    root: given.root,
    state: "new",
    wait: undefined,
    waitsAt: undefined,
    madeAt: undefined,
    timedOut: false,
    left: NOBODY,
    result: undefined,
    cancelled: false,
    detached: false,
    readySince,
  };
}

/** Whether a thread waits for that object. */
export function isWaitingFor({ state, wait }: Thread, of: object): boolean {
  return state === "waiting" && wait !== undefined && objectOf(wait) === of;
}
