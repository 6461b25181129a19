/** atomic.* in vdevs. Oracle: the threads proposal of WebAssembly: each gives the old value, and none may be misaligned. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { projectOutside } from "../support/assembly.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
const source = join(packageRoot(), "test/threads/assembly/atomics.ts");
let file: string;
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: source, projectDir: packageRoot() });
  file = moduleFile(wasm, "atomics", sourceMap);
}, 60_000);

const vmOf = (seed?: number): Vm => createVm(vmPlan([vdevPlan(file)], { seed }));
const result = (vm: Vm, ...commands: bigint[]): bigint => {
  for (const command of commands) write(vm, DEVICE, command);
  return read(vm, DEVICE)[1];
};

it("load, store, add, compare and exchange, and the rest, in every width", () => {
  const vm = vmOf();
  expect(result(vm, 1n)).toBe(40n);
  expect(result(vm, 2n)).toBe((40n << 8n) | 42n);
  expect(result(vm, 3n)).toBe((42n << 16n) | (7n << 8n) | 7n);
  expect(result(vm, 4n)).toBe((7n << 16n) | (0xffn << 8n) | 0x0fn);
  expect(result(vm, 5n)).toBe(0xffffffffn);
  expect(vm.findings.all).toEqual([]);
});

it.each([undefined, 1, 2, 3])("additions of two threads are all there (seed %s)", (seed) => {
  expect(result(vmOf(seed), 6n, 7n)).toBe(20n);
});

it("an address that is not aligned is a fault, with its line", () => {
  const vm = vmOf();
  write(vm, DEVICE, 8n);
  const [fault] = vm.findings.all;
  expect(fault!.severity).toBe("fault");
  const line =
    readFileSync(source, "utf8")
      .split("\n")
      .findIndex((text) => text.endsWith("// not aligned")) + 1;
  expect(fault!.stack[0]!.line).toBe(line);
});

it("a module that waits on memory is refused with a sentence: nothing would bound the wait", async () => {
  const text = readFileSync(source, "utf8").replace("sched_yield()", "atomic.wait<i32>(word, 0, -1)");
  expect(text).toContain("atomic.wait");
  const folder = projectOutside({ "waits.ts": text, "package.json": "{}" });
  const { wasm } = await compileVdev({ file: join(folder, "waits.ts"), projectDir: folder });
  const waits = moduleFile(wasm, "waits");
  expect(() => createVm(vmPlan([vdevPlan(waits)]))).toThrow(/waits on memory .*wait through a call of the API/);
});
