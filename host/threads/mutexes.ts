import type { ModuleInstance } from "../sandbox/instance.ts";
import type { HeldLock } from "../vm/held-locks.ts";
import { quickCallsOf } from "../vm/quick-calls.ts";
import type { Vm } from "../vm/vm.ts";
import type { Wait } from "./thread.ts";

/** PTHREAD_MUTEX_*: what a second lock by the owner does. */
export type MutexKind = "normal" | "recursive" | "errorcheck";

/** What a call on a mutex came to. `self`: the caller holds a normal mutex already, and would wait for itself. */
export type MutexOutcome = "done" | "busy" | "deadlock" | "self" | "not-owner" | "wait";

/** Written into the first word of a mutex, so that bytes which were copied or cleared are no mutex. */
const MAGIC = 0x6d747821;
/** Locks of a mutex whose place is written down: a stack costs far more than a lock. */
const TRACES = 64;
/** Times one mutex may be locked by its owner. */
const COUNT_LIMIT = 0x7fffffff;

/** A mutex in module memory. */
export interface Mutex {
  readonly instance: ModuleInstance;
  readonly address: number;
  readonly kind: MutexKind;
  readonly name: string;
  /** Set while it is locked. */
  holder: HeldLock | undefined;
  count: number;
  /** How often the place of a lock will still be written down, in case it is not given back. */
  traces: number;
  /** Lets go of it for a callback that did not; see HeldLock. */
  readonly release: HeldLock["release"];
  /** What a thread waits for that wants it, once there was one. */
  wait: (Wait & { readonly for: "mutex" }) | undefined;
}

/** Every mutex as it was at one time. */
export interface SavedMutexes {
  readonly changes: number;
  readonly mutexes: readonly { readonly mutex: Mutex; readonly was: Mutex }[];
}

/**
 * The mutexes of a VM. Without threads callbacks run one after another, so whoever finds a mutex locked holds it
 * himself, through an outer callback.
 */
export class Mutexes {
  readonly #vm: Vm;
  readonly #all = new Map<number, Mutex>();
  /** The one that was asked for last: as a rule it is the same again. */
  #last: Mutex | undefined;
  #changes = 0;
  /** Whether the places of locks are written down; a search has its own way. */
  tracesPlaces = true;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  get count(): number {
    return this.#all.size;
  }

