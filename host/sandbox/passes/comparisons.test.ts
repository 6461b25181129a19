/** The log of comparisons. Oracle: the operands the test itself gives, and the module without instrumentation. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOGGED_EACH, RECORD } from "./comparison-log.ts";
import { type ComparisonInstrumentation, ComparisonPass } from "./comparisons.ts";
import { instrument } from "./instrument.ts";
import { memoryGuardPass } from "./memory-guard.ts";
import { MEMORY_HOOKS } from "./pass.ts";
import { type Exports, outcome, run, wat } from "./test-modules.ts";

interface Logged {
  readonly exports: Exports;
  readonly done: ComparisonInstrumentation;
  /** Site, bytes of each operand, both operands. */
  records(): [site: number, bytes: number, first: bigint, second: bigint][];
}

const PAGE = 65536;

function logged(text: string): Logged {
  const pass = new ComparisonPass();
  const { bytes } = instrument(wat(text), { id: "test", passes: [memoryGuardPass(), pass] });
  const exports = run(bytes, { [MEMORY_HOOKS.module]: { [MEMORY_HOOKS.grown]: () => {} } });
  const { log } = pass.result;
  const view = new DataView(exports.memory.buffer);
  const records = (): ReturnType<Logged["records"]> =>
    Array.from({ length: view.getUint32(log.count, true) }, (_, i) => {
      const at = log.records + i * RECORD.bytes;
      return [
        view.getUint32(at, true),
        view.getUint32(at + 4, true),
        view.getBigUint64(at + 8, true),
        view.getBigUint64(at + 16, true),
      ];
    });
  return { exports, done: pass.result, records };
}

/** Names of the text format of the specification, two operands each. */
const INTEGER = ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];
const FLOAT = ["eq", "ne", "lt", "gt", "le", "ge"];
const TYPES: Readonly<Record<string, readonly string[]>> = { i32: INTEGER, i64: INTEGER, f32: FLOAT, f64: FLOAT };
const NAMES = Object.entries(TYPES).flatMap(([type, operators]) => operators.map((operator) => `${type}.${operator}`));
const module = (body: string) => `(module (memory (export "memory") 1 2) ${body})`;
const EVERY = module(
  NAMES.map((name) => {
    const type = name.slice(0, 3);
    return `(func (export "${name}") (param ${type} ${type}) (result i32) (${name} (local.get 0) (local.get 1)))`;
  }).join("\n"),
);
const plainEvery = run(wat(EVERY));

/** A number of a type, and its bits. */
const bits = fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
function ofType(type: string, value: bigint): { readonly operand: unknown; readonly bits: bigint } {
  const view = new DataView(new ArrayBuffer(8));
  const isShort = type.endsWith("32");
  const kept = BigInt.asUintN(isShort ? 32 : 64, value);
  view.setBigUint64(0, kept, true);
  if (type === "i32") return { operand: view.getInt32(0, true), bits: kept };
  if (type === "i64") return { operand: view.getBigInt64(0, true), bits: kept };
  const operand = isShort ? view.getFloat32(0, true) : view.getFloat64(0, true);
  // JavaScript may change the bits of a NaN.
  if (!Number.isNaN(operand)) return { operand, bits: kept };
  return ofType(type, 0n);
}

