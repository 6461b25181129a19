/**
 * The oracle is the engine: programs are run with V8, and whatever call happens must be among those the analysis says
 * can happen. That it leaves something out is shown on programs written for it.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assemble } from "../../../test/support/wat-vdev.ts";
import { readModule } from "../../sandbox/wasm/read-module.ts";
import type { Known } from "./constants.ts";
import { Reachability } from "./reach.ts";

const HITS = 16;

/** A module with the imports `hit0`… and `input`; `$main` takes three i32, the second is `$ctrl`. */
function moduleOf(main: string, fields = ""): Uint8Array<ArrayBuffer> {
  const hits = Array.from({ length: HITS }, (_, i) => `(import "env" "hit${i}" (func $hit${i}))`);
  return assemble(`(module ${hits.join("\n")}
    (import "env" "input" (func $input (result i32)))
    (global $fuel (mut i32) (i32.const 200))
    (global $five i32 (i32.const 5))
    (table 4 funcref)
    ${fields}
    (func $main (export "main") (param $a i32) (param $ctrl i32) (param $c i32) (result i32)
      (local $x i32) (local $y i32) ${main}
      (i32.const 0)))`);
}

/** Numbers of the `hit` imports that `main` can reach. */
function reached(bytes: Uint8Array, args: readonly Known[]): number[] {
  const module = readModule(bytes);
  const main = module.exports.find(({ name }) => name === "main")!.index;
  const { imports } = new Reachability(module).from(main, args);
  return [...new Set(imports.map(({ callee }) => callee!))].filter((callee) => callee < HITS).sort();
}

