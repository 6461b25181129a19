import { existsSync, readFileSync } from "node:fs";
import { UserError } from "../errors.ts";
import { builtFile } from "../paths.ts";
import * as L from "./assembly/layout.ts";
import { RegionMap } from "./region-map.ts";

/** One claim on an address range, as the dispatcher keeps it. Addresses and lengths in bytes. */
export interface Claim {
  readonly space: "memory" | "io";
  readonly start: bigint;
  readonly length: bigint;
  /** Index of the vdev in the VM. */
  readonly vdev: number;
  /** Address of the vdev_t in module memory. */
  readonly vdp: number;
  readonly cookie: number;
  /** Indices in the module's own table; 0 when the factory has none. */
  readonly vread: number;
  readonly vwrite: number;
  /** acc_sizes of the factory: bit n set, accesses of n bytes allowed. */
  readonly sizes: number;
  /** QST_* of the location. */
  readonly type: number;
  readonly frames: number;
  readonly slots: ThunkSlots;
  /** The host calls the vdev itself, because it may wait: accesses answer DIRECT. */
  readonly isDirect: boolean;
}

/** The first of the shared table's slots with a module instance's thunks. */
export type ThunkSlots = number;

/** The exports of the dispatcher module. Addresses and values travel as unsigned 32-bit halves. */
interface DispatcherExports {
  readonly memory: WebAssembly.Memory;
  select(thread: number, frame: number): void;
  read_memory(lo: number, hi: number, width: number, vcpu: number): number;
  write_memory(lo: number, hi: number, width: number, valueLo: number, valueHi: number, vcpu: number): number;
  read_port(lo: number, hi: number, width: number, vcpu: number): number;
  write_port(lo: number, hi: number, width: number, valueLo: number, valueHi: number, vcpu: number): number;
  run_batch(first: number, end: number): number;
}

/** 1, 2, 4 and 8 bytes: what a factory without acc_sizes is taken to mean. The manual does not say. */
const ALL_SIZES = (1 << 1) | (1 << 2) | (1 << 4) | (1 << 8);

const WIDTHS = [1, 2, 4, 8];

/** At how many offsets of a region an access may begin, as far as a word tells. */
function limitOf(length: bigint, width: number): number {
  const limit = length - BigInt(width) + 1n;
  return limit <= 0n ? 0 : limit > 0xffffffffn ? 0xffffffff : Number(limit);
}

const compiled = new Map<string, WebAssembly.Module>();

function compileDispatcher(file: string): WebAssembly.Module {
  let module = compiled.get(file);
  if (module === undefined) {
    if (!existsSync(file)) throw new UserError("the dispatcher is not built: run `npm run build`", { file });
    module = new WebAssembly.Module(readFileSync(file));
    compiled.set(file, module);
  }
  return module;
}

/**
 * The host's side of the dispatcher module: one a VM. It keeps the maps in the dispatcher's memory current and owns the
 * function table through which the dispatcher reaches the thunks of the modules. Modules never see this table.
 */
export class Dispatcher {
  /** The context words and everything else in the dispatcher's memory. The memory never grows. */
  readonly words: Int32Array;
  readonly exports: DispatcherExports;
  readonly #table: WebAssembly.Table;
  readonly #map: RegionMap;
  #nextGroup = 1;
  /** Told when the maps change: a batch has looked one record ahead. */
  onMapped: (() => void) | undefined;

  /** @param file another build of the dispatcher, for the benchmark that measures the gate */
  constructor(file = builtFile("dispatcher.wasm")) {
    this.#table = new WebAssembly.Table({ initial: 64, element: "anyfunc" });
    const instance = new WebAssembly.Instance(compileDispatcher(file), { env: { table: this.#table } });
    this.exports = instance.exports as unknown as DispatcherExports;
    this.words = new Int32Array(this.exports.memory.buffer);
    this.#map = new RegionMap(this.exports.memory.buffer);
  }

  /** Puts a module instance's thunks into the shared table. */
  addThunks(read: unknown, write: unknown, operand: unknown): ThunkSlots {
    const group = this.#nextGroup++;
    if (group >= L.THUNK_GROUPS) throw new UserError(`a VM has room for ${L.THUNK_GROUPS - 1} module instances`);
    const first = group << L.THUNK_GROUP_SHIFT;
    if (first + (1 << L.THUNK_GROUP_SHIFT) > this.#table.length) this.#table.grow(this.#table.length);
    this.#table.set(first + L.THUNK_READ, read);
    this.#table.set(first + L.THUNK_WRITE, write);
    this.#table.set(first + L.THUNK_OPERAND, operand);
    return first;
  }

  /** Makes accesses to a range reach a vdev. The range must overlap no other. @returns a handle for the other calls */
  claim(claim: Claim): number {
    const handle = this.#map.add(claim.space, claim.start, claim.length, claim.slots);
    this.change(handle, claim);
    this.onMapped?.();
    return handle;
  }

  /** Makes accesses to a range reach another vdev of the same module instance, or with another cookie or other rights. */
  change(handle: number, claim: Claim): void {
    const { words } = this;
    const sizes = claim.sizes === 0 ? ALL_SIZES : claim.sizes & ALL_SIZES;
    for (const width of WIDTHS) {
      const limit = (sizes >> width) & 1 ? limitOf(claim.length, width) : 0;
      words[(handle + L.REGION_LIMITS + 4 * width) >> 2] = limit;
    }
    words[(handle + L.REGION_VREAD) >> 2] = claim.isDirect ? 0 : claim.vread;
    words[(handle + L.REGION_VWRITE) >> 2] = claim.isDirect ? 0 : claim.vwrite;
    words[(handle + L.REGION_VDP) >> 2] = claim.vdp;
    words[(handle + L.REGION_COOKIE) >> 2] = claim.cookie;
    words[(handle + L.REGION_FRAMES) >> 2] = claim.frames;
    words[(handle + L.REGION_VDEV) >> 2] = claim.vdev;
    words[(handle + L.REGION_TYPE) >> 2] = claim.type << 16;
    this.#setRefusal(handle, claim.isDirect ? L.DIRECT : L.NO_HANDLER, sizes);
  }

  /** Gives a range back. */
  release(handle: number): void {
    this.#map.remove(handle);
    this.onMapped?.();
  }

  /** Makes every access to a range answer STOPPED; `change` makes it reach a vdev again. */
  stop(handle: number): void {
    this.words[(handle + L.REGION_VREAD) >> 2] = 0;
    this.words[(handle + L.REGION_VWRITE) >> 2] = 0;
    this.#setRefusal(handle, L.STOPPED, this.words[(handle + L.REGION_REFUSAL) >> 2]! >>> 16);
  }

  /** Two halves of a word. */
  #setRefusal(handle: number, refusal: number, sizes: number): void {
    this.words[(handle + L.REGION_REFUSAL) >> 2] = (refusal & 0xffff) | (sizes << 16);
  }
}
