import { QUICK, QUICK_BYTES, type QuickCallsPlace } from "../quick-calls.ts";
import type { Code } from "../wasm/function-editor.ts";
import { definedFunction, type FunctionType, VALUE, type WasmModule } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { walkBody } from "../wasm/walk.ts";
import { BLOCK_SHIFT, DIRTY } from "./dirty.ts";
import { call, EMPTY_BLOCK, globalGet, i32Const, localGet, localTee, memoryAt } from "./instructions.ts";
import { MEMORY_HOOKS, type Pass } from "./pass.ts";
import { PAGE_BYTES, type ReservedMemory, reservedMemory } from "./reserved-memory.ts";

const KEPT_IMPORT = { module: MEMORY_HOOKS.module, name: MEMORY_HOOKS.kept, type: { parameters: [], results: [] } };
const THUNKS = ["__vdevbox_vread", "__vdevbox_vwrite"];
const PAGE_SHIFT = Math.log2(PAGE_BYTES);
const TIMER_DATA_BYTES = 32;

/** Words the pass shares with the host, and where the marks of written blocks lie. */
interface Places {
  readonly words: number;
  readonly marks: number;
  readonly pages: number;
}

/** A call that has a quick way, and the code of that: `slow` branches out of it to the host. */
interface QuickCall {
  readonly module: string;
  readonly name: string;
  readonly type: FunctionType;
  readonly code: (places: Places) => Code;
}

const ONE: FunctionType = { parameters: [VALUE.i32], results: [VALUE.i32] };
const CALLS: readonly QuickCall[] = [
  { module: "posix", name: "pthread_mutex_lock", type: ONE, code: (places) => mutexCode(places, 0, 1) },
  { module: "posix", name: "pthread_mutex_unlock", type: ONE, code: (places) => mutexCode(places, 1, 0) },
  {
    module: "qvm",
    name: "guest_timer_state",
    type: { parameters: [VALUE.i32, VALUE.i32], results: [] },
    code: timerCode,
  },
];

/**
 * Lets calls that a device makes with every access be answered inside the module while nothing but that access can be in
 * progress: the first is the host's, and what it found out stands in words above the module's memory (see `QuickCalls`) for the next. Whatever
 * is not plainly so goes to the host as ever. A lock that is still held when the access ends is told to the host there.
 *
 * Comes after the passes that reserve memory, guard it and mark what is written.
 */
export class QuickCallsPass implements Pass {
  readonly name = "quick-calls";
  readonly key = "quick-calls 1";
  readonly #marks: () => number;
  #done: QuickCallsPlace | undefined;

  /** @param marks answers where the marks of written blocks lie, once their pass has been applied */
  constructor(marks: () => number) {
    this.#marks = marks;
  }

  /** Where the words lie; undefined in a module that makes none of the calls. */
  get result(): QuickCallsPlace | undefined {
    return this.#done;
  }

  imports(module: WasmModule) {
    return callsOf(module).length > 0 ? [KEPT_IMPORT] : [];
  }

