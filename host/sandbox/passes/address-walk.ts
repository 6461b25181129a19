import type { DefinedFunction, FunctionType, WasmModule } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import { type Instruction, walkBody } from "../wasm/walk.ts";
import { memoryAccess } from "./accesses.ts";

/** Where an address comes from: a local as it was set last but `version` times, or the code itself. */
export type Origin = { readonly local: number; readonly version: number } | { readonly constant: number };

/** What is known of the address a local holds. */
export interface Fact {
  readonly version: number;
  /** So many bytes from the address on are in memory. */
  readonly end: number;
  /** A store of this offset has marked its block, since the call of that number. */
  readonly marked: number | undefined;
  readonly call: number;
}

const NOTHING: Omit<Fact, "version"> = { end: 0, marked: undefined, call: 0 };

/** Most locals something is known of at a time: what is copied at every block. */
const FACTS_MAX = 16;

type Facts = Map<number, Fact>;

/**
 * Follows the operand stack through one function, as far as it is plain, so that passes know which accesses go through
 * the same local: what held for one holds for the next. At the end of a block only what held at its beginning is still
 * known, in a loop nothing of before, and of a local that was set nothing at all.
 */
export class AddressWalk {
  readonly #module: WasmModule;
  readonly #stack: (Origin | undefined)[] = [];
  readonly #versions = new Map<number, number>();
  readonly #scopes: Facts[] = [];
  #facts: Facts = new Map();
  #calls = 0;

  constructor(module: WasmModule) {
    this.#module = module;
  }

  /** Calls `visitor` for each instruction with the origin of its address, if it is a known access to memory. */
  run(func: DefinedFunction, visitor: (instruction: Instruction, origin: Origin | undefined) => void): void {
    walkBody(this.#module, func, (instruction) => {
      const access = memoryAccess(instruction.opcode);
      visitor(instruction, access && this.#stack.at(-1 - access.operands.length));
      this.#advance(instruction);
    });
  }

  /** What is known at the instruction that is visited. */
  fact(origin: Origin | undefined): Omit<Fact, "version"> {
    if (origin === undefined || "constant" in origin) return NOTHING;
    const known = this.#facts.get(origin.local);
    if (known === undefined || known.version !== origin.version) return NOTHING;
    return known.call === this.#calls ? known : { ...known, marked: undefined };
  }

  /** From the instruction that is visited on, this much more is known. */
  learn(origin: Origin | undefined, more: { readonly end?: number; readonly marked?: number }): void {
    if (origin === undefined || "constant" in origin || origin.version !== this.#version(origin.local)) return;
    if (!this.#facts.has(origin.local) && this.#facts.size >= FACTS_MAX) return;
    const { end, marked } = this.fact(origin);
    const { version } = origin;
    this.#facts.set(origin.local, { version, end, marked, ...more, call: this.#calls });
  }

  #version(local: number): number {
    return this.#versions.get(local) ?? 0;
  }

  #advance(instruction: Instruction): void {
    const { opcode, info, immediates } = instruction;
    switch (opcode) {
      case OP.localGet:
        this.#stack.push({ local: immediates[0]!, version: this.#version(immediates[0]!) });
        return;
      case OP.localSet:
      case OP.localTee:
        this.#set(immediates[0]!, opcode === OP.localTee);
        return;
      case OP.i32Const:
        this.#stack.push({ constant: immediates[0]! >>> 0 });
        return;
      case OP.call:
        this.#call(this.#module.types[this.#module.functionTypes[immediates[0]!]!]!, 0);
        return;
      case OP.callIndirect:
        this.#call(this.#module.types[immediates[0]!]!, 1);
        return;
      case OP.brIf:
        this.#stack.pop();
        return;
    }
    if (info.pops < 0) this.#control(opcode);
    else this.#replace(info.pops, info.pushes);
  }

  #replace(pops: number, pushes: number): void {
    this.#stack.length = Math.max(0, this.#stack.length - pops);
    for (let i = 0; i < pushes; i++) this.#stack.push(undefined);
  }

  #set(local: number, stays: boolean): void {
    this.#stack.pop();
    const version = this.#version(local) + 1;
    this.#versions.set(local, version);
    if (stays) this.#stack.push({ local, version });
  }

  #call({ parameters, results }: FunctionType, more: number): void {
    this.#replace(parameters.length + more, results.length);
    this.#calls++;
  }

  #control(opcode: number): void {
    this.#stack.length = 0;
    switch (opcode) {
      case OP.block:
      case OP.if:
        this.#scopes.push(new Map(this.#facts));
        return;
      case OP.loop:
        this.#scopes.push(this.#facts);
        this.#facts = new Map();
        return;
      case OP.else:
        this.#facts = new Map(this.#scopes.at(-1));
        return;
      case OP.end:
        this.#facts = this.#scopes.pop() ?? new Map();
        return;
      default:
        // Nothing is reached behind, up to the end of the block.
        this.#facts = new Map();
    }
  }
}
