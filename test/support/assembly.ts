import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder outside the repo holding these files, removed when the test ends. */
export function projectOutside(files: Readonly<Record<string, string>>): string {
  return folder(mkdtempSync(join(tmpdir(), "vdevbox-")), files);
}

/** Writes these files into a folder that is removed when the test ends. @returns the folder */
export function folder(dir: string, files: Readonly<Record<string, string>>): string {
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

/** Instantiates a module of a test and runs its top-level code. Imports that are not given fail when they are called. */
export async function run(
  wasm: Uint8Array<ArrayBuffer>,
  imports: Readonly<Record<string, (...args: number[]) => number | undefined>> = {},
): Promise<
  Record<string, (...args: (number | bigint)[]) => number> & { memory: WebAssembly.Memory; table: WebAssembly.Table }
> {
  const module = await WebAssembly.compile(wasm);
  const given: WebAssembly.Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const missing = () => {
      throw new Error(`${from}.${name} was called`);
    };
    given[from] = { ...given[from], [name]: imports[name] ?? missing };
  }
  const { exports } = await WebAssembly.instantiate(module, given);
  if (typeof exports.__vdevbox_start === "function") exports.__vdevbox_start();
  return exports as ReturnType<typeof run> extends Promise<infer E> ? E : never;
}

/** Bytes of a module's memory up to the NUL, the NUL left out. */
export function bytesAt(memory: WebAssembly.Memory, address: number): number[] {
  const bytes = new Uint8Array(memory.buffer);
  return [...bytes.subarray(address, bytes.indexOf(0, address))];
}
