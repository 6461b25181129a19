/** Turns given away at memory accesses. Oracle: what two increments that are not atomic can come to. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";

const DEVICE = 0x1c000000;
let file = "";
beforeAll(async () => {
  const path = join(packageRoot(), "test/races/assembly/increments.ts");
  const { wasm, sourceMap } = await compileVdev({ file: path, projectDir: packageRoot() });
  file = moduleFile(wasm, "increments", sourceMap);
}, 60_000);

/** A VM that has learnt in a run, which has been put back, what its threads share. */
function learntVm(preemptsAtMemory: boolean): Vm {
  const vm = createVm(vmPlan([vdevPlan(file)]), { races: true, preemptsAtMemory });
  vm.races!.onShared = () => false;
  const start = new VmSnapshot(vm);
  run(vm);
  start.restore();
  return vm;
}

/** Lets both threads add three, and gives what the field and the static have come to. */
function run(vm: Vm): [field: number, total: number] {
  const read = (register: number) => {
    vm.read("memory", DEVICE + register, 0, 4, 0);
    return vm.valueLo;
  };
  vm.write("memory", DEVICE, 0, 4, 1, 0, 0);
  return [read(0), read(4)];
}

describe("a module that can be left at memory accesses", () => {
  it("adds up when nobody asks for a turn", () => {
    expect(run(learntVm(true))).toEqual([6, 6]);
  });

  it("loses additions when each access gives the turn away: both threads read before either writes", () => {
    const vm = learntVm(true);
    vm.races!.onShared = () => true;
    expect(run(vm)).toEqual([3, 3]);
  });

  it("is asked at every access to what is shared, also to the same bytes again", () => {
    const vm = learntVm(true);
    let asked = 0;
    vm.races!.onShared = () => {
      asked++;
      return false;
    };
    vm.write("memory", DEVICE, 0, 4, 1, 0, 0);
    // Two threads, three turns, a read and a write of the field and of the static each.
    expect(asked).toBe(2 * 3 * 4);
  });

  it("finds the same races whoever gives turns away", () => {
    const messages = [() => false, () => true].map((onShared) => {
      const vm = learntVm(true);
      vm.races!.onShared = onShared;
      run(vm);
      return new Set(vm.findings.all.map((one) => one.message.replace(/thread (one|other)/g, "a thread")));
    });
    expect(messages[0]!.size).toBeGreaterThan(0);
    for (const message of messages[0]!) expect(messages[1]).toContain(message);
  });

  it("can be left there only when it was built so", () => {
    const vm = learntVm(false);
    vm.races!.onShared = () => {
      throw new Error("asked");
    };
    expect(run(vm)).toEqual([6, 6]);
  });
});
