import { GRF_PASS_RD, GRF_PASS_WR } from "../../abi/generated/constants.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { ATTENTION } from "../vm/attention.ts";
import { BYTES_PER_WORK, chargeHostWork } from "../vm/host-work.ts";
import type { Vm } from "../vm/vm.ts";
import { changedByte, type DoubleFetch, Fetches } from "./fetches.ts";
import type { FetchKind, RamRange } from "./guest-ram.ts";
import { LoadedBytes } from "./loaded-bytes.ts";
import { NOT_WRITABLE, type Origin, OVERRUN, originNow, tellMistake, WRITTEN_AFTER_UNMAP } from "./mapping-mistakes.ts";
import { type SavedBlocks, WindowMemory } from "./window-memory.ts";

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
  readonly range: RamRange;
  readonly guestAddress: bigint;
  /** The function that made it. */
  readonly by: string;
  readonly origin: Origin;
  /** Guest bytes as last copied in or out: what differs from them the module has written. */
  readonly base: Uint8Array;
}

/** A mapping that was made, and the first guest byte it read differently than the callback had before. */
export interface Mapped {
  readonly address: number;
  readonly changed: DoubleFetch | undefined;
}

interface SavedWindows {
  readonly version: number;
  readonly windows: readonly { readonly window: Window; readonly base: Uint8Array }[];
  readonly blocks: SavedBlocks;
}

/** Most guest bytes one instance may have mapped at once. */
const LIMIT_BYTES = 1 << 20;
/** And in how many windows: they are gone through at every callback. */
const LIMIT_WINDOWS = 256;
/** Windows that make one unit of work to look at. */
const WINDOWS_PER_WORK = 8;

/**
 * What gasp_map_*() hands out. A module has one memory of its own, so a mapping is a window: guest bytes are copied in
 * when it is made and when a callback begins, and what the module changed is copied out when it is unmapped and when
 * the callback ends. A guest that changes bytes meanwhile is not seen until the next callback; C code on qvm would see
 * it at once. docs/address-space.md says what else differs.
 */
export class Windows {
  readonly #vm: Vm;
  readonly #memory = new WindowMemory();
  readonly #fetches = new Fetches();
  /** Where every load of the modules is shown, loads are fetches and mappings are none. */
  #loaded: LoadedBytes | undefined;
  #windows: Window[] = [];
  /** Windows given back in the callback in progress, to be looked at once more when it ends. */
  #gone: { readonly window: Window; readonly origin: Origin }[] = [];
  #any = false;
  /** Told when a window is made: a batch cannot go on by itself then. */
  opened: (() => void) | undefined;
  /** Whether guest memory is asked again at each load, where loads are shown: a guest changes it meanwhile. */
  asksAtLoads = false;
  /** Names which windows and blocks there are; never used again for others. */
  #version = 0;
  #count = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** Whether there is anything to do when a callback begins or ends. */
  get any(): boolean {
    return this.#any;
  }

