import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "./vm.ts";

/**
 * The address space locks, one a type of space. While callbacks run one after another there is one holder at most: the
 * module instance whose callback took it.
 */
export class GaspLocks {
  readonly #holders = new Map<number, number>();

  /** @returns false when the lock is taken */
  lock(type: number, instance: number): boolean {
    if (this.#holders.has(type)) return false;
    this.#holders.set(type, instance);
    return true;
  }

  /** @returns false when the instance does not hold it */
  unlock(type: number, instance: number): boolean {
    if (this.#holders.get(type) !== instance) return false;
    this.#holders.delete(type);
    return true;
  }

  isHeld(type: number, instance: number): boolean {
    return this.#holders.get(type) === instance;
  }

  isHeldByAny(): boolean {
    return this.#holders.size > 0;
  }

  releaseAll(): void {
    if (this.#holders.size > 0) this.#holders.clear();
  }

  releaseAllOf(instance: number): void {
    for (const [type, holder] of this.#holders) if (holder === instance) this.#holders.delete(type);
  }

  /** A callback has returned: what it locked must be unlocked. */
  checkReleased(vm: Vm, instance: ModuleInstance): void {
    if (this.#holders.size === 0) return;
    for (const [, holder] of this.#holders) {
      if (holder !== instance.id) continue;
      vm.findings.record(instance, {
        severity: "warning",
        rule: "lock",
        message: "a callback returned while it held the address space lock",
        advice: "Call gasp_unlock() on every way out; the next gasp_lock() would wait for ever.",
      });
    }
    this.releaseAllOf(instance.id);
  }
}
