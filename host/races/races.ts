import type { GateEntry } from "../../abi/definition/schema.ts";
import type { FoundAccess } from "../gate/finding.ts";
import type { Gate } from "../gate/gate.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Thread } from "../threads/thread.ts";
import type { Vm } from "../vm/vm.ts";
import type { Conflict } from "./byte-history.ts";
import { callAccesses } from "./call-accesses.ts";
import type { ByteSpan, Footprint } from "./footprint.ts";
import { HappensBefore } from "./happens-before.ts";
import { type InferredLock, LockUse } from "./lock-use.ts";
import { describeRace, type Race } from "./report.ts";
import { MAIN, PULSE, ThreadNumbers, TIMER } from "./thread-numbers.ts";
import { type OnGuestBytes, type WatchedAccess, WatchedMemory } from "./watched-memory.ts";

/** Cells tell epochs apart below this: bits 5 to 29. */
const EPOCHS = 2 ** 25;

/**
 * Watches what the threads of a VM do with the memory of its modules: two accesses of the same bytes race when one of them
 * writes, one is not atomic, and nothing orders them. Every access is of the thread in progress, which `switchTo` names,
 * and of its epoch, which ends with each turn and whenever the thread synchronises.
 *
 * Nothing is watched before VDEV_CTRL_GUEST_CONFIGURED: until then there is one thread.
 */
export class Races {
  readonly #vm: Vm;
  readonly #finds: boolean;
  readonly #order = new HappensBefore();
  readonly #threads: ThreadNumbers;
  readonly #memories: WatchedMemory[] = [];
  readonly #locks = new LockUse();
  /** Sets of locks held, by number; the first is of none. */
  readonly #lockSets: (readonly string[])[] = [[]];
  readonly #lockSetNumbers = new Map<string, number>([["", 0]]);
  /** The set of locks that was asked for last: of whom, and when. */
  #lockOwner: Thread | undefined;
  #lockChanges = -1;
  #lockNumber = 0;
  readonly #atomics = new Map<string, object>();
  /** Words that several threads had touched when this run began: where a thread may give its turn away in it. */
  #shared: ReadonlySet<number>[] = [];
  /** The same with those of this run, by memory. */
  readonly #learned: Set<number>[] = [];
  #given: ReadonlySet<number>[] | undefined;
  /** Pairs of places found since the last reset, and ever. */
  readonly #found = new Set<string>();
  readonly #told = new Set<string>();
  /** Pairs of sites of those that were told. */
  readonly #toldSites = new Set<string>();
  #thread: Thread | undefined;
  /** Of threads that have given their turn away: the author's call each is in, by memory. */
  #callers = new WeakMap<Thread, readonly number[]>();
  #number = MAIN;
  #epoch = 0;
  #active = false;
  #reads: ByteSpan[] = [];
  #writes: ByteSpan[] = [];
  #syncs = new Set<object>();
  readonly #onConflict = (conflict: Conflict, access: WatchedAccess): void => this.#race(access, conflict);
  /** Whether `step` is of use: what each step touches is kept. */
  tracksSteps = false;
  /** Told of the writes of an epoch; the same place writing the same bytes again is one. Frames are left out. */
  onWrite: ((thread: Thread, address: number, bytes: number, instance: ModuleInstance) => void) | undefined;
  /** Asked before an access to bytes several threads use, in modules that can be left there: true gives the turn away. */
  onShared: (() => boolean) | undefined;
  /** Told of each race once in a run, also of those that an earlier run has found. */
  onRace: ((race: Race) => void) | undefined;

  /** @param finds whether races are looked for; without, accesses are only shown */
  constructor(vm: Vm, finds: boolean) {
    this.#vm = vm;
    this.#finds = finds;
    this.#threads = new ThreadNumbers(vm.plan.cpus);
  }

  // ------------------------------------------------------------------------------------------------------- memories

