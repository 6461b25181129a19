import type { HeldLock } from "./held-locks.ts";
import type { Vm } from "./vm.ts";

/** How reports call it; one for all modules. */
export const ADDRESS_SPACE_LOCK = "the address space lock";

/**
 * The address space locks, one a type of space. While callbacks run one after another there is one holder at most: the
 * callback that took it.
 */
export class GaspLocks {
  readonly #vm: Vm;
  readonly #holders = new Map<number, HeldLock>();
  /** What orders the holders of one type's lock. */
  readonly #orders = new Map<number, object>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** @returns false when the lock is taken */
  lock(type: number, instance: number): boolean {
    const { held, instances } = this.#vm;
    if (held.any) held.checkEarlierTraps();
    if (this.#holders.has(type)) return false;
    const release = () => {
      this.#holders.delete(type);
      this.#vm.threads?.wakeWaiting(this, true);
      this.#vm.races?.release(this.#orderOf(type));
    };
    const call = new Error("gasp_lock");
    this.#holders.set(type, held.add(ADDRESS_SPACE_LOCK, instances[instance]!, release, call));
    this.#vm.races?.acquire(this.#orderOf(type));
    return true;
  }

  #orderOf(type: number): object {
    const known = this.#orders.get(type);
    if (known !== undefined) return known;
    const order = { type };
    this.#orders.set(type, order);
    return order;
  }

  /** The lock, when a thread other than the one in progress has it: that one will give it back. */
  heldByOther(type: number): HeldLock | undefined {
    const holder = this.#holderOf(type);
    return holder !== undefined && holder.owner !== this.#vm.threads?.acting ? holder : undefined;
  }

  /** @returns false when the instance does not hold it */
  unlock(type: number, instance: number): boolean {
    const holder = this.#holderOf(type);
    if (holder?.instance.id !== instance) return false;
    this.#vm.held.remove(holder);
    holder.release(false);
    return true;
  }

  isHeld(type: number, instance: number): boolean {
    return this.#holderOf(type)?.instance.id === instance;
  }

  isHeldByAny(): boolean {
    if (this.#vm.held.any) this.#vm.held.checkEarlierTraps();
    return this.#holders.size > 0;
  }

  #holderOf(type: number): HeldLock | undefined {
    if (this.#vm.held.any) this.#vm.held.checkEarlierTraps();
    return this.#holders.get(type);
  }
}
