import { isLibrary } from "../library.ts";
import { MemorySites, SITE } from "../memory-sites.ts";
import type { FunctionImport } from "../wasm/additions.ts";
import { s64Bytes, u32Bytes } from "../wasm/byte-writer.ts";
import type { Code, FunctionEditor } from "../wasm/function-editor.ts";
import { type DefinedFunction, functionName, VALUE, type ValueType } from "../wasm/module.ts";
import { globalNames } from "../wasm/name-section.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { type Instruction, walkBody } from "../wasm/walk.ts";
import { type MemoryAccess, memoryAccess } from "./accesses.ts";
import { call, EMPTY_BLOCK, i32Const, localGet, localSet, localTee } from "./instructions.ts";
import { MEMORY_HOOKS, type Pass, SHADOW } from "./pass.ts";
import { GROWN_IMPORT, type ReservedMemory, reserveMemory } from "./reserved-memory.ts";

/** How the memory of an instrumented module is laid out, in bytes from its start. */
export interface MemoryLayout {
  /** The most the module itself may use. */
  readonly limit: number;
  /** What the address of a read's cell is above that of its word; cells of writes are another `limit` above. */
  readonly cells: number;
  /** The words of SHADOW, behind the cells; then two cells for each global, up to `end`. */
  readonly control: number;
  readonly end: number;
}

/** What the pass knows of the module it was applied to. */
export interface MemoryInstrumentation {
  readonly layout: MemoryLayout;
  readonly sites: MemorySites;
}

/**
 * Shows the host the memory accesses of a module, loads and stores, atomics, bulk operations, and those of its own
 * mutable globals, each before it happens. Most are not worth a call: the host writes into a *cell* which access it has
 * seen last, and the same access of the same epoch is let through inside WebAssembly.
 *
 * Cells lie in memory reserved above the module's limit L, one of 4 bytes for every 4 bytes of memory: that of address a at
 * L + a for reads and at 2L + a for writes, both aligned. (Where other passes have reserved memory before, they are as much
 * higher, and the guard pass has looked at every access first.) A cell says in which epoch, and which of its 4 bytes were touched
 * then: `epoch * 32 + bytes`, with bit 31 set for writes. Epochs never come again, so cells are never cleared.
 *
 * No access gets at the cells. One between the module's present size and L has a cell that is never set, so it goes to
 * the host, which throws. One above L finds for its cell that of a write instead of a read, a word of SHADOW, whose bit 30
 * is set, or the end of memory, where it faults as it would have.
 *
 * What the host needs of a place (line, size) it knows by a number, so that it needs no stack; functions of the
 * SDK leave in SHADOW.caller by which call of the author's they were entered.
 */
export class MemoryAccessPass implements Pass {
  readonly name = "memory-access";
  readonly key = "memory-access 1";
  #done: MemoryInstrumentation | undefined;

  /** What was found, once the pass has been applied. */
  get result(): MemoryInstrumentation {
    if (this.#done === undefined) throw new Error("the memory-access pass has not been applied");
    return this.#done;
  }

  imports(): readonly FunctionImport[] {
    const hook = (name: string, count: number): FunctionImport => ({
      module: MEMORY_HOOKS.module,
      name,
      type: { parameters: new Array<ValueType>(count).fill(VALUE.i32), results: [] },
    });
    return [hook(MEMORY_HOOKS.access, 2), hook(MEMORY_HOOKS.bulk, 4), GROWN_IMPORT];
  }

  apply(rewriter: ModuleRewriter, [access, bulk, grown]: readonly number[]): void {
    const memory = reserveMemory(rewriter, grown!);
    const instrumentation = new Instrumentation(rewriter, memory, { access: access!, bulk: bulk! });
    instrumentation.run();
    this.#done = { layout: instrumentation.layout, sites: instrumentation.sites };
  }
}

interface Hooks {
  readonly access: number;
  readonly bulk: number;
}

class Instrumentation implements MemoryInstrumentation {
  readonly layout: MemoryLayout;
  readonly sites: MemorySites;
  readonly #rewriter: ModuleRewriter;
  readonly #hooks: Hooks;

  constructor(rewriter: ModuleRewriter, memory: ReservedMemory, hooks: Hooks) {
    this.#rewriter = rewriter;
    this.#hooks = hooks;
    const { module } = rewriter;
    const { limit } = memory;
    const cells = memory.take(2 * limit);
    const words = SHADOW.globals + 8 * module.globals.length;
    const control = memory.take(words);
    this.layout = { limit, cells, control, end: control + words };
    this.sites = new MemorySites(globalNames(module.bytes, module.names));
  }

