import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../errors.ts";
import { resolveStack } from "../source-map.ts";
import { VALUE } from "../wasm/module.ts";
import { readModule } from "../wasm/read-module.ts";
import { walkBody } from "../wasm/walk.ts";
import { depthPass } from "./depth.ts";
import { fuelPass } from "./fuel.ts";
import { defaultPasses, instrument } from "./instrument.ts";
import type { Pass } from "./pass.ts";
import { type Compiled, compile, faultLine, outcome, run, runWith, wat } from "./test-modules.ts";

const DEVICE = `
class Registers { control: u32 = 0; status: u32 = 1; scratch: u32 = 0; }
const registers = new Registers();
let accesses: i32 = 0;
const LOG = new StaticArray<u32>(16);

function crc(value: u32): u32 {
  let sum: u32 = 0xffffffff;
  for (let bit = 0; bit < 32; bit++) {
    sum = (sum >> 1) ^ ((((sum ^ (value >> bit)) & 1) != 0) ? 0xedb88320 : 0);
  }
  return ~sum;
}

function pick(index: u32): u32 {
  return LOG[index];
}

function fibonacci(n: u32): u32 {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

export function __vdevbox_read(offset: u32, value: u32): u32 {
  accesses++;
  switch (offset % 8) {
    case 0: return registers.control;
    case 1: return crc(value);
    case 2: return fibonacci(value % 12);
    case 3:
      return value / (value % 3);
    case 4: return pick(value % 20);
    case 5:
      return load<u32>(value);
    case 6: { memory.copy(changetype<usize>(LOG), changetype<usize>(LOG) + 4, 40); return LOG[0]; }
    default: return accesses;
  }
}

export function __vdevbox_write(offset: u32, value: u32): u32 {
  if (offset % 2 == 0) registers.control = value;
  else LOG[offset % 16] = value;
  return __vdevbox_read(offset, value);
}
`;

const PASSES: readonly (readonly [string, readonly Pass[]])[] = [
  ["fuel", [fuelPass({ startBudget: 1_000_000 })]],
  ["depth", [depthPass({ recursionBytes: 200_000, chainBytes: 64_000 })]],
  ["all", defaultPasses()],
];

const builds: Record<string, Compiled> = {
  "-O": await compile(DEVICE),
  "--debug": await compile(DEVICE, ["--debug"]),
};

describe.each(Object.entries(builds))("a device compiled with %s", (_, { bytes, map }) => {
  it.each(PASSES)("behaves alike under %s", (_name, passes) => {
    const access = fc.record({
      write: fc.boolean(),
      offset: fc.nat(16),
      value: fc.oneof(fc.nat(40), fc.integer()),
    });
    const property = fc.property(fc.array(access, { maxLength: 30 }), (accesses) => {
      const plain = run(bytes);
      const guarded = runWith(bytes, passes);
      for (const { write, offset, value } of accesses) {
        const name = write ? "__vdevbox_write" : "__vdevbox_read";
        const expected = outcome(() => plain[name](offset, value));
        expect(outcome(() => guarded[name](offset, value))).toEqual(expected);
      }
      // Compared as a whole: element by element is slow for 64 KiB.
      expect(Buffer.from(guarded.memory.buffer).equals(Buffer.from(plain.memory.buffer))).toBe(true);
    });
    fc.assert(property, { numRuns: 25 });
  });

  it.each(PASSES)("names the same source line of a fault under %s", (_name, passes) => {
    const { bytes: rewritten, offsets } = instrument(bytes, { id: "test", passes });
    const lineOf = (text: string) => `device.ts:${DEVICE.split("\n").indexOf(text) + 1}`;
    for (const [offset, value, text] of [
      [3, 9, "      return value / (value % 3);"],
      [5, -4, "      return load<u32>(value);"],
    ] as const) {
      expect(faultLine(() => run(bytes).__vdevbox_read(offset, value), map)).toBe(lineOf(text));
      expect(faultLine(() => run(rewritten).__vdevbox_read(offset, value), map, offsets)).toBe(lineOf(text));
    }
  });

  it.each(PASSES)("maps every instruction there and back under %s", (_name, passes) => {
    const { bytes: rewritten, offsets } = instrument(bytes, { id: "test", passes });
    const module = readModule(bytes);
    let last = 0;
    for (const func of module.functions) {
      walkBody(module, func, ({ offset, opcode }) => {
        const moved = offsets.toNew(offset)!;
        expect(moved).toBeGreaterThan(last);
        expect(offsets.toOriginal(moved)).toBe(offset);
        if (opcode < 0xfc && opcode !== 0x0f) expect(rewritten[moved]).toBe(opcode);
        last = moved;
      });
    }
  });
});

