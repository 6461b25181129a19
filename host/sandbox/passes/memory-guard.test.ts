/** Vectors and the ends of memory. Oracle: the module without instrumentation, and a full copy of its memory. */
import { describe, expect, it } from "vitest";
import { DirtyPass } from "./dirty.ts";
import { instrument } from "./instrument.ts";
import { memoryGuardPass } from "./memory-guard.ts";
import { MEMORY_HOOKS } from "./pass.ts";
import { type Exports, outcome, run, wat } from "./test-modules.ts";

const PAGE = 65536;
const VECTOR = "(v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)";

/** Names of the specification, and the bytes each touches. */
const LOADS: Record<string, number> = { "v128.load": 16, "v128.load32_zero": 4, "v128.load64_zero": 8 };
for (const shape of ["8x8", "16x4", "32x2"]) LOADS[`v128.load${shape}_s`] = LOADS[`v128.load${shape}_u`] = 8;
const LANE_LOADS: Record<string, number> = {};
const STORES: Record<string, number> = { "v128.store": 16 };
const LANE_STORES: Record<string, number> = {};
for (const bits of [8, 16, 32, 64]) {
  LOADS[`v128.load${bits}_splat`] = bits / 8;
  LANE_LOADS[`v128.load${bits}_lane`] = bits / 8;
  LANE_STORES[`v128.store${bits}_lane`] = bits / 8;
}

const address = "(i32.add (local.get 0) (i32.const 0))";
const body = (name: string, offset: number): string => {
  const at = `${name} offset=${offset}`;
  if (name in LOADS) return `(i8x16.bitmask (i8x16.eq (${at} ${address}) ${VECTOR}))`;
  if (name in LANE_LOADS) return `(i8x16.bitmask (i8x16.eq (${at} 1 ${address} ${VECTOR}) ${VECTOR}))`;
  if (name in STORES) return `(${at} ${address} ${VECTOR}) (i32.const 0)`;
  return `(${at} 1 ${address} ${VECTOR}) (i32.const 0)`;
};

const SIZES = { ...LOADS, ...LANE_LOADS, ...STORES, ...LANE_STORES };
const OFFSETS = [0, 3, PAGE];
const text = `(module (memory (export "memory") 2 3) (data (i32.const 131056) "0123456789abcdef")
  ${Object.keys(SIZES)
    .flatMap((name) =>
      OFFSETS.map((offset) => `(func (export "${name} ${offset}") (param i32) (result i32) ${body(name, offset)})`),
    )
    .join("\n")})`;

describe("vectors at the end of memory", () => {
  const plain = run(wat(text));
  const { bytes } = instrument(wat(text), { id: "test", passes: [memoryGuardPass(), new DirtyPass()] });
  const guarded: Exports = run(bytes, { [MEMORY_HOOKS.module]: { [MEMORY_HOOKS.grown]: () => {} } });
  const own = (exports: Exports) => Buffer.from(exports.memory.buffer, 0, 2 * PAGE);
  guarded.__vdevbox_keep();
  const kept = Buffer.from(own(guarded));

  it.each(Object.entries(SIZES))("%s, of %i bytes, is as without, and undone", (name, bytes) => {
    for (const offset of OFFSETS) {
      const last = 2 * PAGE - bytes - offset;
      for (const at of [last - 1, last, last + 1, last + 15, 5 * 1024 - 5 - offset, -1, -offset]) {
        const call = (exports: Exports) => outcome(() => exports[`${name} ${offset}`](at));
        expect([at, offset, call(guarded)]).toEqual([at, offset, call(plain)]);
        expect(own(guarded).equals(own(plain))).toBe(true);
      }
    }
    expect(outcome(() => guarded[`${name} 0`](2 * PAGE - bytes + 1))).toBe("RuntimeError: memory access out of bounds");
    guarded.__vdevbox_reset();
    own(plain).set(kept);
    expect(own(guarded).equals(kept)).toBe(true);
  });
});