  run(): void {
    for (const func of this.#rewriter.module.functions) {
      new FunctionInstrumentation(this.#rewriter, func, this, this.#hooks).run();
    }
  }
}

/** log2 of the alignment the inserted loads and stores may rely on. */
const WORD = 2;
/** What no cell shows: bit 4. */
const FIFTH = 16;
/** What the epoch's word differs by from a cell of this epoch that shows all four bytes. */
const wholeCell = (writes: boolean): number => SHADOW.mark | (writes ? SHADOW.write : 0) | SHADOW.bytes | 0;
const twice = (word: number): bigint => BigInt.asIntN(64, (BigInt(word >>> 0) << 32n) | BigInt(word >>> 0));

const load = (offset: number): Code => [OP.i32Load, ...u32Bytes(WORD), ...u32Bytes(offset)];
const store = (offset: number): Code => [OP.i32Store, ...u32Bytes(WORD), ...u32Bytes(offset)];

/** Adds the checks of one function. */
class FunctionInstrumentation {
  readonly #rewriter: ModuleRewriter;
  readonly #func: DefinedFunction;
  readonly #editor: FunctionEditor;
  readonly #layout: MemoryLayout;
  readonly #sites: MemorySites;
  readonly #hooks: Hooks;
  readonly #isLibrary: boolean;
  readonly #locals = new Map<string, number>();
  /** Locals that hold the key of reads (false) and of writes (true), where there are any. */
  readonly #keys = new Map<boolean, number>();

  constructor(rewriter: ModuleRewriter, func: DefinedFunction, { layout, sites }: MemoryInstrumentation, hooks: Hooks) {
    this.#rewriter = rewriter;
    this.#func = func;
    this.#editor = rewriter.edit(func);
    this.#layout = layout;
    this.#sites = sites;
    this.#hooks = hooks;
    this.#isLibrary = isLibrary(functionName(rewriter.module, func.index));
  }

  run(): void {
    walkBody(this.#rewriter.module, this.#func, ({ opcode }) => this.#prepare(opcode));
    this.#editor.prologue(this.#takeKeys());
    walkBody(this.#rewriter.module, this.#func, (instruction) => this.#instruction(instruction));
  }

  /** Makes the locals for what cells are compared with. */
  #prepare(opcode: number): void {
    const access = memoryAccess(opcode);
    if (access === undefined || access.atomic || access.bytes > 4) return;
    this.#keys.set(access.writes, this.#local(access.writes ? "write key" : "read key", VALUE.i32));
  }

  /** The cells of this epoch that show all bytes. Only the host changes the epoch: to be taken again after every call. */
  #takeKeys(): Code {
    return [...this.#keys].flatMap(([writes, key]) => [
      ...[...i32Const(0), ...load(this.#layout.control + SHADOW.epoch)],
      ...[...i32Const(wholeCell(writes)), OP.i32Xor, ...localSet(key)],
    ]);
  }

  #instruction(instruction: Instruction): void {
    const { opcode } = instruction;
    const access = memoryAccess(opcode);
    if (access !== undefined) this.#access(instruction, access);
    switch (opcode) {
      case OP.memoryCopy:
        this.#bulk(instruction, SITE.read | SITE.write);
        break;
      case OP.memoryFill:
      case OP.memoryInit:
        this.#bulk(instruction, SITE.write);
        break;
      case OP.globalGet:
      case OP.globalSet:
        this.#global(instruction);
        break;
      case OP.call:
      case OP.callIndirect:
        this.#call(instruction);
        break;
    }
  }

  #site(instruction: Instruction, kind: number, bytes = 0, offset = 0): number {
    const library = this.#isLibrary ? SITE.library : 0;
    return this.#sites.add(kind | library, bytes, offset, instruction.offset, this.#func.body);
  }

  /** A local of this function that only checks use, by what it is for. */
  #local(purpose: string, type: ValueType): number {
    const key = `${purpose} ${type}`;
    const known = this.#locals.get(key);
    if (known !== undefined) return known;
    const added = this.#editor.addLocal(type);
    this.#locals.set(key, added);
    return added;
  }

  // ---------------------------------------------------------------------------------------------- loads and stores

