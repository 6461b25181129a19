import { s32Bytes, s64Bytes, u32Bytes } from "../wasm/byte-writer.ts";
import type { Code } from "../wasm/function-editor.ts";
import { VALUE } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { EXPORT, LIMIT, type Limit } from "./pass.ts";

export const localGet = (index: number): Code => [OP.localGet, ...u32Bytes(index)];
export const localSet = (index: number): Code => [OP.localSet, ...u32Bytes(index)];
export const localTee = (index: number): Code => [OP.localTee, ...u32Bytes(index)];
export const globalGet = (index: number): Code => [OP.globalGet, ...u32Bytes(index)];
export const globalSet = (index: number): Code => [OP.globalSet, ...u32Bytes(index)];
export const call = (index: number): Code => [OP.call, ...u32Bytes(index)];
export const i32Const = (value: number): Code => [OP.i32Const, ...s32Bytes(value)];

export const i64Const = (value: bigint): Code => [OP.i64Const, ...s64Bytes(value)];
/** A load or store without a hint of alignment: one address is on the stack, `offset` is added to it. */
export const memoryAt = (opcode: number, offset: number): Code => [opcode, 0, ...u32Bytes(offset)];

/** An instruction's opcode as it is written: a prefix and a number, or one byte. */
export const wide = (opcode: number): Code => (opcode <= 0xff ? [opcode] : [opcode >> 12, ...u32Bytes(opcode & 0xfff)]);
/** An atomic instruction on an aligned i32: one address is on the stack, `offset` is added to it. */
export const atomicAt = (opcode: number, offset: number): Code => [...wide(opcode), 2, ...u32Bytes(offset)];

/** The type of a block that neither takes nor leaves anything. */
export const EMPTY_BLOCK = 0x40;

/** `if (condition on the stack) { limit = value; unreachable; }` */
export function faultIf(limitGlobal: number, limit: Limit): Code {
  return [OP.if, EMPTY_BLOCK, ...i32Const(limit), ...globalSet(limitGlobal), OP.unreachable, OP.end];
}

/** The exported global that says which limit a fault hit. */
export function limitGlobal(rewriter: ModuleRewriter): number {
  return rewriter.sharedGlobal({
    type: VALUE.i32,
    mutable: true,
    initial: LIMIT.none,
    exportAs: EXPORT.limit,
    onRestore: LIMIT.none,
  });
}
