/** A module with a function for every instruction that touches memory, and random steps through it. */
import fc from "fast-check";
import { type Exports, outcome, wat } from "./test-modules.ts";

export const PAGE = 65536;
/** The most memory the module may have. */
export const LIMIT = 3 * PAGE;

/** Names of instructions, and the bytes each touches, from the text format of the specification. */
const LOADS: Record<string, [result: string, bytes: number]> = {};
const STORES: Record<string, [value: string, bytes: number]> = {};
for (const type of ["i32", "i64", "f32", "f64"]) {
  LOADS[`${type}.load`] = [type, Number(type.slice(1)) / 8];
  STORES[`${type}.store`] = [type, Number(type.slice(1)) / 8];
}
for (const type of ["i32", "i64"]) {
  for (const bits of [8, 16, 32].filter((one) => one < Number(type.slice(1)))) {
    LOADS[`${type}.load${bits}_s`] = [type, bits / 8];
    LOADS[`${type}.load${bits}_u`] = [type, bits / 8];
    STORES[`${type}.store${bits}`] = [type, bits / 8];
  }
}
const ATOMICS: Record<string, [type: string, bytes: number, operands: number]> = {};
for (const type of ["i32", "i64"]) {
  for (const bits of [0, 8, 16, 32].filter((one) => one < Number(type.slice(1)))) {
    const bytes = (bits || Number(type.slice(1))) / 8;
    ATOMICS[`${type}.atomic.load${bits || ""}${bits ? "_u" : ""}`] = [type, bytes, 0];
    ATOMICS[`${type}.atomic.store${bits || ""}`] = [type, bytes, 1];
    for (const op of ["add", "sub", "and", "or", "xor", "xchg", "cmpxchg"]) {
      ATOMICS[`${type}.atomic.rmw${bits || ""}.${op}${bits ? "_u" : ""}`] = [type, bytes, op === "cmpxchg" ? 2 : 1];
    }
  }
}

const OFFSETS = [0, 1, 5, 65533, 131072, 0xfffffff0];

function moduleText(): string {
  const functions: string[] = [];
  const constant = (type: string) => `(${type}.const 77)`;
  OFFSETS.forEach((offset, i) => {
    for (const [name, [type]] of Object.entries(LOADS)) {
      functions.push(
        `(func (export "${name} ${i}") (param i32) (result ${type}) (${name} offset=${offset} (local.get 0)))`,
      );
    }
    for (const [name, [type]] of Object.entries(STORES)) {
      functions.push(
        `(func (export "${name} ${i}") (param i32) (${name} offset=${offset} (local.get 0) ${constant(type)}))`,
      );
    }
    for (const [name, [type, , operands]] of Object.entries(ATOMICS)) {
      const values = Array(operands).fill(constant(type)).join(" ");
      const result = name.includes(".store") ? "" : `(result ${type})`;
      functions.push(
        `(func (export "${name} ${i}") (param i32) ${result} (${name} offset=${offset} (local.get 0) ${values}))`,
      );
    }
  });
  return `(module (memory (export "memory") 1 3) (data (i32.const 0) "0123456789abcdef") (data $p "xyzw")
    ${functions.join("\n")}
    (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (i32.const 9) (local.get 2)))
    (func (export "init") (param i32 i32 i32) (memory.init $p (local.get 0) (local.get 1) (local.get 2)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size)))`;
}

/** Its memory has 1 page and may grow to 3. */
export const TEXT = moduleText();
export const plainModule = new WebAssembly.Module(wat(TEXT));
export const NAMES = [...Object.keys(LOADS), ...Object.keys(STORES), ...Object.keys(ATOMICS)];
export const bytesOf = (name: string) => (LOADS[name] ?? STORES[name] ?? ATOMICS[name])![1];

/** Addresses around what matters: the start, the end of each page, the limit, the cells, the end of 32 bits. */
const address = fc.oneof(
  fc
    .constantFrom(0, PAGE, 2 * PAGE, LIMIT, 2 * LIMIT, 3 * LIMIT, 3 * LIMIT + PAGE, 2 ** 31, 2 ** 32)
    .chain((near) => fc.integer({ min: -20, max: 20 }).map((off) => (near + off) | 0)),
  fc.integer(),
  fc.integer({ min: 0, max: 3 * PAGE }),
);

export type Step =
  | { readonly op: "access"; readonly name: string; readonly offset: number; readonly at: number }
  | { readonly op: "copy" | "fill" | "init"; readonly at: number; readonly from: number; readonly length: number }
  | { readonly op: "grow"; readonly pages: number }
  | { readonly op: "epoch" };

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant("access" as const),
      name: fc.constantFrom(...NAMES),
      offset: fc.integer({ min: 0, max: OFFSETS.length - 1 }),
      at: address,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom("copy" as const, "fill" as const, "init" as const),
      at: address,
      from: fc.oneof(address, fc.integer({ min: 0, max: 4 })),
      length: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer()),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("grow" as const), pages: fc.integer({ min: -1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("epoch" as const) }) },
);

export function perform(exports: Exports, step: Step): unknown {
  if (step.op === "epoch") return undefined;
  if (step.op === "access") return outcome(() => exports[`${step.name} ${step.offset}`](step.at));
  if (step.op === "grow") return [exports.grow(step.pages), exports.size()];
  return outcome(() => exports[step.op](step.at, step.from, step.length));
}
