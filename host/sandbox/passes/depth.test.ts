import { describe, expect, it } from "vitest";
import { UserError } from "../../errors.ts";
import { depthPass } from "./depth.ts";
import { instrument } from "./instrument.ts";
import { LIMIT } from "./pass.ts";
import { type Exports, runWith, wat } from "./test-modules.ts";

const LIMITS = { recursionBytes: 192 * 1024, chainBytes: 64 * 1024 };

function bounded(text: string, limits = LIMITS): Exports {
  return runWith(wat(text), [depthPass(limits)]);
}

function expectTooDeep(exports: Exports, call: () => unknown): void {
  expect(call).toThrow(WebAssembly.RuntimeError);
  expect(exports.__vdevbox_limit.value).toBe(LIMIT.depth);
}

describe("depth", () => {
  it.each([
    ["direct", `(func $go (export "go") (call $go))`],
    ["mutual", `(func $go (export "go") (call $b)) (func $b (call $c)) (func $c (call $go))`],
    [
      "indirect",
      `(table 1 funcref) (elem (i32.const 0) $go) (type $t (func))
       (func $go (export "go") (call_indirect (type $t) (i32.const 0)))`,
    ],
    [
      "indirect through another type that is equal",
      `(table 1 funcref) (elem (i32.const 0) $go) (type $a (func)) (type $b (func))
       (func $go (export "go") (type $a) (call_indirect (type $b) (i32.const 0)))`,
    ],
    [
      "many locals and operands",
      `(func $go (export "go") (local i64 ${"i64 ".repeat(2000)})
         ${"(local.get 7)".repeat(200)} (call $go) ${"(drop)".repeat(200)})`,
    ],
    [
      "many parameters",
      `(func $go (param ${"i64 ".repeat(900)}) (call $go ${Array.from({ length: 900 }, (_, n) => `(local.get ${n})`).join(" ")}))
       (func (export "go") (call $go ${"(i64.const 1)".repeat(900)}))`,
    ],
    ["wide results", `(func $go (export "go") (result ${"i64 ".repeat(900)}) (call $go))`],
    ["vectors", `(func $go (export "go") (local ${"v128 ".repeat(3000)}) (call $go))`],
  ])("stops %s recursion before the engine's stack ends", (_, body) => {
    const exports = bounded(`(module ${body})`);
    expectTooDeep(exports, () => exports.go());
  });

  it("stops recursion at the same depth cold and optimised", () => {
    const exports = bounded(`(module (global $n (export "n") (mut i32) (i32.const 0))
      (func $go (export "go") (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $go)))`);
    const depths = new Set<number>();
    for (let round = 0; round < 200; round++) {
      exports.n.value = 0;
      exports.__vdevbox_depth.value = 0;
      expectTooDeep(exports, () => exports.go());
      depths.add(exports.n.value);
    }
    expect(depths.size).toBe(1);
  });

  it("lets recursion through that stays above the limit, again and again", () => {
    const exports = bounded(`(module (func $sum (export "sum") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
      (i32.add (local.get 0) (call $sum (i32.sub (local.get 0) (i32.const 1))))))`);
    for (let round = 0; round < 1000; round++) {
      expect(exports.sum(200)).toBe(20_100);
      expect(exports.__vdevbox_depth.value).toBe(0);
    }
  });

  it("adds no counter where nothing recurs", () => {
    const exports = bounded(`(module (func $leaf) (func (export "go") (call $leaf)))`);
    expect(Object.keys(exports)).toEqual(["go"]);
  });

  it("refuses a chain of calls whose frames may not fit, naming it", () => {
    const wide = `(local ${"i64 ".repeat(3000)})`;
    const bytes = wat(`(module (func $deepest ${wide}) (func $middle ${wide} (call $deepest))
      (func $outer (export "go") ${wide} (call $middle)))`);
    const attempt = () => instrument(bytes, { id: "test", passes: [depthPass(LIMITS)] });
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(/outer > middle > deepest/);
  });

  it("reads a chain of calls as long as a module can be without overflowing itself", () => {
    const count = 20_000;
    const chain = Array.from({ length: count }, (_, n) => `(func $f${n} (call $f${n + 1}))`).join("");
    const bytes = wat(`(module ${chain} (func $f${count}))`);
    expect(() => instrument(bytes, { id: "test", passes: [depthPass(LIMITS)] })).toThrow(UserError);
  });
});
