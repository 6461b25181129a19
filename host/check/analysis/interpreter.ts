import { type FunctionType, VALUE, type WasmModule } from "../../sandbox/wasm/module.ts";
import { OP } from "../../sandbox/wasm/opcodes.ts";
import { blockType, type Instruction } from "../../sandbox/wasm/walk.ts";
import type { Body } from "./body.ts";
import { either, foldBinary, foldUnary, isBinary, isUnary, type Known } from "./constants.ts";

const SELECT_TYPED = 0x1c;

/** A call that a body can make. */
export interface PossibleCall {
  readonly offset: number;
  /** The callee, or the index of the callee's type for an indirect call. */
  readonly target: { readonly function: number } | { readonly type: number };
  /** What is known of the arguments. */
  readonly args: readonly Known[];
}

/** What a body can do when it is entered with certain arguments. */
export interface Effects {
  readonly calls: readonly PossibleCall[];
  /** Offsets of `memory.grow`. */
  readonly grows: readonly number[];
}

/** Locals and the operands a branch carries. */
interface State {
  readonly locals: Known[];
  readonly operands: Known[];
}

interface Frame {
  readonly isLoop: boolean;
  /** Operands below the block, its parameters not counted. */
  readonly height: number;
  readonly type: FunctionType;
  /** What is known behind the block, from all branches that leave it so far. */
  exit: State | undefined;
  /** What an `else` starts with, while the `if` has not met one and may be false. */
  otherwise: State | undefined;
}

/**
 * The calls a body can make, by abstract interpretation: i32 constants are followed through locals, operands and
 * comparisons, and a branch that a constant decides is taken one way only. Everything else (memory, globals that are not
 * in `globals`, results of calls, other types) is unknown, a local that a loop writes is unknown in all of the loop, and what is known after
 * two ways meet is what both agree on. So a call is left out only when no run with these arguments can reach it.
 */
export function effectsOf(
  module: WasmModule,
  globals: ReadonlyMap<number, number>,
  body: Body,
  args: readonly Known[],
): Effects {
  if (!body.followed) return allEffects(module, body);
  const interpreter = new Interpreter(module, globals, body, args);
  for (let at = 0; at < body.instructions.length; at++) interpreter.step(at);
  return interpreter;
}

/** Every call the body contains, with nothing known of the arguments. */
function allEffects(module: WasmModule, body: Body): Effects {
  const calls: PossibleCall[] = [];
  const grows: number[] = [];
  for (const { opcode, offset, immediates } of body.instructions) {
    if (opcode === OP.call || opcode === OP.callIndirect) {
      const target = opcode === OP.call ? { function: immediates[0]! } : { type: immediates[0]! };
      calls.push({ offset, target, args: calleeType(module, target).parameters.map(() => undefined) });
    } else if (opcode === OP.memoryGrow) {
      grows.push(offset);
    }
  }
  return { calls, grows };
}

function calleeType(module: WasmModule, target: PossibleCall["target"]): FunctionType {
  return module.types["function" in target ? module.functionTypes[target.function]! : target.type]!;
}

class Interpreter implements Effects {
  readonly calls: PossibleCall[] = [];
  readonly grows: number[] = [];
  readonly #module: WasmModule;
  readonly #globals: ReadonlyMap<number, number>;
  readonly #body: Body;
  readonly #stack: Known[] = [];
  readonly #frames: Frame[] = [];
  #locals: Known[];
  /** Whether the instruction can be reached at all. */
  #live = true;

  constructor(module: WasmModule, globals: ReadonlyMap<number, number>, body: Body, args: readonly Known[]) {
    this.#module = module;
    this.#globals = globals;
    this.#body = body;
    const { type, localGroups } = body.func;
    this.#locals = type.parameters.map((_, i) => args[i]);
    for (const group of localGroups) {
      const initial = group.type === VALUE.i32 ? 0 : undefined;
      for (let i = 0; i < group.count; i++) this.#locals.push(initial);
    }
  }

  step(at: number): void {
    const instruction = this.#body.instructions[at]!;
    if (this.#nests(instruction, at) || !this.#live) return;
    if (this.#branches(instruction) || this.#moves(instruction) || this.#calls(instruction)) return;
    const { opcode, info, offset } = instruction;
    if (opcode === OP.memoryGrow) this.grows.push(offset);
    if (isUnary(opcode)) {
      this.#push(foldUnary(opcode, this.#pop()));
    } else if (isBinary(opcode)) {
      const b = this.#pop();
      this.#push(foldBinary(opcode, this.#pop(), b));
    } else {
      this.#forget(info.pops, info.pushes);
    }
  }

  // ------------------------------------------------------------------------------------------------------- operands

  #push(value: Known): void {
    this.#stack.push(value);
  }

  #pop(): Known {
    return this.#stack.pop();
  }

