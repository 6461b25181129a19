/** Globals of a module that several threads run. Oracle: C's: one variable for all threads; and what each keeps for itself. */
import { describe, expect, it } from "vitest";
import { UserError } from "../../errors.ts";
import { depthPass } from "./depth.ts";
import { fuelPass } from "./fuel.ts";
import { LIMIT, SHARED_WORD } from "./pass.ts";
import { snapshotPass } from "./snapshot.ts";
import { outcome, run, wat } from "./test-modules.ts";
import { FRAMES, shared, vdevText, WORDS } from "./test-shared-modules.ts";

const VARIABLE = (type: string, initial: string) =>
  vdevText(`(global $variable (mut ${type}) (${type}.const ${initial}))
    (func (export "get") (result ${type}) (global.get $variable))
    (func (export "set") (param ${type}) (global.set $variable (local.get 0)))`);

const NONZERO = new DataView(new Uint8Array(8).fill(0x81).buffer);

describe("a mutable global", () => {
  it.each([
    ["i32", "-2", -2, 0x7fffffff],
    ["i64", "-3000000000", -3000000000n, 0x7ffffffffffffffen],
    ["f32", "0.5", 0.5, -1.25],
    ["f64", "0x1.0000000000001p+0", 1 + Number.EPSILON, Math.PI],
  ])("of type %s begins as the module says, and what one thread writes all read", (type, initial, value, next) => {
    const { first, another } = shared(VARIABLE(type, initial));
    expect(first.get()).toBe(value);
    first.set(next);
    const second = another();
    expect(second.get()).toBe(next);
    second.set(value);
    expect(first.get()).toBe(value);
  });

  it("keeps the bits of a NaN", () => {
    const text = vdevText(`(global $variable (mut f64) (f64.const nan:0x4000000000123))
      (func (export "bits") (result i64) (i64.reinterpret_f64 (global.get $variable)))
      (func (export "set") (param i64) (global.set $variable (f64.reinterpret_i64 (local.get 0))))`);
    const { first, another } = shared(text);
    expect(another().bits()).toBe(0x7ff4000000000123n);
    first.set(0x7ff0000000000001n);
    expect(another().bits()).toBe(0x7ff0000000000001n);
  });

  it("of type v128 is one value of 16 bytes", () => {
    const text =
      vdevText(`(global $vector (mut v128) (v128.const i32x4 1 2 3 4)) (global $after (mut i32) (i32.const 5))
      (func (export "lane") (result i32) (i32x4.extract_lane 3 (global.get $vector)))
      (func (export "splat") (param i32) (global.set $vector (i32x4.splat (local.get 0))))
      (func (export "after") (result i32) (global.get $after))`);
    const { first, another } = shared(text);
    const second = another();
    expect(second.lane()).toBe(4);
    first.splat(9);
    expect([second.lane(), second.after()]).toEqual([9, 5]);
  });

  it("lies in the upper half of the frames, aligned, and meets no other", () => {
    const types = ["i32", "f64", "f32", "i64", "i32", "i32", "f64"];
    const declared = types.map(
      (type, i) => `(global $g${i} (mut ${type}) (${type}.const 0))
      (func (export "set${i}") (param ${type}) (global.set $g${i} (local.get 0)))`,
    );
    const { first, memory } = shared(vdevText(declared.join("\n")));
    const bytes = new Uint8Array(memory.buffer);
    const used = new Set<number>();
    types.forEach((type, i) => {
      const before = bytes.slice();
      // Every byte of each of these values is other than zero.
      const value = { i32: -1, i64: -1n, f32: NONZERO.getFloat32(0), f64: NONZERO.getFloat64(0) }[type];
      first[`set${i}`](value);
      const changed = [...bytes.keys()].filter((at) => bytes[at] !== before[at]);
      const width = type.endsWith("32") ? 4 : 8;
      expect(changed[0]! - (changed[0]! % width)).toBeGreaterThanOrEqual(WORDS + SHARED_WORD.globals);
      expect(Math.floor(changed.at(-1)! / width)).toBe(Math.floor(changed[0]! / width));
      for (const at of changed) expect(used.has(at)).toBe(false);
      for (const at of changed) used.add(at);
    });
    expect(Math.max(...used)).toBeLessThan(FRAMES + 8192);
  });

  it("that a thread sets again and again in a loop costs fuel as before", () => {
    const text = `(global $n (mut i32) (i32.const 0))
      (func (export "__vdevbox_go") (loop (global.set $n (i32.add (global.get $n) (i32.const 1))) (br 0)))
      (func (export "__vdevbox_n") (result i32) (global.get $n))`;
    const limits = () => [fuelPass({ startBudget: 10_000 })];
    const { first } = shared(vdevText(text), { before: limits() });
    expect(first.__vdevbox_go).toThrow(WebAssembly.RuntimeError);
    expect(first.__vdevbox_limit.value).toBe(LIMIT.fuel);
    expect(first.__vdevbox_n()).toBeGreaterThan(1000);
  });

  it("behaves as in the plain module at every kind of exit", () => {
    const text = vdevText(`(global $n (mut i32) (i32.const 0))
      (func (export "__vdevbox_go") (param i32) (result i32)
        (if (i32.eq (local.get 0) (global.get $n)) (then (return (i32.const -1))))
        (global.set $n (i32.add (global.get $n) (i32.const 3)))
        (if (i32.gt_s (global.get $n) (i32.const 8)) (then (return (i32.div_s (i32.const 9) (local.get 0)))))
        (br_if 0 (i32.const -2) (i32.eq (local.get 0) (i32.const 2)))
        drop
        (global.get $n))`);
    const limits = [
      fuelPass({ startBudget: 10_000 }),
      depthPass({ recursionBytes: 4096, chainBytes: 65536 }),
      snapshotPass(),
    ];
    const { first } = shared(text, { before: limits });
    const plain = run(wat(text));
    for (const n of [0, 2, 3, 1, 5, 3, 0, 9, 0]) {
      expect(outcome(() => first.__vdevbox_go(n))).toEqual(outcome(() => plain.__vdevbox_go(n)));
    }
  });
});

