/** What is told of vdevs, and of all. Oracle: the comment of ../fuzz/assembly/fetcher.ts: its jobs are two bytes at 0x2000. */
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { Narrator } from "../../host/narration/narrator.ts";
import { packageRoot } from "../../host/paths.ts";
import { createVm } from "../../host/vm/startup.ts";
import { moduleFile, vdevPlan, vmPlan, write } from "../support/vm.ts";

let file: string;
beforeAll(async () => {
  const source = join(packageRoot(), "test/fuzz/assembly/fetcher.ts");
  const { wasm } = await compileVdev({ file: source, projectDir: packageRoot() });
  file = moduleFile(wasm, "fetcher");
});

function told(ofVdevs: boolean): string[] {
  const lines: string[] = [];
  const narrator = new Narrator({ ofVdevs, say: (line) => lines.push(line), show: () => {} });
  const plan = vmPlan([vdevPlan(file, { type: "fetcher" })], { cpus: 1 });
  const ram = { ...plan, ram: [{ start: 0n, length: 0x10000n, writable: true }] };
  const vm = createVm(ram as typeof plan, { listener: (event) => narrator.event(event) });
  narrator.start(vm);
  write(vm, 0x2000n, 0x045an);
  vm.clockStep(5n);
  write(vm, 0x1c000000n, 1n);
  narrator.end();
  return lines;
}

it("tells of vdevs what they find in guest memory, and not what the guest does with its own", () => {
  expect(told(true)).toEqual([
    "time         virtual time moves on by 5 ns",
    "trap         the guest writes 0x1, 4 bytes, to 0x1c000000; fetcher takes it",
    "memory       a vdev reads 2 bytes, 5a 04, at 0x2000",
  ]);
});

it("tells of all what every guest access came to", () => {
  expect(told(false)).toEqual([
    "trap         the guest writes 0x45a, 4 bytes, to 0x2000; ram takes it",
    "time         virtual time moves on by 5 ns",
    "trap         the guest writes 0x1, 4 bytes, to 0x1c000000; fetcher takes it",
  ]);
});
