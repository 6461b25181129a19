import { describe, expect, it } from "vitest";
import { UserError } from "../../errors.ts";
import { fuelPass } from "./fuel.ts";
import { instrument } from "./instrument.ts";
import { LIMIT } from "./pass.ts";
import { type Exports, runWith, wat } from "./test-modules.ts";

const START = 1_000_000;

function fuelled(text: string, imports: WebAssembly.Imports = {}): Exports {
  return runWith(wat(text), [fuelPass({ startBudget: START })], imports);
}

function expectOutOfFuel(exports: Exports, call: () => unknown): void {
  expect(call).toThrow(WebAssembly.RuntimeError);
  expect(exports.__vdevbox_limit.value).toBe(LIMIT.fuel);
}

/** Units that one call of an entry used, told by what is left in the middle of it. */
function spent(text: string): number {
  let left = Number.NaN;
  const exports: Exports = fuelled(text, { host: { look: () => (left = exports.__vdevbox_fuel.value) } });
  exports.__vdevbox_go();
  return START - left;
}

describe("fuel", () => {
  it("stops an endless loop", () => {
    const exports = fuelled(`(module (func (export "__vdevbox_go") (loop (br 0))))`);
    expectOutOfFuel(exports, () => exports.__vdevbox_go());
  });

  it("stops an endless loop in the start function, before the host can set a budget", () => {
    const text = `(module (func $spin (loop (br 0))) (start $spin))`;
    expect(() => fuelled(text)).toThrow(WebAssembly.RuntimeError);
  });

  it("stops recursion that branches without ever going deep", () => {
    const exports = fuelled(`(module
      (func $twice (param i32)
        (if (local.get 0) (then
          (call $twice (i32.sub (local.get 0) (i32.const 1)))
          (call $twice (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "__vdevbox_go") (call $twice (i32.const 60))))`);
    expectOutOfFuel(exports, () => exports.__vdevbox_go());
  });

  it("stops a chain of small functions each calling the one below many times", () => {
    const level = (n: number) => `(func $f${n} ${`(call $f${n - 1})`.repeat(10)})`;
    const levels = Array.from({ length: 12 }, (_, n) => level(n + 1)).join("\n");
    const exports = fuelled(`(module (func $f0) ${levels} (func (export "__vdevbox_go") (call $f12)))`);
    expectOutOfFuel(exports, () => exports.__vdevbox_go());
  });

  it("stops an endless exchange of indirect calls", () => {
    const exports = fuelled(`(module (table 1 funcref) (elem (i32.const 0) $step) (type $t (func))
      (func $step)
      (func (export "__vdevbox_go") (loop (call_indirect (type $t) (i32.const 0)) (br 0))))`);
    expectOutOfFuel(exports, () => exports.__vdevbox_go());
  });

  // Were each level armed anew, the 2^16 calls of either would pass: no level alone needs more than the budget.
  it.each([
    ["directly", "(call $entry (i32.sub (local.get 0) (i32.const 1)))"],
    ["through the table", "(call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))"],
  ])("does not let a module re-arm itself by calling its own entry %s", (_, descend) => {
    const exports = fuelled(`(module (table 1 funcref) (elem (i32.const 0) $entry) (type $t (func (param i32)))
      (func $entry (export "__vdevbox_go") (param i32)
        (if (local.get 0) (then ${descend} ${descend}))))`);
    exports.__vdevbox_fuel_budget.value = 1000;
    exports.__vdevbox_go(3);
    expectOutOfFuel(exports, () => exports.__vdevbox_go(16));
  });

  it("gives every activation the whole budget", () => {
    const exports = fuelled(`(module (func (export "__vdevbox_go") (param i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`);
    exports.__vdevbox_fuel_budget.value = 1000;
    for (let activation = 0; activation < 10; activation++) exports.__vdevbox_go(600);
    expectOutOfFuel(exports, () => exports.__vdevbox_go(1001));
    exports.__vdevbox_go(600);
  });

  it("gives the outer activation its own rest back after a nested one", () => {
    const nested: Exports = fuelled(
      `(module (import "host" "call" (func $call))
        (func (export "__vdevbox_inner") (local i32) (local.set 0 (i32.const 500))
          (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "__vdevbox_outer") (call $call)))`,
      {
        host: {
          call: () => {
            const before = nested.__vdevbox_fuel.value;
            nested.__vdevbox_inner();
            expect(nested.__vdevbox_fuel.value).toBe(before);
          },
        },
      },
    );
    nested.__vdevbox_fuel.value = 77;
    nested.__vdevbox_outer();
    expect(nested.__vdevbox_fuel.value).toBe(77);
  });

  it("restores the rest at every kind of exit, and keeps several results", () => {
    const exports = fuelled(`(module (func (export "__vdevbox_go") (param i32) (result i32 i64)
      (block $b (result i32 i64)
        (if (i32.eq (local.get 0) (i32.const 0)) (then (return (i32.const 10) (i64.const 20))))
        (br_if 1 (i32.const 11) (i64.const 21) (i32.eq (local.get 0) (i32.const 1)))
        drop drop
        (br_table 0 1 (i32.const 12) (i64.const 22) (i32.ne (local.get 0) (i32.const 2))))))`);
    for (const way of [0, 1, 2, 3]) {
      exports.__vdevbox_fuel.value = 5;
      expect(exports.__vdevbox_go(way)).toEqual(
        [
          [10, 20n],
          [11, 21n],
          [12, 22n],
          [12, 22n],
        ][way],
      );
      expect(exports.__vdevbox_fuel.value).toBe(5);
    }
  });

  it("takes nothing when less is left than asked, so that fuel never wraps around", () => {
    const exports = fuelled(`(module (memory 1) (func (export "fill") (param i32)
      (memory.fill (i32.const 0) (i32.const 0) (local.get 0))))`);
    exports.__vdevbox_fuel.value = 3;
    for (let attempt = 0; attempt < 100; attempt++) {
      expectOutOfFuel(exports, () => exports.fill(-1));
      expect(exports.__vdevbox_fuel.value).toBeLessThanOrEqual(3);
      expect(exports.__vdevbox_fuel.value).toBeGreaterThanOrEqual(0);
    }
  });

  it("charges code by its size: a long straight function costs more than a short one", () => {
    const go = (body: string) => `(module (import "host" "look" (func $look)) (global $g (mut f64) (f64.const 1))
      (func (export "__vdevbox_go") ${body} (call $look)))`;
    const long = "(global.set $g (f64.div (f64.const 3) (global.get $g)))".repeat(1000);
    expect(spent(go(long))).toBeGreaterThan(spent(go("")) + 500);
  });

  it("refuses to wait on memory, which no fuel bounds", () => {
    const bytes = wat(`(module (memory 1 1 shared) (func $sleeper (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))`);
    const attempt = () => instrument(bytes, { id: "test", passes: [fuelPass({ startBudget: START })] });
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(/sleeper/);
  });

  it("refuses a module that takes the name of the counter", () => {
    const bytes = wat(`(module (global (export "__vdevbox_fuel") (mut i32) (i32.const 0)))`);
    expect(() => instrument(bytes, { id: "test", passes: [fuelPass({ startBudget: 1 })] })).toThrow(UserError);
  });
});

