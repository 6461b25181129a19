/** Edge counters. Oracle: how often each way is taken, counted by hand for modules written for it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteWriter, u32Bytes } from "../wasm/byte-writer.ts";
import { NOVEL } from "./edge-novelty.ts";
import { type EdgeInstrumentation, EdgePass } from "./edges.ts";
import { instrument } from "./instrument.ts";
import { memoryGuardPass } from "./memory-guard.ts";
import { MEMORY_HOOKS } from "./pass.ts";
import { type Exports, outcome, run, wat } from "./test-modules.ts";

interface Counted {
  readonly exports: Exports;
  readonly done: EdgeInstrumentation;
  readonly counters: Uint8Array;
  readonly virgin: Uint8Array;
  /** Counters that are not 0, by kind, place among its kind and way. */
  taken(): Record<string, number>;
}

function counted(module: string | Uint8Array): Counted {
  const pass = new EdgePass();
  const original = typeof module === "string" ? wat(module) : module;
  const { bytes } = instrument(original, { id: "test", passes: [memoryGuardPass(), pass] });
  const exports = run(bytes, { [MEMORY_HOOKS.module]: { [MEMORY_HOOKS.grown]: () => {} } });
  const done = pass.result;
  const bytesAt = ({ address, length }: { address: number; length: number }) =>
    new Uint8Array(exports.memory.buffer, address, length);
  const counters = bytesAt(done.counters);
  const taken = () => {
    const conditions = new Map<string, number[]>();
    const named = done.edges.map(({ kind, way, offset }, i) => {
      const known = conditions.get(kind) ?? [];
      conditions.set(kind, known);
      if (!known.includes(offset)) known.push(offset);
      return [`${kind} ${known.indexOf(offset)}.${way}`, counters[i]!] as const;
    });
    return Object.fromEntries(named.filter(([, count]) => count > 0));
  };
  return { exports, done, counters, virgin: bytesAt(done.virgin), taken };
}

const module = (body: string) => `(module (memory (export "memory") 1 2) ${body})`;
const EVERYTHING = module(`
  (func $if (export "if") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.const 10)) (else (i32.const 20))))
  (func $bare (export "bare") (param i32)
    (if (local.get 0) (then (i32.store8 (i32.const 0) (i32.const 1)))))
  (func $br_if (export "br_if") (param i32) (result i32)
    (block (result i32) (br_if 0 (i32.const 7) (local.get 0)) (drop) (i32.const 8)))
  (func $switch (export "switch") (param i32) (result i32)
    (block (block (block (block (br_table 0 1 0 2 (local.get 0))) (return (i32.const 0))) (return (i32.const 1))) (return (i32.const 2)))
    (unreachable))
  (func $loop (export "loop") (param i32) (result i32) (local i32)
    (loop (local.set 1 (i32.add (local.get 1) (i32.const 3)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $select (export "select") (param i32) (result f64)
    (select (f64.const 1) (f64.const 2) (local.get 0)))
  (func $typed (export "typed") (param i32) (result i64)
    (select (result i64) (i64.const 1) (i64.const 2) (local.get 0)))`);

