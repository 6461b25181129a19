import type { Code } from "../wasm/function-editor.ts";
import { VALUE } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { EMPTY_BLOCK, i32Const, localGet, localSet, localTee } from "./instructions.ts";
import { FUZZ_EXPORT } from "./pass.ts";
import { SIMD, vectorAt, vectorConst } from "./vectors.ts";

/** Counters and what was seen of them, in memory of a module. */
export interface EdgeMaps {
  readonly counters: { readonly address: number; readonly length: number };
  readonly virgin: { readonly address: number; readonly length: number };
}

/** Maps have a multiple of this many bytes: what is looked at in one step. */
export const CHUNK_BYTES = 64;
const VECTOR_BYTES = 16;

/** What `__vdevbox_novel` answers: 0, or a set of these. */
export const NOVEL = {
  /** An edge seen before was taken a number of times that falls into a bucket it was not seen in. */
  bucket: 1,
  /** An edge was taken that was not seen before. */
  edge: 2,
} as const;

/**
 * The bit of a counter's bucket: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more (as AFL has them). By the low
 * four bits for counters below 16, by the high four for all others.
 */
const BUCKET_OF_LOW = [0, 1, 2, 4, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 16];
const BUCKET_OF_HIGH = [0, 32, 64, 64, 64, 64, 64, 64, 128, 128, 128, 128, 128, 128, 128, 128];

/** Adds `__vdevbox_novel(update: i32): i32` and `__vdevbox_clear_edges()`. */
export function addNovelty(rewriter: ModuleRewriter, maps: EdgeMaps): void {
  rewriter.addFunction({
    type: { parameters: [VALUE.i32], results: [VALUE.i32] },
    locals: [VALUE.i32, VALUE.i32, VALUE.v128, VALUE.v128],
    name: FUZZ_EXPORT.novel,
    exportAs: FUZZ_EXPORT.novel,
    code: noveltyCode(maps),
  });
  rewriter.addFunction({
    type: { parameters: [], results: [] },
    locals: [],
    name: FUZZ_EXPORT.clearEdges,
    exportAs: FUZZ_EXPORT.clearEdges,
    code: [
      ...[...i32Const(maps.counters.address), ...i32Const(0), ...i32Const(maps.counters.length)],
      ...[...MEMORY_FILL, OP.end],
    ],
  });
}

const MEMORY_FILL: Code = [0xfc, 11, 0];

const LOCAL = { update: 0, at: 1, result: 2, classes: 3, seen: 4 } as const;

/**
 * Most counters are 0 in most runs: 64 of them are looked at together first.
 *
 *     do { if (any of 64 at `at`) for each 16 of them: compare; at += 64 } while (at < length)
 */
function noveltyCode(maps: EdgeMaps): Code {
  const { at, result } = LOCAL;
  const quarters = [0, 1, 2, 3].map((quarter) => quarter * VECTOR_BYTES);
  const counters = quarters.map((more) => [...localGet(at), ...vectorAt(SIMD.load, maps.counters.address + more)]);
  return [
    ...[OP.loop, EMPTY_BLOCK],
    ...[...counters[0]!, ...counters[1]!, ...SIMD.or, ...counters[2]!, ...SIMD.or, ...counters[3]!, ...SIMD.or],
    ...[...SIMD.anyTrue, OP.if, EMPTY_BLOCK],
    ...quarters.flatMap((more) => compareCode(maps, more)),
    OP.end,
    ...[...localGet(at), ...i32Const(CHUNK_BYTES), OP.i32Add, ...localTee(at)],
    ...[...i32Const(maps.counters.length), OP.i32LtU, OP.brIf, 0],
    OP.end,
    ...localGet(result),
    OP.end,
  ];
}

/** Of 16 edges: the buckets of their counters, those not seen, and whether any edge among these was not seen at all. */
function compareCode({ counters, virgin }: EdgeMaps, more: number): Code {
  const { update, at, result, classes, seen } = LOCAL;
  const unseen = [...localGet(classes), ...localGet(seen), ...SIMD.andNot];
  const neverSeen = [...localGet(seen), ...vectorConst([]), ...SIMD.equalBytes];
  const orResult = (condition: Code, bit: number): Code => [
    ...[...condition, ...SIMD.anyTrue, ...i32Const(bit >> 1), OP.i32Shl],
    ...[...localGet(result), OP.i32Or, ...localSet(result)],
  ];
  return [
    ...[...localGet(at), ...vectorAt(SIMD.load, counters.address + more), ...localTee(classes)],
    ...[...SIMD.anyTrue, OP.if, EMPTY_BLOCK],
    ...[...vectorConst(BUCKET_OF_LOW), ...localGet(classes), ...SIMD.swizzle],
    ...[...vectorConst(BUCKET_OF_HIGH), ...localGet(classes), ...i32Const(4), ...SIMD.shiftBytesRight, ...SIMD.swizzle],
    ...[...SIMD.or, ...localSet(classes)],
    ...[...localGet(at), ...vectorAt(SIMD.load, virgin.address + more), ...localSet(seen)],
    ...[...unseen, ...SIMD.anyTrue, OP.if, EMPTY_BLOCK],
    ...orResult([...unseen, ...neverSeen, ...SIMD.andNot], NOVEL.bucket),
    ...orResult([...localGet(classes), ...neverSeen, ...SIMD.and], NOVEL.edge),
    ...[...localGet(update), OP.if, EMPTY_BLOCK],
    ...[...localGet(at), ...localGet(seen), ...localGet(classes), ...SIMD.or],
    ...vectorAt(SIMD.store, virgin.address + more),
    ...[OP.end, OP.end, OP.end],
  ];
}
