import { instantiateSync } from "@assemblyscript/loader";
import { vdev_s } from "../../abi/generated/layouts.ts";
import type { ThunkSlots } from "../dispatcher/dispatcher.ts";
import { EndOfVm, type Finding } from "../gate/finding.ts";
import type { Coroutines } from "../threads/coroutines.ts";
import type { Factory } from "../vm/vdev.ts";
import { FRAME_BYTES, FRAME_COUNT, SHARED_FRAME_COUNT } from "./contract.ts";
import { AssemblyAbort } from "./fault.ts";
import { DirtyBlocks } from "./kept-memory.ts";
import type { LoadedModule } from "./load.ts";
import { QuickCalls } from "./quick-calls.ts";
import { SharedGrowth, sharedImports, sharedMemoryFor } from "./shared-memory.ts";
import { isNumber } from "./wasm/module.ts";

/** What every vdev module exports; see contract.ts. */
export interface ModuleExports {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  readonly __vdevbox_frame: WebAssembly.Global;
  readonly __vdevbox_fuel_budget?: WebAssembly.Global;
  /** What the last activation left, in builds that keep it. */
  readonly __vdevbox_fuel_rest?: WebAssembly.Global;
  readonly __vdevbox_limit?: WebAssembly.Global;
  readonly __vdevbox_depth?: WebAssembly.Global;
  readonly __vdevbox_scratch?: WebAssembly.Global;
  readonly __vdevbox_pages?: WebAssembly.Global;
  __vdevbox_start(): void;
  __vdevbox_alloc(bytes: number): number;
  __vdevbox_vread(...args: unknown[]): bigint;
  __vdevbox_operand(frame: number): bigint;
  __vdevbox_vwrite(...args: unknown[]): number;
  __vdevbox_call(frame: number, fn: number, shape: number, a: number, b: number, c: number, d: number): number;
  vdevbox_invariants?(vdp: number): void;
  __vdevbox_save?(): void;
  __vdevbox_restore?(): void;
  __vdevbox_peek?(): void;
  __vdevbox_keep?(): void;
  __vdevbox_reset?(): number;
  __vdevbox_novel?(update: number): number;
  __vdevbox_clear_edges?(): void;
  __vdevbox_clear_comparisons?(): void;
}

/** Imports of a module: import module, name, function of i32. */
export type ModuleImports = Record<string, Record<string, (...args: number[]) => number>>;

/** Which limit stopped a module; the value of its `__vdevbox_limit`. */
export const LIMITS = ["none", "fuel", "depth"] as const;

/** Longest C string the host looks at, in bytes. */
const CSTRING_LIMIT = 4096;

const PAGE_BYTES = 65536;

const UTF8 = new TextDecoder();
const ENCODER = new TextEncoder();

/**
 * A module with its memory in one VM: the unit of fault, limit, reset and restart. Pointers are addresses in its
 * memory; nothing here follows one without a bound.
 */
export class ModuleInstance {
  readonly module: LoadedModule;
  /** Number of this instance in its VM. */
  readonly id: number;
  /** Indices in the VM of the vdevs that run in it. */
  readonly vdevs: number[] = [];
  /** Why it no longer runs; undefined while it does. */
  stopped: string | undefined;
  /** The finding that stopped it. */
  stoppedBy: Finding | undefined;
  /** Memory from here on was allocated while the VM runs, where that matters; see `markHeap`. */
  heapMark: number | undefined;
  /** Factories its top level registered. */
  readonly factories: Factory[] = [];
  /** Its thunks in the dispatcher's table. */
  slots: ThunkSlots | undefined;
  /** Stands for the guest_system in module memory. */
  gsp: number | undefined;
  /** Set when the module can be left in the middle of a call: a VM with threads. */
  coroutines: Coroutines | undefined;
  /** Frames beyond the module's own, made when threads need more; and those that are free. */
  readonly #moreFrames = new Set<number>();
  readonly #freeFrames: number[] = [];
  /** How many the module has of its own. */
  readonly #frameCount: number;
  /** Work the host did for the callback in progress, and the trap it was counted in; see host/vm/host-work.ts. */
  hostWork = 0;
  workTrap = 0;
  #allocating = false;
  /** vdev_t that stand for the host's interrupt controllers, by controller. */
  #pics = new Map<string, number>();
  /** The same the other way round. */
  #picNames = new Map<number, string>();
  /** Address of the frames in module memory. */
  readonly frames: number;
  readonly exports: ModuleExports;
  /** `exports.__vdevbox_call`: the exports of each module are an object of another shape, slow to look things up in. */
  readonly call: ModuleExports["__vdevbox_call"];
  /** Set in a module built for fuzzing. */
  readonly dirty: DirtyBlocks | undefined;
  /** Set where it answers some calls itself. */
  readonly quick: QuickCalls | undefined;
  readonly #getString: (pointer: number) => string;
  /** Set where threads share the memory. */
  readonly #growth: SharedGrowth | undefined;
  #bytes!: Uint8Array<ArrayBuffer>;
  #view!: DataView<ArrayBuffer>;

