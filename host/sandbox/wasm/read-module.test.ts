import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../errors.ts";
import { defaultPasses, instrument } from "../passes/instrument.ts";
import { compile, wat } from "../passes/test-modules.ts";
import { buildCallGraph } from "./call-graph.ts";
import { frameBytes } from "./frame-size.ts";
import { VALUE } from "./module.ts";
import { readModule } from "./read-module.ts";
import { type Instruction, walkBody } from "./walk.ts";

const RICH = wat(`(module
  (import "host" "f" (func $f (param i32) (result i64)))
  (type $pair (func (param i32 i32) (result i32 i32)))
  (table $t 4 8 funcref) (table $x 1 externref)
  (memory (export "memory") 1 16)
  (global $g (export "g") (mut i64) (i64.const -1)) (global v128 (v128.const i32x4 1 2 3 4))
  (elem (i32.const 0) $f $swap) (elem $passive func $swap) (elem declare func $all)
  (elem (table $t) (i32.const 2) funcref (ref.func $all) (ref.null func))
  (data (i32.const 8) "abc") (data $d "passive")
  (func $swap (type $pair) (local.get 1) (local.get 0))
  (func $all (export "all") (param i32) (result i32) (local i64 f64 f64 v128)
    (block $out (loop $again
      (br_table $out $again $out (local.get 0))))
    (if (result i32) (local.get 0) (then (i32.const -7)) (else (i32.const 0x7fffffff)))
    (call $swap (i32.const 1)) drop
    (drop (call_indirect (type $pair) (i32.const 1) (i32.const 2) (i32.const 3))) drop
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)
    (table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop $passive)
    (drop (select (result f64) (local.get 2) (local.get 3) (local.get 0)))
    (local.set 4 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 4) (local.get 4)))
    (drop (i32x4.extract_lane 1 (i32x4.add (local.get 4) (v128.load32_lane 2 (i32.const 0) (local.get 4)))))
    (drop (i32.atomic.rmw.cmpxchg offset=4 (i32.const 0) (i32.const 0) (i32.const 1))) (atomic.fence)
    (drop (i32.trunc_sat_f64_u (f64.const 1.5))) (drop (i64.extend8_s (i64.const 0x123456789abcdef)))
    (drop (ref.is_null (table.get $x (i32.const 0)))) (drop (f32.const 1))
    (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)))
  (start $begin) (func $begin (return)))`);

/** Reads everything there is to read of a module. */
function readAll(bytes: Uint8Array): void {
  const module = readModule(bytes);
  for (const func of module.functions) {
    walkBody(module, func, () => {});
    frameBytes(module, func);
  }
  buildCallGraph(module);
}

function expectOnlyUserErrors(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
  }
}

