import { isLibrary } from "../library.ts";
import type { Code, FunctionEditor } from "../wasm/function-editor.ts";
import { type DefinedFunction, functionName, VALUE, type ValueType } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { type Instruction, walkBody } from "../wasm/walk.ts";
import { type ByteComparison, byteComparison } from "./byte-comparisons.ts";
import { addComparisonLog, type ComparisonLog, LOGGED_EACH } from "./comparison-log.ts";
import {
  type ComparedConstant,
  ComparedConstants,
  type Comparison,
  type ComparisonSite,
  comparisonOf,
  constantOf,
} from "./comparison-sites.ts";
import { call, EMPTY_BLOCK, i32Const, i64Const, localGet, localSet, localTee, memoryAt } from "./instructions.ts";
import type { Pass } from "./pass.ts";
import { reservedMemory } from "./reserved-memory.ts";

/** What the pass knows of the module it was applied to. */
export interface ComparisonInstrumentation {
  /** By the number that records name. */
  readonly sites: readonly ComparisonSite[];
  readonly constants: readonly ComparedConstant[];
  readonly log: ComparisonLog;
}

/**
 * Logs the operands of the author's comparisons in reserved memory: of integers and floats, the index of `br_table`, and
 * the bytes that calls of `memcmp` and its kin are given. Of each site the first LOGGED_EACH comparisons are
 * logged since `__vdevbox_clear_comparisons()`, so that no loop fills the log; see `ComparisonLog` for records.
 */
export class ComparisonPass implements Pass {
  readonly name = "comparisons";
  readonly key = "comparisons 1";
  #done: ComparisonInstrumentation | undefined;

  /** What was found, once the pass has been applied. */
  get result(): ComparisonInstrumentation {
    if (this.#done === undefined) throw new Error("the comparison pass has not been applied");
    return this.#done;
  }

  /** Needs memory that an earlier pass has reserved and guards. */
  apply(rewriter: ModuleRewriter): void {
    const { module } = rewriter;
    const functions = module.functions.filter(({ index }) => !isLibrary(functionName(module, index)));
    const constants = new ComparedConstants();
    const found = functions.map((func) => findSites(rewriter, func, constants));
    const sites = found.flatMap((some) => some.map(({ site }) => site));
    const { log, logFunction, bytesFunction } = addComparisonLog(rewriter, reservedMemory(rewriter), sites.length);
    let number = 0;
    for (const [i, func] of functions.entries()) {
      const logging = new FunctionLogging(rewriter.edit(func), { counts: log.counts, logFunction, bytesFunction });
      for (const one of found[i]!) logging.add(one, number++);
    }
    this.#done = { sites, constants: constants.all, log };
  }
}

/** A site, and what its code is made from. */
interface FoundSite {
  readonly site: ComparisonSite;
  readonly instruction: Instruction;
  readonly comparison: Comparison | ByteComparison | undefined;
}

function findSites(rewriter: ModuleRewriter, func: DefinedFunction, constants: ComparedConstants): FoundSite[] {
  const { module } = rewriter;
  const found: FoundSite[] = [];
  const previous: (Instruction | undefined)[] = [undefined, undefined];
  const add = (
    instruction: Instruction,
    comparison: FoundSite["comparison"],
    about: Omit<ComparisonSite, "offset" | "function">,
  ) => {
    found.push({ site: { offset: instruction.offset, function: func.index, ...about }, instruction, comparison });
  };
  walkBody(module, func, (instruction) => {
    const { opcode, immediates } = instruction;
    const comparison = comparisonOf(opcode);
    const bytes = opcode === OP.call ? byteComparison(module, immediates[0]!) : undefined;
    if (comparison !== undefined) {
      const constant = constantOf(module, previous[0]);
      constants.add(constant);
      const { type, operator } = comparison;
      const isFloat = type === VALUE.f32 || type === VALUE.f64;
      add(instruction, comparison, {
        kind: isFloat ? "float" : "integer",
        operator,
        bytes: type === VALUE.i32 || type === VALUE.f32 ? 4 : 8,
        constant: constant?.value,
      });
    } else if (opcode === OP.brTable) {
      const base = previous[0]?.opcode === OP.i32Sub ? constantOf(module, previous[1])?.value : undefined;
      constants.addLabels(immediates.length - 1, base ?? 0n);
      const last = BigInt(immediates.length - 1);
      add(instruction, undefined, { kind: "switch", operator: "br_table", bytes: 4, constant: last });
    } else if (bytes !== undefined) {
      add(instruction, bytes, { kind: "bytes", operator: bytes.name, bytes: 8, constant: undefined });
    }
    previous.unshift(instruction);
    previous.length = 2;
  });
  return found;
}

interface LogCode {
  readonly counts: number;
  readonly logFunction: number;
  readonly bytesFunction: number;
}

/** Puts the logging into one function. */
class FunctionLogging {
  readonly #editor: FunctionEditor;
  readonly #code: LogCode;
  readonly #locals = new Map<string, number>();