describe("the log", () => {
  it.each(NAMES)("has both operands of %s, which compares as it does without", (name) => {
    const type = name.slice(0, 3);
    fc.assert(
      fc.property(bits, bits, (one, two) => {
        const { exports, done, records } = logOf();
        exports.__vdevbox_clear_comparisons();
        const [first, second] = [ofType(type, one), ofType(type, two)];
        expect(exports[name](first.operand, second.operand)).toBe(plainEvery[name](first.operand, second.operand));
        const site = NAMES.indexOf(name);
        const bytes = type.endsWith("32") ? 4 : 8;
        expect(records()).toEqual([[site, bytes, first.bits, second.bits]]);
        expect(done.sites[site]).toMatchObject({ operator: name.slice(4), bytes, constant: undefined });
      }),
      { numRuns: 10 },
    );
  });

  it("has the first comparisons of each site, in their order, until it is cleared", () => {
    const { exports, records } = logged(
      module(`(func (export "both") (param i32)
        (drop (i32.eq (local.get 0) (i32.const 1))) (drop (i32.lt_u (local.get 0) (i32.const 2))))`),
    );
    const expected: unknown[] = [];
    for (let value = 0; value < LOGGED_EACH + 5; value++) {
      exports.both(value);
      if (value < LOGGED_EACH) expected.push([0, 4, BigInt(value), 1n], [1, 4, BigInt(value), 2n]);
    }
    expect(records()).toEqual(expected);
    exports.__vdevbox_clear_comparisons();
    expect(records()).toEqual([]);
    exports.both(7);
    expect(records()).toEqual([
      [0, 4, 7n, 1n],
      [1, 4, 7n, 2n],
    ]);
  });

  it("has the index of a switch and the number of its default", () => {
    const { exports, done, records } = logged(
      module(`(func (export "switch") (param i32) (result i32)
        (block (block (block (br_table 0 1 2 (i32.sub (local.get 0) (i32.const 0x100)))) (return (i32.const 0))) (return (i32.const 1)))
        (i32.const 2))`),
    );
    expect([exports.switch(0x101), exports.switch(3)]).toEqual([1, 2]);
    expect(records()).toEqual([
      [0, 4, 1n, 2n],
      [0, 4, BigInt.asUintN(32, 3n - 0x100n), 2n],
    ]);
    expect(done.sites).toMatchObject([{ kind: "switch", operator: "br_table", bytes: 4, constant: 2n }]);
    expect(done.constants).toEqual([
      { value: 0x100n, bytes: 4 },
      { value: 0x101n, bytes: 4 },
    ]);
  });

  it("has none of what the library compares", () => {
    const { exports, records, done } = logged(
      module(`(func $~lib/rt/stub/__new (export "new") (result i32) (i32.eq (i32.const 1) (i32.const 2)))
        (func $__vdevbox_vread (export "thunk") (result i32) (i32.eq (i32.const 1) (call 0)))`),
    );
    exports.new();
    exports.thunk();
    expect([records(), done.sites, done.constants]).toEqual([[], [], []]);
  });
});

let known: Logged | undefined;
const logOf = (): Logged => {
  known ??= logged(EVERY);
  return known;
};

describe("constants", () => {
  it("are those a comparison has behind it, each once, as unsigned bits", () => {
    const { done } = logged(
      module(`(func (param i32 i64 f32 f64)
        (drop (i32.eq (local.get 0) (i32.const 0xC0DEFACE))) (drop (i32.lt_s (local.get 0) (i32.const -5)))
        (drop (i32.ne (local.get 0) (i32.const 0xC0DEFACE))) (drop (i32.add (local.get 0) (i32.const 99)))
        (drop (i64.eq (local.get 1) (i64.const -2))) (drop (i64.eq (local.get 1) (i64.const 0x123456789abcdef0)))
        (drop (i64.gt_u (local.get 1) (i64.const 64))) (drop (f32.eq (local.get 2) (f32.const 1.5)))
        (drop (f64.lt (local.get 3) (f64.const -0))))`),
    );
    const halves = [0x3fc00000n, 0x8000000000000000n];
    expect(done.constants).toEqual([
      { value: 0xc0defacen, bytes: 4 },
      { value: 2n ** 32n - 5n, bytes: 4 },
      { value: 2n ** 64n - 2n, bytes: 8 },
      { value: 0x123456789abcdef0n, bytes: 8 },
      { value: 64n, bytes: 8 },
      { value: halves[0], bytes: 4 },
      { value: halves[1], bytes: 8 },
    ]);
    expect(done.sites.map(({ constant }) => constant)).toEqual([
      0xc0defacen,
      2n ** 32n - 5n,
      0xc0defacen,
      2n ** 64n - 2n,
      0x123456789abcdef0n,
      64n,
      ...halves,
    ]);
  });
});

/** Compares byte by byte, so that addresses outside memory fault only when it gets there. */
const LOOP = `(local i32 i32) (loop (if (i32.lt_u (local.get 3) (local.get 2)) (then
    (local.set 4 (i32.sub (i32.load8_u (i32.add (local.get 0) (local.get 3))) (i32.load8_u (i32.add (local.get 1) (local.get 3)))))
    (if (local.get 4) (then (return (local.get 4)))) (local.set 3 (i32.add (local.get 3) (i32.const 1))) (br 1))))
    (i32.const 0)`;