describe("counters", () => {
  it.each([
    ["if", [1], { "entry 0.0": 1, "if 0.1": 1 }],
    ["if", [-5], { "entry 0.0": 1, "if 0.1": 1 }],
    ["if", [0, 1, 0], { "entry 0.0": 3, "if 0.0": 2, "if 0.1": 1 }],
    ["bare", [0, 0, 9], { "entry 1.0": 3, "if 1.0": 2, "if 1.1": 1 }],
    ["br_if", [0, 256, 1], { "entry 2.0": 3, "br_if 0.0": 1, "br_if 0.1": 2 }],
    ["switch", [0], { "entry 3.0": 1, "br_table 0.0": 1 }],
    ["switch", [2, 1, 2], { "entry 3.0": 3, "br_table 0.1": 1, "br_table 0.2": 2 }],
    ["switch", [3, 4, -1], { "entry 3.0": 3, "br_table 0.3": 3 }],
    // Three turns, of which two go back: the last br_if falls through.
    ["loop", [3], { "entry 4.0": 1, "loop 0.0": 3, "br_if 1.1": 2, "br_if 1.0": 1 }],
    ["select", [0, 7, 7], { "entry 5.0": 3, "select 0.0": 1, "select 0.1": 2 }],
    ["typed", [0, 7, 7], { "entry 6.0": 3, "select 1.0": 1, "select 1.1": 2 }],
  ])("of %s(%j)", (name, calls, expected) => {
    const { exports, taken } = counted(EVERYTHING);
    const plain = run(wat(EVERYTHING));
    for (const value of calls) {
      expect(outcome(() => exports[name](value))).toEqual(outcome(() => plain[name](value)));
    }
    expect(taken()).toEqual(expected);
  });

  it("stop at 255 instead of beginning anew", () => {
    const { exports, taken } = counted(EVERYTHING);
    exports.loop(255);
    expect(taken()).toMatchObject({ "loop 0.0": 255, "br_if 1.1": 254 });
    exports.loop(1000);
    expect(taken()).toMatchObject({ "loop 0.0": 255, "br_if 1.1": 255, "br_if 1.0": 2 });
  });

  it("belong to the byte of the instruction that decides, and to its function", () => {
    const { done } = counted(EVERYTHING);
    const bytes = wat(EVERYTHING);
    const opcodes = { if: [0x04], br_if: [0x0d], br_table: [0x0e], loop: [0x03], select: [0x1b, 0x1c] };
    for (const { offset, kind, function: index } of done.edges) {
      if (kind !== "entry") expect(opcodes[kind]).toContain(bytes[offset]);
      expect(index).toBeLessThan(7);
    }
    const table = done.edges.filter(({ kind }) => kind === "br_table");
    expect(table.map(({ way }) => way)).toEqual([0, 1, 2, 3]);
    expect(new Set(table.map(({ condition }) => condition)).size).toBe(1);
    expect(done.edges.filter(({ kind }) => kind === "entry").map((edge) => edge.function)).toEqual([
      0, 1, 2, 3, 4, 5, 6,
    ]);
  });

  it("are put into the author's functions only", () => {
    const { exports, taken } = counted(
      module(`(func $~lib/rt/stub/__new (export "library") (param i32) (if (local.get 0) (then (nop))))
        (func $__vdevbox_vread (export "thunk") (call $vdevs/x/read (i32.const 1)))
        (func $vdevs/x/read (param i32) (if (local.get 0) (then (call 0 (i32.const 1)))))`),
    );
    exports.library(1);
    expect(taken()).toEqual({});
    exports.thunk();
    expect(taken()).toEqual({ "entry 0.0": 1, "if 0.1": 1 });
  });

  it("may be none at all", () => {
    const { exports, done } = counted(module(`(func $~lib/nothing (export "nothing"))`));
    exports.nothing();
    expect([done.edges, exports.__vdevbox_novel(1)]).toEqual([[], 0]);
  });
});

/** Buckets as AFL has them: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, 128 and more. */
function bucket(count: number): number {
  if (count === 0) return 0;
  return [2, 3, 4, 8, 16, 32, 128, 256].findIndex((end) => count < end) + 1;
}

const MANY = module(Array.from({ length: 150 }, (_, i) => `(func (export "f${i}"))`).join(""));