  /** Makes the bytes at `address` a mutex. @returns false when a mutex is there that is locked */
  init(
    instance: ModuleInstance,
    address: number,
    kind: MutexKind,
    name = `the mutex at 0x${address.toString(16)}`,
  ): boolean {
    instance.quick?.closeMutex();
    if (this.#all.get(keyOf(instance, address))?.holder !== undefined) return false;
    this.#last = undefined;
    const mutex: Mutex = {
      instance,
      address,
      kind,
      name,
      holder: undefined,
      count: 0,
      traces: TRACES,
      release: (isLeft) => {
        this.#free(mutex);
        this.#vm.races?.release(mutex);
        if (isLeft) mutex.traces = Number.POSITIVE_INFINITY; // as it will happen again
      },
      wait: undefined,
    };
    this.#all.set(keyOf(instance, address), mutex);
    instance.setU32(address, MAGIC ^ address);
    this.#changes++;
    return true;
  }

  /** The mutex at an address; undefined where none was made, or its bytes were overwritten since. */
  find(instance: ModuleInstance, address: number): Mutex | undefined {
    if (this.#vm.held.any) this.#vm.held.checkEarlierTraps();
    let mutex = this.#last;
    if (mutex === undefined || mutex.address !== address || mutex.instance !== instance) {
      mutex = this.#all.get(keyOf(instance, address));
      this.#last = mutex;
    }
    return mutex !== undefined && instance.u32(address) === (MAGIC ^ address) >>> 0 ? mutex : undefined;
  }

  /** @returns `busy` when it is locked, and nothing was done */
  destroy(mutex: Mutex): MutexOutcome {
    if (mutex.holder !== undefined) return "busy";
    mutex.instance.quick?.closeMutex();
    this.#last = undefined;
    this.#all.delete(keyOf(mutex.instance, mutex.address));
    mutex.instance.setU32(mutex.address, 0);
    this.#changes++;
    return "done";
  }

  lock(mutex: Mutex): MutexOutcome {
    if (mutex.holder === undefined) return this.#take(mutex);
    if (!this.#isOwn(mutex.holder)) return "wait";
    if (mutex.kind === "normal") return "self";
    if (mutex.kind === "errorcheck" || mutex.count === COUNT_LIMIT) return "deadlock";
    mutex.count++;
    return "done";
  }

  tryLock(mutex: Mutex): MutexOutcome {
    if (mutex.holder === undefined) return this.#take(mutex);
    if (!this.#isOwn(mutex.holder)) return "busy";
    if (mutex.kind !== "recursive" || mutex.count === COUNT_LIMIT) return "busy";
    mutex.count++;
    return "done";
  }

  unlock(mutex: Mutex): MutexOutcome {
    const { holder } = mutex;
    if (holder === undefined || !this.#isOwn(holder)) return "not-owner";
    mutex.count--;
    if (mutex.count > 0) return "done";
    this.#free(mutex);
    this.#vm.held.remove(holder);
    this.#vm.races?.release(mutex);
    if (mutex.instance.quick !== undefined) this.#open(mutex);
    return "done";
  }

  /** Lets the module lock a mutex by itself the next time, once the place of that is no longer written down. */
  #open(mutex: Mutex): void {
    if (this.tracesPlaces && mutex.traces > 0) return;
    const quick = quickCallsOf(this.#vm, mutex.instance);
    if (quick === undefined) return;
    quick.onHeld ??= (held: Mutex) => this.#take(held);
    this.#vm.held.watch(quick);
    quick.openMutex(mutex, MAGIC ^ mutex.address);
  }

  isTaken(mutex: Mutex): boolean {
    return mutex.holder !== undefined;
  }

  /** Whether the thread in progress holds it; without threads whoever finds it held does. */
  #isOwn(holder: HeldLock): boolean {
    return holder.owner === this.#vm.threads?.acting;
  }

  #free(mutex: Mutex): void {
    mutex.holder = undefined;
    mutex.count = 0;
    this.#vm.threads?.wakeWaiting(mutex, true);
  }

  #take(mutex: Mutex): MutexOutcome {
    mutex.count = 1;
    mutex.instance.quick?.closeMutex(mutex);
    const traces = this.tracesPlaces && mutex.traces > 0;
    const call = traces ? (this.#vm.threads?.placeOfCall() ?? new Error("pthread_mutex_lock")) : undefined;
    if (traces) mutex.traces--;
    mutex.holder = this.#vm.held.add(mutex.name, mutex.instance, mutex.release, call);
    this.#vm.races?.acquire(mutex);
    return "done";
  }

  save(): SavedMutexes {
    return { changes: this.#changes, mutexes: [...this.#all.values()].map((mutex) => ({ mutex, was: { ...mutex } })) };
  }

  /** Puts back which mutexes there are and, where threads hold some between callbacks, who holds them. */
  restore({ changes, mutexes }: SavedMutexes): void {
    if (changes !== this.#changes) {
      this.#last = undefined;
      for (const { quick } of this.#vm.instances) quick?.closeMutex();
      this.#all.clear();
      for (const { mutex } of mutexes) this.#all.set(keyOf(mutex.instance, mutex.address), mutex);
      this.#changes = changes;
    }
    if (this.#vm.threads === undefined) return;
    for (const { mutex, was } of mutexes) {
      mutex.holder = was.holder;
      mutex.count = was.count;
    }
  }
}

function keyOf(instance: ModuleInstance, address: number): number {
  return instance.id * 2 ** 32 + address;
}
