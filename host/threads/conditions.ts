import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";

/** Condition variables and semaphores in module memory, which only the host may change. */
export interface WaitObject {
  readonly kind: "cond" | "sem";
  readonly instance: ModuleInstance;
  readonly address: number;
  /** Of a semaphore: what can be taken without waiting. */
  value: number;
}

/** Written into the first word, so that bytes which were copied or cleared are none. */
const MAGIC = { cond: 0x636f6e64, sem: 0x73656d61 } as const;

/** Every object with its value at one time. */
export type SavedWaitObjects = readonly { readonly object: WaitObject; readonly value: number }[];

/** The condition variables and semaphores of a VM. Who waits for one is the threads' to know. */
export class WaitObjects {
  readonly #vm: Vm;
  readonly #all = new Map<string, WaitObject>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  init(kind: WaitObject["kind"], instance: ModuleInstance, address: number, value = 0): void {
    this.#all.set(keyOf(instance, address), { kind, instance, address, value });
    instance.setU32(address, MAGIC[kind] ^ address);
  }

  /** The object at an address; undefined where none of this kind was made, or its bytes were overwritten since. */
  find(kind: WaitObject["kind"], instance: ModuleInstance, address: number): WaitObject | undefined {
    const object = this.#all.get(keyOf(instance, address));
    const isIntact = instance.u32(address) === (MAGIC[kind] ^ address) >>> 0;
    return object?.kind === kind && isIntact ? object : undefined;
  }

  /** @returns false when somebody waits for it, and nothing was done */
  destroy(object: WaitObject): boolean {
    if ((this.#vm.threads?.waitingFor(object).length ?? 0) > 0) return false;
    this.#all.delete(keyOf(object.instance, object.address));
    object.instance.setU32(object.address, 0);
    return true;
  }

  save(): SavedWaitObjects {
    return [...this.#all.values()].map((object) => ({ object, value: object.value }));
  }

  restore(saved: SavedWaitObjects): void {
    if (saved.length === 0 && this.#all.size === 0) return;
    this.#all.clear();
    for (const { object, value } of saved) {
      object.value = value;
      this.#all.set(keyOf(object.instance, object.address), object);
    }
  }
}

function keyOf(instance: ModuleInstance, address: number): string {
  return `${instance.id}:${address}`;
}