const STRINGS =
  module(`(data (i32.const 100) "unlock\\00and more than eight bytes of it") (data (i32.const 200) "unlucky one")
  (func $~lib/util/memory/memcmp (param i32 i32 i32) (result i32) ${LOOP})
  (func $~lib/vdevbox/abi/assembly/posix/strcmp (param i32 i32) (result i32) (i32.load8_u (local.get 0)))
  (func $~lib/string/String.__eq (param i32 i32) (result i32) (i32.eqz (local.get 0)))
  (func $~lib/util/string/compareImpl (param i32 i32 i32 i32 i32) (result i32) (local.get 4))
  (func $vdevs/x/memcmp (param i32) (result i32) (local.get 0))
  (func (export "memcmp") (param i32 i32 i32) (result i32) (call 0 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "strcmp") (param i32 i32) (result i32) (call 1 (local.get 0) (local.get 1)))
  (func (export "equal") (param i32 i32) (result i32) (call 2 (local.get 0) (local.get 1)))
  (func (export "part") (param i32 i32 i32 i32 i32) (result i32)
    (call 3 (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
  (func (export "other") (param i32) (result i32) (call 4 (local.get 0)))`);

/** Up to 8 characters as the number their bytes make. */
const text = (some: string) => BigInt(`0x${Buffer.from(some, "latin1").reverse().toString("hex")}`);

describe("memory that is compared", () => {
  it("is logged in pieces of 8 bytes, the last one shorter", () => {
    const { exports, records, done } = logged(STRINGS);
    expect(exports.memcmp(100, 200, 11)).toBe("o".charCodeAt(0) - "u".charCodeAt(0));
    expect(records()).toEqual([
      [0, 8, text("unlock\0a"), text("unlucky ")],
      [0, 3, text("nd "), text("one")],
    ]);
    expect(done.sites.map(({ kind, operator }) => [kind, operator])).toEqual([
      ["bytes", "memcmp"],
      ["bytes", "strcmp"],
      ["bytes", "String =="],
      ["bytes", "compareImpl"],
    ]);
  });

  it("is logged up to 32 bytes, whatever its length", () => {
    const { exports, records } = logged(STRINGS);
    exports.strcmp(100, 200);
    expect(records().map(([, bytes]) => bytes)).toEqual([8, 8, 8, 8]);
    exports.memcmp(100, 200, -1);
    expect(records().length).toBe(8);
  });

  it("is found by an index of characters", () => {
    const { exports, records } = logged(STRINGS);
    exports.part(96, 2, 196, 2, 1);
    expect(records()).toEqual([[3, 2, text("un"), text("un")]]);
  });

  it("may be anywhere, and the call is as without", () => {
    const address = fc.oneof(
      fc.constantFrom(0, 100, PAGE - 3, PAGE - 9, PAGE, 2 * PAGE, 3 * PAGE, 2 ** 31, 2 ** 32 - 1),
      fc.integer(),
    );
    const plain = run(wat(STRINGS));
    const built = logged(STRINGS);
    fc.assert(
      fc.property(address, address, fc.oneof(fc.nat(40), fc.integer()), (first, second, length) => {
        built.exports.__vdevbox_clear_comparisons();
        for (const name of ["memcmp", "strcmp", "equal"]) {
          const call = (exports: Exports) => outcome(() => exports[name](first, second, length));
          expect(call(built.exports)).toEqual(call(plain));
        }
        // Nothing outside the module's own page is shown.
        const own = Buffer.from(plain.memory.buffer);
        const [start, other] = [first >>> 0, second >>> 0];
        const first8 = built.records().find(([site]) => site === 0);
        if (start >= PAGE || other >= PAGE || length === 0) expect(first8).toBeUndefined();
        else {
          const bytes = Math.min(8, length >>> 0, PAGE - start, PAGE - other);
          const number = (at: number) =>
            BigInt(
              `0x${Buffer.from(own.subarray(at, at + bytes))
                .reverse()
                .toString("hex")}`,
            );
          expect(first8).toEqual([0, bytes, number(start), number(other)]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
