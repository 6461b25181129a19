/**
 * Checks and marks that are left out because an access before has made them. Oracle: the module without instrumentation,
 * and a full copy of its memory.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DirtyPass } from "./dirty.ts";
import { instrument } from "./instrument.ts";
import { memoryGuardPass } from "./memory-guard.ts";
import { MEMORY_HOOKS } from "./pass.ts";
import { type Exports, outcome, run, wat } from "./test-modules.ts";

const PAGE = 65536;
const GROWN = { [MEMORY_HOOKS.module]: { [MEMORY_HOOKS.grown]: () => {} } };

/** Code over locals 0 to 2, which hold addresses, and 3, which counts loops down. */
const local = fc.nat(2);
const offset = fc.oneof(fc.constantFrom(0, 1, 4, 8, 12, 40, 56, 60, 63, 64, 500, 1000, 1024), fc.nat(70000));
const access = fc
  .tuple(fc.constantFrom("store8", "store16", "store", "load"), local, offset, fc.integer())
  .map(([op, at, more, value]) =>
    op === "load"
      ? `(drop (i32.load offset=${more} (local.get ${at})))`
      : `(i32.${op} offset=${more} (local.get ${at}) (i32.const ${value}))`,
  );
const wide = fc
  .tuple(local, offset, fc.integer())
  .map(([at, more, value]) => `(i64.store offset=${more} (local.get ${at}) (i64.const ${value}))`);
/** Twice the same place, with something between. */
const again = fc
  .tuple(local, fc.nat(70), fc.nat(70), fc.constantFrom("(call $keep)", "(call $other (local.get 2))", "(nop)"))
  .map(
    ([at, one, two, between]) =>
      `(i32.store8 offset=${one} (local.get ${at}) (i32.const 1)) ${between} (i64.store offset=${two} (local.get ${at}) (i64.const -3))`,
  );
const viaTee = fc
  .tuple(local, local, offset)
  .map(([to, from, more]) => `(i32.store offset=${more} (local.tee ${to} (local.get ${from})) (i32.const 7))`);
/** The address is taken, then its local is set, then the store is made through what was taken. */
const setMeanwhile = fc
  .tuple(local, fc.integer({ min: -3000, max: 3000 }), offset)
  .map(
    ([at, more, off]) =>
      `(local.get ${at}) (local.set ${at} (i32.add (local.get ${at}) (i32.const ${more}))) (i32.const 9) (i32.store offset=${off})`,
  );
const move = fc
  .tuple(local, fc.integer({ min: -3000, max: 3000 }))
  .map(([at, more]) => `(local.set ${at} (i32.add (local.get ${at}) (i32.const ${more})))`);