  /** Instantiates the module; nothing of it runs before `exports.__vdevbox_start()`. */
  constructor(module: LoadedModule, id: number, imports: (instance: ModuleInstance) => ModuleImports) {
    this.module = module;
    this.id = id;
    const { fuzz, shared } = module;
    const memory = shared === undefined ? undefined : sharedMemoryFor(shared);
    const given = memory === undefined ? imports(this) : sharedImports(imports(this), memory);
    const result = instantiateSync<Record<string, unknown>>(module.compiled, given as never);
    this.exports = result.instance.exports as unknown as ModuleExports;
    this.call = this.exports.__vdevbox_call;
    this.#getString = (result.exports as unknown as { __getString(pointer: number): string }).__getString;
    this.dirty = fuzz === undefined ? undefined : new DirtyBlocks(this.exports.memory, fuzz.dirty);
    const place = fuzz?.quickCalls;
    this.quick = place === undefined ? undefined : new QuickCalls(this.exports.memory, place);
    this.frames = this.exports.__vdevbox_frame.value >>> 0;
    this.#frameCount = shared === undefined ? FRAME_COUNT : SHARED_FRAME_COUNT;
    this.#growth = shared === undefined ? undefined : new SharedGrowth(memory!, shared);
    for (let i = this.#frameCount - 1; i > 0 && shared === undefined; i--)
      this.#freeFrames.push(this.frames + i * FRAME_BYTES);
    this.#takeViews();
  }

  /** Whether its callbacks may wait, so that the host makes guest accesses to it itself. */
  get mayWait(): boolean {
    return this.coroutines !== undefined || this.module.shared !== undefined;
  }

  get table(): WebAssembly.Table {
    return this.exports.table;
  }

  /**
   * All of the module's memory, to be read: `write`, `fill` and `setU32` and its kin write to it, so that it is known
   * what to put back. Growing memory detaches the old view, so it is taken again then.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length === 0 || this.#growth?.hasHappened) this.#takeViews();
    return this.#bytes;
  }

  get view(): DataView<ArrayBuffer> {
    if (this.#bytes.length === 0 || this.#growth?.hasHappened) this.#takeViews();
    return this.#view;
  }

  #takeViews(): void {
    const buffer = (this.#growth?.buffer() ?? this.exports.memory.buffer) as ArrayBuffer;
    this.#bytes = new Uint8Array(buffer, 0, this.#length);
    this.#view = new DataView(buffer, 0, this.#length);
  }

  /** Bytes the module has as it sees them: above may be what watches it. */
  get #length(): number {
    const { memory, __vdevbox_pages: pages } = this.exports;
    return pages === undefined ? memory.buffer.byteLength : pages.value * PAGE_BYTES;
  }

  /** Memory of a module that is watched or built for fuzzing has another size: its buffer stays the same. */
  memoryGrown(): void {
    this.#takeViews();
  }

  /** Takes memory back that is not in use, where that is possible: only the module's idea of the size changes. */
  shrinkMemory(length: number): void {
    const { __vdevbox_pages: pages } = this.exports;
    if (pages === undefined) return;
    pages.value = length / PAGE_BYTES;
    this.#takeViews();
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  setU8(address: number, value: number): void {
    this.view.setUint8(address, value);
    this.dirty?.mark(address, 1);
  }

  setU16(address: number, value: number): void {
    this.view.setUint16(address, value, true);
    this.dirty?.mark(address, 2);
  }

  /** Signed numbers too: what is stored are the low 32 bits. */
  setU32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
    this.dirty?.mark(address, 4);
  }

