import { CALLBACK, THREAD } from "../gate/situation.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { callPlace } from "../sandbox/stack.ts";
import type { Activation } from "../vm/activation.ts";
import type { Vm } from "../vm/vm.ts";
import type { SavedCoroutines } from "./coroutines.ts";
import type { Schedule } from "./schedule.ts";
import { type Continuation, SUSPENDED, type Suspended } from "./suspended.ts";
import { EndOfThread, isWaitingFor, newThread, type Thread, type Wait } from "./thread.ts";
import { describeWait, waitChain, waitPlaces } from "./waits.ts";

/** All threads of a VM at one time. */
export interface SavedThreads {
  readonly schedule: number;
  readonly nextId: number;
  readonly threads: readonly {
    readonly thread: Thread;
    readonly was: Thread;
    readonly left: readonly { readonly activation: Activation; readonly continuation: Continuation | undefined }[];
  }[];
  readonly instances: readonly {
    readonly instance: ModuleInstance;
    readonly coroutines: SavedCoroutines | undefined;
    readonly frames: readonly number[];
  }[];
}

/** Vdev threads a VM may have at once. */
const THREAD_LIMIT = 256;
/** Turns that threads are given when a callback has ended and they could go on for ever. */
const DRAIN_TURNS = 1000;
/** Turns of others, or alarms, that a callback may wait for in a run. */
const WAIT_TURNS = 100_000;
const TURN: Wait = { for: "turn" };
/** What a vdev's thread is to do. */
export interface ThreadWork {
  /** Index of its vdev in the VM. */
  readonly vdev: number;
  /** Its function in the module's table, and what that is given. */
  readonly routine: number;
  readonly arg: number;
  /** To be called when the function has returned. */
  readonly returned: () => void;
}

/** Callbacks that may wait one within the other, as timers do that fire while an earlier one still waits. */
const NESTING_LIMIT = 32;

/**
 * The threads of a VM, which take turns on the host's one: who goes on is up to the schedule, so the same schedule
 * gives the same run. A callback runs on a thread of its own, which ends with it.
 */
export class Threads {
  readonly #vm: Vm;
  readonly #schedule: Schedule;
  readonly #all: Thread[] = [];
  #current: Thread | undefined;
  #nextId = 1;
  #readyCount = 0;
  /** Callbacks that wait, each within what happens while the one before it waits. */
  #nesting = 0;
  /**
   * Somebody outside gives the turns (`begin`, `turn`): timers and pulses are begun and not awaited, and nobody goes on
   * by itself.
   */
  stepwise = false;
  /** Turns of others, or alarms, that a callback may wait for. */
  waitTurns = WAIT_TURNS;
  /** Of which waits the place is taken down: of those for other threads, or also of those for time. */
  tracesPlaces: "none" | "others" | "all" = "others";
  /** Vdev threads there may be at once. */
  readonly limit: number = THREAD_LIMIT;

  constructor(vm: Vm, schedule: Schedule) {
    this.#vm = vm;
    this.#schedule = schedule;
  }

  /** The thread in progress; undefined between callbacks. */
  get current(): Thread | undefined {
    return this.#current;
  }

  /** Threads that have not ended, in the order they were made. */
  get all(): readonly Thread[] {
    return this.#all;
  }