  #forget(pops: number, pushes: number): void {
    this.#stack.length -= pops;
    for (let i = 0; i < pushes; i++) this.#stack.push(undefined);
  }

  /** Constants, locals, globals and select. */
  #moves({ opcode, immediates }: Instruction): boolean {
    switch (opcode) {
      case OP.i32Const:
        this.#push(immediates[0]! | 0);
        return true;
      case OP.localGet:
        this.#push(this.#locals[immediates[0]!]);
        return true;
      case OP.globalGet:
        this.#push(this.#globals.get(immediates[0]!));
        return true;
      case OP.localSet:
        this.#locals[immediates[0]!] = this.#pop();
        return true;
      case OP.localTee:
        this.#locals[immediates[0]!] = this.#stack.at(-1);
        return true;
      case OP.select:
      case SELECT_TYPED: {
        const condition = this.#pop();
        const b = this.#pop();
        const a = this.#pop();
        this.#push(condition === undefined ? either(a, b) : condition !== 0 ? a : b);
        return true;
      }
      default:
        return false;
    }
  }

  #calls({ opcode, offset, immediates }: Instruction): boolean {
    if (opcode !== OP.call && opcode !== OP.callIndirect) return false;
    const target = opcode === OP.call ? { function: immediates[0]! } : { type: immediates[0]! };
    if (opcode === OP.callIndirect) this.#pop();
    const { parameters, results } = calleeType(this.#module, target);
    const args = parameters.length === 0 ? [] : this.#stack.slice(-parameters.length);
    this.#forget(parameters.length, results.length);
    this.calls.push({ offset, target, args });
    return true;
  }

  // --------------------------------------------------------------------------------------------------------- blocks

  /** Keeps track of blocks, in unreachable code too. */
  #nests({ opcode, immediates }: Instruction, at: number): boolean {
    switch (opcode) {
      case OP.block:
      case OP.loop:
      case OP.if:
        this.#enter(opcode, blockType(this.#module, immediates[0]!), at);
        return true;
      case OP.else: {
        const frame = this.#frames.at(-1)!;
        this.#leaveTo(frame);
        this.#resume(frame, frame.otherwise);
        frame.otherwise = undefined;
        return true;
      }
      case OP.end: {
        const frame = this.#frames.pop();
        if (frame === undefined) return true;
        this.#leaveTo(frame);
        // An `if` without `else`: its parameters are its results.
        if (frame.otherwise !== undefined) join(frame, frame.otherwise);
        this.#resume(frame, frame.exit);
        return true;
      }
      default:
        return false;
    }
  }

  #enter(opcode: number, type: FunctionType, at: number): void {
    const condition = opcode === OP.if && this.#live ? this.#pop() : undefined;
    const frame: Frame = {
      isLoop: opcode === OP.loop,
      height: this.#live ? this.#stack.length - type.parameters.length : this.#stack.length,
      type,
      exit: undefined,
      otherwise: undefined,
    };
    this.#frames.push(frame);
    if (!this.#live) return;
    if (opcode === OP.if) {
      // No false branch where the condition is known to hold.
      if (condition === undefined || condition === 0) frame.otherwise = this.#state(type.parameters.length);
      if (condition === 0) this.#live = false;
    } else if (opcode === OP.loop) {
      for (const local of this.#body.loopWrites.get(at)!) this.#locals[local] = undefined;
      this.#stack.fill(undefined, frame.height);
    }
  }

  #state(operands: number): State {
    return { locals: this.#locals.slice(), operands: this.#stack.slice(this.#stack.length - operands) };
  }

  /** Goes on behind a block, or in an else, with what is known there; nothing known: nobody gets there. */
  #resume(frame: Frame, state: State | undefined): void {
    this.#stack.length = frame.height;
    this.#live = state !== undefined;
    if (state === undefined) return;
    this.#locals = state.locals.slice();
    this.#stack.push(...state.operands);
  }

  /** Reaching the end of a block is a branch out of it. */
  #leaveTo(frame: Frame): void {
    if (this.#live) join(frame, this.#state(frame.type.results.length));
  }

  // ------------------------------------------------------------------------------------------------------- branches

  #branches({ opcode, immediates }: Instruction): boolean {
    switch (opcode) {
      case OP.unreachable:
      case OP.return:
        this.#live = false;
        return true;
      case OP.br:
        this.#branch(immediates[0]!);
        this.#live = false;
        return true;
      case OP.brIf: {
        const condition = this.#pop();
        if (condition !== 0) this.#branch(immediates[0]!);
        if (condition !== undefined && condition !== 0) this.#live = false;
        return true;
      }
      case OP.brTable: {
        const index = this.#pop();
        const last = immediates.length - 1;
        const labels = index === undefined ? new Set(immediates) : [immediates[Math.min(index >>> 0, last)]!];
        for (const label of labels) this.#branch(label);
        this.#live = false;
        return true;
      }
      default:
        return false;
    }
  }

  /** A branch back to a loop needs no join: what the loop writes is unknown in it from the start. */
  #branch(label: number): void {
    const frame = this.#frames[this.#frames.length - 1 - label];
    if (frame === undefined || frame.isLoop) return;
    join(frame, this.#state(frame.type.results.length));
  }
}

/** Adds one more way out of a block: known stays what all ways agree on. */
function join(frame: Frame, state: State): void {
  const { exit } = frame;
  if (exit === undefined) {
    frame.exit = state;
    return;
  }
  for (let i = 0; i < exit.locals.length; i++) exit.locals[i] = either(exit.locals[i], state.locals[i]);
  for (let i = 0; i < exit.operands.length; i++) exit.operands[i] = either(exit.operands[i], state.operands[i]);
}
