/** Oracle: the module contract, and what asc itself documents of its flags and messages. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folder, projectOutside, run } from "../../test/support/assembly.ts";
import { compileAssembly, compileVdev } from "./compile.ts";
import { CompileError } from "./diagnostics.ts";
import { packageDir } from "./package-dir.ts";

const DEVICE = `import { address_of } from "vdevbox/abi/stack";
import { cstr } from "vdevbox/abi/string";
import { twice } from "./lib/helper";
export function f(x: i32): i32 {
  assert(x > 0, "x");
  return twice(load<i32>(address_of<i32>(x))) + <i32>load<u8>(cstr("A"));
}`;
const HELPER = "export function twice(x: i32): i32 {\n  return x * 2;\n}\n";

async function failure(files: Record<string, string>, options: object = {}): Promise<CompileError> {
  const dir = projectOutside(files);
  return compileVdev({ file: join(dir, "device.ts"), ...options }).then(
    () => expect.fail("compiled"),
    (error) => error as CompileError,
  );
}

test("vdevbox/abi/... resolves alike in the repo, in a scaffold, and beside a node_modules/vdevbox", async () => {
  const outside = projectOutside({ "device.ts": DEVICE, "lib/helper.ts": HELPER });
  const withModules = projectOutside({
    "package.json": "{}",
    "deep/er/device.ts": DEVICE,
    "deep/er/lib/helper.ts": HELPER,
    "node_modules/vdevbox/abi/string.ts": "this is not AssemblyScript (",
  });
  const inRepo = folder(mkdtempSync(join(packageDir(), "vdevs", ".test-")), {
    "device.ts": DEVICE,
    "lib/helper.ts": HELPER,
  });
  const wasmOf = async (dir: string) => (await compileVdev({ file: join(dir, "device.ts"), projectDir: dir })).wasm;
  const first = await wasmOf(outside);
  for (const dir of [inRepo, join(withModules, "deep/er")])
    expect(Buffer.from(await wasmOf(dir)).equals(first)).toBe(true);
  expect((await run(first)).f!(3)).toBe(71);
});

test("the module has what the host needs: runtime exports, memory with a maximum, table, names", async () => {
  const dir = projectOutside({ "device.ts": DEVICE, "lib/helper.ts": HELPER });
  const { wasm } = await compileVdev({ file: join(dir, "device.ts") });
  const module = new WebAssembly.Module(wasm);
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  expect(exports).toEqual(
    expect.arrayContaining([
      "memory",
      "table",
      "__vdevbox_abi",
      "__vdevbox_frame",
      "__vdevbox_vread",
      "__vdevbox_call",
    ]),
  );
  expect(WebAssembly.Module.customSections(module, "name")).toHaveLength(1);
  const { memory } = await run(wasm);
  expect(() => memory.grow(1024)).toThrow(RangeError);
});

test("a program has no runtime exports, and a module of the host's own follows its flags alone", async () => {
  const dir = projectOutside({ "device.ts": HELPER, "asconfig.json": '{"options":{"runtime":"incremental"}}' });
  const file = join(dir, "device.ts");
  const names = (wasm: Uint8Array<ArrayBuffer>) =>
    WebAssembly.Module.exports(new WebAssembly.Module(wasm)).map(({ name }) => name);
  expect(names((await compileVdev({ file, entries: "program" })).wasm)).toEqual(["twice", "memory", "table"]);
  expect(names((await compileAssembly({ file, flags: ["--runtime", "stub", "--noExportMemory"] })).wasm)).toEqual([
    "twice",
  ]);
});

test("source map names are paths in the project, vdevbox/abi/... and ~lib/...", async () => {
  const dir = projectOutside({ "package.json": "{}", "vdevs/x/device.ts": DEVICE, "vdevs/x/lib/helper.ts": HELPER });
  const { sourceMap, wasm } = await compileVdev({ file: join(dir, "vdevs/x/device.ts") });
  const { sources, sourcesContent, sourceRoot } = JSON.parse(sourceMap);
  expect(sources).toEqual(expect.arrayContaining(["vdevs/x/device.ts", "vdevbox/abi/runtime/entry.ts"]));
  for (const source of sources) expect(source).toMatch(/^(vdevs\/x\/|vdevbox\/abi\/|~lib\/)/);
  expect(sourcesContent?.[sources.indexOf("vdevs/x/device.ts")] ?? DEVICE).toBe(DEVICE);
  expect(sourceRoot).toBeUndefined();
  const [url] = WebAssembly.Module.customSections(new WebAssembly.Module(wasm), "sourceMappingURL");
  expect(Buffer.from(url as ArrayBuffer).toString()).toContain("device.wasm.map");
});

test("every error is told, each with file, line and column of the user's own text", async () => {
  const error = await failure({
    "device.ts":
      'import { twice } from "./helper";\n\nexport function f(): i32 {\n  return twice(nothing) + more;\n}\n',
    "helper.ts": "export function twice(x: i32): i32 {\n  return x * wrong;\n}\n",
  });
  expect(error).toBeInstanceOf(CompileError);
  expect(error.errors.length).toBeGreaterThanOrEqual(2);
  expect(error.place).toMatchObject({ line: 4, column: 16 });
  expect(error.place?.file).toMatch(/device\.ts$/);
  expect(error.message).toBe("Cannot find name 'nothing'.");
  expect(error.toString().split("\n")).toHaveLength(error.errors.length);
});

test("a parse error and a missing import have a place", async () => {
  expect((await failure({ "device.ts": "export function f(: i32 {}" })).place).toMatchObject({ line: 1 });
  const missing = await failure({ "device.ts": '\nimport { x } from "vdevbox/abi/nowhere";\nx();' });
  expect(missing.place).toMatchObject({ line: 2, column: 19 });
});

test("names of the API are told as they are written, and where one is that was looked for elsewhere", async () => {
  const files = {
    "device.ts":
      'import { GIS_ON, strlen, nonesuch } from "vdevbox/abi/guest";\nimport { vdev_t } from "vdevbox/abi/vdev-core";\n' +
      "export function f(vdp: vdev_t): u32 { return vdp; }\n",
  };
  const told = (await failure(files)).toString();
  expect(told).toContain("Module 'vdevbox/abi/guest' has no exported member 'GIS_ON'. It is in \"vdevbox/abi/types\".");
  expect(told).toContain("has no exported member 'strlen'. It is in \"vdevbox/abi/posix\".");
  expect(told).toMatch(/has no exported member 'nonesuch'\.$/m);
  expect(told).toContain("Type 'vdev_s' is not assignable to type 'u32'.");
});

test("a string where C has a char pointer is told how it is written", async () => {
  const told = await failure({
    "device.ts": 'import { qvm_report } from "vdevbox/abi/log";\nexport function f(): void { qvm_report("hello"); }\n',
  });
  expect(told.message).toMatch(/String' is not assignable.* A C string is written cstr\("…"\)/);
});

test("what a configuration sets and the compiler does not know is refused, with its place", async () => {
  const asconfig = '{\n  "options": {\n    "optimizeLevl": 1\n  }\n}';
  const wrong = await failure({ "device.ts": HELPER, "asconfig.json": asconfig });
  expect(wrong.message).toContain('no option "optimizeLevl" (did you mean "optimizeLevel"?)');
  expect(wrong.place).toMatchObject({ line: 3, column: 5 });
  const part = await failure({ "device.ts": HELPER, "asconfig.json": '{"option":{}}' });
  expect(part.message).toContain('no setting "option" (did you mean "options"?)');
  const target = await failure({ "device.ts": HELPER, "asconfig.json": '{"targets":{"release":{"fast":true}}}' });
  expect(target.message).toContain('no option "fast"');
});

test("a missing file, a broken configuration and an unknown flag are the user's to correct", async () => {
  expect((await failure({})).message).toContain("no such file");
  expect((await failure({ "device.ts": HELPER, "asconfig.json": "{" })).message).toContain("not JSON");
  for (const config of ["[]", "null", '{"targets":{"release":null}}'])
    expect((await failure({ "device.ts": HELPER, "asconfig.json": config })).message).toContain("must be an object");
  expect((await failure({ "device.ts": HELPER }, { extraFlags: ["--fast"] })).message).toContain("--fast");
});

test("a crash of the compiler is told as one, and the next module compiles", async () => {
  const cycle = "enum E { A = E.B, B = E.A } export function f(): i32 { return E.A; }";
  expect((await failure({ "device.ts": cycle })).message).toContain("it crashed");
  const dir = projectOutside({ "device.ts": HELPER });
  await expect(compileVdev({ file: join(dir, "device.ts") })).resolves.toBeDefined();
});

test("the user's asconfig.json wins, ours fills the rest, and the build's own settings stay", async () => {
  const dir = projectOutside({
    "device.ts": "export function f(): i32 { assert(false); return ASC_OPTIMIZE_LEVEL; }",
    "asconfig.json": JSON.stringify({
      entries: ["other.ts"],
      options: { optimizeLevel: 1, noAssert: true, outFile: "x.wasm", importMemory: true, bindings: "esm" },
    }),
  });
  const { wasm } = await compileVdev({ file: join(dir, "device.ts") });
  const module = await run(wasm);
  expect(module.f!()).toBe(1);
  expect(() => module.memory.grow(1024)).toThrow(RangeError);
});

test("output appears in one step with its map, and a failing build leaves the old one alone", async () => {
  const dir = projectOutside({ "device.ts": HELPER });
  const [file, outFile] = [join(dir, "device.ts"), join(dir, "out/device.wasm")];
  const { wasm, sourceMap } = await compileVdev({ file, outFile });
  expect(readFileSync(outFile).equals(wasm)).toBe(true);
  expect(readFileSync(`${outFile}.map`, "utf8")).toBe(sourceMap);
  writeFileSync(file, "export function f(): i32 { return x; }");
  await expect(compileVdev({ file, outFile })).rejects.toThrow("Cannot find name 'x'.");
  expect(readFileSync(outFile).equals(wasm)).toBe(true);
});

test("compiling twice gives the same bytes", async () => {
  const dir = projectOutside({ "device.ts": DEVICE, "lib/helper.ts": HELPER });
  const compile = () => compileVdev({ file: join(dir, "device.ts") });
  const [first, second] = await Promise.all([compile(), compile()]);
  expect(Buffer.from(first.wasm).equals(second.wasm)).toBe(true);
  expect(first.sourceMap).toBe(second.sourceMap);
});