  find(id: number): Thread | undefined {
    for (const thread of this.#all) if (thread.id === id) return thread;
    return undefined;
  }

  // ------------------------------------------------------------------------------------------------ making, ending

  /** A thread of a vdev's own; it runs when it is its turn. @returns undefined when there are too many */
  create(instance: ModuleInstance, name: string, start: Thread["start"], _work: ThreadWork): Thread | undefined {
    if (this.#all.filter((thread) => thread.instance !== undefined).length >= this.limit) return undefined;
    const thread = this.#add(THREAD.vdev, 0, name, start, instance, undefined);
    if (this.tracesPlaces !== "none") thread.madeAt = this.placeOfCall() ?? callPlace();
    return thread;
  }

  #add(
    kind: number,
    vcpu: number,
    name: string,
    start: Thread["start"],
    instance: ModuleInstance | undefined,
    root: Thread | undefined,
  ): Thread {
    const thread: Thread = newThread(
      { id: this.#nextId++, name, kind, vcpu, instance, start, root },
      ++this.#readyCount,
      () => this.timeOut(thread),
    );
    this.#all.push(thread);
    return thread;
  }

  /** The thread in progress, as locks know it. */
  get acting(): Thread | undefined {
    return this.#current?.root ?? this.#current;
  }

  /** Whether a callback is awaited now: then only threads can go on. */
  get awaits(): boolean {
    return this.#nesting > 0;
  }

  /** A callback on a thread of its own, which runs when it is given a turn. @param root whose thread it is on, as locks know it */
  begin(start: Thread["start"], callback: number, kind: number, vcpu: number, root?: Thread): Thread {
    return this.#add(kind, vcpu, nameOf(callback, kind, vcpu), start, undefined, root);
  }

  /** Runs a callback on a thread of its own, and other threads while it waits. @returns its result */
  runToEnd(start: Thread["start"], callback: number, kind: number, vcpu: number): number | undefined {
    const outer = this.#current;
    // A callback in the middle of another one runs on that one's thread.
    const thread = this.begin(start, callback, kind, vcpu, outer?.state === "running" ? this.acting : undefined);
    if (this.stepwise && outer === undefined && kind !== THREAD.main) return undefined;
    this.#await(() => {
      this.turn(thread);
      return () => (thread.state === "ended" ? undefined : thread);
    });
    if (outer === undefined) this.drain();
    return thread.result;
  }

  /** Gives turns, and lets time pass where all wait, until nobody is awaited. @param awaited one of those who are */
  runUntil(awaited: () => Thread | undefined): void {
    this.#await(() => awaited);
    this.drain();
  }