  u64(address: number): bigint {
    return this.view.getBigUint64(address, true);
  }

  setU64(address: number, value: bigint): void {
    this.view.setBigUint64(address, value, true);
    this.dirty?.mark(address, 8);
  }

  /** Writes bytes. @throws RangeError when they do not fit */
  write(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, address);
    this.dirty?.mark(address, bytes.length);
  }

  /** Somebody has written to bytes of `bytes`. */
  wrote(address: number, length: number): void {
    this.dirty?.mark(address, length);
  }

  /** Writes the same byte many times, up to the end of memory at most. */
  fill(address: number, length: number, value = 0): void {
    this.bytes.fill(value, address, address + length);
    this.dirty?.mark(address, length);
  }

  /** The C string at an address, without its NUL; at most `limit` bytes of it. */
  cstring(address: number, limit = CSTRING_LIMIT): string {
    const start = address >>> 0;
    const bytes = this.bytes.subarray(start, start + limit);
    const nul = bytes.indexOf(0);
    const text = nul < 0 ? bytes : bytes.subarray(0, nul);
    // What other threads may change is copied first; not every engine decodes shared memory.
    return UTF8.decode(this.#growth === undefined ? text : text.slice());
  }

  /**
   * Zeroed module memory that is never given back, aligned to 16 bytes.
   * @throws AssemblyAbort when the module has none left or answers with something that is no such memory
   */
  alloc(bytes: number): number {
    if (this.#allocating) throw this.#allocationError(bytes, "it called the host meanwhile");
    this.#allocating = true;
    let address: number;
    try {
      address = this.exports.__vdevbox_alloc(bytes) >>> 0;
    } catch (error) {
      if (error instanceof EndOfVm) throw error;
      throw this.#allocationError(bytes, (error as Error).message);
    } finally {
      this.#allocating = false;
    }
    if (address === 0 || address % 16 !== 0 || address + bytes > this.bytes.length) {
      throw this.#allocationError(bytes, `it answered 0x${address.toString(16)}`);
    }
    this.fill(address, bytes);
    return address;
  }

  #allocationError(bytes: number, why: string): AssemblyAbort {
    return new AssemblyAbort(`${this.module.file} could not give the host ${bytes} bytes of its memory: ${why}`);
  }

  /**
   * Marks where the module's heap has come to. Its runtime gives memory out upwards and takes none back, so that what
   * lies above the mark was allocated later.
   */
  markHeap(): void {
    this.heapMark = this.alloc(16);
  }

  /** Which controllers have a vdev_t, for putting a VM back. */
  savePics(): ReadonlyMap<string, number> {
    return new Map(this.#pics);
  }

  restorePics(saved: ReadonlyMap<string, number>): void {
    if (saved.size === this.#pics.size) return;
    this.#pics = new Map(saved);
    this.#picNames = new Map([...saved].map(([name, address]) => [address, name]));
  }

  /** The vdev_t that stands for a controller of the host's own. */
  picHandle(name: string): number {
    let handle = this.#pics.get(name);
    if (handle === undefined) {
      handle = this.alloc(vdev_s.SIZEOF);
      this.#pics.set(name, handle);
      this.#picNames.set(handle, name);
    }
    return handle;
  }

  /** Which controller a vdev_t stands for. */
  picOf(handle: number): string | undefined {
    return this.#picNames.get(handle);
  }

  /** A C string in module memory. */
  allocCString(text: string): number {
    const encoded = ENCODER.encode(text);
    const address = this.alloc(encoded.length + 1);
    this.write(address, encoded);
    return address;
  }

  /** A string of AssemblyScript's own, as `abort` passes them. */
  assemblyString(pointer: number): string {
    const start = pointer >>> 0;
    if (start === 0 || start < 8 || start + 4 > this.bytes.length) return "";
    const length = this.u32(start - 4);
    if (start % 2 !== 0 || start + length > this.bytes.length) return "";
    return this.#getString(start);
  }

  /**
   * A frame for an activation that is nested in `depth` others. Without threads the depth says which: the dispatcher
   * uses the first. With threads activations end in any order, and each gets one that is free.
   */
  takeFrame(depth: number): number {
    if (this.coroutines === undefined && depth < this.#frameCount) return this.frames + depth * FRAME_BYTES;
    return this.#freeFrames.pop() ?? this.makeFrames(1);
  }

  giveFrame(frame: number): void {
    if (this.coroutines === undefined && this.#growth === undefined) return;
    if (frame !== 0 && (this.coroutines !== undefined || this.#moreFrames.has(frame))) this.#freeFrames.push(frame);
  }

  /** Frames that are free, for putting a VM back. */
  saveFrames(): readonly number[] {
    return [...this.#freeFrames];
  }

  restoreFrames(free: readonly number[]): void {
    this.#freeFrames.splice(0, this.#freeFrames.length, ...free);
  }

  /** Frames behind each other, aligned to their own size (see abi/runtime/frame.ts): for a thread with an instance of its own. @returns the address of the first */
  makeFrames(count: number): number {
    const first = (this.alloc((count + 1) * FRAME_BYTES) + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
    for (let i = 0; i < count; i++) this.#moreFrames.add(first + i * FRAME_BYTES);
    return first;
  }

  /** Where frames lie, which belong to one activation at a time: start and end of each piece. */
  frameRanges(): (readonly [start: number, end: number])[] {
    const more = [...this.#moreFrames].map((frame) => [frame, frame + FRAME_BYTES] as const);
    return [[this.frames, this.frames + FRAME_BYTES * this.#frameCount], ...more];
  }

  /** Whether the module is giving the host memory at the moment. */
  get allocating(): boolean {
    return this.#allocating;
  }

  /** Whether an address lies in a frame: bytes of one activation, which nobody else uses. */
  isInFrame(address: number): boolean {
    const offset = address - this.frames;
    if (offset >= 0 && offset < FRAME_BYTES * this.#frameCount) return true;
    return this.#moreFrames.size > 0 && this.#moreFrames.has(address & ~(FRAME_BYTES - 1));
  }

  /** Whether an address is that of a frame. */
  isFrame(address: number): boolean {
    const offset = (address >>> 0) - this.frames;
    if (offset >= 0 && offset < FRAME_BYTES * this.#frameCount) return offset % FRAME_BYTES === 0;
    return this.#moreFrames.has(address >>> 0);
  }

  /** Values of the module's mutable globals now. */
  globals(): (number | bigint)[] {
    this.exports.__vdevbox_peek?.();
    const all = this.exports as unknown as Record<string, WebAssembly.Global>;
    const values: (number | bigint)[] = [];
    for (let i = 0; ; i++) {
      const peeked = all[`__vdevbox_peeked_${i}`];
      if (peeked === undefined) return values;
      values.push(peeked.value);
    }
  }

  /** Those of them that the module has in every build: passes add theirs behind. */
  ownGlobals(): (number | bigint)[] {
    const { globals } = this.module.wasm;
    const isShown = ({ mutable, imported, type }: (typeof globals)[number]) => mutable && !imported && isNumber(type);
    return this.globals().slice(0, globals.filter(isShown).length);
  }

  /** How deep the module's own stack is, where it is counted. */
  get depth(): number | undefined {
    return this.exports.__vdevbox_depth?.value;
  }

  /** Puts back how deep the module's own stacks were: code that is left by throwing does not. */
  restoreStack(depth: number | undefined, scratch: number): void {
    if (depth !== undefined) this.exports.__vdevbox_depth!.value = depth;
    if (this.exports.__vdevbox_scratch !== undefined) this.exports.__vdevbox_scratch.value = scratch;
  }

  /** Steps one callback may take. */
  get fuelBudget(): number {
    return this.exports.__vdevbox_fuel_budget?.value ?? 0;
  }

  /** Which limit was hit, when a limit was the reason of a trap. */
  get limit(): (typeof LIMITS)[number] {
    return LIMITS[this.exports.__vdevbox_limit?.value ?? 0] ?? "none";
  }
}