  apply(rewriter: ModuleRewriter, [kept]: readonly number[]): void {
    if (kept === undefined) return;
    const memory: ReservedMemory = reservedMemory(rewriter);
    const places = { words: memory.take(QUICK_BYTES), marks: this.#marks(), pages: memory.pages };
    const quick = new Map<number, number>();
    for (const { index, type, name, code } of callsOf(rewriter.module)) {
      quick.set(index, addQuick(rewriter, index, type, `__vdevbox_quick_${name}`, code(places)));
    }
    for (const func of rewriter.module.functions) {
      walkBody(rewriter.module, func, (instruction) => {
        const target = instruction.opcode === OP.call ? quick.get(instruction.immediates[0]!) : undefined;
        if (target !== undefined) rewriter.edit(func).replace(instruction, call(target));
      });
    }
    addToThunks(rewriter, places.words, kept);
    this.#done = { address: places.words };
  }
}

function callsOf(module: WasmModule): (QuickCall & { readonly index: number })[] {
  return CALLS.flatMap((quick) => {
    const { index } =
      module.imports.find(
        (entry) => entry.kind === "function" && entry.module === quick.module && entry.name === quick.name,
      ) ?? {};
    return index === undefined ? [] : [{ ...quick, index }];
  });
}

/** `block { quick: return; slow: } return host(…)`. The code has local `made` behind its parameters. */
function addQuick(rewriter: ModuleRewriter, index: number, type: FunctionType, name: string, code: Code): number {
  return rewriter.addFunction({
    type,
    locals: [VALUE.i32],
    name,
    code: [
      ...[OP.block, EMPTY_BLOCK, ...code, OP.end],
      ...[...type.parameters.flatMap((_, i) => localGet(i)), ...call(index), OP.end],
    ],
  });
}

const SLOW: Code = [OP.brIf, 0];
const word = (words: number, offset: number): Code => [...i32Const(0), ...memoryAt(OP.i32Load, words + offset)];

/** Counts the call, unless that is one too many for a callback: then it is the host's to say so. */
function countCode(words: number, made: number): Code {
  return [
    ...[...word(words, QUICK.calls), ...i32Const(1), OP.i32Add, ...localTee(made)],
    ...[...word(words, QUICK.left), OP.i32GtS, ...SLOW],
    ...[...i32Const(0), ...localGet(made), ...memoryAt(OP.i32Store, words + QUICK.calls)],
  ];
}

/** The mutex named last, which must still be one: from `held` to `then`. */
function mutexCode({ words }: Places, held: number, then: number): Code {
  const [mutex, made] = [0, 1];
  return [
    ...[...localGet(mutex), ...word(words, QUICK.mutex), OP.i32Xor],
    ...[...word(words, QUICK.held), ...i32Const(held), OP.i32Xor, OP.i32Or, ...SLOW],
    ...[...localGet(mutex), OP.i32Eqz, ...SLOW],
    ...[...localGet(mutex), ...memoryAt(OP.i32Load, 0), ...word(words, QUICK.magic), OP.i32Ne, ...SLOW],
    ...countCode(words, made),
    ...[...i32Const(0), ...i32Const(then), ...memoryAt(OP.i32Store, words + QUICK.held)],
    ...[...i32Const(0), OP.return],
  ];
}

/** The timer asked about last: 32 bytes, aligned to 8, in the module's memory. */
function timerCode({ words, marks, pages }: Places): Code {
  const [timer, data, made] = [0, 1, 2];
  const beyond = (more: number): Code => [
    ...[...localGet(data), ...i32Const(more), OP.i32Add, ...i32Const(PAGE_SHIFT), OP.i32ShrU],
    ...[...globalGet(pages), OP.i32GeU, ...SLOW],
  ];
  const store = (at: number, from: number): Code => [
    ...[...localGet(data), ...i32Const(0), ...memoryAt(OP.i64Load, words + from), ...memoryAt(OP.i64Store, at)],
  ];
  return [
    ...[...localGet(timer), ...word(words, QUICK.timer), OP.i32Ne, ...SLOW],
    ...[...localGet(timer), OP.i32Eqz, ...SLOW],
    ...[...localGet(data), OP.i32Eqz, ...localGet(data), ...i32Const(7), OP.i32And, OP.i32Or, ...SLOW],
    ...[...beyond(0), ...beyond(TIMER_DATA_BYTES - 1)],
    ...countCode(words, made),
    // One mark reaches further than the 32 bytes.
    ...[...localGet(data), ...i32Const(BLOCK_SHIFT), OP.i32ShrU, ...i32Const(DIRTY), ...memoryAt(OP.i32Store8, marks)],
    ...[
      ...store(0, QUICK.startedNs),
      ...store(8, QUICK.nowNs),
      ...store(16, QUICK.startedNs),
      ...store(24, QUICK.nowNs),
    ],
    OP.return,
  ];
}

/** An access begins with no quick calls made, and tells the host of a lock that it ends with. */
function addToThunks(rewriter: ModuleRewriter, words: number, kept: number): void {
  for (const { name, kind, index } of rewriter.module.exports) {
    const func = kind === "function" && THUNKS.includes(name) ? definedFunction(rewriter.module, index) : undefined;
    if (func === undefined) continue;
    const editor = rewriter.edit(func);
    editor.prologue([
      ...[...i32Const(0), ...i32Const(0), ...memoryAt(OP.i32Store, words + QUICK.calls)],
      ...[...i32Const(0), ...word(words, QUICK.limit), ...memoryAt(OP.i32Store, words + QUICK.left)],
    ]);
    editor.epilogue([...word(words, QUICK.held), OP.if, EMPTY_BLOCK, ...call(kept), OP.end]);
  }
}
