import { u32Bytes } from "../wasm/byte-writer.ts";
import type { Code } from "../wasm/function-editor.ts";
import { VALUE, type WasmModule } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { call, globalGet, globalSet, i32Const, localGet } from "./instructions.ts";
import type { Pass } from "./pass.ts";

/** What the pass adds to a module's exports: what the host does at each switch, in one call each. */
export const SWITCH = {
  /** `(block, end) => scratch`: fills the block's header in and begins to unwind into it. */
  leave: "asyncify_leave",
  /** `(scratch)`: the module has returned; ends the unwinding, if it still goes on. */
  left: "asyncify_left",
  /** `(block, scratch) => outer`: begins to rewind from the block. */
  return: "asyncify_return",
} as const;

/** All exports that the host switches with, Asyncify's own among them. */
export const SWITCH_EXPORTS: readonly string[] = [
  ...Object.values(SWITCH),
  ...["start_unwind", "stop_unwind", "start_rewind", "stop_rewind", "get_state"].map((name) => `asyncify_${name}`),
];

/** Bytes of Asyncify's block before those for locals: where the next byte goes, and where its bytes end. */
export const BLOCK_HEADER_BYTES = 8;

const SCRATCH = "__vdevbox_scratch";
const UNWINDING = 1;
const EMPTY_BLOCK = 0x40;
const ALIGNED_TO_4 = 2;

/**
 * Joins what the host does around Asyncify's own functions to one call each. Reading or writing an exported global from
 * outside takes several times as long as such a call. `scratch` is where stack_alloc() stands; 0, and never set, in
 * modules that have none. To be applied to what Asyncify made.
 */
export const switchingPass: Pass = { name: "switching", key: "switching 1", apply };

function apply(rewriter: ModuleRewriter): void {
  const { module } = rewriter;
  const asyncify = (name: string): Code => call(rewriter.functionIndex(functionOf(module, `asyncify_${name}`)));
  const scratch = scratchOf(module);
  const get = scratch === undefined ? i32Const(0) : globalGet(scratch);
  const set = scratch === undefined ? [OP.drop] : globalSet(scratch);
  const add = (name: string, parameters: number, results: number, code: Code) =>
    rewriter.addFunction({
      type: { parameters: new Array(parameters).fill(VALUE.i32), results: new Array(results).fill(VALUE.i32) },
      locals: [],
      code: [...code, OP.end],
      name,
      exportAs: name,
    });
  add(SWITCH.leave, 2, 1, [
    ...[...localGet(0), ...localGet(0), ...i32Const(BLOCK_HEADER_BYTES), OP.i32Add, ...store(0)],
    ...[...localGet(0), ...localGet(1), ...store(4)],
    ...[...localGet(0), ...asyncify("start_unwind"), ...get],
  ]);
  add(SWITCH.left, 1, 0, [
    ...[...asyncify("get_state"), ...i32Const(UNWINDING), OP.i32Eq],
    ...[OP.if, EMPTY_BLOCK, ...asyncify("stop_unwind"), OP.end],
    ...[...localGet(0), ...set],
  ]);
  add(SWITCH.return, 2, 1, [...get, ...localGet(1), ...set, ...localGet(0), ...asyncify("start_rewind")]);
}

const store = (offset: number): Code => [OP.i32Store, ...u32Bytes(ALIGNED_TO_4), ...u32Bytes(offset)];

function functionOf({ exports }: WasmModule, name: string): number {
  const found = exports.find((entry) => entry.kind === "function" && entry.name === name);
  if (found === undefined) throw new Error(`Asyncify did not export ${name}`);
  return found.index;
}

/** The global of the scratch bytes; undefined in modules that no compiler of ours made. */
function scratchOf({ exports, globals }: WasmModule): number | undefined {
  const index = exports.find((entry) => entry.kind === "global" && entry.name === SCRATCH)?.index;
  const global = index === undefined ? undefined : globals[index];
  return global?.mutable === true && global.type === VALUE.i32 ? index : undefined;
}
