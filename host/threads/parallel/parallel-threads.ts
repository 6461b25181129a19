import { EndOfVm, StopModule } from "../../gate/finding.ts";
import type { Gate } from "../../gate/gate.ts";
import { builtFile } from "../../paths.ts";
import type { ModuleInstance } from "../../sandbox/instance.ts";
import { waitForLock } from "../../sandbox/shared-memory.ts";
import { MONOTONIC } from "../../time/wall-clock.ts";
import { EXIT } from "../../vm/ending.ts";
import type { Vm } from "../../vm/vm.ts";
import { IN_ORDER } from "../schedule.ts";
import { SUSPENDED, type Suspended } from "../suspended.ts";
import { EndOfThread, type Thread } from "../thread.ts";
import { Threads, type ThreadWork } from "../threads.ts";
import { waitChain, waitPlaces } from "../waits.ts";
import { RemoteThread } from "./remote-thread.ts";

/** Vdev threads that may run at once: each has a thread of the host's and an instance of its module. */
export const PARALLEL_LIMIT = 32;
/** Rounds of answers in a row, before the guest goes on: threads that call all the time must not hold it up. */
const ROUNDS = 64;
/** Milliseconds a callback may wait for other threads, unless the test says otherwise. */
const PATIENCE_MS = 10_000;
/** Milliseconds the main thread sleeps at most before it looks around. */
const NAP_MS = 100;
const NS_PER_MS = 1e6;

/** A wait that does not hold up the process; the compiler's library does not know it, Node 16 and later do. */
type AsyncWait = { readonly async: false } | { readonly async: true; readonly value: Promise<string> };
const { waitAsync } = Atomics as unknown as { waitAsync(words: Int32Array, index: number, value: number): AsyncWait };
const AWAKE: AsyncWait = { async: false };

/**
 * Threads that really run in parallel: each vdev thread on a worker, with an instance of its module over the same memory.
 * The VM stays on the main thread. A worker's call is made here, on behalf of its Thread, as any call is: one that waits
 * is answered when its thread is woken. A callback on the main thread that has to wait sleeps, and makes the workers'
 * calls meanwhile: what it waits for may depend on one.
 */
