import { ByteReader } from "../../sandbox/wasm/byte-reader.ts";
import { type Global, VALUE, type WasmModule } from "../../sandbox/wasm/module.ts";
import { OP } from "../../sandbox/wasm/opcodes.ts";

/** Values of the i32 globals that never change, by index: named constants of a build without optimisation. */
export function constantGlobals(module: WasmModule): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  for (const global of module.globals) {
    const value = constantOf(module, global, values);
    if (value !== undefined) values.set(global.index, value);
  }
  return values;
}

/** An initialiser is a constant or an earlier global; whatever else it may be is not followed. */
function constantOf(module: WasmModule, global: Global, earlier: ReadonlyMap<number, number>): number | undefined {
  if (global.mutable || global.type !== VALUE.i32 || global.initializer === undefined) return undefined;
  const reader = new ByteReader(module.bytes, global.initializer.start, global.initializer.end);
  const opcode = reader.u8();
  const value =
    opcode === OP.i32Const ? reader.signed(32) : opcode === OP.globalGet ? earlier.get(reader.u32()) : undefined;
  return value !== undefined && reader.u8() === OP.end ? value : undefined;
}