  #setAny(any: boolean): void {
    this.#any = any;
    this.#vm.attend(ATTENTION.windows, any);
  }

  /** Bytes an instance may still map. */
  room(instance: ModuleInstance): number {
    const own = this.#of(instance);
    return own.length >= LIMIT_WINDOWS ? 0 : LIMIT_BYTES - own.reduce((sum, window) => sum + window.length, 0);
  }

  /**
   * @param by the function that maps
   * @returns undefined when the bytes are not in one range of RAM or ROM, or the rights are not those of its pages
   */
  map(
    instance: ModuleInstance,
    guestAddress: bigint,
    length: number,
    rights: WindowRights,
    by: string,
  ): Mapped | undefined {
    const { ram } = this.#vm;
    const needed = (rights.read ? GRF_PASS_RD : 0) | (rights.write ? GRF_PASS_WR : 0);
    const range = ram.find(guestAddress, length);
    if (range === undefined || length === 0 || length > this.room(instance)) return undefined;
    if ((ram.rightsOf(range, guestAddress, length) & needed) !== needed) return undefined;
    chargeHostWork(this.#vm, instance, length / BYTES_PER_WORK);
    this.#settle(instance, guestAddress, length);
    const { address, clean } = this.#memory.take(instance, length);
    this.#vm.races?.fresh(instance, address, length);
    const origin = originNow(this.#vm);
    if (!clean) tellMistake(this.#vm, instance, origin, WRITTEN_AFTER_UNMAP);
    const bytes = ram.fetch(range, guestAddress, length, "map");
    const changed =
      rights.read && this.#loaded === undefined ? this.#fetched(instance, guestAddress, bytes, by) : undefined;
    instance.write(address, bytes);
    const base = bytes.slice();
    this.#windows.push({ instance, address, length, range, guestAddress, by, origin, base, ...rights });
    this.#gone = this.#gone.filter(({ window }) => window.instance !== instance || window.address !== address);
    this.#changed();
    this.#setAny(true);
    this.opened?.();
    return { address, changed };
  }

  /** @returns how many bytes the window had; undefined when there is no such window of this instance */
  unmap(instance: ModuleInstance, address: number): number | undefined {
    const window = this.#windows.find((one) => one.instance === instance && one.address === address);
    if (window === undefined) return undefined;
    chargeHostWork(this.#vm, instance, window.length / BYTES_PER_WORK);
    this.#copyOut(window, true);
    this.#windows = this.#windows.filter((other) => other !== window);
    this.#changed();
    this.#memory.give(instance, window.address, window.length);
    this.#gone.push({ window, origin: originNow(this.#vm) });
    return window.length;
  }

  /** A module instance has stopped: the guest sees what it wrote, and its windows are gone. */
  closeAllOf(instance: ModuleInstance): void {
    for (const window of this.#of(instance)) this.#copyOut(window);
    this.#windows = this.#windows.filter((window) => window.instance !== instance);
    this.#gone = this.#gone.filter(({ window }) => window.instance !== instance);
    this.#memory.forget(instance);
    this.#changed();
    this.#look();
  }

  /** Copies guest bytes for a vdev, as guest_cpu_read() does. @returns undefined where they may not be read */
  load(
    instance: ModuleInstance,
    address: bigint,
    length: number,
    by: string,
  ): { readonly bytes: Uint8Array; readonly changed: DoubleFetch | undefined } | undefined {
    this.#settle(instance, address, length);
    const bytes = this.#vm.ram.read(address, length);
    if (bytes === undefined) return undefined;
    return { bytes, changed: this.#fetched(instance, address, bytes.slice(), by) };
  }

  /** Writes guest bytes for a vdev, as guest_cpu_write() does. @returns false where they may not be written */
  store(instance: ModuleInstance, address: bigint, bytes: Uint8Array): boolean {
    this.#settle(instance, address, bytes.length);
    if (!this.#vm.ram.write(address, bytes)) return false;
    this.#fetches.written(instance, address, bytes);
    this.#loaded?.written(instance, address, bytes.length);
    this.#share(address, bytes);
    return true;
  }

  /** From here on `loads` and `stores` are told of what the code of modules does. */
  watchLoads(): void {
    this.#loaded = new LoadedBytes();
  }

  /** Whether the callback in progress has got this guest byte, where loads are shown. */
  hasFetched(address: bigint): boolean {
    return this.#loaded?.has(this.#callback, address) === true;
  }

  /**
   * Code is about to load bytes, of windows or not. Those of a window are a fetch, unless it wrote them.
   * @param by the place of the load, in words
   */
  loads(instance: ModuleInstance, address: number, length: number, by: () => string): DoubleFetch | undefined {
    let found: DoubleFetch | undefined;
    for (const window of this.#windows) {
      if (window.instance !== instance || !window.read) continue;
      const from = Math.max(address, window.address) - window.address;
      const end = Math.min(address + length, window.address + window.length) - window.address;
      if (from < end) found ??= this.#load(window, from, end, by);
    }
    return found;
  }

  /** @param from first byte of the window that is loaded, and `end` behind the last */
  #load(window: Window, from: number, end: number, by: () => string): DoubleFetch | undefined {
    const { instance, base, address, guestAddress } = window;
    const { bytes } = instance;
    const at = guestAddress + BigInt(from);
    const now = this.asksAtLoads ? this.#vm.ram.fetch(window.range, at, end - from, "load") : undefined;
    let found: DoubleFetch | undefined;
    for (let i = from; i < end; i++) {
      if (bytes[address + i] !== base[i]) continue;
      if (now !== undefined) {
        base[i] = now[i - from]!;
        instance.setU8(address + i, base[i]!);
      }
      found ??= this.#loaded?.note(this.#callback, instance, guestAddress + BigInt(i), base.subarray(i, i + 1), by);
    }
    return found;
  }

  /** Code is about to store bytes: what it wrote itself is no fetch when it loads it again. */
  stores(instance: ModuleInstance, address: number, length: number): void {
    for (const window of this.#windows) {
      if (window.instance !== instance) continue;
      const from = Math.max(address, window.address) - window.address;
      const end = Math.min(address + length, window.address + window.length) - window.address;
      if (from < end) this.#loaded?.written(instance, window.guestAddress + BigInt(from), end - from);
    }
  }

  /** A guest makes an access: whoever answers it finds the guest's bytes as they are now. */
  refresh(): void {
    for (const window of this.#windows) this.#copyIn(window, "renew");
  }

  /** A callback begins, perhaps inside another whose windows hold what is not written back yet. */
  enter(instance: ModuleInstance): void {
    for (const window of this.#windows) this.#copyOut(window);
    for (const window of this.#windows) if (window.instance === instance) this.#copyIn(window, "renew");
  }

  /** A callback has ended: the guest sees what it wrote. */
  flush(): void {
    for (const window of this.#windows) this.#copyOut(window);
    for (const { window, origin } of this.#gone) {
      if (!this.#memory.written(window.instance, window.address, window.length)) continue;
      tellMistake(this.#vm, window.instance, origin, WRITTEN_AFTER_UNMAP);
    }
    this.#gone.length = 0;
    this.#look();
  }

  /** Whether any of the bytes from an address on are inside a mapping. */
  holds(instance: ModuleInstance, address: number, length = 1): boolean {
    return this.#windows.some(
      (window) =>
        window.instance === instance && address + length > window.address && address < window.address + window.length,
    );
  }

  #changed(): void {
    this.#version = ++this.#count;
  }

  #look(): void {
    this.#setAny(this.#windows.length > 0 || this.#gone.length > 0);
  }

  #of(instance: ModuleInstance): Window[] {
    return this.#windows.filter((window) => window.instance === instance);
  }

  /** A vdev is about to read or write guest bytes another way: what it wrote in windows comes first. */
  #settle(instance: ModuleInstance, address: bigint, length: number): void {
    for (const window of this.#windows) {
      if (window.instance !== instance || !overlap(window, address, length)) continue;
      chargeHostWork(this.#vm, instance, window.length / BYTES_PER_WORK);
      this.#copyOut(window, true);
    }
  }

  /** Guest bytes were written by a vdev: windows on them show it, as two mappings of one page do. */
  #share(address: bigint, bytes: Uint8Array): void {
    for (const window of this.#windows) {
      if (!overlap(window, address, bytes.length)) continue;
      const { base, instance } = window;
      const first = Number(window.guestAddress - address); // of the window, counted from the first byte written
      for (let i = Math.max(first, 0); i < Math.min(first + window.length, bytes.length); i++) {
        const at = window.address + i - first;
        // What the module has written there itself and is not written back yet comes later, and stays.
        if (instance.bytes[at] !== base[i - first]) continue;
        base[i - first] = bytes[i]!;
        instance.setU8(at, bytes[i]!);
      }
    }
  }

  /** Compares what a call fetches with what the callback has seen of it: earlier fetches and open windows. */
  #fetched(instance: ModuleInstance, address: bigint, bytes: Uint8Array, by: string): DoubleFetch | undefined {
    if (this.#loaded !== undefined) return this.#loaded.note(this.#callback, instance, address, bytes, () => `${by}()`);
    let open: DoubleFetch | undefined;
    for (const window of this.#windows) {
      if (window.instance !== instance || !window.read) continue;
      open ??= changedByte(window.guestAddress, window.base, `${window.by}()`, address, bytes);
    }
    const earlier = this.#fetches.note(this.#callback, instance, address, bytes, `${by}()`);
    return open ?? earlier;
  }

  /** Names the callback in progress. */
  get #callback(): number {
    const { current } = this.#vm.activations;
    return current === undefined ? -this.#vm.context.trap : current.id;
  }

  #copyIn(window: Window, kind: FetchKind): void {
    const guest = this.#vm.ram.fetch(window.range, window.guestAddress, window.length, kind);
    window.base.set(guest);
    window.instance.write(window.address, guest);
  }

  /**
   * Writes back only the bytes the module changed: the guest may have changed others meanwhile.
   * @param share whether other windows are to show it at once; when a callback begins they are renewed anyway
   */
  #copyOut(window: Window, share = false): void {
    const { instance, base, length, address } = window;
    if (this.#memory.overrun(instance, address, length)) tellMistake(this.#vm, instance, window.origin, OVERRUN);
    const inside = instance.bytes.subarray(address, address + length);
    if (Buffer.compare(inside, base) === 0) return;
    if (!window.write) {
      instance.write(address, base);
      tellMistake(this.#vm, instance, window.origin, NOT_WRITABLE);
      return;
    }
    for (let from = 0; from < length; from++) {
      if (inside[from] === base[from]) continue;
      let to = from + 1;
      while (to < length && inside[to] !== base[to]) to++;
      const at = window.guestAddress + BigInt(from);
      const bytes = inside.slice(from, to);
      this.#vm.ram.writeBack(window.range, at, bytes);
      this.#fetches.written(instance, at, bytes);
      this.#loaded?.written(instance, at, bytes.length);
      base.set(bytes, from);
      if (share && this.#windows.length > 1) {
        chargeHostWork(this.#vm, instance, this.#windows.length / WINDOWS_PER_WORK);
        this.#share(at, bytes);
      }
      from = to;
    }
  }

  /** Open windows, for putting a VM back. */
  save(): SavedWindows {
    const windows = this.#windows.map((window) => ({ window, base: window.base.slice() }));
    return { version: this.#version, windows, blocks: this.#memory.save() };
  }

  /** Module memory is put back too. */
  restore(saved: SavedWindows): void {
    this.#fetches.clear();
    this.#loaded?.clear();
    this.#gone.length = 0;
    for (const { window, base } of saved.windows) window.base.set(base);
    if (saved.version !== this.#version) {
      this.#windows = saved.windows.map(({ window }) => window);
      this.#memory.restore(saved.blocks);
      this.#version = saved.version;
    }
    this.#look();
  }
}

function overlap(window: Window, address: bigint, length: number): boolean {
  return window.guestAddress < address + BigInt(length) && address < window.guestAddress + BigInt(window.length);
}
