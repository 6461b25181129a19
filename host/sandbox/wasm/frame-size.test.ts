import { expect, it } from "vitest";
import { compile, wat } from "../passes/test-modules.ts";
import { frameBytes, operandHeights } from "./frame-size.ts";
import { readModule } from "./read-module.ts";

function heights(body: string): { highest: number; last: number } {
  const module = readModule(
    wat(`(module (memory 1) (func $callee (param i32 i32) (result i32) (i32.const 0)) ${body})`),
  );
  return operandHeights(module, module.functions[1]);
}

it.each([
  ["(func)", 0, 0],
  ["(func (result i32) (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))", 3, 1],
  ["(func (result i32) (call $callee (i32.const 1) (i32.const 2)))", 2, 1],
  ["(func (drop (i32.const 1)) (i32.store (i32.const 0) (i32.const 1)))", 2, 0],
  ["(func (result i32) (if (result i32) (i32.const 1) (then (i32.const 2)) (else (i32.const 3))))", 1, 1],
  ["(func (result i32) (i32.const 9) (block (result i32) (i32.const 1) (br 0 (i32.const 2))) (drop))", 3, 1],
  ["(func (result i32) (unreachable) (i32.add))", 1, 1],
])("follows the operand stack through %s", (body, highest, last) => {
  expect(heights(body)).toEqual({ highest, last });
});

it("ends every compiled function with its results", async () => {
  const { bytes } = await compile(
    `export function f(x: f64, s: i32): string { return (x * 2.5).toString() + s.toString().padStart(4, "0"); }
     export function g(a: i32): i32 { let m = new Map<i32, i32>(); m.set(a, 1); return m.get(a); }`,
    ["--debug"],
  );
  const module = readModule(bytes);
  expect(module.functions.length).toBeGreaterThan(20);
  for (const func of module.functions) expect(operandHeights(module, func).last).toBe(func.type.results.length);
});

it("grows with locals, parameters and results, and doubly so with vectors", () => {
  const size = (body: string) => {
    const module = readModule(wat(`(module ${body})`));
    return frameBytes(module, module.functions[0]);
  };
  const empty = size("(func)");
  expect(size(`(func (local ${"i64 ".repeat(1000)}))`) - empty).toBe(8000);
  // Passed on the stack and kept in the frame.
  expect(size(`(func (param ${"i64 ".repeat(900)}))`) - empty).toBe(2 * 7200);
  expect(size(`(func (result ${"i64 ".repeat(900)}) (unreachable))`) - empty).toBeGreaterThanOrEqual(7200);
  expect(size(`(func (local ${"v128 ".repeat(1000)}))`) - empty).toBe(16_000);
});