describe("readModule", () => {
  it("reads what a module declares", () => {
    const module = readModule(RICH);
    expect(module.imports).toEqual([{ module: "host", name: "f", kind: "function", index: 0 }]);
    expect(module.importedFunctionCount).toBe(1);
    expect(module.functions.map((func) => func.index)).toEqual([1, 2, 3]);
    expect(module.types[module.functionTypes[1]]).toEqual({
      parameters: [VALUE.i32, VALUE.i32],
      results: [VALUE.i32, VALUE.i32],
    });
    expect(module.functions[1].localCount).toBe(4);
    expect(module.memories).toEqual([{ minimum: 1, maximum: 16, shared: false }]);
    expect(module.tables.map((table) => table.element)).toEqual([VALUE.funcref, VALUE.externref]);
    expect(module.globals.map(({ type, mutable }) => [type, mutable])).toEqual([
      [VALUE.i64, true],
      [VALUE.v128, false],
    ]);
    expect(module.exports.map(({ name, kind, index }) => [name, kind, index])).toEqual([
      ["memory", "memory", 0],
      ["g", "global", 0],
      ["all", "function", 2],
    ]);
    expect(module.start).toBe(3);
    expect(module.elements.map(({ mode, functions }) => [mode, functions])).toEqual([
      ["active", [0, 1]],
      ["passive", [1]],
      ["declared", [2]],
      ["active", [2]],
    ]);
    expect(module.data.map(({ mode, content }) => [mode, content.end - content.start])).toEqual([
      ["active", 3],
      ["passive", 7],
    ]);
    expect(module.names.functions.get(2)).toBe("all");
  });

  it("reads the URL of AssemblyScript's source map", async () => {
    const { bytes } = await compile("export function f(): i32 { return 1; }");
    expect(readModule(bytes).sourceMappingUrl).toBe("./device.wasm.map");
  });

  it.each([
    ["nothing", []],
    ["another version", [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]],
    ["a section longer than the file", [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 100]],
    ["a number that never ends", [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]],
    ["a count beyond the bytes", [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    [
      "more elements than there are bytes",
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 9, 9, 1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0],
    ],
    ["sections out of order", [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 3, 1, 0, 1, 1, 0]],
    ["an unknown section", [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 13, 1, 0]],
    ["a start function there is not", [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 8, 1, 5]],
  ])("refuses %s with a UserError", (_, bytes) => {
    expect(() => readModule(new Uint8Array(bytes))).toThrow(UserError);
  });
});

describe("walkBody", () => {
  const instructionsOf = (text: string) => {
    const module = readModule(wat(`(module (memory 1) (func $f (param i32) ${text}))`));
    const instructions: Instruction[] = [];
    walkBody(module, module.functions[0], (instruction) => instructions.push(instruction));
    return { module, instructions };
  };

  it("gives each instruction with its place, depth and immediates", () => {
    const { module, instructions } = instructionsOf(
      `(block (loop (br_if 1 (local.get 0)) (br 0))) (i32.store offset=300 (i32.const -5) (i32.const 100000))`,
    );
    const start = module.functions[0].code.start;
    const seen = instructions.map(({ opcode, depth, immediates }) => [opcode, depth, ...immediates]);
    expect(seen).toEqual([
      [0x02, 0, -64],
      [0x03, 1, -64],
      [0x20, 2, 0],
      [0x0d, 2, 1],
      [0x0c, 2, 0],
      [0x0b, 1],
      [0x0b, 0],
      [0x41, 0, -5],
      [0x41, 0, 100000],
      [0x36, 0, 2, 300],
      [0x0b, 0],
    ]);
    const ends = instructions.map(({ end }) => end);
    expect(instructions.map(({ offset }) => offset)).toEqual([start, ...ends.slice(0, -1)]);
    expect(ends.at(-1)).toBe(module.functions[0].code.end);
  });

  it("walks all kinds of immediates to the end of each body", () => {
    expect(() => readAll(RICH)).not.toThrow();
  });

  it("refuses an instruction it does not know, with opcode and offset", () => {
    const bytes = wat(`(module (func nop))`);
    const at = readModule(bytes).functions[0].code.start;
    bytes[at] = 0x12; // return_call
    const module = readModule(bytes);
    const walk = () => walkBody(module, module.functions[0], () => {});
    expect(walk).toThrow(UserError);
    expect(walk).toThrow(new RegExp(`byte 0x${at.toString(16)}.*0x12`));
  });
});

describe("hostile bytes", () => {
  const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

  it("never makes the reader throw anything but a UserError: random sections", () => {
    const section = fc
      .tuple(fc.nat(14), fc.uint8Array({ maxLength: 60 }))
      .map(([id, content]) => [id, content.length, ...content]);
    const property = fc.property(fc.array(section, { maxLength: 6 }), (sections) => {
      expectOnlyUserErrors(() => readAll(new Uint8Array([...HEADER, ...sections.flat()])));
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it("never makes the reader throw anything but a UserError: mutated modules", () => {
    const mutation = fc.record({
      at: fc.nat(RICH.length - 1),
      value: fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff, 0xfc, 0xfd, 0xfe)),
    });
    const property = fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), fc.nat(20), (mutations, cut) => {
      const bytes = RICH.slice(0, RICH.length - Math.max(0, cut - 10));
      for (const { at, value } of mutations) if (at < bytes.length) bytes[at] = value;
      expectOnlyUserErrors(() => readAll(bytes));
      expectOnlyUserErrors(() => instrument(bytes, { id: "test", passes: defaultPasses() }));
    });
    fc.assert(property, { numRuns: 5000 });
  });

  it("reads every mutation of one byte that V8 accepts, and writes it as a valid module", () => {
    let accepted = 0;
    for (let at = HEADER.length; at < RICH.length; at++) {
      const bytes = new Uint8Array(RICH);
      bytes[at] ^= 1;
      if (!WebAssembly.validate(bytes)) continue;
      accepted++;
      const { bytes: rewritten } = instrument(bytes, { id: "test", passes: defaultPasses() });
      expect(WebAssembly.validate(rewritten)).toBe(true);
    }
    expect(accepted).toBeGreaterThan(20);
  });
});
