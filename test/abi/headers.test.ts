/**
 * The AssemblyScript headers against the definition they come from. Oracles: the C layouts of abi/generated/layouts.ts
 * and the lowering of abi/generated/gate-table.ts, which the host reads and which are generated apart from the headers.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENTRIES } from "../../abi/definition/index.ts";
import type { Field, FunctionEntry, StructEntry } from "../../abi/definition/schema.ts";
import { GATE_TABLE } from "../../abi/generated/gate-table.ts";
import * as layouts from "../../abi/generated/layouts.ts";
import { compileVdev } from "../../build/asc/compile.ts";
import { projectOutside, run } from "../support/assembly.ts";

const STRUCTS = ENTRIES.filter((entry): entry is StructEntry => entry.kind === "struct");
const LAYOUTS = layouts as unknown as Readonly<Record<string, Readonly<Record<string, number>>>>;
/** Functions a module can import: they have a prototype, and a body in the host. */
const IMPORTED = ENTRIES.filter(
  (entry): entry is FunctionEntry =>
    entry.kind === "function" && entry.prototype !== "unknown" && entry.body !== "assembly",
);

async function compile(program: string) {
  const dir = projectOutside({ "program.ts": program });
  return (await compileVdev({ file: join(dir, "program.ts"), entries: "program" })).wasm;
}

const importOf = (name: string, header: string) => `import { ${name} } from "vdevbox/abi/${header}";\n`;

/** Bytes of a member that is a value; undefined for what has no getter of its own. */
function bytesOf({ type }: Field): number | undefined {
  if (typeof type === "string") return Number(type.slice(1)) / 8;
  return "embed" in type || "array" in type || "callback" in type ? undefined : 4;
}

/** For each struct: its size, and functions that get a member's bits and copy one member to another struct. */
function accessors(): string {
  const bits = `function bits<T>(value: T): u64 { return isReference<T>() ? <u64>changetype<usize>(value) : <u64>value; }\n`;
  const parts = STRUCTS.map(({ name, header, fields }) => {
    const members = fields.map((field) => {
      const of = `changetype<${name}>(p).${field.name}`;
      const type = field.type;
      if (typeof type === "object" && "callback" in type) {
        return `export function get_${name}_${field.name}(p: usize): u64 { return ${of}_index; }`;
      }
      if (typeof type === "object" && ("embed" in type || "array" in type)) {
        const address = "embed" in type ? `changetype<usize>(${of})` : of;
        return `export function at_${name}_${field.name}(p: usize): usize { return ${address} - p; }`;
      }
      return `export function get_${name}_${field.name}(p: usize): u64 { return bits(${of}); }
        export function copy_${name}_${field.name}(p: usize, q: usize): void { ${of} = changetype<${name}>(q).${field.name}; }`;
    });
    return `${importOf(name, header)}export function size_${name}(): i32 { return ${name}.SIZEOF; }\n${members.join("\n")}\n`;
  });
  return `${bits}export function block(): usize { return memory.data(8192, 16); }\n${parts.join("")}`;
}

test("every member of every struct is read and written at its C offset, with its width", async () => {
  const module = await run(await compile(accessors()));
  const memory = new Uint8Array(module.memory.buffer);
  const [p, q] = [module.block!(), module.block!() + 4096];
  let checked = 0;
  for (const struct of STRUCTS) {
    const layout = LAYOUTS[struct.name]!;
    expect(module[`size_${struct.name}`]!(), struct.name).toBe(layout.SIZEOF);
    for (const field of struct.fields) {
      const name = `${struct.name}_${field.name}`;
      const offset = layout[field.name]!;
      const at = module[`at_${name}`];
      if (at !== undefined) expect(at(p), name).toBe(offset);
      const width = bytesOf(field) ?? 4;
      const get = module[`get_${name}`] as unknown as ((p: number) => bigint) | undefined;
      if (get !== undefined) {
        memory.fill(0xff, p, p + 4096).fill(0, p + offset, p + offset + width);
        expect(get(p), name).toBe(0n);
        memory.fill(0, p, p + 4096).fill(0xff, p + offset, p + offset + width);
        expect(BigInt.asUintN(8 * width, get(p)), name).toBe(256n ** BigInt(width) - 1n);
      }
      const copy = module[`copy_${name}`];
      if (copy !== undefined) {
        memory.fill(0, p, p + 4096).fill(0xff, q, q + 4096);
        copy(p, q);
        const written = [...memory.subarray(p, p + 4096).entries()].flatMap(([index, byte]) =>
          byte === 0 ? [] : [index],
        );
        expect(written, name).toEqual(Array.from({ length: width }, (_, index) => offset + index));
      }
      checked++;
    }
  }
  expect(checked).toBeGreaterThan(80);
});