describe("fuel of bulk operations", () => {
  const MEMORY = `(memory 64) (data $d "${"x".repeat(64)}") (import "host" "look" (func $look))`;
  const TABLE = `(table $t 4096 funcref) (elem $e func $f $f $f $f) (func $f) (import "host" "look" (func $look))`;
  const go = (declarations: string, body: string) => {
    const [, before, imports] = /^(.*?)(\(import.*)$/s.exec(declarations)!;
    return `(module ${imports} ${before} (func (export "__vdevbox_go") ${body} (call $look)))`;
  };

  it.each([
    ["memory.fill", (n: number) => go(MEMORY, `(memory.fill (i32.const 0) (i32.const 1) (i32.const ${n}))`), 1 << 21],
    ["memory.copy", (n: number) => go(MEMORY, `(memory.copy (i32.const 9) (i32.const 0) (i32.const ${n}))`), 1 << 21],
    ["memory.init", (n: number) => go(MEMORY, `(memory.init $d (i32.const 0) (i32.const 0) (i32.const ${n}))`), 64],
    ["table.fill", (n: number) => go(TABLE, `(table.fill $t (i32.const 0) (ref.func $f) (i32.const ${n}))`), 4096],
    ["table.copy", (n: number) => go(TABLE, `(table.copy $t $t (i32.const 0) (i32.const 0) (i32.const ${n}))`), 4096],
    ["table.init", (n: number) => go(TABLE, `(table.init $t $e (i32.const 0) (i32.const 0) (i32.const ${n}))`), 4],
    ["table.grow", (n: number) => go(TABLE, `(drop (table.grow $t (ref.null func) (i32.const ${n})))`), 1000],
  ])("%s costs in proportion to its length", (_, text, length) => {
    const units = spent(text(length)) - spent(text(0));
    const half = spent(text(length / 2)) - spent(text(0));
    expect(half).toBeGreaterThan(0);
    expect(Math.abs(units - 2 * half)).toBeLessThanOrEqual(1);
  });

  it.each([
    ["memory.fill", `(memory.fill (i32.const 0) (i32.const 7) (local.get 0))`],
    ["memory.copy", `(memory.copy (i32.const 0) (i32.const 0) (local.get 0))`],
    ["table.grow", `(drop (table.grow $t (ref.null func) (local.get 0)))`],
    ["table.fill", `(table.fill $t (i32.const 0) (ref.null func) (local.get 0))`],
  ])("%s of a length beyond the fuel is stopped before it runs, however large", (_, body) => {
    const exports = fuelled(`(module (memory (export "memory") 64) (table $t 1000 funcref)
      (func (export "__vdevbox_go") (param i32) ${body}))`);
    exports.__vdevbox_fuel_budget.value = 100;
    for (const length of [1 << 22, 0x40000000, 0x7fffffff, -0x80000000, -0x40000000, -1]) {
      exports.__vdevbox_limit.value = LIMIT.none;
      expectOutOfFuel(exports, () => exports.__vdevbox_go(length));
    }
    expect(new Uint8Array(exports.memory.buffer)[0]).toBe(0);
  });

  it("charges for growing memory", () => {
    const exports = fuelled(`(module (memory 1 2) (func (export "__vdevbox_go")
      (loop (drop (memory.grow (i32.const 0))) (br 0))))`);
    exports.__vdevbox_fuel_budget.value = 1000;
    expectOutOfFuel(exports, () => exports.__vdevbox_go());
  });
});
