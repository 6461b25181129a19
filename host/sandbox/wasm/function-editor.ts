import { ByteWriter, u32Bytes } from "./byte-writer.ts";
import type { DefinedFunction, ValueType, WasmModule } from "./module.ts";
import type { Piece } from "./offset-map.ts";
import { OP } from "./opcodes.ts";
import type { Instruction } from "./walk.ts";

/** Encoded instructions. */
export type Code = readonly number[];

const RANK = { after: 0, before: 1, replace: 2 } as const;

export interface Edit {
  readonly at: number;
  readonly rank: number;
  readonly removed: number;
  readonly code: Code;
  /** Original offset that the new code answers to in stack traces. */
  readonly anchor: number;
}

/**
 * Collects the changes of all passes to one function. Edits name original offsets; edits at the same place come in the
 * order they were made. New code must leave the operand stack as it found it and may use locals it added.
 */
export class FunctionEditor {
  readonly func: DefinedFunction;
  readonly #edits: Edit[] = [];
  readonly #replaced = new Set<number>();
  readonly #locals: ValueType[] = [];
  readonly #prologues: Code[] = [];
  readonly #epilogues: Code[] = [];

  constructor(func: DefinedFunction) {
    this.func = func;
  }

  /** Adds a local, zero at entry, and answers its index. */
  addLocal(type: ValueType): number {
    return this.func.type.parameters.length + this.func.localCount + this.#locals.push(type) - 1;
  }

  /** Code run at entry, after the prologues of earlier passes. */
  prologue(code: Code): void {
    this.#prologues.push(code);
  }

  /** Code run at every normal exit, before the epilogues of earlier passes. The results lie on the operand stack. */
  epilogue(code: Code): void {
    this.#epilogues.unshift(code);
  }

  /** `anchor` is the original offset the code answers to in stack traces: that of the instruction unless given. */
  insertBefore(instruction: Instruction, code: Code, anchor = instruction.offset): void {
    this.#edits.push({ at: instruction.offset, rank: RANK.before, removed: 0, code, anchor });
  }

  insertAfter(instruction: Instruction, code: Code, anchor = instruction.offset): void {
    this.#edits.push({ at: instruction.end, rank: RANK.after, removed: 0, code, anchor });
  }

  /** @throws Error when another pass has replaced the instruction: passes that compose never do. */
  replace(instruction: Instruction, code: Code): void {
    if (this.isReplaced(instruction)) throw new Error(`two passes replace the instruction at ${instruction.offset}`);
    const removed = instruction.end - instruction.offset;
    this.#replaced.add(instruction.offset);
    this.#edits.push({ at: instruction.offset, rank: RANK.replace, removed, code, anchor: instruction.offset });
  }

  isReplaced(instruction: Instruction): boolean {
    return this.#replaced.has(instruction.offset);
  }

  /** Whether `return` must be made to run epilogues. */
  get wrapsExits(): boolean {
    return this.#epilogues.length > 0;
  }

  /**
   * The new body without its size, and where its bytes come from. `blockType` encodes the function's results as a
   * block's; needed only when exits are wrapped.
   */
  emit(module: WasmModule, blockType: Code): { bytes: Uint8Array; pieces: readonly Piece[] } {
    const { func } = this;
    const out = new ByteWriter(func.body.end - func.body.start + 64);
    const pieces: Piece[] = [{ start: 0, original: 0, copied: 0, kind: "gap" }];
    this.#emitLocals(out);
    const insert = (code: Code, original: number) => {
      pieces.push({ start: out.length, original, copied: 0, kind: "insertion" });
      out.bytes(code);
    };
    for (const code of this.#prologues) insert(code, func.code.start);
    if (this.wrapsExits) insert([OP.block, ...blockType], func.code.start);
    const last = func.code.end - 1;
    const edits = [...this.#edits].sort((a, b) => a.at - b.at || a.rank - b.rank);
    splice(module.bytes, func.code.start, last, edits, out, pieces);
    if (this.wrapsExits) insert([OP.end], last);
    for (const code of this.#epilogues) insert(code, last);
    pieces.push({ start: out.length, original: last, copied: 1, kind: "copy" });
    out.u8(OP.end);
    return { bytes: out.take(), pieces };
  }

  #emitLocals(out: ByteWriter): void {
    const { localGroups } = this.func;
    out.u32(localGroups.length + this.#locals.length);
    for (const { count, type } of localGroups) {
      out.u32(count);
      out.u8(type);
    }
    for (const type of this.#locals) out.bytes([...u32Bytes(1), type]);
  }
}

/** Copies `[start, end)` with `edits`, sorted by place, applied, and notes the pieces. */
export function splice(
  source: Uint8Array,
  start: number,
  end: number,
  edits: readonly Edit[],
  out: ByteWriter,
  pieces: Piece[] = [],
): void {
  let cursor = start;
  const copy = (upTo: number) => {
    if (upTo <= cursor) return;
    pieces.push({ start: out.length, original: cursor, copied: upTo - cursor, kind: "copy" });
    out.bytes(source.subarray(cursor, upTo));
    cursor = upTo;
  };
  for (const { at, removed, code, anchor } of edits) {
    copy(at);
    pieces.push({ start: out.length, original: anchor, copied: 0, kind: removed > 0 ? "replacement" : "insertion" });
    out.bytes(code);
    cursor = at + removed;
  }
  copy(end);
}