describe("reachable calls", () => {
  const cases: readonly (readonly [string, string, readonly number[]])[] = [
    ["if", "(if (i32.eq (local.get $ctrl) (i32.const 2)) (then (call $hit0)) (else (call $hit1)))", [0]],
    ["if without else", "(if (i32.ne (local.get $ctrl) (i32.const 2)) (then (call $hit0))) (call $hit1)", [1]],
    ["eqz", "(if (i32.eqz (local.get $ctrl)) (then (call $hit0))) (call $hit1)", [1]],
    ["a global that never changes", "(if (i32.lt_u (local.get $ctrl) (global.get $five)) (then (call $hit0)))", [0]],
    ["a global that may", "(if (global.get $fuel) (then (call $hit0)) (else (call $hit1)))", [0, 1]],
    ["arithmetic", "(if (i32.shl (i32.sub (local.get $ctrl) (i32.const 2)) (i32.const 3)) (then (call $hit0)))", []],
    ["select", "(if (select (i32.const 0) (i32.const 1) (local.get $ctrl)) (then (call $hit0)))", []],
    [
      "br_table",
      `(block $d (block $2 (block $1 (block $0 (br_table $0 $1 $2 $d (local.get $ctrl)))
        (call $hit0) (br $d)) (call $hit1) (br $d)) (call $hit2)) (call $hit3)`,
      [2, 3],
    ],
    [
      "br_table past its labels",
      `(block $d (block $0 (br_table $0 $d (i32.sub (local.get $ctrl) (i32.const 3)))) (call $hit0)) (call $hit1)`,
      [1],
    ],
    ["br_if", "(block $b (br_if $b (local.get $ctrl)) (call $hit0)) (call $hit1)", [1]],
    ["return", "(if (local.get $ctrl) (then (return (i32.const 1)))) (call $hit0)", []],
    [
      "what both ways agree on",
      `(if (local.get $a) (then (local.set $x (i32.const 1))) (else (local.set $x (i32.const 1))))
       (if (local.get $x) (then (call $hit0)) (else (call $hit1)))`,
      [0],
    ],
    [
      "what two ways disagree on",
      `(if (local.get $a) (then (local.set $x (i32.const 1))))
       (if (local.get $x) (then (call $hit0)) (else (call $hit1)))`,
      [0, 1],
    ],
    [
      "a local that a loop writes",
      `(loop $l (if (local.get $x) (then (call $hit0)) (else (call $hit1)))
        (local.set $x (i32.const 1)) (br_if $l (local.get $a)))`,
      [0, 1],
    ],
    [
      "a local that a loop leaves alone",
      "(loop $l (if (i32.eq (local.get $ctrl) (i32.const 2)) (then (call $hit0)) (else (call $hit1))) (br_if $l (local.get $a)))",
      [0],
    ],
    [
      "a block's result",
      "(if (block $r (result i32) (br_if $r (i32.const 7) (local.get $ctrl)) (drop) (i32.const 0)) (then (call $hit0)) (else (call $hit1)))",
      [0],
    ],
    ["a result from memory or another function", "(if (call $input) (then (call $hit0)) (else (call $hit1)))", [0, 1]],
  ];

  it.each(cases)("by %s, for ctrl 2", (_, main, expected) => {
    expect(reached(moduleOf(main), [undefined, 2])).toEqual(expected);
  });

  it("are all there when nothing is known", () => {
    const [, main] = cases.find(([name]) => name === "br_table")!;
    expect(reached(moduleOf(main), [])).toEqual([0, 1, 2, 3]);
  });

  it("follow constants into callees, each call on its own", () => {
    const fields = `(func $helper (param $n i32) (if (i32.eq (local.get $n) (i32.const 1)) (then (call $hit1)))
      (if (i32.eq (local.get $n) (i32.const 2)) (then (call $hit2))) (if (i32.eq (local.get $n) (i32.const 3)) (then (call $hit3))))`;
    const main = "(call $helper (local.get $ctrl)) (call $helper (i32.const 3))";
    expect(reached(moduleOf(main, fields), [undefined, 2])).toEqual([2, 3]);
  });

  it("end for a recursion that counts up, and lose nothing behind it", () => {
    const fields = `(func $count (param $n i32) (if (i32.eq (local.get $n) (i32.const 100000)) (then (call $hit0)))
      (call $count (i32.add (local.get $n) (i32.const 1))))`;
    expect(reached(moduleOf("(call $count (i32.const 0))", fields), [])).toEqual([0]);
  });

  it("include every function of the type in the table, and no other", () => {
    const fields = `(elem (i32.const 0) $one $two $other) (type $v (func (param i32)))
      (func $one (param i32) (call $hit0)) (func $two (param i32) (if (local.get 0) (then (call $hit1))))
      (func $other (call $hit2)) (func $hidden (param i32) (call $hit3))`;
    const main = "(call_indirect (type $v) (i32.const 0) (local.get $a))";
    expect(reached(moduleOf(main, fields), [])).toEqual([0]);
    expect(reached(moduleOf(main.replace("(i32.const 0)", "(local.get $c)"), fields), [])).toEqual([0, 1]);
  });

  it("come with the shortest way to them", () => {
    const fields = "(func $a (call $b)) (func $b (call $hit0))";
    const module = readModule(moduleOf("(call $a) (call $b)", fields));
    const main = module.exports.find(({ name }) => name === "main")!.index;
    const { imports } = new Reachability(module).from(main, []);
    expect(imports).toHaveLength(1);
    expect(imports[0]!.via.map(({ caller }) => caller)).toEqual([main, main - 1]);
  });

  it("report marked functions and memory.grow, and do not look into what is marked", () => {
    const bytes = assemble(`(module (memory 1) (func $alloc (drop (memory.grow (i32.const 1))))
      (func $grows (drop (memory.grow (i32.const 1)))) (func $main (export "main") (call $alloc) (call $grows)))`);
    const { marked } = new Reachability(readModule(bytes), new Set([0])).from(2, []);
    expect(marked.map(({ callee, via }) => [callee, via.at(-1)!.caller])).toEqual([
      [0, 2],
      [undefined, 1],
    ]);
  });
});

// ---------------------------------------------------------------------------------------------- any program at all

const expression = fc.letrec<{ any: string; leaf: string; inner: string }>((tie) => ({
  any: fc.oneof({ depthSize: "small", withCrossShrink: true }, tie("leaf"), tie("inner")),
  leaf: fc.oneof(
    fc.integer({ min: -2, max: 6 }).map((n) => `(i32.const ${n})`),
    fc.constantFrom("$a", "$ctrl", "$ctrl", "$c", "$x", "$y").map((local) => `(local.get ${local})`),
    fc.constantFrom("(call $input)", "(global.get $five)", "(global.get $fuel)"),
  ),
  inner: fc.oneof(
    fc
      .tuple(
        fc.constantFrom("add", "sub", "mul", "and", "or", "xor", "shl", "shr_u", "shr_s", "eq", "ne", "lt_s", "lt_u"),
        tie("any"),
        tie("any"),
      )
      .map(([op, a, b]) => `(i32.${op} ${a} ${b})`),
    tie("any").map((a) => `(i32.eqz ${a})`),
    fc.tuple(tie("any"), tie("any"), tie("any")).map(([a, b, c]) => `(select ${a} ${b} ${c})`),
    fc.tuple(fc.constantFrom("$x", "$y", "$ctrl"), tie("any")).map(([local, a]) => `(local.tee ${local} ${a})`),
    fc
      .tuple(tie("any"), tie("any"), tie("any"))
      .map(([a, b, c]) => `(block (result i32) (drop (br_if 0 ${a} ${b})) ${c})`),
    fc.tuple(tie("any"), tie("any"), tie("any")).map(([a, b, c]) => `(if (result i32) ${a} (then ${b}) (else ${c}))`),
  ),
})).any;

