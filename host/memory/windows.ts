import type { ModuleInstance } from "../sandbox/instance.ts";
import { BYTES_PER_WORK, chargeHostWork } from "../vm/host-work.ts";
import type { Vm } from "../vm/vm.ts";

/** Rights of a mapping, PROT_* bits. */
export interface WindowRights {
  readonly read: boolean;
  readonly write: boolean;
}

interface Window extends WindowRights {
  readonly instance: ModuleInstance;
  /** Address in module memory, and how many bytes were mapped there. */
  readonly address: number;
  readonly length: number;
  readonly guestAddress: bigint;
  /** Guest bytes as last copied in. */
  base: Uint8Array;
}

interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** Open windows and the blocks for further ones. */
export interface SavedWindows {
  readonly windows: readonly Window[];
  readonly free: ReadonlyMap<ModuleInstance, readonly Block[]>;
}

function copyOf(free: SavedWindows["free"]): Map<ModuleInstance, Block[]> {
  return new Map([...free].map(([instance, blocks]) => [instance, [...blocks]]));
}

/** Most guest bytes one instance may have mapped at once. */
const LIMIT_BYTES = 1 << 20;
/** And in how many windows: they are gone through at every callback. */
const LIMIT_WINDOWS = 256;

/**
 * What gasp_map_*() hands out. A module has one memory of its own, so a mapping is a window: guest bytes are copied in
 * when it is made, and what the module changed is copied out when it is unmapped and when a callback ends. A guest that
 * changes bytes meanwhile is not seen until the next callback; C code on qvm would see it at once.
 */
export class Windows {
  readonly #vm: Vm;
  #windows: Window[] = [];
  /** Blocks of module memory no window uses, by instance. Module memory is never given back, so they are reused. */
  readonly #free = new Map<ModuleInstance, Block[]>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** @returns the address in module memory; 0 when the range is not RAM or the rights are not the region's */
  map(instance: ModuleInstance, guestAddress: bigint, length: number, rights: WindowRights): number {
    const range = this.#vm.ram.find(guestAddress, length);
    if (range === undefined || length === 0 || (rights.write && !range.writable)) return 0;
    const own = this.#windows.filter((window) => window.instance === instance);
    const mapped = own.reduce((sum, window) => sum + window.length, 0);
    if (mapped + length > LIMIT_BYTES || own.length >= LIMIT_WINDOWS) return 0;
    chargeHostWork(this.#vm, instance, length / BYTES_PER_WORK);
    const address = this.#block(instance, length);
    const window: Window = { instance, address, length, guestAddress, base: new Uint8Array(length), ...rights };
    this.#windows.push(window);
    this.#copyIn(window);
    return address;
  }

  #block(instance: ModuleInstance, length: number): number {
    const free = this.#free.get(instance) ?? [];
    const fits = free.findIndex((block) => block.bytes >= length);
    if (fits >= 0) return free.splice(fits, 1)[0]!.address;
    return instance.alloc((length + 15) & ~15);
  }

  /** @returns whether there was such a window */
  unmap(instance: ModuleInstance, address: number): boolean {
    const window = this.#windows.find((one) => one.instance === instance && one.address === address);
    if (window === undefined) return false;
    chargeHostWork(this.#vm, instance, window.length / BYTES_PER_WORK);
    this.#copyOut(window);
    this.#windows = this.#windows.filter((other) => other !== window);
    const free = this.#free.get(instance) ?? [];
    free.push({ address: window.address, bytes: (window.length + 15) & ~15 });
    this.#free.set(instance, free);
    return true;
  }

  /** A module instance has stopped: the guest sees what it wrote, and its windows are gone. */
  closeAllOf(instance: ModuleInstance): void {
    if (!this.any) return;
    for (const window of this.#windows) if (window.instance === instance) this.#copyOut(window);
    this.#windows = this.#windows.filter((window) => window.instance !== instance);
  }

  /** A callback begins: windows show the guest's bytes as they are now. */
  refresh(): void {
    for (const window of this.#windows) this.#copyIn(window);
  }

  /** A callback has ended: the guest sees what it wrote. */
  flush(): void {
    for (const window of this.#windows) this.#copyOut(window);
  }

  /** Whether an address is inside a mapping. */
  holds(instance: ModuleInstance, address: number): boolean {
    return this.#windows.some(
      (window) => window.instance === instance && address >= window.address && address < window.address + window.length,
    );
  }

  get any(): boolean {
    return this.#windows.length > 0;
  }

  #copyIn(window: Window): void {
    const guest = this.#vm.ram.read(window.guestAddress, window.length);
    if (guest === undefined) return;
    window.base = guest;
    window.instance.bytes.set(guest, window.address);
  }

  /** Writes back only the bytes the module changed: the guest may have changed others meanwhile. */
  #copyOut(window: Window): void {
    if (!window.write) return;
    const inside = window.instance.bytes.slice(window.address, window.address + window.length);
    for (let from = 0; from < window.length; from++) {
      if (inside[from] === window.base[from]) continue;
      let to = from + 1;
      while (to < window.length && inside[to] !== window.base[to]) to++;
      this.#vm.ram.write(window.guestAddress + BigInt(from), inside.subarray(from, to));
      from = to;
    }
    window.base = inside;
  }

  /** Open windows, for putting a VM back. */
  save(): SavedWindows {
    return { windows: [...this.#windows], free: copyOf(this.#free) };
  }

  /** Module memory is put back too, heap included: blocks taken since are the module's again. */
  restore(saved: SavedWindows): void {
    if (this.#windows.length === 0 && this.#free.size === 0 && saved.windows.length === 0 && saved.free.size === 0) {
      return;
    }
    this.#windows = [...saved.windows];
    this.#free.clear();
    for (const [instance, blocks] of copyOf(saved.free)) this.#free.set(instance, blocks);
  }
}
