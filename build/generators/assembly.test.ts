/** Oracle: the C rules for wasm32 (pointers 4 bytes, 64-bit integers aligned to 8) and the lowering of the contract. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Entry, FunctionEntry, Param, Result } from "../../abi/definition/schema.ts";
import { NO_ARGUMENT } from "../../host/calls/printf.ts";
import { projectOutside, run } from "../../test/support/assembly.ts";
import { compileVdev } from "../asc/compile.ts";
import { packageDir } from "../asc/package-dir.ts";
import { generateAssembly } from "./assembly.ts";

const BASE = {
  header: "guest",
  versions: ["7.0"],
  summary: "It does.",
  sources: ["https://example.org/page"],
} as const;
const U32 = { kind: "int", bits: 32, signed: false, cType: "unsigned" } as const;
const U64 = { kind: "int", bits: 64, signed: false, cType: "uint64_t" } as const;

function call(
  name: string,
  params: Record<string, Param["type"]>,
  result: Result,
  more: Partial<FunctionEntry> = {},
): Entry {
  return {
    ...BASE,
    kind: "function",
    name,
    c: { "7.0": `${name}()` },
    prototype: "documented",
    params: Object.entries(params).map(([key, type]) => ({ name: key, type })),
    result,
    phase: { value: "running", status: "documented" },
    threads: { value: "any", status: "documented" },
    threadSafe: { value: "yes", status: "documented" },
    mayBlock: { value: "no", status: "inferred" },
    body: "complete",
    ...more,
  };
}

const DEFINITION: readonly Entry[] = [
  {
    ...BASE,
    kind: "struct",
    name: "inner_s",
    c: {},
    layout: "documented",
    fields: [
      { name: "flag", type: "u8" },
      { name: "location", type: "u64" },
      { name: "length", type: "u32" },
      { name: "kind", type: "u16" },
    ],
  },
  {
    ...BASE,
    kind: "struct",
    name: "outer_s",
    header: "other",
    c: {},
    layout: "documented",
    fields: [
      { name: "device", type: { pointer: "void *" } },
      { name: "block", type: { embed: "inner_s" } },
      { name: "small", type: "i8" },
      { name: "control", type: { callback: "control_t" } },
      { name: "name", type: { cstring: true } },
      { name: "bars", type: { array: "u64", length: 3 } },
      { name: "next", type: { pointer: "struct outer_s *" } },
      { name: "signed64", type: "i64" },
    ],
  },
  { ...BASE, kind: "type", name: "outer_t", header: "other", c: "typedef struct outer_s outer_t", as: "outer_s" },
  {
    ...BASE,
    kind: "enum",
    name: "flags_e",
    c: {},
    type: "u32",
    values: [{ name: "F_HIGH", value: 0x80000000, status: "documented" }],
  },
  { ...BASE, kind: "constant", name: "BIG", type: "u64", value: 0x1_0000_0001n, status: "documented" },
  {
    ...BASE,
    kind: "callback",
    name: "control_t",
    c: {},
    params: [
      { name: "self", type: { kind: "struct", struct: "outer_s", access: "inout" } },
      { name: "value", type: U32 },
    ],
    result: { kind: "int", signed: true, cType: "int" },
    phase: { value: "both", status: "documented" },
    thread: { value: "caller", status: "documented" },
  },
  call("plain", { outer: { kind: "struct", struct: "outer_s", access: "in", nullable: true } }, { kind: "errno" }),
  call(
    "wide",
    { before: U32, wide: U64, address: { kind: "guest-address", cType: "uint64_t" }, after: U32 },
    { kind: "void" },
  ),
  call("clock", { id: U32 }, { kind: "u64", cType: "uint64_t" }),
  call("register", { fn: { kind: "callback", callback: "control_t", nullable: true } }, { kind: "void" }),
  call("logf", { level: U32, fmt: { kind: "cstring" }, args: { kind: "varargs" } }, { kind: "void" }),
  call("never_called", {}, { kind: "void" }),
  call("unheard_of", {}, { kind: "void" }, { prototype: "unknown", c: {} }),
];

let headers: ReadonlyMap<string, string>;
beforeAll(() => {
  headers = generateAssembly(DEFINITION);
});

async function moduleOf(program: string) {
  const files = Object.fromEntries([...headers].map(([name, text]) => [name, text]));
  const dir = projectOutside({ ...files, "device.ts": program });
  for (const name of ["abi/runtime", "abi/string.ts", "abi/stack.ts", "asconfig.json"]) {
    cpSync(join(packageDir(), name), join(dir, name), { recursive: true });
  }
  return (await compileVdev({ file: join(dir, "device.ts"), packageDir: dir })).wasm;
}

const importsOf = (wasm: Uint8Array<ArrayBuffer>) =>
  WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map(({ module, name }) => `${module}.${name}`);

test("a member is at the offset a C compiler gives it, embedded structs and arrays included", async () => {
  const wasm = await moduleOf(`
    import { outer_s } from "vdevbox/abi/other";
    import { inner_s } from "vdevbox/abi/guest";
    const outer = outer_s.alloc();
    export function address(): usize { return changetype<usize>(outer); }
    export function fill(): void {
      outer.device = 0x01020304;
      outer.block.flag = 0x11;
      outer.block.location = 0x2122232425262728;
      outer.block.length = 0x31323334;
      outer.block.kind = 0x4142;
      outer.small = -2;
      outer.name = 0x51525354;
      outer.set_bars_at(2, 0x6162636465666768);
      outer.next = outer;
      outer.signed64 = -3;
    }
    export function back(): bool {
      return outer.block.location == 0x2122232425262728 && outer.small == -2 && outer.bars_at(2) == 0x6162636465666768
        && outer.next == outer && outer.signed64 == -3 && outer.bars == changetype<usize>(outer) + 48 && outer.bars_at(0) == 0;
    }
    export function size(): i32 { return outer_s.SIZEOF * 1000 + inner_s.SIZEOF; }
    export function second(): i32 { return <i32>(changetype<usize>(outer.at(2)) - changetype<usize>(outer)); }
  `);
  const module = await run(wasm);
  module.fill!();
  expect(module.back!()).toBe(1);
  const view = new DataView(module.memory.buffer, module.address!());
  expect(view.getUint32(0, true)).toBe(0x01020304);
  expect(view.getUint8(8)).toBe(0x11);
  expect(view.getBigUint64(16, true)).toBe(0x2122232425262728n);
  expect(view.getUint32(24, true)).toBe(0x31323334);
  expect(view.getUint16(28, true)).toBe(0x4142);
  expect(view.getInt8(32)).toBe(-2);
  expect(view.getUint32(40, true)).toBe(0x51525354);
  expect(view.getBigUint64(48 + 16, true)).toBe(0x6162636465666768n);
  expect(view.getUint32(72, true)).toBe(module.address!());
  expect(view.getBigInt64(80, true)).toBe(-3n);
  expect(module.size!()).toBe(88 * 1000 + 24);
  expect(module.second!()).toBe(176);
});

test("a local struct lies on the callback's stack and is given back with it", async () => {
  const module = await run(
    await moduleOf(`
      import { inner_s } from "vdevbox/abi/guest";
      import { stack_mark, stack_release } from "vdevbox/abi/stack";
      export function distance(): usize { return changetype<usize>(inner_s.local()) - stack_mark(); }
      export function again(): bool {
        const mark = stack_mark();
        const first = inner_s.local();
        stack_release(mark);
        return first == inner_s.local();
      }`),
  );
  expect(module.distance!() | 0).toBe(-24);
  expect(module.again!()).toBe(1);
});

test("a callback is stored as its index in the exported table, and can be called through it", async () => {
  const wasm = await moduleOf(`
    import { outer_s, outer_t } from "vdevbox/abi/other";
    const outer = outer_s.alloc();
    outer.name = 7;
    function control(self: outer_t, value: u32): i32 { return self.name + value; }
    outer.control = control;
    export function address(): usize { return changetype<usize>(outer); }
    export function index(): u32 { return outer.control_index; }`);
  const module = await run(wasm);
  const index = new DataView(module.memory.buffer, module.address!()).getUint32(36, true);
  expect(index).toBe(module.index!());
  expect(index).not.toBe(0);
  const control = module.table.get(index) as (self: number, value: number) => number;
  expect(control(module.address!(), 35)).toBe(42);
});

test("64-bit arguments cross as low and high halves, a 64-bit result through memory, and no import has an i64", async () => {
  const wasm = await moduleOf(`
    import { BIG, F_HIGH, clock, wide } from "vdevbox/abi/guest";
    export function send(): void { wide(1, 0x1122334455667788, BIG, F_HIGH); }
    export function ask(): bool { return clock(5) == 0x0102030405060708; }`);
  const seen: number[][] = [];
  const module = await run(wasm, {
    wide: (...args) => void seen.push(args.map((arg) => arg >>> 0)),
    clock: (id, result) => {
      expect(id).toBe(5);
      new DataView(module.memory.buffer).setBigUint64(result as number, 0x0102030405060708n, true);
      return undefined;
    },
  });
  module.send!();
  expect(seen).toEqual([[1, 0x55667788, 0x11223344, 1, 1, 0x80000000]]);
  expect(module.ask!()).toBe(1);
});

test("a NULL callback is index 0 and a NULL struct address 0", async () => {
  const wasm = await moduleOf(`
    import { outer_t } from "vdevbox/abi/other";
    import { plain, register } from "vdevbox/abi/guest";
    function control(self: outer_t, value: u32): i32 { return 1; }
    export function none(): i32 { register(null); return plain(null); }
    export function one(): void { register(control); }`);
  const indexes: number[] = [];
  const module = await run(wasm, {
    register: (index) => void indexes.push(index as number),
    plain: (outer) => (outer === 0 ? 22 : 0),
  });
  expect(module.none!()).toBe(22);
  module.one!();
  expect(indexes[0]).toBe(0);
  expect(module.table.get(indexes[1] as number)).toBeInstanceOf(Function);
});

test("printf-like arguments travel in slots of 8 bytes that are given back", async () => {
  const wasm = await moduleOf(`
    import { logf } from "vdevbox/abi/guest";
    import { cstr } from "vdevbox/abi/string";
    import { stack_mark } from "vdevbox/abi/stack";
    export function say(): usize {
      const before = stack_mark();
      for (let i = 0; i < 100; i++) logf(3, cstr("%d %llx %s"), -1, 0x1122334455667788, cstr("x"), 4, 5, 6);
      logf(4, cstr("bare"));
      return stack_mark() - before;
    }`);
  const calls: bigint[][] = [];
  const module = await run(wasm, {
    logf: (level, _fmt, slots) => {
      const view = new DataView(module.memory.buffer, slots as number);
      calls.push([BigInt(level as number), ...Array.from({ length: 6 }, (_, i) => view.getBigInt64(i * 8, true))]);
      return undefined;
    },
  });
  expect(module.say!()).toBe(0);
  expect(calls).toHaveLength(101);
  expect(calls[0]!.slice(0, 3)).toEqual([3n, -1n, 0x1122334455667788n]);
  expect(calls[0]!.slice(4)).toEqual([4n, 5n, 6n]);
  expect(calls[100]).toEqual([4n, ...Array(6).fill(NO_ARGUMENT)]); // the host can tell 0 from nothing
});

test("only what is called is imported", async () => {
  const wasm = await moduleOf(`
    import { clock, logf, never_called, plain, register, wide } from "vdevbox/abi/guest";
    export function f(): i32 { return plain(null); }`);
  expect(importsOf(wasm).filter((name) => name !== "env.abort")).toEqual(["qvm.plain"]);
});

test("a function without a known prototype is named in the header and cannot be imported", async () => {
  expect(headers.get("abi/guest.ts")).toMatch(/Not here[^/]*unheard_of/s);
  await expect(moduleOf('import { unheard_of } from "vdevbox/abi/guest";\nunheard_of();')).rejects.toThrow(
    "unheard_of",
  );
});

test("every function says its phase, thread safety, threads and source", () => {
  const text = headers.get("abi/guest.ts") as string;
  const doc = text.slice(text.lastIndexOf("/**", text.indexOf("export function clock(")));
  expect(doc).toMatch(/Phase: running \(documented\)\. Thread safe: yes \(documented\)\. Threads: any/);
  expect(doc).toContain("https://example.org/page");
});
