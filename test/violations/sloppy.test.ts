/** Mistakes that leave no broken call behind: what is said of them, and at which line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { TrapRing } from "../../host/dispatcher/batch.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import { packageRoot } from "../../host/paths.ts";
import { runBatch } from "../../host/vm/batch.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
let file: string;
let lines: string[];
beforeAll(async () => {
  const source = join(packageRoot(), "test/violations/assembly/sloppy.ts");
  lines = readFileSync(source, "utf8").split("\n");
  const { wasm, sourceMap } = await compileVdev({ file: source, projectDir: packageRoot() });
  file = moduleFile(wasm, "sloppy", sourceMap);
});

const vmOf = (policy: "strict" | "report" = "strict"): Vm => createVm(vmPlan([vdevPlan(file)], { policy }));

/** Two of them, a page apart. */
const createTwo = (): Vm =>
  createVm(vmPlan([DEVICE, DEVICE + 0x1000n].map((address) => vdevPlan(file, { loc: { space: "memory", address } }))));

/** The line with this remark, from 1. */
function lineOf(remark: string): number {
  const index = lines.findIndex((text) => text.endsWith(`// ${remark}`));
  expect(index).toBeGreaterThan(0);
  return index + 1;
}

describe("the address space lock left behind by vwrite", () => {
  it("is reported at once, with the callback, the trap and the line that took it", () => {
    const vm = vmOf();
    expect(write(vm, DEVICE, 1n)).toBe(AccessStatus.done);
    const finding = vm.findings.all.find((one) => one.rule === "lock");
    expect(finding).toMatchObject({ severity: "warning", situation: { callback: "vwrite", trap: 1 } });
    expect(finding!.stack[0]!.line).toBe(lineOf("never unlocked"));
    expect(vm.held.any).toBe(false);
  });

  it("is reported for the access that left it when a batch of them goes on", () => {
    const vm = vmOf();
    const ring = new TrapRing(vm.dispatcher);
    for (let i = 0; i < 3; i++) ring.setWrite(i, "memory", Number(DEVICE), 0, 4, 1, 0, 0);
    runBatch(vm, ring, 3);
    const left = vm.findings.all.filter((one) => one.rule === "lock");
    expect(left.map((one) => [one.situation.callback, one.situation.trap, vm.findings.times(one)])).toEqual([
      ["vwrite", 1, 3],
    ]);
  });
});

describe("a status that is none", () => {
  it("stops the vdev under strict, and its number is told in hex", () => {
    const vm = vmOf();
    expect(write(vm, DEVICE, 9n)).toBe(AccessStatus.busError);
    expect(vm.findings.all[0]!.message).toMatch(/vwrite of device returned 0x42/);
    expect(vm.instances[0]!.stopped).toBeDefined();
    expect(vm.terminate().exitCode).toBe(6);
  });

  it("is counted under report, and the run is no success", () => {
    const vm = vmOf("report");
    write(vm, DEVICE, 9n);
    expect(vm.instances[0]!.stopped).toBeUndefined();
    expect(vm.terminate()).toEqual({ exitCode: 6, reason: "a rule of the vdev API was broken" });
  });
});

describe("what is used up", () => {
  it("is the bytes of a callback", () => {
    const vm = vmOf();
    write(vm, DEVICE, 2n);
    const [finding] = vm.findings.all;
    expect(finding).toMatchObject({ severity: "fault", rule: "limit" });
    expect(finding!.message).toMatch(/stack_alloc\(\).* 448 bytes/);
    expect(finding!.stack[0]!.line).toBe(lineOf("out of stack"));
  });

  it("is memory", () => {
    const vm = vmOf();
    write(vm, DEVICE, 3n);
    const fault = vm.findings.all.find((one) => one.severity === "fault")!;
    expect(fault.message).toMatch(/sloppy\.wasm is out of memory: it has 6\d{4} KiB/);
    expect(fault.rule).toBe("limit");
    expect(fault.stack[0]!.line).toBe(lineOf("out of memory"));
  });

  it("is nothing when the author's own code says unreachable", () => {
    const vm = vmOf();
    write(vm, DEVICE, 4n);
    expect(vm.findings.all[0]).toMatchObject({ severity: "fault", rule: "trap" });
  });
});

describe("a transfer that fails", () => {
  it.each([
    [0n, "longer than the operand", /data_len leaves 8 bytes for what blk describes as 4 \(.* is inferred from/],
    [
      4n,
      "shorter than the operand",
      /EINVAL.*data_len leaves 2 bytes for what blk describes as 4 \(.* is inferred from/,
    ],
    [8n, "no guest_cpu", /gcp is NULL/],
    [12n, "vopnd for oopnd", /blk is vopnd, .*; the guest's operand is oopnd/],
    [16n, "the wrong way round", /guest_cpu_read\(\) failed with ENOTSUP.*the operand of a vread/],
  ])("at offset %i is told with its line: %s", (offset, remark, words) => {
    const vm = vmOf();
    read(vm, DEVICE + offset);
    const finding = vm.findings.all.find((one) => one.stack[0]?.line === lineOf(remark));
    expect(finding?.message).toMatch(words);
    expect(finding?.call?.name).toMatch(/^guest_cpu_/);
  });
});

describe("a transfer to an address of the guest's that is a device's", () => {
  it("is no mistake of the author's where the device is another", () => {
    const two = createTwo();
    read(two, DEVICE + 20n);
    expect(two.findings.all).toEqual([]);
  });

  it("is one where it is the device itself, which must not be sent there", () => {
    const two = createTwo();
    read(two, DEVICE + 24n);
    const [finding] = two.findings.all;
    expect(finding).toMatchObject({ rule: "argument", message: expect.stringContaining("in the vdev's own region") });
    expect(finding!.stack[0]!.line).toBe(lineOf("to a device"));
  });
});

describe("a format that asks for more than it is given", () => {
  it("is told with its line and both numbers", () => {
    const vm = vmOf();
    write(vm, DEVICE, 5n);
    expect(vm.findings.all.map((one) => [one.severity, one.message, one.stack[0]!.line])).toEqual([
      [
        "warning",
        "qvm_logf() was given a format that asks for 2 arguments, and 1 behind it",
        lineOf("an argument too few"),
      ],
    ]);
  });
});