  #access(instruction: Instruction, access: MemoryAccess): void {
    const offset = instruction.immediates[1]!;
    const kind = (access.reads ? SITE.read : 0) | (access.writes ? SITE.write : 0) | (access.atomic ? SITE.atomic : 0);
    const site = this.#site(instruction, kind, access.bytes, offset);
    const spilled = access.operands.map((type, i) => this.#local(`operand ${i}`, type));
    const address = this.#local("address", VALUE.i32);
    const alwaysTold = access.atomic || access.bytes > 8;
    const tell = [...localGet(address), ...i32Const(site), ...call(this.#hooks.access), ...this.#takeKeys()];
    const check = alwaysTold ? tell : [...this.#unseen(address, offset, access), OP.if, EMPTY_BLOCK, ...tell, OP.end];
    this.#editor.insertBefore(instruction, [
      ...[...spilled].reverse().flatMap((local) => localSet(local)),
      ...localSet(address),
      ...check,
      ...localGet(address),
      ...spilled.flatMap((local) => localGet(local)),
    ]);
  }

  /** Leaves whether the cells do not show all bytes as touched. */
  #unseen(address: number, offset: number, { bytes, writes }: MemoryAccess): Code {
    const cells = this.#layout.cells + (writes ? this.#layout.limit : 0);
    if (bytes === 8) {
      // Two cells at once. An access that is not aligned finds its bytes shifted and goes to the host.
      return [
        ...[...localGet(address), OP.i64Load, ...u32Bytes(WORD), ...u32Bytes(cells + offset)],
        ...[...i32Const(0), OP.i64Load, ...u32Bytes(WORD), ...u32Bytes(this.#layout.control + SHADOW.epoch)],
        ...[OP.i64Const, ...s64Bytes(twice(wholeCell(writes))), OP.i64Xor],
        OP.i64Ne,
      ];
    }
    const expected = localGet(this.#keys.get(writes)!);
    if (bytes === 4) return [...localGet(address), ...load(cells + offset), ...expected, OP.i32Ne];
    const at = this.#local("effective", VALUE.i32);
    const ofBytes = bytes === 1 ? 1 : 3;
    // What differs from a cell that shows all bytes: nothing above the five low bits, and none of the access's own. Two
    // bytes that lie in two cells ask for a fifth one, which no cell shows.
    return [
      ...[...localGet(address), ...i32Const(offset), OP.i32Add, ...localTee(at)],
      ...[...i32Const(-4), OP.i32And, ...load(cells)],
      ...[...expected, OP.i32Xor, ...i32Const(FIFTH), OP.i32Xor],
      ...[...i32Const(ofBytes), ...localGet(at), ...i32Const(3), OP.i32And, OP.i32Shl],
      ...[...i32Const(-2 * FIFTH), OP.i32Or, OP.i32And],
    ];
  }

  /** Both addresses, or the address and what is written, and the length, as the instruction gets them. */
  #bulk(instruction: Instruction, kind: number): void {
    const site = this.#site(instruction, kind | SITE.bulk);
    const operands = ["address", "source", "length"].map((purpose) => this.#local(purpose, VALUE.i32));
    this.#editor.insertBefore(instruction, [
      ...[...operands].reverse().flatMap((local) => localSet(local)),
      ...operands.flatMap((local) => localGet(local)),
      ...[...i32Const(site), ...call(this.#hooks.bulk), ...this.#takeKeys()],
      ...operands.flatMap((local) => localGet(local)),
    ]);
  }

  // --------------------------------------------------------------------------------------------- globals and calls

  #global(instruction: Instruction): void {
    const { module } = this.#rewriter;
    const [index] = instruction.immediates;
    const name = this.#sites.globals.get(index!);
    // A global without a name cannot be told from those of the compiler, which every thread has for itself.
    if (!module.globals[index!]!.mutable || name === undefined || isLibrary(name)) return;
    const writes = instruction.opcode === OP.globalSet;
    const site = this.#site(instruction, SITE.global | (writes ? SITE.write : SITE.read), GLOBAL_BYTES, index!);
    const cell = this.#layout.control + SHADOW.globals + 8 * index! + (writes ? SHADOW.writeCell : 0);
    this.#editor.insertBefore(instruction, [
      ...[...i32Const(0), ...load(cell), ...i32Const(0), ...load(this.#layout.control + SHADOW.epoch), OP.i32Ne],
      ...[
        OP.if,
        EMPTY_BLOCK,
        ...i32Const(0),
        ...i32Const(site),
        ...call(this.#hooks.access),
        ...this.#takeKeys(),
        OP.end,
      ],
    ]);
  }

  /** Says which call of the author's is in progress; functions of the library keep what they were told. */
  #call(instruction: Instruction): void {
    const caller = this.#layout.control + SHADOW.caller;
    this.#editor.insertAfter(instruction, this.#takeKeys(), instruction.offset);
    if (this.#isLibrary) {
      const kept = this.#keptCaller(caller);
      this.#editor.insertAfter(instruction, [...i32Const(0), ...localGet(kept), ...store(caller)], instruction.offset);
      return;
    }
    if (instruction.opcode === OP.call && !this.#leavesAuthor(instruction.immediates[0]!)) return;
    const site = this.#site(instruction, SITE.call);
    this.#editor.insertBefore(instruction, [...i32Const(0), ...i32Const(site | SHADOW.mark), ...store(caller)]);
  }

  #keptCaller(caller: number): number {
    const known = this.#locals.get("caller");
    if (known !== undefined) return known;
    const kept = this.#editor.addLocal(VALUE.i32);
    this.#locals.set("caller", kept);
    this.#editor.prologue([...i32Const(0), ...load(caller), ...localSet(kept)]);
    return kept;
  }

  #leavesAuthor(target: number): boolean {
    const { module } = this.#rewriter;
    return target < module.importedFunctionCount || isLibrary(functionName(module, target));
  }
}

/** What an access of a global counts as, whatever its type. */
const GLOBAL_BYTES = 4;
