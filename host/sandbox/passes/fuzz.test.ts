/** All passes of a build for fuzzing together with the limits. Oracle: the limits alone. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { FuzzPasses } from "./fuzz.ts";
import { defaultPasses, type Instrumented, instrument } from "./instrument.ts";
import { MEMORY_HOOKS } from "./pass.ts";
import { type Compiled, compile, type Exports, faultLine, outcome, run } from "./test-modules.ts";

/** Loops, recursion, statics, memory of any address, switches, strings, bulk operations. */
const SOURCE = `
let total: i32 = 0;
const table: StaticArray<i32> = [3, 1, 4, 1, 5, 9, 2, 6];

export function __vdevbox_run(kind: i32, a: i32, b: i32): i32 {
  switch (kind) {
    case 0: return sum(a & 0xffff);
    case 1: return fib(a & 31);
    case 2: return peek(a);
    case 3: return poke(a, b);
    case 4: return bulk(a, b);
    case 5: return words(a, b);
    case 6: return table[a];
    case 7: return deep(a);
    default: return total;
  }
}
function sum(n: i32): i32 { let s = 0; for (let i = 0; i < n; i++) { if (i % 3 == 0) s += i; else s ^= i; } return s; }
function fib(n: i32): i32 { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
function peek(a: i32): i32 { return load<u8>(a) + load<i16>(a, 4) + <i32>load<u64>(a, 8); }
function poke(a: i32, b: i32): i32 { store<u8>(a, b); store<u64>(a, b, 8); total += b; return total; }
function bulk(a: i32, b: i32): i32 { memory.fill(a, 7, b & 0xfff); memory.copy(a, a + 5, b); return load<i32>(a); }
function words(a: i32, b: i32): i32 {
  const wanted = "magic";
  return (a == 0xC0DEFACE ? wanted : wanted + "!") == (b > 7 ? "magic" : "other") ? memory.compare(a & 0xff, b & 0xff, 9) : 5;
}
function deep(n: i32): i32 { return n <= 0 ? 0 : 1 + deep(n - 1); }
`;

let compiled: Compiled;
let plain: Instrumented;
const built = new Map<string, Instrumented>();
beforeAll(async () => {
  compiled = await compile(SOURCE, ["-O", "--maximumMemory", "4"]);
  const limits = defaultPasses({ startBudget: 200_000 });
  plain = instrument(compiled.bytes, { id: "plain", passes: limits });
  for (const build of ["edges", "comparisons"] as const) {
    built.set(
      build,
      instrument(compiled.bytes, { id: build, passes: [...limits, ...new FuzzPasses(build, false).passes] }),
    );
  }
}, 60_000);

const start = (bytes: Uint8Array<ArrayBuffer>): Exports =>
  run(bytes, { [MEMORY_HOOKS.module]: { [MEMORY_HOOKS.grown]: () => {} } });

const number = fc.oneof(
  fc.nat(20),
  fc.constantFrom(65536, 65535, 65530, 0xc0deface | 0, -1, -8),
  fc.nat(70000),
  fc.integer(),
);
const calls = fc.array(fc.tuple(fc.nat(8), number, number), { maxLength: 12 });

describe.each(["edges", "comparisons"])("a build with %s", (build) => {
  it("takes the same steps as the plain one, and ends in the same fault, limit and state", () => {
    fc.assert(
      fc.property(calls, (some) => {
        const [one, two] = [start(plain.bytes), start(built.get(build)!.bytes)];
        for (const call of some) {
          const stateAfter = (exports: Exports) => [
            outcome(() => exports.__vdevbox_run(...call)),
            exports.__vdevbox_fuel.value,
            exports.__vdevbox_limit.value,
            exports.__vdevbox_depth.value,
          ];
          expect(stateAfter(two)).toEqual(stateAfter(one));
          one.__vdevbox_depth.value = two.__vdevbox_depth.value = 0;
          one.__vdevbox_limit.value = two.__vdevbox_limit.value = 0;
        }
        const size = one.memory.buffer.byteLength;
        expect(Buffer.from(two.memory.buffer, 0, size).equals(Buffer.from(one.memory.buffer))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["a load outside memory", [2, 65530, 0]],
    ["a store outside memory", [3, -1, 0]],
    ["a bulk operation outside memory", [4, 65000, 4000]],
    ["an index out of range", [6, 8, 0]],
    ["too deep a recursion", [7, 100000, 0]],
  ])("has %s on the line it is on without", (_, call) => {
    const lineOf = ({ bytes, offsets }: Instrumented) => {
      const exports = start(bytes);
      return faultLine(() => exports.__vdevbox_run(...call), compiled.map, offsets);
    };
    const line = lineOf(plain);
    expect(line).toMatch(/^device\.ts:\d+$|^~lib/);
    expect(lineOf(built.get(build)!)).toBe(line);
  });
});