describe("what belongs to a thread", () => {
  it("argument counts and the SDK's scratch pointer are each instance's own", () => {
    const names = ["~argumentsLength", "~lib/vdevbox/abi/runtime/frame/scratch", "abi/runtime/frame/scratch"];
    names.push("~lib/math/rempio2_y0", "~lib/util/number/_K", "~lib/math/NativeMath.sincos_sin");
    for (const name of names) {
      const { first, another } = shared(VARIABLE("i32", "1").replaceAll("$variable", `$${name}`));
      const second = another();
      first.set(5);
      expect([name, second.get(), first.get()]).toEqual([name, 1, 5]);
    }
  });

  it("the scratch pointer is known by its export too, whatever its name", () => {
    const text = VARIABLE("i32", "1").replace("(global $variable", '(global $variable (export "__vdevbox_scratch")');
    const { first, another } = shared(text);
    const second = another();
    first.set(5);
    expect([second.get(), first.__vdevbox_scratch.value]).toEqual([1, 5]);
  });

  it("the author's own variables of such names are shared", () => {
    for (const name of ["vdevs/math/rempio2_y0", "argumentsLength", "device/scratch", "~lib/math/random_seeded"]) {
      const { first, another } = shared(VARIABLE("i32", "1").replaceAll("$variable", `$${name}`));
      first.set(5);
      expect([name, another().get()]).toEqual([name, 5]);
    }
  });

  it("fuel, depth and the limit one has hit are no other thread's", () => {
    const text = vdevText(`(func $down (export "__vdevbox_down") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7))))
      (func (export "__vdevbox_spin") (loop (br 0)))`);
    const before = [fuelPass({ startBudget: 1_000_000 }), depthPass({ recursionBytes: 4096, chainBytes: 65536 })];
    const { first, another } = shared(text, { before });
    const second = another();
    const limits = () => [first, second].map(({ __vdevbox_limit: { value } }) => value);
    expect(() => first.__vdevbox_down(100_000)).toThrow(WebAssembly.RuntimeError);
    expect(first.__vdevbox_depth.value).toBeGreaterThan(0);
    expect(second.__vdevbox_depth.value).toBe(0);
    expect(limits()).toEqual([LIMIT.depth, LIMIT.none]);
    expect(second.__vdevbox_down(5)).toBe(7);
    second.__vdevbox_fuel_budget.value = 100;
    expect(() => second.__vdevbox_spin()).toThrow(WebAssembly.RuntimeError);
    expect(limits()).toEqual([LIMIT.depth, LIMIT.fuel]);
    expect([first, second].map(({ __vdevbox_fuel_budget: { value } }) => value)).toEqual([1_000_000, 100]);
  });
});

