import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { createVm } from "../../host/vm/startup.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
let file: string;
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({
    file: join(packageRoot(), "test/threads/assembly/worker.ts"),
    projectDir: packageRoot(),
  });
  file = moduleFile(wasm, "worker", sourceMap);
});

it("works", () => {
  const events: string[] = [];
  const vm = createVm(vmPlan([vdevPlan(file)]), { listener: (e) => events.push(e.kind === "report" ? e.text : e.kind === "finding" ? e.finding.message : e.kind) });
  expect(write(vm, DEVICE, 5n)).toBe(0);
  expect(read(vm, DEVICE)).toEqual([0, 0n]);
  vm.clockStep(1_000_000n);
  expect(read(vm, DEVICE)).toEqual([0, 5n]);
  write(vm, DEVICE, 7n);
  vm.clockStep(1_000_000n);
  expect(read(vm, DEVICE)).toEqual([0, 12n]);
  vm.terminate();
  expect(events).toEqual([]);
});
