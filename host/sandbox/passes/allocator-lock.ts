import type { Code, FunctionEditor } from "../wasm/function-editor.ts";
import { type DefinedFunction, VALUE, type WasmModule } from "../wasm/module.ts";
import { globalNames } from "../wasm/name-section.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { walkBody } from "../wasm/walk.ts";
import {
  atomicAt,
  call,
  EMPTY_BLOCK,
  globalGet,
  globalSet,
  i32Const,
  localGet,
  localSet,
  localTee,
} from "./instructions.ts";
import { LOCK, type Pass, SHARED_HOOKS, SHARED_WORD } from "./pass.ts";
import { sharedWords } from "./shared-globals.ts";

/** Variables of AssemblyScript's stub runtime: where its heap has come to. */
const ALLOCATOR_STATE = /^~lib\/rt\/stub\//;

/** Tries before a thread waits: an allocation takes a few nanoseconds. */
const SPINS = 100;

/**
 * Lets one thread at a time be in AssemblyScript's allocator, in a module whose memory threads share.
 *
 * Functions are found by what they touch and not by name, because the compiler copies the allocator into its callers: each
 * one that names the stub runtime's variables holds the lock from its beginning to its end. It gives it back for the time
 * of each call of a function that is none of these, of every indirect call and before `unreachable`: calls of the host may
 * wait or never return. `held` counts in how many of them a thread is, so that they may call each other. A thread that finds
 * the lock taken tries for a moment and then calls the import `contended`, in which the host may do whatever lets the
 * others go on, and ends what must end.
 *
 * Comes after `sharedGlobalsPass` and before the snapshot pass, which puts `held` back.
 */
export function allocatorLockPass(): Pass {
  return {
    name: "allocator-lock",
    key: "allocator-lock 1",
    imports: () => [
      { module: SHARED_HOOKS.module, name: SHARED_HOOKS.contended, type: { parameters: [VALUE.i32], results: [] } },
    ],
    apply: (rewriter, [contended]) => lockAllocator(rewriter, contended!),
  };
}

function lockAllocator(rewriter: ModuleRewriter, contended: number): void {
  const { module } = rewriter;
  const allocators = allocatorFunctions(module);
  if (allocators.length === 0) return;
  const lock = addLock(rewriter, contended);
  const inside = new Set(allocators.map(({ index }) => index));
  for (const func of allocators) lockFunction(module, rewriter.edit(func), lock, inside);
}

/** Functions that touch the allocator's variables. */
function allocatorFunctions(module: WasmModule): DefinedFunction[] {
  const names = globalNames(module.bytes, module.names);
  const state = new Set([...names].flatMap(([index, name]) => (ALLOCATOR_STATE.test(name) ? [index] : [])));
  return module.functions.filter((func) => {
    let touches = false;
    walkBody(module, func, ({ opcode, immediates }) => {
      if ((opcode === OP.globalGet || opcode === OP.globalSet) && state.has(immediates[0]!)) touches = true;
    });
    return touches;
  });
}

/** Indices of the functions that work the lock. */
interface Lock {
  readonly take: number;
  readonly give: number;
  /** Gives it back whole. Answers how often it was held, for `rejoin`. */
  readonly leave: number;
  readonly rejoin: number;
}

function lockFunction(module: WasmModule, editor: FunctionEditor, lock: Lock, inside: ReadonlySet<number>): void {
  const held = editor.addLocal(VALUE.i32);
  editor.prologue(call(lock.take));
  editor.epilogue(call(lock.give));
  walkBody(module, editor.func, (instruction) => {
    const { opcode, immediates } = instruction;
    if (opcode === OP.unreachable) editor.insertBefore(instruction, [...call(lock.leave), OP.drop]);
    const leaves = opcode === OP.callIndirect || (opcode === OP.call && !inside.has(immediates[0]!));
    if (!leaves) return;
    editor.insertBefore(instruction, [...call(lock.leave), ...localSet(held)]);
    editor.insertAfter(instruction, [...localGet(held), ...call(lock.rejoin)]);
  });
}

function addLock(rewriter: ModuleRewriter, contended: number): Lock {
  const word = sharedWords(rewriter.module).address + SHARED_WORD.lock;
  const held = rewriter.addGlobal({ type: VALUE.i32, mutable: true, initial: 0, onRestore: 0 });
  const add = (name: string, parameters: 0 | 1, results: 0 | 1, code: Code) =>
    rewriter.addFunction({
      type: { parameters: Array(parameters).fill(VALUE.i32), results: Array(results).fill(VALUE.i32) },
      locals: [VALUE.i32],
      name,
      code: [...code, OP.end],
    });
  const wait = add("__vdevbox_lock_wait", 0, 0, takeCode(word, contended));
  const wake = add("__vdevbox_lock_wake", 0, 0, giveCode(word));
  const ifNotHeld = (then: Code): Code => [...globalGet(held), OP.i32Eqz, OP.if, EMPTY_BLOCK, ...then, OP.end];
  const count = (by: number): Code => [...globalGet(held), ...i32Const(by), OP.i32Add, ...globalSet(held)];
  return {
    take: add("__vdevbox_lock", 0, 0, [...ifNotHeld(call(wait)), ...count(1)]),
    give: add("__vdevbox_unlock", 0, 0, [...count(-1), ...ifNotHeld(call(wake))]),
    leave: add("__vdevbox_lock_leave", 0, 1, [
      ...[...globalGet(held), ...localTee(0), OP.if, EMPTY_BLOCK, ...i32Const(0), ...globalSet(held)],
      ...[...call(wake), OP.end, ...localGet(0)],
    ]),
    rejoin: add("__vdevbox_lock_rejoin", 1, 0, [
      ...[...localGet(0), OP.if, EMPTY_BLOCK, ...call(wait), OP.end, ...localGet(0), ...globalSet(held)],
    ]),
  };
}

/**
 * The lock of three states of "Futexes Are Tricky" (Drepper): free, taken, taken with others waiting. After the spins
 * whoever takes it does so as contended: it cannot know whether others wait still.
 */
function takeCode(word: number, contended: number): Code {
  const tries = 0;
  return [
    ...[OP.block, EMPTY_BLOCK, OP.loop, EMPTY_BLOCK],
    ...[...i32Const(0), ...i32Const(LOCK.free), ...i32Const(LOCK.taken), ...atomicAt(OP.atomicCmpxchg32, word)],
    ...[OP.i32Eqz, OP.brIf, 1],
    ...[...localGet(tries), ...i32Const(1), OP.i32Add, ...localTee(tries), ...i32Const(SPINS), OP.i32LtU, OP.brIf, 0],
    ...[OP.end, OP.loop, EMPTY_BLOCK],
    ...[...i32Const(0), ...i32Const(LOCK.contended), ...atomicAt(OP.atomicXchg32, word), OP.i32Eqz, OP.brIf, 1],
    ...[...i32Const(word), ...call(contended), OP.br, 0],
    ...[OP.end, OP.end],
  ];
}

function giveCode(word: number): Code {
  return [
    ...[...i32Const(0), ...i32Const(LOCK.free), ...atomicAt(OP.atomicXchg32, word)],
    ...[...i32Const(LOCK.contended), OP.i32Eq, OP.if, EMPTY_BLOCK],
    ...[...i32Const(0), ...i32Const(1), ...atomicAt(OP.atomicNotify, word), OP.drop, OP.end],
  ];
}
