/** vdevbox_invariants(): when it is asked, and what it may do. Oracle: docs/fuzzing.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { formatFinding } from "../../host/gate/finding.ts";
import { packageRoot } from "../../host/paths.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
const SOURCE = join(packageRoot(), "test/violations/assembly/invariants.ts");
const lines = readFileSync(SOURCE, "utf8").split("\n");
const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;
let file = "";
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  file = moduleFile(wasm, "invariants", sourceMap);
}, 60_000);

const vmOf = (invariants: boolean): Vm => createVm(vmPlan([vdevPlan(file)], { invariants }));

describe("the invariants of a vdev", () => {
  it("are not asked for in a run that does not say so", () => {
    const vm = vmOf(false);
    write(vm, DEVICE, 13n);
    write(vm, DEVICE, 14n);
    expect(vm.findings.all).toEqual([]);
  });

  it("stop the vdev behind the access that broke one, with the line of the assertion", () => {
    const vm = vmOf(true);
    write(vm, DEVICE, 12n);
    expect(vm.findings.all).toEqual([]);
    write(vm, DEVICE, 13n);
    const [finding] = vm.findings.all;
    expect(finding).toMatchObject({ severity: "fault", rule: "invariant" });
    expect(finding!.stack[0]!.line).toBe(lineOf("thirteen"));
    expect(finding!.message).toContain("no thirteen");
    expect(vm.vdevs[0]!.instance.stopped).toBeDefined();
  });

  it("may call nothing", () => {
    const vm = vmOf(true);
    write(vm, DEVICE, 14n);
    const [finding] = vm.findings.all;
    expect(finding).toMatchObject({ severity: "violation", rule: "phase" });
    expect(formatFinding(finding!)).toContain("vdevbox_invariants(), which may only look");
    expect(finding!.stack[0]!.line).toBe(lineOf("call"));
  });

  it("are asked for when time has passed", () => {
    const vm = vmOf(true);
    write(vm, DEVICE, 100n); // in 100 ns it is 13
    expect(vm.findings.all).toEqual([]);
    vm.clockStep(99n);
    expect(vm.findings.all).toEqual([]);
    vm.clockStep(1n);
    expect(vm.findings.all).toMatchObject([{ rule: "invariant" }]);
  });

  it("have a budget of steps as callbacks have", () => {
    const vm = createVm(vmPlan([vdevPlan(file)], { invariants: true, limits: { steps: 10_000 } }));
    write(vm, DEVICE, 15n);
    expect(vm.findings.all).toMatchObject([{ severity: "fault", rule: "limit" }]);
  });
});