  constructor(editor: FunctionEditor, code: LogCode) {
    this.#editor = editor;
    this.#code = code;
  }

  add({ instruction, comparison, site }: FoundSite, number: number): void {
    if (comparison === undefined) this.#switch(instruction, number, site.constant!);
    else if ("operator" in comparison) this.#compare(instruction, number, comparison);
    else this.#bytes(instruction, number, comparison);
  }

  /** Both operands are taken off and put back. */
  #compare(instruction: Instruction, number: number, { type }: Comparison): void {
    const [first, second] = ["first", "second"].map((one) => this.#local(one, type));
    this.#editor.insertBefore(instruction, [
      ...[...localSet(second!), ...localTee(first!)],
      ...this.#unlessFull(number, [
        ...[...localGet(first!), ...toBits(type), ...localGet(second!), ...toBits(type)],
        ...[...i32Const(number), ...i32Const(type === VALUE.i32 || type === VALUE.f32 ? 4 : 8)],
        ...call(this.#code.logFunction),
      ]),
      ...localGet(second!),
    ]);
  }

  #switch(instruction: Instruction, number: number, last: bigint): void {
    const index = this.#local("first", VALUE.i32);
    this.#editor.insertBefore(instruction, [
      ...localTee(index),
      ...this.#unlessFull(number, [
        ...[...localGet(index), OP.i64ExtendI32U, ...i64Const(last), ...i32Const(number), ...i32Const(4)],
        ...call(this.#code.logFunction),
      ]),
    ]);
  }

  #bytes(instruction: Instruction, number: number, { parameters, operands }: ByteComparison): void {
    const given = Array.from({ length: parameters }, (_, i) => this.#local(`argument ${i}`, VALUE.i32));
    this.#editor.insertBefore(instruction, [
      ...[...given].reverse().flatMap(localSet),
      ...this.#unlessFull(number, [...operands(given), ...i32Const(number), ...call(this.#code.bytesFunction)]),
      ...given.flatMap(localGet),
    ]);
  }

  #unlessFull(site: number, code: Code): Code {
    return [
      ...[...i32Const(0), ...memoryAt(OP.i32Load8U, this.#code.counts + site), ...i32Const(LOGGED_EACH), OP.i32LtU],
      ...[OP.if, EMPTY_BLOCK, ...code, OP.end],
    ];
  }

  #local(purpose: string, type: ValueType): number {
    const key = `${purpose} ${type}`;
    const known = this.#locals.get(key);
    if (known !== undefined) return known;
    const added = this.#editor.addLocal(type);
    this.#locals.set(key, added);
    return added;
  }
}

const I32_REINTERPRET_F32 = 0xbc;
const I64_REINTERPRET_F64 = 0xbd;

/** A value of the type as unsigned 64 bits. */
function toBits(type: ValueType): Code {
  switch (type) {
    case VALUE.i32:
      return [OP.i64ExtendI32U];
    case VALUE.f32:
      return [I32_REINTERPRET_F32, OP.i64ExtendI32U];
    case VALUE.f64:
      return [I64_REINTERPRET_F64];
    default:
      return [];
  }
}