describe("what is new", () => {
  it("is what a table of the buckets seen so far says", () => {
    const round = fc.record({
      counts: fc.array(fc.tuple(fc.nat(149), fc.oneof(fc.nat(5), fc.nat(255))), { maxLength: 20 }),
      update: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(round, { maxLength: 12 }), (rounds) => {
        const { exports, counters } = counted(MANY);
        const seen = new Map<number, Set<number>>();
        for (const { counts, update } of rounds) {
          exports.__vdevbox_clear_edges();
          expect(counters.every((count) => count === 0)).toBe(true);
          for (const [edge, count] of counts) counters[edge] = count;
          let expected = 0;
          counters.forEach((count, edge) => {
            if (count === 0) return;
            const known = seen.get(edge);
            if (known === undefined) expected |= NOVEL.edge;
            else if (!known.has(bucket(count))) expected |= NOVEL.bucket;
          });
          if (update) {
            counters.forEach((count, edge) => {
              if (count > 0) seen.set(edge, new Set([...(seen.get(edge) ?? []), bucket(count)]));
            });
          }
          expect(exports.__vdevbox_novel(update ? 1 : 0)).toBe(expected);
          if (update) expect(exports.__vdevbox_novel(0)).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("is told apart for every count", () => {
    const { exports, counters, virgin } = counted(MANY);
    for (let count = 1; count <= 255; count++) {
      counters[70] = count;
      const isNew = bucket(count) !== bucket(count - 1);
      expect([count, exports.__vdevbox_novel(1)]).toEqual([count, count === 1 ? NOVEL.edge : isNew ? NOVEL.bucket : 0]);
      expect(virgin[70]).toBe(2 ** bucket(count) - 1);
    }
  });
});

/** A module whose one function, `f(i32)`, is these instructions: wabt takes no deep nesting. */
function moduleOf(code: readonly number[]): Uint8Array {
  const body = [0, ...code, 0x0b];
  const out = new ByteWriter();
  out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  out.section(1, [1, 0x60, 1, 0x7f, 0]);
  out.section(3, [1, 0]);
  out.section(5, [1, 1, 1, 2]);
  out.section(7, [2, 1, 0x66, 0, 0, 6, ...Buffer.from("memory"), 2, 0]);
  out.section(10, [1, ...u32Bytes(body.length), ...body]);
  return out.take();
}

const repeated = (times: number, code: readonly number[]) => new Array(times).fill(code).flat();
/** `block (br_table LABELS (local.get 0)) end`; an engine takes up to 65520 labels. */
const wide = (labels: number) => [0x02, 0x40, 0x20, 0, 0x0e, ...u32Bytes(labels - 1), ...repeated(labels, [0]), 0x0b];

describe("a module that is hard to count", () => {
  it("keeps its depth of blocks", () => {
    const depth = 5000;
    const blocks = [...repeated(depth, [0x02, 0x40, 0x20, 0, 0x0d, 0]), ...repeated(depth, [0x0b])];
    const { exports, done, taken } = counted(moduleOf(blocks));
    exports.f(0);
    exports.f(1);
    expect(done.edges).toHaveLength(1 + 2 * depth);
    // The first branch that is taken leaves the outermost block, and so all others out.
    expect(taken()).toEqual({
      ...Object.fromEntries(Array.from({ length: depth }, (_, i) => [`br_if ${i}.0`, 1])),
      "entry 0.0": 2,
      "br_if 0.1": 1,
    });
  });

  it("counts every label of a switch", () => {
    const { exports, done, counters } = counted(moduleOf(wide(65520)));
    for (const index of [0, 1, 65518, 65519, 65520, -1]) exports.f(index);
    expect(done.edges).toHaveLength(1 + 65520);
    const labels = [...counters.entries()].filter(([edge, count]) => edge > 0 && count > 0);
    expect(labels.map(([edge, count]) => [done.edges[edge]!.way, count])).toEqual([
      [0, 1],
      [1, 1],
      [65518, 1],
      [65519, 3],
    ]);
  });

  it("is refused with a sentence when it has too many edges", () => {
    expect(() => counted(moduleOf(repeated(17, wide(65520))))).toThrow(
      /^The module has 1113841 branches to count, more than the 1048576/,
    );
  });

  it("may hand values through its blocks, and choose among all types", () => {
    const text = module(`(table 1 funcref)
      (func (export "if") (param i32) (result i32)
        i32.const 5 local.get 0 if (param i32) (result i32) i32.const 1 i32.add end)
      (func (export "pair") (param i32) (result i32)
        i32.const 1 i32.const 2 local.get 0 if (param i32 i32) (result i32 i32) drop i32.const 7 else drop i32.const 9 end i32.add)
      (func (export "loop") (param i32) (result i32)
        i32.const 0 loop (param i32) (result i32)
          i32.const 2 i32.add local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end)
      (func (export "table") (param i32) (result i32)
        block (result i32) block (result i32) i32.const 40 local.get 0 br_table 0 1 0 end i32.const 1 i32.add end)
      (func (export "vector") (param i32) (result i32)
        v128.const i32x4 1 1 1 1 v128.const i32x4 2 2 2 2 local.get 0 select i32x4.extract_lane 0)
      (func (export "reference") (param i32) (result i32)
        ref.null func i32.const 0 table.get local.get 0 select (result funcref) ref.is_null)`);
    const { exports, taken } = counted(text);
    const plain = run(wat(text));
    for (const name of ["if", "pair", "loop", "table", "vector", "reference"]) {
      for (const value of [1, 2, 3]) expect([name, exports[name](value)]).toEqual([name, plain[name](value)]);
      if (name !== "loop") expect([name, exports[name](0)]).toEqual([name, plain[name](0)]);
    }
    expect(taken()).toMatchObject({
      "if 0.1": 3,
      "if 0.0": 1,
      "if 1.1": 3,
      "if 1.0": 1,
      "loop 0.0": 6,
      "br_if 0.1": 3,
    });
    expect(taken()).toMatchObject({
      "br_table 0.0": 1,
      "br_table 0.1": 1,
      "br_table 0.2": 2,
      "select 0.1": 3,
      "select 1.0": 1,
    });
  });

  it("may have code that nothing reaches", () => {
    const { exports, taken } = counted(
      module(`(func (export "f") (result i32)
        i32.const 3 return br_if 0 select drop unreachable br_table 0 0 unreachable if end loop br 0 end)`),
    );
    expect(exports.f()).toBe(3);
    expect(taken()).toEqual({ "entry 0.0": 1 });
  });
});