  /** Begins to watch an instance, which has not run yet. */
  add(instance: ModuleInstance): void {
    const { watched } = instance.module;
    if (watched === undefined) return;
    const memory = new WatchedMemory(instance, watched, this.#order, (access) => this.#access(access));
    memory.setEpoch(this.#epoch);
    this.#memories.push(memory);
  }

  /** What the code of an instance imports to tell of its accesses; `onGuestBytes` is told of all. */
  hooks(instance: ModuleInstance, onGuestBytes: OnGuestBytes): Record<string, (...args: number[]) => number> {
    let memory: WatchedMemory | undefined;
    const own = () => {
      if (memory !== undefined) return memory;
      memory = this.#memories.find((one) => one.instance === instance)!;
      memory.onGuestBytes = onGuestBytes;
      return memory;
    };
    return {
      access: (address, site) => {
        own().access(address!, site!);
        return 0;
      },
      bulk: (address, source, length, site) => {
        own().bulk(address!, source!, length!, site!);
        return 0;
      },
    };
  }

  /** Whether the thread in progress gives its turn away before an access of this site. */
  yieldsAt(instance: ModuleInstance, address: number, site: number): boolean {
    if (this.onShared === undefined || this.#thread === undefined || instance.allocating) return false;
    const memory = this.#memories.find((one) => one.instance === instance)!;
    const start = memory.startOf(address, site);
    if (instance.isInFrame(start) || this.#shared[memory.instance.id]?.has(start >>> 2) !== true) return false;
    return this.onShared();
  }

  /** A gate that also tells what the call does with its caller's memory. */
  watchCalls(entry: GateEntry, instance: ModuleInstance, gate: Gate): Gate {
    const accesses = callAccesses(entry);
    if (accesses.length === 0 || instance.module.watched === undefined) return gate;
    let memory: WatchedMemory | undefined;
    return (...args) => {
      memory ??= this.#memories.find((one) => one.instance === instance)!;
      for (const access of accesses) access(memory, args);
      return gate(...args);
    };
  }

  /** Bytes the host hands out anew: what was done with them before is nobody's concern. */
  fresh(instance: ModuleInstance, address: number, bytes: number): void {
    this.#memories.find((one) => one.instance === instance)?.history.clear(address, bytes);
  }

  // -------------------------------------------------------------------------------------------------------- threads

  /** The thread whose turn it is. */
  switchTo(thread: Thread): void {
    this.#keepCallers();
    this.#thread = thread;
    this.#number = this.#threads.of(thread.root ?? thread);
    this.#begin();
    for (const [i, caller] of (this.#callers.get(thread) ?? []).entries()) this.#memories[i]!.caller = caller;
  }

  /** No thread runs: what touches memory now is the host's doing. The next turn begins an epoch of its own. */
  between(): void {
    this.#keepCallers();
    this.#thread = undefined;
  }

  /** A thread that is left in a call does not come by the place again that says which. */
  #keepCallers(): void {
    if (this.#thread === undefined) return;
    this.#callers.set(
      this.#thread,
      this.#memories.map(({ caller }) => caller),
    );
  }

  #begin(): void {
    if (this.#order.next >= EPOCHS) this.#restart();
    this.#epoch = this.#order.begin(this.#number, this.#lockSet());
    for (const memory of this.#memories) memory.setEpoch(this.#epoch);
  }

  /** Number of the set of locks that the thread in progress holds. */
  #lockSet(): number {
    const { held } = this.#vm;
    if (!held.any || this.#thread === undefined) return 0;
    const owner = this.#thread.root ?? this.#thread;
    if (owner === this.#lockOwner && held.changes === this.#lockChanges) return this.#lockNumber;
    this.#lockOwner = owner;
    this.#lockChanges = held.changes;
    this.#lockNumber = this.#lockSetOf(held.namesOf(owner));
    return this.#lockNumber;
  }

  #lockSetOf(names: readonly string[]): number {
    const key = names.length < 2 ? (names[0] ?? "") : [...new Set(names)].sort().join("\n");
    const known = this.#lockSetNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#lockSets.push(key.split("\n")) - 1;
    this.#lockSetNumbers.set(key, number);
    return number;
  }

  // ------------------------------------------------------------------------------------------------ synchronisation

  /** What was released into `sync` comes before what the thread in progress does from now on. */
  acquire(sync: object): void {
    if (this.#thread === undefined) return;
    this.touch(sync);
    this.#order.acquire(this.#number, sync);
    this.#begin();
  }

  /** What the thread in progress has done comes before whatever acquires `sync` later. */
  release(sync: object): void {
    if (this.#thread === undefined) return;
    this.touch(sync);
    this.#order.release(this.#number, sync);
    this.#begin();
  }

  /** The thread in progress has to do with an object that orders nothing: a condition variable. */
  touch(object: object): void {
    if (this.tracksSteps) this.#syncs.add(object);
  }

  /** A thread was made. */
  fork(child: Thread): void {
    if (this.#thread === undefined) return;
    this.touch(child);
    this.#order.order(this.#number, this.#threads.of(child));
    this.#begin();
  }

  /** The thread in progress knows that another one has ended. */
  join(ended: Thread): void {
    if (this.#thread === undefined) return;
    this.touch(ended);
    this.#order.order(this.#threads.of(ended), this.#number);
    this.#begin();
  }

  /** A timer goes off, or a pulse is delivered: its callback comes behind whoever armed or sent it. */
  callbackAfter(sync: object, on: "timer" | "pulse"): void {
    this.#order.acquire(on === "timer" ? TIMER : PULSE, sync);
  }

  // ------------------------------------------------------------------------------------------------------ lifecycle

  /** Startup is over: from here on there may be several threads. */
  begin(): void {
    this.#active = this.#finds;
    this.forget();
  }

  /** The guest starts: what the main thread has done so far comes before all callbacks of the running VM. */
  guestStarts(): void {
    for (const thread of this.#threads.callbackThreads) this.#order.order(MAIN, thread);
    this.#begin();
  }

  /** The VM ends: no callback but the main thread's runs any more. Threads of vdevs may. */
  guestEnds(): void {
    for (const thread of this.#threads.callbackThreads) this.#order.order(thread, MAIN);
    this.#begin();
  }

  /** A VM has been put back: what was done before is over. Races are found anew, and the use of locks is kept. */
  forget(): void {
    this.#thread = undefined;
    this.#callers = new WeakMap();
    this.#number = MAIN;
    this.#order.forget();
    this.#threads.forget();
    this.#atomics.clear();
    this.#found.clear();
    if (this.onShared !== undefined) this.#shared = this.#given ?? this.#learned.map((words) => new Set(words));
    this.beginStep();
    this.#begin();
  }

  /** Races that were told are told again when they are found again. */
  tellAgain(): void {
    this.#told.clear();
    this.#toldSites.clear();
  }

  #restart(): void {
    this.#order.restart();
    for (const memory of this.#memories) memory.clearCells();
  }

  // ---------------------------------------------------------------------------------------------------------- steps

  /** A step of some thread begins. */
  beginStep(): void {
    this.#reads = [];
    this.#writes = [];
    this.#syncs = new Set();
  }

  /** What was touched since `beginStep`. */
  step(): Footprint {
    return { reads: this.#reads, writes: this.#writes, syncs: this.#syncs };
  }

  /** Which lock seems to guard what, from all runs of this VM so far, and the accesses that do without. */
  inferredLocks(): InferredLock[] {
    return this.#locks.inferred();
  }

  // ------------------------------------------------------------------------------------------------------- accesses

  #access(access: WatchedAccess): boolean {
    if (!this.#active || this.#thread === undefined) return true;
    const { memory, address, bytes, writes, atomic } = access;
    const sync = atomic ? this.#atomic(memory, address) : undefined;
    if (sync !== undefined) {
      this.touch(sync);
      this.#order.acquire(this.#number, sync);
    }
    const shared = memory.history.touch(access, this.#epoch, this.#number, this.#onConflict);
    this.#note(access);
    if (sync !== undefined && writes) {
      this.#order.release(this.#number, sync);
      this.#begin();
      return false;
    }
    if (writes) this.onWrite?.(this.#thread, address, bytes, memory.instance);
    if (this.onShared === undefined) return !atomic;
    if (shared) this.#share(memory, address, bytes);
    return !atomic && this.#shared[memory.instance.id]?.has(address >>> 2) !== true;
  }

  #note(access: WatchedAccess): void {
    const { memory, address, bytes, writes, atomic } = access;
    if (this.tracksSteps) {
      (writes ? this.#writes : this.#reads).push({ instance: memory.instance, start: address, end: address + bytes });
    }
    if (atomic) return;
    const lockSet = this.#order.noteOf(this.#epoch);
    this.#locks.add(access, this.#threads.nameOf(this.#number), this.#lockSets[lockSet]!, lockSet);
  }

  #share(memory: WatchedMemory, address: number, bytes: number): void {
    this.#learned[memory.instance.id] ??= new Set();
    const words = this.#learned[memory.instance.id]!;
    for (let at = address; at < address + bytes; at += 4) words.add(at >>> 2);
  }

  /** Where threads may give their turn away in this run: words of each module instance. */
  get sharedWords(): readonly (readonly number[])[] {
    return Array.from(this.#shared, (words) => [...(words ?? [])]);
  }

  /** The runs that follow take those known now, until it is undone: so that they go the same way. */
  freezeSharedWords(frozen: boolean): void {
    this.#given = frozen ? this.#learned.map((words) => new Set(words)) : undefined;
  }

  /** Sets them for the runs that follow: without, each takes those of all runs before it. */
  set sharedWords(words: readonly (readonly number[])[]) {
    this.#given = words.map((some) => new Set(some));
  }

  /** What orders atomic operations on the same word. */
  #atomic(memory: WatchedMemory, address: number): object {
    const key = `${memory.instance.id} ${address >>> 2}`;
    let sync = this.#atomics.get(key);
    if (sync === undefined) {
      sync = {};
      this.#atomics.set(key, sync);
    }
    return sync;
  }

  // ---------------------------------------------------------------------------------------------------------- races

  #race(access: WatchedAccess, conflict: Conflict): void {
    const { instance } = access.memory;
    const [one, other] = access.site < conflict.site ? [access.site, conflict.site] : [conflict.site, access.site];
    const pair = `${one},${other}`;
    const key = `${instance.id} ${pair}`;
    if (this.#found.has(key) || (this.onRace === undefined && this.#toldSites.has(key))) return;
    this.#found.add(key);
    this.#toldSites.add(key);
    const race: Race = {
      memory: access.memory,
      address: conflict.address,
      first: this.#side(access.memory, conflict.site, conflict.writes, conflict.epoch),
      second: this.#side(access.memory, access.site, access.writes, this.#epoch),
    };
    const places = `${instance.id} ${pairOfPlaces(race) ?? pair}`;
    if (!this.#told.has(places)) {
      this.#told.add(places);
      this.#vm.findings.record(instance, describeRace(this.#vm, race));
    }
    this.onRace?.(race);
  }

  #side(memory: WatchedMemory, site: number, writes: boolean, epoch: number): FoundAccess {
    const { sites, map } = memory.module;
    return {
      thread: this.#threads.nameOf(this.#order.threadOf(epoch)),
      writes,
      place: sites.place(site, map),
      locks: this.#lockSets[this.#order.noteOf(epoch)]!,
    };
  }
}

/** Equal for races of the same two places: what reads and writes at one is told once. Undefined when one is not known. */
function pairOfPlaces({ first, second }: Race): string | undefined {
  const [one, other] = [first.place, second.place];
  if (one === undefined || other === undefined) return undefined;
  return [one, other]
    .map(({ file, line, column }) => `${file}:${line}:${column}`)
    .sort()
    .join();
}