const constant = fc.nat(3 * PAGE).map((at) => `(i32.store8 (i32.const ${at}) (i32.const 1))`);
const other = fc.constantFrom(
  "(drop (memory.grow (i32.const 1)))",
  "(drop (i32.load (i32.const 65532)))",
  "(call $other (local.get 0))",
  "(call $keep)",
  "(memory.fill (local.get 1) (i32.const 3) (i32.const 100))",
);
const { body } = fc.letrec<{ body: string; statement: string }>((tie) => {
  const inner = tie("body");
  return {
    body: fc.array(tie("statement"), { minLength: 1, maxLength: 7 }).map((some) => some.join("\n")),
    statement: fc.oneof(
      { maxDepth: 3 },
      { weight: 6, arbitrary: access },
      { weight: 2, arbitrary: wide },
      { weight: 2, arbitrary: again },
      { weight: 1, arbitrary: viaTee },
      { weight: 1, arbitrary: setMeanwhile },
      { weight: 2, arbitrary: move },
      { weight: 1, arbitrary: constant },
      { weight: 1, arbitrary: other },
      { weight: 1, arbitrary: inner.map((code) => `(if (i32.and (local.get 1) (i32.const 4)) (then ${code}))`) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(inner, inner)
          .map(([one, two]) => `(if (i32.and (local.get 0) (i32.const 8)) (then ${one}) (else ${two}))`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(inner, inner)
          .map(([one, two]) => `(block ${one} (br_if 0 (i32.and (local.get 2) (i32.const 1))) ${two})`),
      },
      {
        weight: 1,
        arbitrary: inner.map(
          (code) =>
            `(loop ${code} (br_if 0 (i32.gt_s (local.tee 3 (i32.sub (local.get 3) (i32.const 1))) (i32.const 0))))`,
        ),
      },
    ),
  };
});

const moduleOf = (code: string) => `(module (import "test" "keep" (func $keep)) (memory (export "memory") 2 3)
  (func $other (param i32) (i32.store8 offset=30 (local.get 0) (i32.const 0xee)))
  (func (export "run") (param i32 i32 i32) (local i32) (local.set 3 (i32.const 3)) ${code}))`;

const address = fc.oneof(
  fc.nat(3 * PAGE),
  fc.tuple(fc.nat(100), fc.nat(80)).map(([block, less]) => 1024 * (block + 1) - less),
  fc
    .constantFrom(0, 1024, 5 * 1024, PAGE, 2 * PAGE, 3 * PAGE, 2 ** 32)
    .chain((near) => fc.integer({ min: -80, max: 80 }).map((more) => (near + more) | 0)),
);

describe("checks and marks that are left out", () => {
  it("are not missed: the code does what it does without, and is put back to what was kept last", () => {
    fc.assert(
      fc.property(
        body,
        fc.array(fc.tuple(address, address, address), { minLength: 1, maxLength: 4 }),
        (code, calls) => {
          const original = wat(moduleOf(code));
          const passes = [memoryGuardPass(), new DirtyPass()];
          const { bytes } = instrument(original, { id: "test", passes });
          const plain = run(original, { test: { keep: () => {} } });
          let kept = Buffer.alloc(0);
          const visible = () => Buffer.from(built.memory.buffer, 0, built[MEMORY_HOOKS.pages].value * PAGE);
          const keep = () => {
            built.__vdevbox_keep();
            kept = Buffer.from(visible());
          };
          const built: Exports = run(bytes, { test: { keep }, ...GROWN });
          keep();
          for (const call of calls) {
            expect(outcome(() => built.run(...call))).toEqual(outcome(() => plain.run(...call)));
            expect(visible().equals(Buffer.from(plain.memory.buffer))).toBe(true);
          }
          built.__vdevbox_reset();
          expect(visible().equals(kept)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reach no further than what is put back with the first store, wherever that is in its block", () => {
    const offsets = Array.from({ length: 90 }, (_, i) => i);
    const text = offsets.map(
      (more) => `(func (export "f${more}") (param i32)
        (i32.store8 (local.get 0) (i32.const 1)) (i64.store offset=${more} (local.get 0) (i64.const -1)))`,
    );
    const passes = [memoryGuardPass(), new DirtyPass()];
    const { bytes } = instrument(wat(`(module (memory (export "memory") 1 1) ${text.join("\n")})`), {
      id: "t",
      passes,
    });
    const built = run(bytes, GROWN);
    for (const more of offsets) {
      for (let at = 4 * 1024; at < 5 * 1024; at += at < 5 * 1024 - 70 ? 64 : 1) {
        built[`f${more}`](at);
        built.__vdevbox_reset();
        const left = Buffer.from(built.memory.buffer, 4 * 1024, 2048).findIndex((byte) => byte !== 0);
        expect({ more, at, left }).toEqual({ more, at, left: -1 });
      }
    }
  });

  it("are those of later accesses through the same local", () => {
    const sizeOf = (code: string) => {
      const bytes = wat(moduleOf(code));
      return instrument(bytes, { id: "t", passes: [memoryGuardPass(), new DirtyPass()] }).bytes.length - bytes.length;
    };
    const store = (at: number, more: number) => `(i32.store8 offset=${more} (local.get ${at}) (i32.const 1))`;
    const one = sizeOf(store(0, 8));
    expect(sizeOf(store(0, 8) + store(0, 8))).toBeLessThan(one + 8);
    expect(sizeOf(store(0, 8) + store(1, 8))).toBeGreaterThan(one + 16);
    expect(sizeOf(`${store(0, 8)} (local.set 0 (i32.const 5)) ${store(0, 8)}`)).toBeGreaterThan(one + 16);
  });
});
