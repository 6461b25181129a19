import { UserError } from "../../errors.ts";
import { FRAME_BYTES, FRAME_COUNT, SHARED_FRAME_COUNT } from "../contract.ts";
import { u32Bytes } from "../wasm/byte-writer.ts";
import { initialBytes, valueBytes } from "../wasm/constant-bytes.ts";
import type { Code, FunctionEditor } from "../wasm/function-editor.ts";
import {
  type DefinedFunction,
  functionName,
  type Global,
  VALUE,
  type ValueType,
  type WasmModule,
} from "../wasm/module.ts";
import { globalNames } from "../wasm/name-section.ts";
import { OP, PREFIX, prefixed } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { type Instruction, walkBody } from "../wasm/walk.ts";
import { atomicAt, EMPTY_BLOCK, i32Const, localGet, localSet, localTee, wide } from "./instructions.ts";
import { type Pass, SHARED_HOOKS, SHARED_WORD } from "./pass.ts";
import { PAGE_BYTES } from "./reserved-memory.ts";

/** Where the words lie that threads share beside the module's memory: the upper half of its frame table. */
export interface SharedWords {
  readonly address: number;
  readonly bytes: number;
}

/**
 * Makes a module one that several threads can run at once, each in an instance of its own.
 *
 * Its memory becomes an import, shared, with the limits it had. Mutable globals become words of that memory, read and
 * written as C reads and writes its own: an i64 or a double is one access, aligned, and no access is atomic. What belongs
 * to one thread stays in its instance: the compiler's (argument counts, the number formatter's and the mathematical
 * functions' scratch values), the SDK's scratch pointer, and what other passes add. Each growth of memory is counted, for
 * the host to take its views again. Must come after the passes that bound the module.
 *
 * @throws UserError on what cannot be shared: a garbage collector, a stack in memory, references in globals, a table
 * that changes, or globals without names
 */
export function sharedGlobalsPass(): Pass {
  return {
    name: "shared-globals",
    key: "shared-globals 1",
    apply: (rewriter) => new SharedGlobals(rewriter).run(),
  };
}

/** @throws UserError when the module does not say where its frames are, or they are not in its memory */
export function sharedWords(module: WasmModule): SharedWords {
  const exported = module.exports.find(({ name, kind }) => name === "__vdevbox_frame" && kind === "global");
  const global = exported === undefined ? undefined : module.globals[exported.index];
  const bytes = global === undefined ? undefined : initialBytes(module, global);
  if (bytes?.length !== 4) {
    throw new UserError(
      "The module does not say by a constant where its frames are, which parallel threads need; build it again.",
    );
  }
  const frames = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (frames === 0 || frames + FRAME_COUNT * FRAME_BYTES > module.memories[0]!.minimum * PAGE_BYTES) {
    throw new UserError(`The module puts its frames at ${frames}, which is not inside its memory; build it again.`);
  }
  return {
    address: frames + SHARED_FRAME_COUNT * FRAME_BYTES,
    bytes: (FRAME_COUNT - SHARED_FRAME_COUNT) * FRAME_BYTES,
  };
}

/**
 * Globals of one thread: `~argumentsLength` says a callee how many arguments its caller gave; the others hold results
 * within one call of AssemblyScript's library; `scratch` points into the frame of the activation.
 */
const OF_ONE_THREAD =
  /^~argumentsLength$|^~lib\/(math|date|util\/(math|number|string))\/(?!random)|(^|\/)abi\/runtime\/frame\/scratch$/;
const SCRATCH_EXPORT = "__vdevbox_scratch";
const STACK_POINTER = /^(~lib\/memory\/)?__stack_pointer$/;
const COLLECTOR = /^~lib\/rt\/(itcms|tcms|tlsf)\//;

/** Instructions that change a table, of which every thread has its own. */
const TABLE_CHANGES: readonly number[] = [OP.tableSet, OP.tableGrow, OP.tableFill, OP.tableCopy, OP.tableInit];

class SharedGlobals {
  readonly #rewriter: ModuleRewriter;
  readonly #module: WasmModule;
  readonly #words: SharedWords;
  readonly #names: ReadonlyMap<number, string>;
  /** Addresses of the globals that become words, by index. */
  readonly #addresses = new Map<number, number>();

  constructor(rewriter: ModuleRewriter) {
    this.#rewriter = rewriter;
    this.#module = rewriter.module;
    this.#words = sharedWords(rewriter.module);
    this.#names = globalNames(rewriter.module.bytes, rewriter.module.names);
  }