  #await(begin: () => () => Thread | undefined): void {
    this.#nesting++;
    try {
      const awaited = begin();
      for (let turns = 0; ; turns++) {
        const thread = awaited();
        if (thread === undefined) return;
        if (turns > this.waitTurns || this.#nesting > NESTING_LIMIT) this.#stuck(thread, true);
        else if (!this.#go()) this.#stuck(thread, false);
      }
    } finally {
      this.#nesting--;
    }
  }

  /** Whether the thread in progress gives its turn away before it calls that function. */
  preempts(call: string): boolean {
    return this.#schedule.preempts(call);
  }

  /** Lets others go first. @param gate makes the call that was about to be made */
  giveTurnBefore(call: string, gate: (...args: number[]) => number | Suspended, args: readonly number[]): Suspended {
    return this.giveTurn(() => {
      this.#schedule.goesOn?.(call);
      return gate(...args);
    });
  }

  /** Lets others go first. @param continuation what the thread does when it is its turn again */
  giveTurn(continuation: Continuation): Suspended {
    this.wait(TURN, continuation);
    this.#makeReady(this.#current!);
    return SUSPENDED;
  }

  /** Lets threads run that can, until all of them wait. */
  drain(): void {
    if (this.stepwise) return;
    for (let turns = 0; turns < DRAIN_TURNS; turns++) {
      const { ready } = this;
      if (ready.length === 0) return;
      this.turn(this.#schedule.choose(ready));
    }
  }

  /** Who could go on, those that have waited longest for their turn first. */
  get ready(): Thread[] {
    const ready: Thread[] = [];
    for (const thread of this.#all) {
      if (thread.state !== "ready" && thread.state !== "new") continue;
      let at = ready.length;
      while (at > 0 && ready[at - 1]!.readySince > thread.readySince) at--;
      if (at === ready.length) ready.push(thread);
      else ready.splice(at, 0, thread);
    }
    return ready;
  }

  /** One turn of some thread, or time moves on. @returns false when nothing can */
  #go(): boolean {
    const { ready } = this;
    if (ready.length > 0) {
      this.turn(this.#schedule.choose(ready));
      return true;
    }
    return this.#vm.waitForAlarm();
  }

  /** Lets a thread run until it waits or ends. */
  turn(thread: Thread): void {
    const outer = this.#current;
    const isNew = thread.state === "new";
    this.#current = thread;
    thread.state = "running";
    thread.wait = undefined;
    const { activations, races } = this.#vm;
    races?.switchTo(thread);
    let ended = true;
    try {
      const outcome = this.run(thread, isNew);
      ended = outcome !== SUSPENDED;
      if (outcome === SUSPENDED) thread.left = activations.takeLeft();
      else thread.result = outcome;
    } catch (error) {
      if (!(error instanceof EndOfThread)) throw error;
    } finally {
      this.#current = outer;
      if (outer === undefined) races?.between();
      else races?.switchTo(outer);
      if (ended) this.end(thread);
    }
  }

  /** Begins a thread, or goes on with it. */
  protected run(thread: Thread, isNew: boolean): number | undefined | Suspended {
    return isNew ? thread.start() : this.#vm.activations.resume(thread.left);
  }

  protected end(thread: Thread): void {
    thread.state = "ended";
    thread.left = [];
    this.#clearAlarm(thread);
    for (const other of this.#all) {
      if (other.wait?.for === "join" && other.wait.of === thread) this.wake(other);
    }
    if (thread.detached || thread.instance === undefined) this.#forget(thread);
  }

  /** Removes a thread from the list: nobody will ask for it again. */
  #forget(thread: Thread): void {
    const at = this.#all.indexOf(thread);
    if (at >= 0) this.#all.splice(at, 1);
  }

  /** A thread has been joined. */
  joined(thread: Thread): void {
    this.#forget(thread);
  }

  /** Ends the threads of a module instance that has stopped, and whoever was in it. */
  endAllOf(instance: ModuleInstance): void {
    for (const thread of [...this.#all]) {
      if (thread === this.#current || thread.state === "running" || thread.state === "ended") continue;
      if (thread.instance !== instance && !thread.left.some((one) => one.instance === instance)) continue;
      this.#vm.activations.abandon(thread.left);
      this.end(thread);
    }
  }

  /** The VM has ended: threads that are still there are reported, and end. */
  endAll(): void {
    for (const thread of [...this.#all]) {
      if (thread.instance !== undefined) this.#reportLeft(thread, thread.instance);
      this.#vm.activations.abandon(thread.left);
      this.end(thread);
    }
    this.#all.length = 0;
  }

  /** A thread that is there after TERMINATE: alive, or cancelled and never joined. One that returned is let be. */
  #reportLeft(thread: Thread, instance: ModuleInstance): void {
    const isAlive = thread.state !== "ended";
    if (instance.stopped !== undefined || !(isAlive || thread.cancelled)) return;
    const { context, findings } = this.#vm;
    context.enter(CALLBACK.TERMINATE, THREAD.main, instance.vdevs[0] ?? -1, 0);
    findings.record(instance, {
      severity: "warning",
      rule: "thread",
      message: isAlive
        ? `${thread.name} is still alive after VDEV_CTRL_TERMINATE`
        : `${thread.name} was cancelled, and not joined by the end of VDEV_CTRL_TERMINATE`,
      advice: isAlive
        ? "End it there with pthread_cancel() and pthread_join(), or tell it to end and join it."
        : "Join it with pthread_join(): only then is it certain that it no longer uses what the vdev gives back.",
      ...(thread.waitsAt !== undefined && { stackOf: thread.waitsAt }),
      ...(thread.madeAt !== undefined && { also: [{ what: "it was made", stackOf: thread.madeAt }] }),
    });
    context.enter(CALLBACK.none, THREAD.main, -1, 0);
  }

  // ------------------------------------------------------------------------------------------------ waiting, waking

  /** Makes the thread in progress wait. @param untilNs when it goes on without; @param continuation gives the result */
  wait(wait: Wait, continuation: Continuation, untilNs?: bigint): Suspended {
    const thread = this.#current!;
    thread.state = "waiting";
    thread.wait = wait;
    thread.waitsAt = this.#tracesPlaceOf(wait) ? this.placeOfWait() : undefined;
    thread.timedOut = false;
    if (untilNs !== undefined) this.#setAlarm(thread, untilNs);
    return this.#vm.activations.suspend(continuation);
  }

  /** An error whose stack is where the thread in progress begins to wait. */
  protected placeOfWait(): Error {
    return callPlace();
  }

  /** Where the call in progress was made, if not on the stack of the main thread. */
  placeOfCall(): Error | undefined {
    return undefined;
  }

  #tracesPlaceOf(wait: Wait): boolean {
    if (this.tracesPlaces === "others") return wait.for !== "turn" && wait.for !== "time";
    return this.tracesPlaces === "all";
  }

  #setAlarm(thread: Thread, deadlineNs: bigint): void {
    this.#vm.clock.set(thread.alarm, deadlineNs > this.#vm.nowNs ? deadlineNs : this.#vm.nowNs);
    this.#vm.alarmsChanged();
  }

  #clearAlarm(thread: Thread): void {
    if (!thread.alarm.isSet) return;
    this.#vm.clock.cancel(thread.alarm);
    this.#vm.alarmsChanged();
  }