/** A call of a function with arguments of the right kind, its result thrown away. */
function callOf(entry: FunctionEntry): string {
  const args = entry.params.map(({ type }) => {
    switch (type.kind) {
      case "struct":
        return `changetype<any_${type.struct}>(8)`;
      case "callback":
        return `changetype<any_${type.callback}>(CALLBACK)`;
      case "handle":
        return type.of === "vdev" ? "changetype<any_vdev_s>(8)" : "8";
      case "varargs":
        return "1, 2";
      default:
        return "8";
    }
  });
  return `  ${entry.name}(${args.join(", ")});\n`;
}

test("every function is imported with the lowering the gate expects, and no import has an i64", async () => {
  const named = new Map<string, string>(STRUCTS.map(({ name, header }) => [name, header]));
  for (const entry of ENTRIES)
    if (entry.kind === "callback" && entry.value === undefined) named.set(entry.name, entry.header);
  const used = [...named].map(([name, header]) => `import { ${name} as any_${name} } from "vdevbox/abi/${header}";\n`);
  const calls = IMPORTED.map(
    (entry) => `${importOf(entry.name, entry.header)}export function call_${entry.name}(): void {\n${callOf(entry)}}\n`,
  );
  const wasm = await compile(`${used.join("")}const CALLBACK = memory.data(16);\n${calls.join("")}`);
  const module = new WebAssembly.Module(wasm);
  const imported = WebAssembly.Module.imports(module).filter(({ module: from }) => from !== "env");
  const expected = GATE_TABLE.filter((entry) => IMPORTED.some(({ name }) => name === entry.name));
  expect(imported.map(({ module: from, name }) => `${from}.${name}`).sort()).toEqual(
    expected.map((entry) => `${entry.module}.${entry.name}`).sort(),
  );
  const seen = new Map<string, string[]>();
  const stub =
    (name: string) =>
    (...args: unknown[]) =>
      void seen.set(
        name,
        args.map((arg) => typeof arg),
      );
  const exports = await run(wasm, Object.fromEntries(expected.map(({ name }) => [name, stub(name)])));
  for (const entry of expected) {
    // An i64 argument would arrive as a BigInt, and an i64 result would refuse the stub's undefined.
    exports[`call_${entry.name}`]!();
    expect(seen.get(entry.name), entry.name).toEqual(Array(entry.rawParams).fill("number"));
  }
});

test("the structs every vdev uses lie as the manual's declarations do under C's rules", () => {
  expect(layouts.qvm_state_block).toMatchObject({ location: 0, length: 8, type: 12, flags: 14, SIZEOF: 16 });
  expect(layouts.guest_intr).toMatchObject({ pic: 0, param: 4, src_id: 8, SIZEOF: 12 });
  expect(layouts.gasp_region).toMatchObject({ flags: 0, cookie: 4, vdev: 8, host_location: 16, guest: 24, SIZEOF: 40 });
  expect(layouts.guest_timer_data).toMatchObject({ host_notify_start: 0, guest_current: 24, SIZEOF: 32 });
  expect(layouts.vdev_s).toMatchObject({ v_device: 0, v_factory: 4, v_gsp: 8, v_block: 16, v_intr: 32, v_mtx: 44 });
  expect(layouts.vdev_factory).toMatchObject({
    ...{ next: 0, control: 4, vread: 8, vwrite: 12, pulse: 16, timer: 20, pic: 24, option_list: 28, name: 32 },
    ...{ factory_flags: 36, acc_sizes: 40, extra_space: 44, safety: 48, SIZEOF: 52 },
  });
});

test("a header that is imported and not used leaves nothing in the module", async () => {
  const headers = [...new Set(ENTRIES.map(({ header }) => header))];
  const imports = headers.map((header, index) => `import * as h${index} from "vdevbox/abi/${header}";\n`);
  const module = new WebAssembly.Module(await compile(`${imports.join("")}export function f(): void {}`));
  expect(WebAssembly.Module.imports(module)).toEqual([]);
});