/** Every block opened is a label; branches name one of those around them. */
function statement(depth: number, labels: number): fc.Arbitrary<string> {
  const hit = fc.integer({ min: 0, max: HITS - 1 }).map((n) => `$hit${n}`);
  const local = fc.constantFrom("$x", "$y");
  const small = fc.integer({ min: 0, max: 2 });
  const simple = [
    hit.map((to) => `(call ${to})`),
    fc
      .tuple(fc.constantFrom("$x", "$y", "$ctrl", "$a"), expression)
      .map(([local, value]) => `(local.set ${local} ${value})`),
    expression.map((value) => `(call $helper ${value})`),
    fc.tuple(local, small).map(([name, n]) => `(local.set ${name} (i32.const ${n}))`),
    fc
      .tuple(local, small, hit)
      .map(([name, n, to]) => `(if (i32.eq (local.get ${name}) (i32.const ${n})) (then (call ${to})))`),
  ];
  if (labels > 0) {
    const label = fc.integer({ min: 0, max: labels - 1 });
    simple.push(
      fc.tuple(label, expression).map(([to, condition]) => `(br_if ${to} ${condition})`),
      label.map((to) => `(br ${to})`),
      fc
        .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), expression)
        .map(([to, index]) => `(br_table ${to.join(" ")} ${index})`),
      expression.map((value) => `(return ${value})`),
    );
  }
  if (depth === 0) return fc.oneof(...simple);
  const inside = fc.array(statement(depth - 1, labels + 1), { maxLength: 4 }).map((all) => all.join("\n"));
  return fc.oneof(
    ...simple,
    inside.map((body) => `(block ${body})`),
    inside.map(
      (body) => `(loop (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
        (if (i32.eqz (global.get $fuel)) (then (unreachable))) ${body})`,
    ),
    fc.tuple(expression, inside, inside).map(([value, yes, no]) => `(if ${value} (then ${yes}) (else ${no}))`),
    fc.tuple(expression, inside).map(([value, yes]) => `(if ${value} (then ${yes}))`),
  );
}

const HELPER = `(func $helper (param $n i32) (local $i i32)
  (if (i32.gt_s (local.get $n) (i32.const 3)) (then (call $hit5) (return)))
  (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_s (local.get $i) (i32.const 3))))
  (if (i32.eq (i32.add (local.get $i) (local.get $n)) (i32.const 5)) (then (call $hit4))))`;

/** Runs `main` and answers which hits really happened. */
function happened(bytes: Uint8Array<ArrayBuffer>, args: readonly number[], inputs: readonly number[]): number[] {
  const hits = new Set<number>();
  const env: Record<string, () => number> = {};
  for (let i = 0; i < HITS; i++) {
    env[`hit${i}`] = () => {
      hits.add(i);
      return 0;
    };
  }
  let next = 0;
  env.input = () => inputs[next++ % inputs.length]!;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  try {
    (exports.main as (...all: number[]) => number)(...args);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
  return [...hits];
}

describe("any program", () => {
  it("makes no call that the analysis left out", () => {
    const program = fc.array(statement(3, 0), { minLength: 1, maxLength: 6 }).map((all) => all.join("\n"));
    const word = fc.integer({ min: -2, max: 6 });
    fc.assert(
      fc.property(program, word, word, word, fc.array(word, { minLength: 1 }), (main, a, ctrl, c, inputs) => {
        const bytes = moduleOf(main, HELPER);
        const possible = reached(bytes, [undefined, ctrl]);
        expect(possible).toEqual(expect.arrayContaining(happened(bytes, [a, ctrl, c], inputs)));
        expect(reached(bytes, [])).toEqual(expect.arrayContaining(possible));
      }),
      { numRuns: 1000 },
    );
  });
});
