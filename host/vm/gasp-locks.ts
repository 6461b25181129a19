import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "./vm.ts";

/** Who took a lock, and what was in progress when it did. */
interface Holder {
  readonly instance: number;
  /** Nesting of the activation: a nested callback's return does not release what an outer one holds. */
  readonly depth: number;
  readonly callback: number;
  readonly thread: number;
  readonly vdev: number;
  readonly vcpu: number;
  readonly trap: number;
  /** Its stack is the place of the gasp_lock() call. */
  readonly call: Error;
}

/**
 * The address space locks, one a type of space. While callbacks run one after another there is one holder at most: the
 * callback that took it.
 */
export class GaspLocks {
  readonly #vm: Vm;
  readonly #holders = new Map<number, Holder>();
  /** Whether anybody holds a lock: a plain field, because it is looked at after every guest access. */
  any = false;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** @returns false when the lock is taken */
  lock(type: number, instance: number): boolean {
    this.#checkEarlierTraps();
    if (this.#holders.has(type)) return false;
    const { callback, thread, vdev, vcpu, trap } = this.#vm.context;
    const { depth } = this.#vm.activations;
    this.#holders.set(type, { instance, depth, callback, thread, vdev, vcpu, trap, call: new Error("gasp_lock") });
    this.any = true;
    return true;
  }

  /** @returns false when the instance does not hold it */
  unlock(type: number, instance: number): boolean {
    if (!this.isHeld(type, instance)) return false;
    this.#delete(type);
    return true;
  }

  isHeld(type: number, instance: number): boolean {
    if (this.any) this.#checkEarlierTraps();
    return this.#holders.get(type)?.instance === instance;
  }

  isHeldByAny(): boolean {
    if (this.any) this.#checkEarlierTraps();
    return this.any;
  }

  releaseAll(): void {
    if (!this.any) return;
    this.#holders.clear();
    this.any = false;
  }

  releaseAllOf(instance: number): void {
    for (const [type, holder] of this.#holders) if (holder.instance === instance) this.#delete(type);
  }

  /** A callback of this nesting has returned: what it locked must be unlocked. */
  checkReleased(depth: number): void {
    for (const [type, holder] of this.#holders) if (holder.depth === depth) this.#left(type, holder);
  }

  /** In a batch the host learns only at a later trap that an earlier one has returned. */
  #checkEarlierTraps(): void {
    const { trap } = this.#vm.context;
    for (const [type, holder] of this.#holders) if (holder.trap !== trap) this.#left(type, holder);
  }

  /** A lock outlived its callback: says so, with what was in progress when it was taken, and lets go of it. */
  #left(type: number, holder: Holder): void {
    this.#delete(type);
    const { context, findings } = this.#vm;
    const now = [context.callback, context.thread, context.vdev, context.vcpu] as const;
    const { trap } = context;
    context.enter(holder.callback, holder.thread, holder.vdev, holder.vcpu);
    context.trap = holder.trap;
    findings.record(this.#instance(holder.instance), {
      severity: "warning",
      rule: "lock",
      message: "a callback returned while it held the address space lock",
      advice: "Call gasp_unlock() on every way out; the next gasp_lock() would wait for ever.",
      stackOf: holder.call,
    });
    context.enter(...now);
    context.trap = trap;
  }

  #instance(id: number): ModuleInstance {
    return this.#vm.instances[id]!;
  }

  #delete(type: number): void {
    this.#holders.delete(type);
    this.any = this.#holders.size > 0;
  }
}