describe("memory", () => {
  const GROW = vdevText(`(func (export "size") (result i32) (memory.size))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "put") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "get") (param i32) (result i32) (i32.load (local.get 0)))`);

  it("is one for all instances, and ends where it ended", () => {
    const { first, another } = shared(GROW);
    const second = another();
    first.put(40_000, 7);
    expect(second.get(40_000)).toBe(7);
    expect(() => second.get(65_536)).toThrow(WebAssembly.RuntimeError);
    expect(first.grow(2)).toBe(1);
    expect([second.size(), second.get(65_536)]).toEqual([3, 0]);
    expect(second.grow(2)).toBe(-1);
  });

  it("counts how often it has grown, and not what failed", () => {
    const { first, another, memory } = shared(GROW);
    const count = () => new Int32Array(memory.buffer)[(WORDS + SHARED_WORD.grown) / 4];
    expect(first.grow(1)).toBe(1);
    expect(count()).toBe(1);
    expect(another().grow(1)).toBe(2);
    expect(count()).toBe(2);
    expect(first.grow(9)).toBe(-1);
    expect(count()).toBe(2);
  });

  it("atomic instructions are what they say", () => {
    const { first, another } = shared(
      vdevText(`(func (export "add") (result i32) (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))`),
    );
    expect([first.add(), another().add(), first.add()]).toEqual([0, 1, 2]);
  });
});

describe("refuses with a sentence", () => {
  const refused = (text: string) => {
    let message = "";
    try {
      shared(text);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      message = (error as Error).message;
    }
    return message;
  };

  it.each([
    ["a garbage collector", `(func $~lib/rt/itcms/__new)`, /--runtime stub/],
    ["a garbage collector's variables", `(global $~lib/rt/tlsf/ROOT (mut i32) (i32.const 0))`, /--runtime stub/],
    ["a stack in memory", `(global $~lib/memory/__stack_pointer (mut i32) (i32.const 0))`, /a stack in its memory/],
    ["C's stack", `(global $__stack_pointer (mut i32) (i32.const 0))`, /a stack in its memory/],
    ["a reference", `(global $device/f (mut funcref) (ref.null func))`, /device\/f holds a reference/],
    [
      "a changing table",
      `(table $t 4 funcref) (func $hook (table.set $t (i32.const 1) (ref.null func)))`,
      /^hook changes/,
    ],
    [
      "a growing table",
      `(table $t 4 funcref) (func $hook (drop (table.grow $t (ref.null func) (i32.const 1))))`,
      /^hook/,
    ],
  ])("%s", (_, fields, message) => {
    expect(refused(vdevText(fields))).toMatch(message);
  });

  it("more globals than there is room for, and takes as many as there is", () => {
    const globals = (count: number) =>
      Array.from({ length: count }, (_, i) => `(global $g${i} (mut i64) (i64.const ${i}))`).join("\n") +
      `(func (export "last") (result i64) (global.get $g${count - 1}))`;
    expect(shared(vdevText(globals(510))).first.last()).toBe(509n);
    expect(refused(vdevText(globals(511)))).toMatch(/4088 bytes .* can share 4080/);
  });

  it("a module without names, where a thread's own cannot be told", () => {
    const text = vdevText(`(global (mut i32) (i32.const 0))`).replace("$__vdevbox_frame", "");
    expect(refused(text)).toMatch(/no names of its global variables/);
  });

  it.each([0, 65536 - 8192 + 512, 1 << 30])("frames that are not in memory, but at %i", (at) => {
    const text = vdevText("").replace(`(i32.const ${FRAMES})`, `(i32.const ${at})`);
    expect(refused(text)).toMatch(/frames at \d+, which is not inside its memory/);
  });

  it("frames whose place no constant says", () => {
    expect(refused(`(module (memory 1 4))`)).toMatch(/where its frames are/);
  });
});
