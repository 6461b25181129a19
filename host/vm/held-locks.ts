import { CALLBACK } from "../gate/situation.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { QuickCalls } from "../sandbox/quick-calls.ts";
import { NOWHERE } from "../sandbox/stack.ts";
import type { Thread } from "../threads/thread.ts";
import type { Activation } from "./activation.ts";
import { ATTENTION } from "./attention.ts";
import type { Vm } from "./vm.ts";

/** A lock that is held: who took it, and what was in progress then. */
export interface HeldLock {
  /** As a report names it, behind "held". */
  readonly name: string;
  readonly instance: ModuleInstance;
  /** The thread that took it, in a VM with threads. */
  readonly owner: Thread | undefined;
  /**
   * Lets go of it for its callback.
   * @param isLeft the callback has returned without doing so; otherwise it was ended, or the VM is put back
   */
  readonly release: (isLeft: boolean) => void;
  /** What took it; undefined in an access the dispatcher made. */
  readonly activation: Activation | undefined;
  readonly callback: number;
  readonly thread: number;
  readonly vdev: number;
  readonly vcpu: number;
  readonly trap: number;
  /** Its stack is the place of the call that took the lock. */
  readonly call: Error | undefined;
}

const NONE: readonly HeldLock[] = [];

/** All locks of a VM that callbacks hold: each must be given back before its callback returns. */
export class HeldLocks {
  readonly #vm: Vm;
  readonly #held: HeldLock[] = [];
  readonly #quick: QuickCalls[] = [];
  #any = false;
  /** Counts locks taken and given back. */
  changes = 0;
  /** Told of every lock that is taken, with those its thread held before. */
  onTake: ((lock: HeldLock, before: readonly HeldLock[]) => void) | undefined;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** Whether any lock is held. */
  get any(): boolean {
    this.takeOver();
    return this.#any;
  }

  /** Has locks that a module takes by itself looked at from now on. */
  watch(quick: QuickCalls): void {
    if (!this.#quick.includes(quick)) this.#quick.push(quick);
  }

  /** Puts down locks that modules have taken by themselves: before anybody asks, and before something else is in progress. */
  takeOver(): void {
    for (const quick of this.#quick) quick.takeOver();
  }

  #setAny(any: boolean): void {
    this.#any = any;
    this.#vm.attend(ATTENTION.locks, any);
  }

  /** @param call an error made where the lock was taken; a stack costs far more than a lock, so it may be left out */
  add(name: string, instance: ModuleInstance, release: HeldLock["release"], call: Error | undefined): HeldLock {
    const { callback, thread, vdev, vcpu, trap } = this.#vm.context;
    const lock: HeldLock = {
      name,
      instance,
      release,
      activation: this.#vm.activations.current,
      owner: this.#vm.threads?.acting,
      callback,
      thread,
      vdev,
      vcpu,
      trap,
      call,
    };
    this.onTake?.(lock, this.#heldBy(lock.owner));
    this.#held.push(lock);
    this.#setAny(true);
    this.changes++;
    return lock;
  }

  #heldBy(owner: Thread | undefined): readonly HeldLock[] {
    return this.#held.length === 0 ? NONE : this.#held.filter((lock) => lock.owner === owner);
  }

  remove(lock: HeldLock): void {
    const at = this.#held.lastIndexOf(lock);
    if (at >= 0 && at === this.#held.length - 1) this.#held.pop();
    else if (at >= 0) this.#held.splice(at, 1);
    this.#setAny(this.#held.length > 0);
    this.changes++;
  }

  /** Names of the locks of one thread. */
  namesOf(owner: Thread | undefined): string[] {
    this.takeOver();
    const names: string[] = [];
    for (const lock of this.#held) if (lock.owner === owner) names.push(lock.name);
    return names;
  }

  releaseAllOf(instance: ModuleInstance): void {
    this.takeOver();
    for (const lock of [...this.#held]) {
      if (lock.instance !== instance) continue;
      this.remove(lock);
      lock.release(false);
    }
  }

  /** An activation has ended with the VM and not returned: what it locked is free, and nobody is blamed. */
  releaseOf(activation: Activation | undefined): void {
    this.takeOver();
    for (const lock of [...this.#held]) {
      if (lock.activation !== activation) continue;
      this.remove(lock);
      lock.release(false);
    }
  }

  /** What is held between callbacks: nothing, unless a thread of a vdev's own holds it. */
  save(): readonly HeldLock[] {
    this.takeOver();
    return [...this.#held];
  }

  restore(held: readonly HeldLock[]): void {
    if (!this.any && held.length === 0) return;
    for (const lock of this.#held.splice(0)) if (!held.includes(lock)) lock.release(false);
    this.#held.push(...held);
    this.#setAny(held.length > 0);
    this.changes++;
  }

  /** An activation has returned: what it locked must be unlocked. */
  checkReleased(activation: Activation | undefined): void {
    this.takeOver();
    const isIts = (lock: HeldLock) => lock.activation === activation;
    if (this.#held.some(isIts)) for (const lock of this.#held.filter(isIts)) this.#left(lock);
  }

  /** In a batch of accesses the host learns only at a later one that an earlier one has returned. */
  checkEarlierTraps(): void {
    const { trap } = this.#vm.context;
    const isEarlier = (lock: HeldLock) => lock.activation === undefined && lock.trap !== trap;
    if (!this.#held.some(isEarlier)) return;
    for (const lock of this.#held.filter(isEarlier)) this.#left(lock);
  }

  /** A lock outlived its callback: says so, with what was in progress when it was taken, and lets go of it. */
  #left(lock: HeldLock): void {
    this.remove(lock);
    lock.release(true);
    const { context, findings } = this.#vm;
    const { callback, thread, vdev, vcpu, trap } = context;
    context.enter(lock.callback, lock.thread, lock.vdev, lock.vcpu);
    context.trap = lock.trap;
    findings.record(lock.instance, {
      severity: "warning",
      rule: "lock",
      message: `a ${lock.callback === CALLBACK.thread ? "thread ended" : "callback returned"} while it held ${lock.name}`,
      advice: "Unlock on every way out; the next one to lock it would wait for ever.",
      stackOf: lock.call ?? NOWHERE,
    });
    context.enter(callback, thread, vdev, vcpu);
    context.trap = trap;
  }
}
