/** Oracle: the UTF-8 encoding of a C string literal (RFC 3629), written out by hand. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesAt, projectOutside, run } from "../../test/support/assembly.ts";
import { compileVdev } from "./compile.ts";
import type { CompileError } from "./diagnostics.ts";

const IMPORT = 'import { cstr } from "vdevbox/abi/string";\n';

async function compileText(text: string) {
  const dir = projectOutside({ "device.ts": IMPORT + text });
  return (await compileVdev({ file: join(dir, "device.ts"), projectDir: dir })).wasm;
}

async function errorOf(text: string): Promise<CompileError> {
  return compileText(text).then(
    () => expect.fail("compiled"),
    (error) => error as CompileError,
  );
}

test("a literal becomes its UTF-8 bytes and a NUL, escapes resolved", async () => {
  const cases: [string, number[]][] = [
    ["trace", [0x74, 0x72, 0x61, 0x63, 0x65]],
    ["", []],
    ["\\t\\\\\\x41\\u{1F600}", [0x09, 0x5c, 0x41, 0xf0, 0x9f, 0x98, 0x80]],
    ["é€", [0xc3, 0xa9, 0xe2, 0x82, 0xac]],
  ];
  const wasm = await compileText(
    cases.map(([text], i) => `export function f${i}(): usize { return cstr("${text}"); }`).join("\n"),
  );
  const module = await run(wasm);
  for (const [i, [, bytes]] of cases.entries()) expect(bytesAt(module.memory, module[`f${i}`]!())).toEqual(bytes);
});

test("a template without parts is a literal too", async () => {
  const module = await run(await compileText("export function f(): usize { return cstr(`%d\\n`); }"));
  expect(bytesAt(module.memory, module.f!())).toEqual([0x25, 0x64, 0x0a]);
});

test("equal literals of a file share their bytes, others do not", async () => {
  const module = await run(
    await compileText(`
      export function a(): usize { return cstr("one"); }
      export function b(): usize { return cstr("one"); }
      export function c(): usize { return cstr("two"); }`),
  );
  expect(module.a!()).toBe(module.b!());
  expect(module.a!()).not.toBe(module.c!());
});

test("nothing is allocated: the heap begins where it began before the calls", async () => {
  const module = await run(
    await compileText(`
      export function heap_grows(): usize { const a = heap.alloc(1); cstr("x"); cstr("yy"); return heap.alloc(1) - a; }
      export function heap_step(): usize { const a = heap.alloc(1); return heap.alloc(1) - a; }`),
  );
  expect(module.heap_grows!()).toBe(module.heap_step!());
});

test("literals work everywhere an expression may stand", async () => {
  const module = await run(
    await compileText(`
      const names = memory.data<usize>([cstr("emit-logger"), cstr("emit-trace"), 0]);
      class Thing { name: usize = cstr("field"); }
      @unmanaged class Pair { a: usize; }
      function choose(flag: bool, name: usize = cstr("default")): usize { return flag ? cstr("yes") : name; }
      const call = (): usize => cstr("arrow");
      export function list(i: i32): usize { return load<usize>(names + i * 4); }
      export function field(): usize { return new Thing().name; }
      export function yes(): usize { return choose(true); }
      export function fallback(): usize { return choose(false); }
      export function arrow(): usize { return call(); }
      export function loop(): usize { for (let p = cstr("loop"); ; ) switch (load<u8>(p)) { case 108: return p; default: p++; } return 0; }`),
  );
  const text = (address: number) => String.fromCharCode(...bytesAt(module.memory, address));
  expect(text(module.list!(1))).toBe("emit-trace");
  expect(module.list!(2)).toBe(0);
  for (const name of ["field", "yes", "arrow", "loop"]) expect(text(module[name]!())).toBe(name);
  expect(text(module.fallback!())).toBe("default");
});

test("a function of the author's own with the name is left alone", async () => {
  const dir = projectOutside({
    "device.ts": `function cstr(text: string): i32 { return text.length; }\nexport function f(): i32 { return cstr("four"); }`,
  });
  const module = await run((await compileVdev({ file: join(dir, "device.ts") })).wasm);
  expect(module.f!()).toBe(4);
});

test("a constant of a header may be joined to a literal, as C joins adjacent literals", async () => {
  const module = await run(
    await compileText(`
      import { QVM_OPTION_NO_ARG_PREFIX } from "vdevbox/abi/vdev-core";
      export function f(): usize { return cstr(QVM_OPTION_NO_ARG_PREFIX + "emit-logger"); }`),
  );
  expect(String.fromCharCode(...bytesAt(module.memory, module.f!()))).toBe("0emit-logger");
});

test("what is no literal is refused at its place", async () => {
  const error = await errorOf('let name = "x";\nexport function f(): usize { return cstr(name); }');
  expect(error.place).toMatchObject({ line: 3, column: 42 });
  expect(error.message).toContain("one string literal");
});

test("a NUL inside the text and half a surrogate pair are refused", async () => {
  expect((await errorOf('export function f(): usize { return cstr("a\\0b"); }')).message).toContain("NUL");
  expect((await errorOf('export function f(): usize { return cstr("\\uD83D"); }')).message).toContain("surrogate");
});

test("cstr used as a value is refused", async () => {
  const error = await errorOf('export function f(): usize { const g = cstr; return g("x"); }');
  expect(error.message).toContain("called directly");
});
