import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";
import type { Thread } from "./thread.ts";

/** What pthread_cleanup_push() named, or what the host undoes when a thread ends in the middle of a call. */
export type Cleanup =
  | { readonly instance: ModuleInstance; readonly routine: number; readonly arg: number }
  | { readonly undo: () => void };

/** What POSIX keeps for each thread. Never changed in place. */
export interface ThreadState {
  readonly errno: number;
  /** The last pushed last. */
  readonly cleanups: readonly Cleanup[];
  /** PTHREAD_CANCEL_ENABLE or _DISABLE. */
  readonly cancelState: number;
  /** PTHREAD_CANCEL_DEFERRED or _ASYNCHRONOUS, which is the same here. */
  readonly cancelType: number;
  /** Its cleanup handlers run: it is not cancelled any more. */
  readonly ending: boolean;
}

/** The states of all threads at one time. */
export interface SavedThreadStates {
  readonly version: number;
  readonly qvm: ReadonlyMap<number, ThreadState>;
  readonly own: readonly (readonly [Thread, ThreadState])[];
}

const INITIAL: ThreadState = { errno: 0, cleanups: [], cancelState: 0, cancelType: 0, ending: false };

/** What POSIX keeps for each thread of a VM: those of vdevs, and those that qvm runs callbacks on. */
export class ThreadStates {
  readonly #vm: Vm;
  #own = new WeakMap<Thread, ThreadState>();
  /** By kind and vCPU. */
  readonly #qvm = new Map<number, ThreadState>();
  /** Which state of affairs this is; a number is never used for another. */
  #version = 0;
  #lastVersion = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** Of the thread in progress; a callback in the middle of what a thread does is on that thread. */
  get current(): ThreadState {
    const thread = this.#ownThread();
    return (thread === undefined ? this.#qvm.get(this.qvmThread) : this.#own.get(thread)) ?? INITIAL;
  }

  of(thread: Thread): ThreadState {
    return this.#own.get(thread) ?? INITIAL;
  }

  /** Changes what is kept of the thread in progress. */
  set(change: Partial<ThreadState>): void {
    const thread = this.#ownThread();
    const state = { ...this.current, ...change };
    if (thread === undefined) this.#qvm.set(this.qvmThread, state);
    else this.#own.set(thread, state);
    this.#version = ++this.#lastVersion;
  }

  /** A number for the thread in progress where it is one of qvm's: the same each time. */
  get qvmThread(): number {
    const { thread, vcpu } = this.#vm.context;
    return (thread << 16) | vcpu;
  }

  #ownThread(): Thread | undefined {
    const thread = this.#vm.threads?.acting;
    return thread?.instance === undefined ? undefined : thread;
  }

  save(): SavedThreadStates {
    const own = (this.#vm.threads?.all ?? []).flatMap((thread) => {
      const state = this.#own.get(thread);
      return state === undefined ? [] : [[thread, state] as const];
    });
    return { version: this.#version, qvm: new Map(this.#qvm), own };
  }

  restore(saved: SavedThreadStates): void {
    if (saved.version === this.#version) return;
    this.#version = saved.version;
    this.#qvm.clear();
    for (const [key, state] of saved.qvm) this.#qvm.set(key, state);
    this.#own = new WeakMap(saved.own);
  }
}