  /** A thread has waited as long as it wanted to. */
  protected timeOut(thread: Thread): void {
    thread.timedOut = true;
    this.wake(thread);
    this.drain();
  }

  /** What a thread waited for has happened: it may go on when it is its turn. */
  wake(thread: Thread): void {
    if (thread.state !== "waiting") return;
    this.#clearAlarm(thread);
    this.#makeReady(thread);
  }

  #makeReady(thread: Thread): void {
    thread.state = "ready";
    thread.readySince = ++this.#readyCount;
  }

  /** Threads that wait for this, in the order they began to. */
  waitingFor(of: object): Thread[] {
    return this.#all.filter((thread) => isWaitingFor(thread, of));
  }

  /** Wakes one of those, or all. */
  wakeWaiting(of: object, all: boolean): void {
    if (all) {
      for (const thread of this.#all) if (isWaitingFor(thread, of)) this.wake(thread);
      return;
    }
    const waiting = this.waitingFor(of);
    if (waiting.length > 0) this.wake(this.#schedule.choose(waiting));
  }

  // ----------------------------------------------------------------------------------------------------- snapshots

  /** All threads as they wait now. To be called between callbacks. */
  save(): SavedThreads {
    return {
      nextId: this.#nextId,
      schedule: this.#schedule.save(),
      threads: this.#all.map((thread) => ({
        thread,
        was: { ...thread },
        left: thread.left.map((activation) => ({ activation, continuation: activation.continuation })),
      })),
      instances: this.#vm.instances.map((instance) => ({
        instance,
        coroutines: instance.coroutines?.save(),
        frames: instance.saveFrames(),
      })),
    };
  }

  restore({ nextId, schedule, threads, instances }: SavedThreads): void {
    this.#schedule.restore(schedule);
    this.#nextId = nextId;
    this.#current = undefined;
    this.#all.splice(0, this.#all.length, ...threads.map(({ thread }) => thread));
    for (const { thread, was, left } of threads) {
      Object.assign(thread, was);
      for (const { activation, continuation } of left) Object.assign(activation, { continuation, rewinding: false });
    }
    for (const { instance, coroutines, frames } of instances) {
      if (coroutines !== undefined) instance.coroutines!.restore(coroutines);
      instance.restoreFrames(frames);
    }
  }

  /** A callback will never end: says so, and stops the module it waits in. */
  #stuck(awaited: Thread, isLimit: boolean): void {
    const innermost = awaited.left[0]!;
    const { context, findings } = this.#vm;
    context.enter(innermost.callback, innermost.thread, innermost.vdev, innermost.vcpu);
    const finding = findings.record(innermost.instance, {
      severity: "fault",
      rule: isLimit ? "limit" : "deadlock",
      ...this.#reason(awaited, isLimit),
      also: waitPlaces(waitChain(awaited)),
      ...(awaited.waitsAt === undefined ? {} : { stackOf: awaited.waitsAt }),
    });
    context.enter(CALLBACK.none, THREAD.main, -1, 0);
    this.#vm.stopInstance(innermost.instance, finding);
    if (awaited.state !== "ended") this.end(awaited);
  }

  #reason(awaited: Thread, isLimit: boolean): { message: string; advice: string } {
    if (this.#nesting > NESTING_LIMIT) {
      return {
        message: `more than ${NESTING_LIMIT} callbacks wait at once, the last of them for ${describeWait(awaited.wait)}`,
        advice:
          "A callback must not wait longer than it takes until the next one: let a thread of the vdev's own wait.",
      };
    }
    if (isLimit) {
      return {
        message: `a callback waited through ${this.waitTurns} turns of others and did not end: ${this.describe(awaited)}`,
        advice: "Tell the thread to end, with pthread_cancel() or a flag it looks at, before waiting for its end.",
      };
    }
    return {
      message: `deadlock: ${this.describe(awaited)}`,
      advice: "Nothing will ever wake this thread. Look at who holds what it waits for, or who should signal it.",
    };
  }

  /** Who waits for whom, from that thread on. */
  protected describe(thread: Thread): string {
    return waitChain(thread)
      .map(({ name, wait }) => `${name} waits for ${describeWait(wait)}`)
      .join("; ");
  }
}

function nameOf(callback: number, kind: number, vcpu: number): string {
  if (kind === THREAD.vcpu) return `vCPU ${vcpu}`;
  return kind === THREAD.main
    ? "the main thread"
    : callback === CALLBACK.timer
      ? "the timer thread"
      : "the pulse thread";
}
