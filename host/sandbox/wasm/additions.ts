import { s32Bytes } from "./byte-writer.ts";
import type { Code } from "./function-editor.ts";
import { type FunctionType, VALUE, type ValueType } from "./module.ts";
import { OP, PREFIX } from "./opcodes.ts";

export interface FunctionImport {
  readonly module: string;
  readonly name: string;
  readonly type: FunctionType;
}

export interface AddedGlobal {
  readonly type: ValueType;
  readonly mutable: boolean;
  /** Initial value of an i32 global; globals of other types begin at zero or null. */
  readonly initial?: number;
  readonly exportAs?: string;
  /** For i32 globals: the value a restored snapshot gives it. */
  readonly onRestore?: number;
}

export interface AddedFunction {
  readonly type: FunctionType;
  readonly locals: readonly ValueType[];
  /** Instructions with the closing `end`. */
  readonly code: Code;
  /** Shown in stack traces. */
  readonly name: string;
  readonly exportAs?: string;
}

export interface AddedExport {
  readonly name: string;
  readonly kind: "function" | "global";
  readonly index: number;
}

export interface MemoryImport {
  readonly module: string;
  readonly name: string;
}

export interface AddedData {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What passes have asked for, as the emitter needs it. */
export interface Additions {
  readonly imports: readonly (FunctionImport & { readonly typeIndex: number })[];
  readonly types: readonly FunctionType[];
  readonly globals: readonly AddedGlobal[];
  readonly functions: readonly (AddedFunction & { readonly typeIndex: number })[];
  readonly exports: readonly AddedExport[];
  /** Pages of the memory, of which it then has neither fewer nor more; as the module says when undefined. */
  readonly memoryPages: number | undefined;
  /** Under this name the module's memory becomes an import, shared between threads. */
  readonly sharedMemory: MemoryImport | undefined;
  /** Active data segments behind the module's own. */
  readonly data: readonly AddedData[];
  /** New function index by export name. */
  readonly redirected: ReadonlyMap<string, number>;
}

/** A constant expression without its `end`: an i32 of the value, or the zero of another type. */
export function constant(type: ValueType, value = 0): Code {
  switch (type) {
    case VALUE.i32:
      return [OP.i32Const, ...s32Bytes(value)];
    case VALUE.i64:
      return [OP.i64Const, 0];
    case VALUE.f32:
      return [OP.f32Const, 0, 0, 0, 0];
    case VALUE.f64:
      return [OP.f64Const, 0, 0, 0, 0, 0, 0, 0, 0];
    case VALUE.v128:
      return [PREFIX.simd, 12, ...new Array<number>(16).fill(0)];
    default:
      return [OP.refNull, type];
  }
}
