import { describe, expect, it } from "vitest";
import { moduleFile, read, vdevPlan, vmOf, vmPlan, write } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { createVm } from "./startup.ts";

const BASE = 0x1c000000n;

describe("a VM with one vdev", () => {
  it("answers a read through the vdev", () => {
    const { vm } = vmOf(watVdev());
    expect(read(vm, BASE)).toEqual([0, 7n]);
    expect(write(vm, BASE, 9n)).toBe(0);
  });

  it("gives a bus error where nothing is", () => {
    const { vm } = vmOf(watVdev());
    expect(read(vm, 0x2000n)).toEqual([1, 0xffffffffn]);
  });

  it("refuses an access past the region's end", () => {
    const { vm } = vmOf(watVdev());
    expect(read(vm, BASE + 0xffdn)[0]).toBe(1);
    expect(read(vm, BASE + 0xffcn)).toEqual([0, 7n]);
  });

  it("stops a vdev that never returns and keeps the others answering", () => {
    const loops = moduleFile(watVdev({ vread: "(loop $l (br $l)) (i32.const 0)" }), "loops");
    const fine = moduleFile(watVdev(), "fine");
    const vm = createVm(
      vmPlan([
        vdevPlan(loops, { type: "loops" }),
        vdevPlan(fine, { type: "fine", loc: { space: "memory", address: BASE + 0x1000n } }),
      ]),
    );
    expect(read(vm, BASE)[0]).toBe(1);
    expect(vm.findings.all.map((finding) => [finding.severity, finding.rule])).toEqual([["fault", "limit"]]);
    expect(read(vm, BASE)[0]).toBe(1);
    expect(read(vm, BASE + 0x1000n)).toEqual([0, 7n]);
    expect(vm.terminate().exitCode).toBe(6);
  });
});