export class ParallelThreads extends Threads {
  override readonly limit = PARALLEL_LIMIT;
  /** How long a callback may wait for other threads, in milliseconds. */
  patienceMs = PATIENCE_MS;
  /** What workers run. */
  workerFile = builtFile("parallel-worker.mjs");
  readonly #vm: Vm;
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  readonly #remotes = new Map<Thread, RemoteThread>();
  /** Gates of each instance's calls, in the order of its module's. */
  readonly #gates = new Map<ModuleInstance, readonly Gate[]>();
  /** Threads that wait on the main thread's stack: they go on by themselves. */
  readonly #waitingHere = new Set<Thread>();
  readonly #startNs = MONOTONIC.nowNs();
  /** Where the bell stood when everything that had come was dealt with. */
  #heard = 0;
  #workers = 0;
  #onNobody: (() => void) | undefined;
  #pumping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(vm: Vm) {
    super(vm, IN_ORDER);
    this.#vm = vm;
  }

  /** Workers that are there now. */
  get workers(): number {
    return this.#workers;
  }

  /** Resolves when no worker is left. To be awaited behind the end of the VM. */
  async gone(): Promise<void> {
    while (this.#workers > 0) {
      await new Promise<void>((resolve) => {
        this.#onNobody = resolve;
      });
    }
  }

  addGates(instance: ModuleInstance, gates: readonly Gate[]): void {
    this.#gates.set(instance, gates);
  }

  // ------------------------------------------------------------------------------------------------ making, ending

  override create(
    instance: ModuleInstance,
    name: string,
    start: Thread["start"],
    work: ThreadWork,
  ): Thread | undefined {
    const thread = super.create(instance, name, start, work);
    if (thread === undefined) return undefined;
    const activation = this.#vm.activations.remote(instance, work.vdev, instance.takeFrame(PARALLEL_LIMIT));
    this.#remotes.set(thread, new RemoteThread(activation, work, this.#bell.buffer as SharedArrayBuffer));
    return thread;
  }

  protected override end(thread: Thread): void {
    super.end(thread);
    const remote = this.#remotes.get(thread);
    if (remote === undefined) return;
    this.#remotes.delete(thread);
    remote.stop();
    remote.activation.instance.giveFrame(remote.activation.frame);
  }

  override endAllOf(instance: ModuleInstance): void {
    super.endAllOf(instance);
    for (const thread of [...this.#remotes.keys()]) {
      if (thread.instance === instance && thread !== this.current) this.end(thread);
    }
  }

  override endAll(): void {
    super.endAll();
    clearTimeout(this.#timer);
    Atomics.notify(this.#bell, 0);
  }

  #start(thread: Thread, remote: RemoteThread): void {
    this.#workers++;
    const onGone = (): void => {
      this.#workers--;
      if (this.#workers === 0) this.#onNobody?.();
    };
    remote.start(this.workerFile, onGone, ({ message }) =>
      this.#lose(thread, `could not run ${thread.name}: ${message}`),
    );
    this.#pump();
  }

  /** The host has failed a thread, and no vdev is to blame: the VM ends, and nobody waits for the thread. */
  #lose(thread: Thread, what: string): void {
    const vm = this.#vm;
    const end = { exitCode: EXIT.fatalAfterStart, reason: `the host ${what}` };
    if (vm.ended?.exitCode === EXIT.normal) vm.amendEnd(end);
    else vm.end(end.exitCode, end.reason);
    if (this.#remotes.has(thread)) this.end(thread);
  }

  // --------------------------------------------------------------------------------------------------- their calls

  /** Only workers' threads are given turns: what waits on this thread's stack goes on by itself. */
  override get ready(): Thread[] {
    return super.ready.filter((thread) => this.#remotes.has(thread) && !this.#waitingHere.has(thread));
  }

  override drain(): void {
    this.#passTime();
    for (let round = 0; round < ROUNDS; round++) if (!this.#serve()) return;
  }

  /** Makes the calls that have come, and lets threads go on that were woken. @returns whether there were some */
  #serve(): boolean {
    const { ready } = this;
    const rings = Atomics.load(this.#bell, 0);
    if (rings === this.#heard && ready.length === 0) return false;
    this.#heard = rings;
    const arrived = [...this.#remotes].filter(([, remote]) => remote.hasArrived);
    arrived.sort(([, one], [, other]) => (one.ticket - other.ticket) | 0);
    for (const thread of [...arrived.map(([one]) => one), ...ready]) {
      const isStill = this.#remotes.get(thread)?.hasArrived || thread.state === "ready" || thread.state === "new";
      if (thread.state !== "ended" && isStill) this.turn(thread);
    }
    return true;
  }

  protected override run(thread: Thread, isNew: boolean): number | undefined | Suspended {
    const remote = this.#remotes.get(thread);
    if (remote === undefined) return super.run(thread, isNew);
    if (isNew) {
      this.#start(thread, remote);
      return SUSPENDED;
    }
    try {
      return this.#vm.activations.within(remote.activation, () => this.#step(remote));
    } catch (error) {
      if (error instanceof EndOfThread) throw error;
      if (error instanceof EndOfVm) this.#vm.endBy(error);
      else this.#lose(thread, `failed in a call of ${thread.name}: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  /** The next step of a worker's thread: a call, the rest of one, or the end. */
  #step(remote: RemoteThread): number | undefined | Suspended {
    const { activation } = remote;
    let result: number | Suspended;
    if (activation.continuation !== undefined) {
      const { continuation } = activation;
      activation.continuation = undefined;
      result = continuation(undefined);
    } else {
      const arrival = remote.take();
      if (arrival.kind === "failed") {
        const { __vdevbox_limit: limit } = activation.instance.exports;
        if (limit !== undefined) limit.value = arrival.limit;
        throw arrival.error;
      }
      if (arrival.kind === "returned") {
        remote.work.returned();
        if (this.#vm.held.any) this.#vm.held.checkReleased(activation);
        return arrival.result;
      }
      result = this.#gates.get(activation.instance)![arrival.index]!(...arrival.args);
    }
    if (result !== SUSPENDED) remote.answer(result);
    return SUSPENDED;
  }

  /** Deals with the calls of workers while the main thread does nothing else. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const look = (): void => {
      clearTimeout(this.#timer);
      if (this.#remotes.size === 0) {
        this.#pumping = false;
        return;
      }
      if (this.current === undefined) this.#vm.serveThreads(this.realNs);
      const soonest = this.#soonest();
      if (soonest !== undefined) this.#timer = setTimeout(() => Atomics.notify(this.#bell, 0), this.#msUntil(soonest));
      const next = this.ready.length > 0 ? AWAKE : waitAsync(this.#bell, 0, this.#heard);
      if (next.async) void next.value.then(look);
      else setImmediate(look);
    };
    setImmediate(look);
  }

  // ------------------------------------------------------------------------------------- waiting on the main thread

  /** Waits, in a callback on the main thread, until its thread was woken. @returns what its call answers */
  waitHere(): number {
    const thread = this.current!;
    const activation = this.#vm.activations.current!;
    const until = performance.now() + this.patienceMs;
    this.#waitingHere.add(thread);
    try {
      for (;;) {
        if (thread.state !== "waiting") this.#serve();
        while (thread.state === "waiting") this.#waitForOthers(thread, activation.instance, until);
        const { continuation } = activation;
        if (activation.instance.stoppedBy !== undefined) throw new StopModule(activation.instance.stoppedBy);
        thread.state = "running";
        thread.wait = undefined;
        activation.continuation = undefined;
        const result = continuation!(undefined);
        if (result !== SUSPENDED) return result;
      }
    } finally {
      this.#waitingHere.delete(thread);
    }
  }

  #waitForOthers(thread: Thread, instance: ModuleInstance, until: number): void {
    this.#passTime();
    if (this.#serve()) return;
    if (instance.stoppedBy !== undefined) throw new StopModule(instance.stoppedBy);
    if (thread.state !== "waiting") return;
    if (performance.now() > until) {
      this.#giveUp(thread, instance, true);
      return;
    }
    const soonest = this.#soonest();
    let nap = soonest === undefined ? NAP_MS : Math.min(NAP_MS, this.#msUntil(soonest));
    if (soonest === undefined && this.#allWait()) {
      // Only a timer can help. Its callback runs on top of this one.
      const next = this.#vm.clock.nextDeadlineNs;
      if (next === undefined) {
        this.#giveUp(thread, instance, false);
        return;
      }
      nap = Math.min(NAP_MS, this.#msUntil(next));
      if (nap === 0) this.#vm.advance(this.realNs);
    }
    if (nap > 0) Atomics.wait(this.#bell, 0, this.#heard, nap);
  }

  /** Whether no thread can go on by itself. */
  #allWait(): boolean {
    return this.all.every((one) => one.instance === undefined || one.state === "waiting" || one.state === "ended");
  }

  #giveUp(thread: Thread, instance: ModuleInstance, isLimit: boolean): void {
    const seconds = this.patienceMs / 1000;
    // Why a worker has not come is told by an event, which waits for this thread.
    const awaited = [...this.#remotes].filter(([, remote]) => remote.isAwaited);
    for (const [one] of awaited) this.#lose(one, `did not begin to run ${one.name} within ${seconds} s`);
    if (awaited.length > 0) return;
    throw new StopModule(
      this.#vm.findings.record(instance, {
        severity: "fault",
        rule: isLimit ? "limit" : "deadlock",
        message: `${isLimit ? `a callback waited for ${seconds} s and goes no further` : "deadlock"}: ${this.describe(thread)}`,
        advice: "Look at who holds what it waits for, or who should signal it.",
        also: waitPlaces(waitChain(thread)),
      }),
    );
  }

  /** The allocator of a module is another thread's: that one may have failed in it, and never give it back. */
  contended(instance: ModuleInstance, address: number): void {
    for (const [thread, remote] of [...this.#remotes]) {
      if (thread.instance === instance && remote.hasFailed) this.turn(thread);
    }
    if (instance.stoppedBy !== undefined) throw new StopModule(instance.stoppedBy);
    waitForLock(instance.exports.memory, address);
  }

  // ---------------------------------------------------------------------------------------------------------- time

  /** Nanoseconds since the VM was made. */
  get realNs(): bigint {
    return MONOTONIC.nowNs() - this.#startNs;
  }

  #msUntil(deadlineNs: bigint): number {
    return Math.max(0, Math.ceil(Number(deadlineNs - this.realNs) / NS_PER_MS));
  }

  /** When the first thread has waited long enough; undefined when none waits for time. */
  #soonest(): bigint | undefined {
    let soonest: bigint | undefined;
    for (const { alarm } of this.all) {
      if (alarm.isSet && (soonest === undefined || alarm.deadlineNs < soonest)) soonest = alarm.deadlineNs;
    }
    return soonest;
  }

  /** Time passes, also while a callback waits: threads that have waited long enough go on, timers fire when it has ended. */
  #passTime(): void {
    const now = this.realNs;
    const { clock } = this.#vm;
    if (now > clock.nowNs) clock.restoreNow(now);
    for (const thread of this.all) {
      if (!thread.alarm.isSet || thread.alarm.deadlineNs > now) continue;
      clock.cancel(thread.alarm);
      this.timeOut(thread);
    }
  }

  // -------------------------------------------------------------------------------------------------------- places

  override placeOfCall(): Error | undefined {
    const remote = this.current === undefined ? undefined : this.#remotes.get(this.current);
    return remote?.explain();
  }

  /** Looked up when it is asked for: a worker's stack costs too much to be taken at every wait. */
  protected override placeOfWait(): Error {
    const thread = this.current!;
    const remote = this.#remotes.get(thread);
    if (remote === undefined) return super.placeOfWait();
    const { wait } = thread;
    const place = new Error("call");
    Object.defineProperty(place, "stack", {
      get: () => (thread.wait === wait ? remote.explain()?.stack : undefined) ?? "",
    });
    return place;
  }
}
