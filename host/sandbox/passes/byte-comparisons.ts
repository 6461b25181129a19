import type { Code } from "../wasm/function-editor.ts";
import { functionName, VALUE, type WasmModule } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import { i32Const, localGet } from "./instructions.ts";

/** A function of the library that compares bytes of memory. */
export interface ByteComparison {
  readonly name: string;
  readonly parameters: number;
  /** Leaves both addresses and the most bytes to look at. @param given locals that hold the arguments */
  operands(given: readonly number[]): Code;
}

const get = (given: readonly number[], place: number): Code => localGet(given[place]!);

/** How long a string is its own code finds out; what lies behind its end is logged too. */
const STRING_BYTES = 32;

const withLength = (name: string): ByteComparison => ({
  name,
  parameters: 3,
  operands: (given) => [...get(given, 0), ...get(given, 1), ...get(given, 2)],
});
const unmeasured = (name: string): ByteComparison => ({
  name,
  parameters: 2,
  operands: (given) => [...get(given, 0), ...get(given, 1), ...i32Const(STRING_BYTES)],
});

/** `start + 2 * index`: characters have two bytes. */
const character = (given: readonly number[], start: number, index: number): Code => [
  ...[...get(given, start), ...get(given, index), ...i32Const(1), OP.i32Shl, OP.i32Add],
];

/**
 * By the end of a function's debug name: AssemblyScript's library and the C functions of vdevbox/abi. What the
 * compiler has inlined is seen as comparisons of single bytes instead.
 */
const KNOWN: readonly (readonly [name: RegExp, comparison: ByteComparison])[] = [
  [/^~lib\/util\/memory\/memcmp$/, withLength("memcmp")],
  [/^~lib\/memory\/memory\.compare$/, withLength("memory.compare")],
  [/^~lib\/vdevbox\/abi\/.*\/memcmp$/, withLength("memcmp")],
  [/^~lib\/vdevbox\/abi\/.*\/strncmp$/, withLength("strncmp")],
  [/^~lib\/vdevbox\/abi\/.*\/strcmp$/, unmeasured("strcmp")],
  [/^~lib\/string\/String\.(__eq|__ne)$/, unmeasured("String ==")],
  [
    /^~lib\/util\/string\/compareImpl$/,
    {
      name: "compareImpl",
      parameters: 5,
      operands: (given) => [
        ...[...character(given, 0, 1), ...character(given, 2, 3)],
        ...[...get(given, 4), ...i32Const(1), OP.i32Shl],
      ],
    },
  ],
];

/** How a call of the function compares bytes; undefined for all functions that do not. */
export function byteComparison(module: WasmModule, index: number): ByteComparison | undefined {
  const name = functionName(module, index);
  const known = KNOWN.find(([pattern]) => pattern.test(name))?.[1];
  const type = module.types[module.functionTypes[index]!]!;
  const fits = type.parameters.length === known?.parameters && type.parameters.every((one) => one === VALUE.i32);
  return fits ? known : undefined;
}