it("points at the loop that used up the fuel, and at the function that went too deep", async () => {
  const source = `export function __vdevbox_spin(n: i32): i32 {
  let sum = n;
  sum *= 3;
  while (sum != 1) {
    sum = sum & 1 ? sum * 2 : sum + 6;
  }
  return sum;
}
export function __vdevbox_deep(n: i32): i32 {
  return n == -1 ? 0 : __vdevbox_deep(n + 1) * 3;
}`;
  const { bytes, map } = await compile(source, ["--debug"]);
  const { bytes: rewritten, offsets } = instrument(bytes, { id: "spinner", passes: defaultPasses() });
  const exports = run(rewritten);
  const frames = (call: () => unknown) => {
    try {
      call();
    } catch (error) {
      return resolveStack(error as Error, (id) => (id === "spinner" ? { map, offsets } : undefined));
    }
    return [];
  };
  const [spin] = frames(() => exports.__vdevbox_spin(5));
  expect(spin).toMatchObject({ functionName: "device/__vdevbox_spin", place: { file: "device.ts" } });
  expect([4, 5]).toContain(spin.place?.line);
  const deep = frames(() => exports.__vdevbox_deep(1));
  expect(deep.length).toBeGreaterThan(5);
  for (const frame of deep) expect(frame.place).toMatchObject({ file: "device.ts", line: 10 });
});

it("adds imports and moves every function index that the module names", () => {
  const spy: Pass = {
    name: "spy",
    key: "spy",
    imports: () => [{ module: "spy", name: "called", type: { parameters: [VALUE.i32], results: [] } }],
    apply: (rewriter, [called]) => {
      for (const func of rewriter.module.functions) {
        rewriter.edit(func).prologue([0x41, func.index, 0x10, called]);
      }
    },
  };
  const bytes = wat(`(module (import "host" "log" (func $log (param i32))) (type $t (func (result i32)))
    (table (export "table") 2 funcref) (elem (i32.const 0) $one $two)
    (global $ref funcref (ref.func $two)) (global (export "ref") funcref (ref.func $one))
    (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
    (func $begin (call $log (i32.const 99))) (start $begin)
    (func (export "__vdevbox_go") (result i32)
      (table.set (i32.const 0) (ref.func $two))
      (i32.add (i32.mul (call $one) (i32.const 10)) (call_indirect (type $t) (i32.const 0)))))`);
  const calls: number[] = [];
  const logged: number[] = [];
  const imports = { host: { log: (n: number) => logged.push(n) }, spy: { called: (n: number) => calls.push(n) } };
  const { bytes: rewritten, offsets } = instrument(bytes, { id: "test", passes: [spy, ...defaultPasses()] });
  const exports = run(rewritten, imports);
  expect(logged).toEqual([99]);
  expect(exports.__vdevbox_go()).toBe(12);
  expect(calls).toEqual([3, 4, 1, 2]);
  expect(exports.ref.value()).toBe(1);
  expect(exports.table.get(1)()).toBe(2);
  expect(offsets.toOriginalFunction(offsets.toNewFunction(2))).toBe(2);
  expect(offsets.toOriginalFunction(1)).toBeUndefined();
  expect(readModule(rewritten).names.functions.get(offsets.toNewFunction(2))).toBe("two");
});

it("does not let a function's name forge a line of a stack", () => {
  const bytes = wat(`(module (func (export "a\\n    at b (wasm://wasm/c-0:wasm-function[0]:0x1)") unreachable))`);
  const { bytes: rewritten } = instrument(bytes, { id: "test", passes: [] });
  const names = [...readModule(rewritten).names.functions.values()];
  expect(names).toHaveLength(1);
  expect(names[0]).not.toContain("\n");
});

it("refuses what is no module, with a sentence", () => {
  const attempt = () => instrument(new Uint8Array([1, 2, 3]), { id: "test", passes: defaultPasses() });
  expect(attempt).toThrow(UserError);
});

it("refuses to instrument twice", () => {
  const { bytes } = instrument(wat("(module)"), { id: "test", passes: defaultPasses() });
  expect(() => instrument(bytes, { id: "test", passes: defaultPasses() })).toThrow(UserError);
});

it("refuses a module that leaves no room for the checks", () => {
  const bytes = wat(`(module (func (export "go") (local ${"i32 ".repeat(50_000)}) (loop)))`);
  expect(() => instrument(bytes, { id: "test", passes: [fuelPass({ startBudget: 1 })] })).toThrow(UserError);
});