  run(): void {
    this.#refuseCollector();
    this.#place();
    this.#rewriter.shareMemory({ module: SHARED_HOOKS.module, name: SHARED_HOOKS.memory });
    for (const func of this.#module.functions) this.#rewrite(func);
  }

  #refuseCollector(): void {
    const names = [...this.#module.names.functions.values(), ...this.#names.values()];
    if (names.some((name) => COLLECTOR.test(name))) {
      throw new UserError(
        "The module has a garbage collector, which knows one thread only; build it with --runtime stub to run its threads in parallel.",
      );
    }
  }

  /** Gives every global that threads share its address, and memory the values they begin with. */
  #place(): void {
    const end = this.#words.address + this.#words.bytes;
    let next = this.#words.address + SHARED_WORD.globals;
    for (const global of this.#module.globals) {
      if (!this.#isShared(global)) continue;
      const bytes = this.#sizeOf(global);
      const address = Math.ceil(next / bytes) * bytes;
      next = address + bytes;
      this.#addresses.set(global.index, address);
      const initial = initialBytes(this.#module, global);
      if (initial === undefined) this.#refuse(global, "begins with a value that only an instance knows");
      if (initial.some((byte) => byte !== 0)) this.#rewriter.addData(address, initial);
    }
    if (next > end) {
      throw new UserError(
        `The module has ${next - this.#words.address - SHARED_WORD.globals} bytes of variables outside functions, and parallel ` +
          `threads can share ${this.#words.bytes - SHARED_WORD.globals}; put some of them into a struct or an array.`,
      );
    }
  }

  #isShared({ index, mutable, imported }: Global): boolean {
    if (!mutable || imported) return false;
    if (
      this.#module.exports.some((one) => one.kind === "global" && one.index === index && one.name === SCRATCH_EXPORT)
    ) {
      return false;
    }
    if (this.#names.size === 0) {
      throw new UserError(
        "The module has no names of its global variables, by which those of a thread are told from the author's; build it with `vdevbox build`.",
      );
    }
    const name = this.#names.get(index);
    if (name !== undefined && STACK_POINTER.test(name)) {
      throw new UserError(
        `The module keeps a stack in its memory (${name}), of which every parallel thread would need its own; build it with AssemblyScript's stub runtime.`,
      );
    }
    return name === undefined || !OF_ONE_THREAD.test(name);
  }

  #sizeOf(global: Global): number {
    return valueBytes(global.type) ?? this.#refuse(global, "holds a reference");
  }

  #refuse({ index }: Global, why: string): never {
    const name = this.#names.get(index) ?? `number ${index}`;
    throw new UserError(`The global ${name} ${why}, which parallel threads cannot share.`);
  }

  #rewrite(func: DefinedFunction): void {
    const editor = this.#rewriter.edit(func);
    const locals = new Map<ValueType, number>();
    const local = (type: ValueType) => {
      if (!locals.has(type)) locals.set(type, editor.addLocal(type));
      return locals.get(type)!;
    };
    walkBody(this.#module, func, (instruction) => {
      if (TABLE_CHANGES.includes(instruction.opcode)) {
        throw new UserError(
          `${functionName(this.#module, func.index)} changes the table of functions, of which every parallel thread has its own.`,
        );
      }
      this.#access(editor, instruction, local);
      if (instruction.opcode === OP.memoryGrow) {
        editor.insertAfter(instruction, this.#countGrowth(local(VALUE.i32)));
      }
    });
  }

  #access(editor: FunctionEditor, instruction: Instruction, local: (type: ValueType) => number): void {
    const { opcode, immediates } = instruction;
    if (opcode !== OP.globalGet && opcode !== OP.globalSet) return;
    const address = this.#addresses.get(immediates[0]!);
    if (address === undefined) return;
    const { type } = this.#module.globals[immediates[0]!]!;
    if (opcode === OP.globalGet) {
      editor.replace(instruction, [...i32Const(0), ...whole(LOAD, type, address)]);
      return;
    }
    const value = local(type);
    editor.replace(instruction, [
      ...localSet(value),
      ...i32Const(0),
      ...localGet(value),
      ...whole(STORE, type, address),
    ]);
  }

  /** On the stack lies what `memory.grow` answered. */
  #countGrowth(answer: number): Code {
    return [
      ...[...localTee(answer), ...i32Const(-1), OP.i32Ne, OP.if, EMPTY_BLOCK],
      ...[...i32Const(0), ...i32Const(1), ...atomicAt(OP.atomicAdd32, this.#words.address + SHARED_WORD.grown)],
      ...[OP.drop, OP.end],
      ...localGet(answer),
    ];
  }
}

/** Opcode and logarithm of the width, for each type a word can have. */
type Access = ReadonlyMap<ValueType, readonly [opcode: number, log2: number]>;

const LOAD: Access = new Map([
  [VALUE.i32, [OP.i32Load, 2]],
  [VALUE.i64, [OP.i64Load, 3]],
  [VALUE.f32, [0x2a, 2]],
  [VALUE.f64, [0x2b, 3]],
  [VALUE.v128, [prefixed(PREFIX.simd, 0), 4]],
]);
const STORE: Access = new Map([
  [VALUE.i32, [OP.i32Store, 2]],
  [VALUE.i64, [0x37, 3]],
  [VALUE.f32, [0x38, 2]],
  [VALUE.f64, [0x39, 3]],
  [VALUE.v128, [prefixed(PREFIX.simd, 0x0b), 4]],
]);

/** A load or store of a whole value, aligned, at a constant address. */
function whole(accesses: Access, type: ValueType, address: number): Code {
  const [opcode, log2] = accesses.get(type)!;
  return [...wide(opcode), log2, ...u32Bytes(address)];
}
