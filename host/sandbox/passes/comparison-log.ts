import type { Code } from "../wasm/function-editor.ts";
import { VALUE } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import {
  call,
  EMPTY_BLOCK,
  globalGet,
  i32Const,
  i64Const,
  localGet,
  localSet,
  localTee,
  memoryAt,
} from "./instructions.ts";
import { FUZZ_EXPORT } from "./pass.ts";
import type { ReservedMemory } from "./reserved-memory.ts";

/** Comparisons of one site that are logged until the log is cleared. */
export const LOGGED_EACH = 16;
/** A module with more sites than any author's has no longer log. */
const CAPACITY_MAX = 65536;

/**
 * Where the log lies in an instance's memory: how many records there are, 4 bytes, at `count`; and at `records` one
 * after the other, in the order things were compared, little endian:
 *
 *     u32 site, u32 bytes of each operand, u64 first operand, u64 second operand
 *
 * Operands are unsigned bits; of floats those of their format. Memory that is compared makes a record for every 8 bytes,
 * up to 32, the last one shorter.
 */
export interface ComparisonLog {
  readonly count: number;
  readonly records: number;
  /** The most records there can be. */
  readonly capacity: number;
  /** A byte for each site: how many of its comparisons are in the log. */
  readonly counts: number;
}

/** Bytes of a record, and where its fields stand. */
export const RECORD = { bytes: 24, site: 0, width: 4, first: 8, second: 16 } as const;

/** Most bytes of compared memory that are logged. */
const MEMORY_BYTES = 32;

interface AddedLog {
  readonly log: ComparisonLog;
  /** Index of `log(first: i64, second: i64, site: i32, bytes: i32)`. */
  readonly logFunction: number;
  /** Index of `logBytes(first: i32, second: i32, length: i32, site: i32)`: addresses, wherever they may lead. */
  readonly bytesFunction: number;
}

/** Adds the log of so many sites, what writes to it, and `__vdevbox_clear_comparisons()`. */
export function addComparisonLog(rewriter: ModuleRewriter, memory: ReservedMemory, sites: number): AddedLog {
  const capacity = Math.min(LOGGED_EACH * Math.max(sites, 1), CAPACITY_MAX);
  const log: ComparisonLog = {
    count: memory.take(4),
    counts: memory.take(Math.max(sites, 1)),
    records: memory.take(capacity * RECORD.bytes),
    capacity,
  };
  const { i32, i64 } = VALUE;
  const logFunction = rewriter.addFunction({
    type: { parameters: [i64, i64, i32, i32], results: [] },
    locals: [i32, i32],
    name: "__vdevbox_log",
    code: logCode(log),
  });
  const bytesFunction = rewriter.addFunction({
    type: { parameters: [i32, i32, i32, i32], results: [] },
    locals: [i32, i32],
    name: "__vdevbox_log_bytes",
    code: bytesCode(memory.pages, logFunction),
  });
  rewriter.addFunction({
    type: { parameters: [], results: [] },
    locals: [],
    name: FUZZ_EXPORT.clearComparisons,
    exportAs: FUZZ_EXPORT.clearComparisons,
    code: [
      ...[...i32Const(log.count), ...i32Const(0), ...memoryAt(OP.i32Store, 0)],
      ...[...i32Const(log.counts), ...i32Const(0), ...i32Const(sites), 0xfc, 11, 0],
      OP.end,
    ],
  });
  return { log, logFunction, bytesFunction };
}

function logCode(log: ComparisonLog): Code {
  const [first, second, site, bytes, logged, at] = [0, 1, 2, 3, 4, 5];
  const count = [...i32Const(0), ...memoryAt(OP.i32Load, log.count)];
  return [
    ...[
      ...localGet(site),
      ...memoryAt(OP.i32Load8U, log.counts),
      ...localTee(logged),
      ...i32Const(LOGGED_EACH),
      OP.i32GeU,
    ],
    ...[...count, ...i32Const(log.capacity), OP.i32GeU, OP.i32Or, OP.if, EMPTY_BLOCK, OP.return, OP.end],
    ...[...localGet(site), ...localGet(logged), ...i32Const(1), OP.i32Add, ...memoryAt(OP.i32Store8, log.counts)],
    ...[...count, ...i32Const(RECORD.bytes), OP.i32Mul, ...localTee(at)],
    ...[...localGet(site), ...memoryAt(OP.i32Store, log.records + RECORD.site)],
    ...[...localGet(at), ...localGet(bytes), ...memoryAt(OP.i32Store, log.records + RECORD.width)],
    ...[...localGet(at), ...localGet(first), ...memoryAt(OP.i64Store, log.records + RECORD.first)],
    ...[...localGet(at), ...localGet(second), ...memoryAt(OP.i64Store, log.records + RECORD.second)],
    ...[...i32Const(0), ...count, ...i32Const(1), OP.i32Add, ...memoryAt(OP.i32Store, log.count)],
    OP.end,
  ];
}

/** The smaller of a local and what code leaves, unsigned; into the local. */
const atMost = (local: number, code: Code): Code => [
  ...[...localGet(local), ...code, ...localGet(local), ...code, OP.i32LtU, OP.select, ...localSet(local)],
];

/**
 *     if (first and second are in memory)
 *       for (length = min(length, 32, what is left of memory); length != 0; length -= piece)
 *         log(8 bytes of each, or what is left of them)
 *
 * The last piece is read whole and cut: behind all memory of the module there are reserved bytes.
 */
function bytesCode(pages: number, logFunction: number): Code {
  const [first, second, length, site, end, piece] = [0, 1, 2, 3, 4, 5];
  const left = (address: number): Code => [...localGet(end), ...localGet(address), OP.i32Sub];
  const advance = (address: number): Code => [
    ...localGet(address),
    ...localGet(piece),
    OP.i32Add,
    ...localSet(address),
  ];
  const mask = [...i64Const(-1n), ...i64Const(64n), ...localGet(piece), OP.i64ExtendI32U, ...i64Const(3n), OP.i64Shl];
  const operand = (address: number): Code => [
    ...[...localGet(address), ...memoryAt(OP.i64Load, 0)],
    ...[...mask, OP.i64Sub, OP.i64ShrU, OP.i64And],
  ];
  return [
    ...[...globalGet(pages), ...i32Const(16), OP.i32Shl, ...localSet(end)],
    ...[...localGet(first), ...localGet(end), OP.i32GeU, ...localGet(second), ...localGet(end), OP.i32GeU, OP.i32Or],
    ...[OP.if, EMPTY_BLOCK, OP.return, OP.end],
    ...[...atMost(length, i32Const(MEMORY_BYTES)), ...atMost(length, left(first)), ...atMost(length, left(second))],
    ...[OP.loop, EMPTY_BLOCK, ...localGet(length), OP.if, EMPTY_BLOCK],
    ...[...localGet(length), ...localSet(piece), ...atMost(piece, i32Const(8))],
    ...[...operand(first), ...operand(second), ...localGet(site), ...localGet(piece), ...call(logFunction)],
    ...[...advance(first), ...advance(second)],
    ...[...localGet(length), ...localGet(piece), OP.i32Sub, ...localSet(length), OP.br, 1],
    ...[OP.end, OP.end, OP.end],
  ];
}
