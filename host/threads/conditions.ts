import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";
import type { Thread } from "./thread.ts";

/** Condition variables, semaphores and what pthread_once() looks at, in module memory; only the host may change them. */
export interface WaitObject {
  readonly kind: "cond" | "sem" | "once";
  readonly instance: ModuleInstance;
  readonly address: number;
  /** Of a semaphore: what can be taken without waiting. Of a condition variable: its clock. Of a once: ONCE.*. */
  value: number;
  /** Of a once: who runs the function. */
  owner: Thread | undefined;
}

/** Written into the first word, so that bytes which were copied or cleared are none. */
const MAGIC = { cond: 0x636f6e64, sem: 0x73656d61, once: 0x6f6e6365 } as const;

/** Every object with its value at one time. */
export type SavedWaitObjects = readonly {
  readonly object: WaitObject;
  readonly value: number;
  readonly owner: Thread | undefined;
}[];

/** What the threads of a VM wait for beside mutexes. Who waits for one is the threads' to know. */
export class WaitObjects {
  readonly #vm: Vm;
  readonly #all = new Map<string, WaitObject>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  init(kind: WaitObject["kind"], instance: ModuleInstance, address: number, value = 0): WaitObject {
    const object: WaitObject = { kind, instance, address, value, owner: undefined };
    this.#all.set(keyOf(instance, address), object);
    instance.setU32(address, MAGIC[kind] ^ address);
    return object;
  }

  /** The object at an address; undefined where none of this kind was made, or its bytes were overwritten since. */
  find(kind: WaitObject["kind"], instance: ModuleInstance, address: number): WaitObject | undefined {
    const object = this.#all.get(keyOf(instance, address));
    const isIntact = instance.u32(address) === (MAGIC[kind] ^ address) >>> 0;
    return object?.kind === kind && isIntact ? object : undefined;
  }

  /** The object that was made at an address, also where its bytes were overwritten since. */
  madeAt(kind: WaitObject["kind"], instance: ModuleInstance, address: number): WaitObject | undefined {
    const object = this.#all.get(keyOf(instance, address));
    return object?.kind === kind ? object : undefined;
  }

  /** @returns false when somebody waits for it, and nothing was done */
  destroy(object: WaitObject): boolean {
    if ((this.#vm.threads?.waitingFor(object).length ?? 0) > 0) return false;
    this.#all.delete(keyOf(object.instance, object.address));
    object.instance.setU32(object.address, 0);
    return true;
  }

  save(): SavedWaitObjects {
    return [...this.#all.values()].map((object) => ({ object, value: object.value, owner: object.owner }));
  }

  restore(saved: SavedWaitObjects): void {
    if (saved.length === 0 && this.#all.size === 0) return;
    this.#all.clear();
    for (const { object, value, owner } of saved) {
      object.value = value;
      object.owner = owner;
      this.#all.set(keyOf(object.instance, object.address), object);
    }
  }
}

function keyOf(instance: ModuleInstance, address: number): string {
  return `${instance.id}:${address}`;
}
