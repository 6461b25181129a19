/** Data races of a vdev, found or not. Oracle: the happens-before rules of POSIX and the lines of the vdev's source. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import type { FuzzBuild } from "../../host/sandbox/passes/fuzz.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";
import { startConfig } from "../support/vm-of-config.ts";

const DEVICE = 0x1c000000;
let file = "";
let source: string[] = [];
beforeAll(async () => {
  const path = join(packageRoot(), "test/races/assembly/shared.ts");
  const { wasm, sourceMap } = await compileVdev({ file: path, projectDir: packageRoot() });
  file = moduleFile(wasm, "shared", sourceMap);
  source = readFileSync(path, "utf8").split("\n");
}, 60_000);

const lineOf = (remark: string) => source.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;

function racesVm(fuzz?: FuzzBuild): Vm {
  return createVm(vmPlan([vdevPlan(file)], { cpus: 2 }), { races: true, ...(fuzz !== undefined && { fuzz }) });
}

const read = (vm: Vm, register: number, vcpu: number) => vm.read("memory", DEVICE + register, 0, 4, vcpu);
const write = (vm: Vm, register: number, vcpu: number) => vm.write("memory", DEVICE + register, 0, 4, 1, 0, vcpu);
const found = (vm: Vm) =>
  vm.findings.all.flatMap(({ rule, accesses }) =>
    rule === "race"
      ? [accesses!.map(({ thread, writes, place }) => `${thread} ${writes ? "wrote" : "read"} ${place?.line}`)]
      : [],
  );

describe("two vCPUs in one vdev", () => {
  it.each([undefined, "comparisons"] as const)(
    "race on a field that no lock guards, and both lines are told (%s)",
    (fuzz) => {
      const vm = racesVm(fuzz);
      write(vm, 0, 0);
      read(vm, 0, 1);
      expect(found(vm)).toEqual([[`vCPU 0 wrote ${lineOf("bare write")}`, `vCPU 1 read ${lineOf("bare read")}`]]);
      expect(vm.findings.all[0]!.message).toContain("byte 0 of v_device of device");
    },
  );

  it("are told of one pair of places once, the module goes on under strict, and the run has failed", () => {
    const vm = racesVm();
    for (let round = 0; round < 5; round++) {
      write(vm, 0, round % 2);
      read(vm, 0, 1);
    }
    expect(found(vm)).toEqual([
      [`vCPU 0 wrote ${lineOf("bare write")}`, `vCPU 1 read ${lineOf("bare read")}`],
      [`vCPU 0 wrote ${lineOf("bare write")}`, `vCPU 1 wrote ${lineOf("bare write")}`],
    ]);
    expect(vm.instances[0]!.stopped).toBeUndefined();
    expect(vm.failure).toBe("2 rules of the vdev API were broken");
  });

  it("do not race when they only read, nor on what one of them does alone", () => {
    const vm = racesVm();
    read(vm, 0, 0);
    read(vm, 0, 1);
    write(vm, 8, 0);
    read(vm, 8, 0);
    expect(vm.findings.all).toEqual([]);
  });

  it("do not race on what a mutex guards", () => {
    const vm = racesVm();
    for (const vcpu of [0, 1, 0]) {
      write(vm, 4, vcpu);
      read(vm, 4, 1 - vcpu);
    }
    expect(vm.findings.all).toEqual([]);
  });

  it("do not race on what was set at startup or in GUEST_CONFIGURED", () => {
    const vm = racesVm();
    read(vm, 24, 0);
    read(vm, 24, 1);
    expect(vm.findings.all).toEqual([]);
  });

  it("race on a static, which is told by its name", () => {
    const vm = racesVm();
    write(vm, 8, 1);
    read(vm, 8, 0);
    expect(found(vm)).toEqual([[`vCPU 1 wrote ${lineOf("static write")}`, `vCPU 0 read ${lineOf("static read")}`]]);
    expect(vm.findings.all[0]!.message).toContain("the static total");
  });

  it("race on a static that the operand is transferred to, at the author's call", () => {
    const vm = racesVm();
    write(vm, 12, 0);
    write(vm, 12, 1);
    const line = lineOf("shared argument");
    expect(found(vm)).toEqual([[`vCPU 0 wrote ${line}`, `vCPU 1 wrote ${line}`]]);
  });

  it("race on a struct that a call of the host fills", () => {
    const vm = racesVm();
    read(vm, 12, 0);
    read(vm, 12, 1);
    const line = lineOf("shared time");
    expect(found(vm)).toEqual([[`vCPU 0 wrote ${line}`, `vCPU 1 wrote ${line}`]]);
  });

  it("race on bytes that are copied", () => {
    const vm = racesVm();
    write(vm, 20, 0);
    write(vm, 20, 1);
    const line = lineOf("copies");
    expect(found(vm)).toEqual([[`vCPU 0 wrote ${line}`, `vCPU 1 wrote ${line}`]]);
  });
});

describe("threads, timers and the end", () => {
  it("do not race on what a semaphore hands over, and race on what it does not", () => {
    const vm = racesVm();
    write(vm, 16, 0);
    read(vm, 16, 1);
    read(vm, 20, 1);
    expect(found(vm)).toEqual([]);
    read(vm, 20, 0);
    expect(found(vm)).toEqual([
      [`thread worker wrote ${lineOf("thread counts")}`, `vCPU 0 read ${lineOf("vCPU looks")}`],
    ]);
  });

  it("order a timer's callback behind whoever armed it, and nobody else", () => {
    const vm = racesVm();
    write(vm, 24, 0);
    vm.clockStep(1000n);
    expect(found(vm)).toEqual([]);
    write(vm, 28, 1);
    expect(found(vm)).toContainEqual(
      [`timer thread wrote ${lineOf("timer counts")}`, `vCPU 1 read ${lineOf("behind the timer")}`].map((text) =>
        text.replace(/^timer/, "the timer"),
      ),
    );
  });

  it("order TERMINATE behind the vCPUs, and behind a thread that was joined", () => {
    const vm = racesVm();
    write(vm, 0, 0);
    write(vm, 16, 1);
    vm.terminate();
    expect(found(vm)).toEqual([]);
  });
});

describe("atomics", () => {
  it("do not race with each other, and order what was written before", () => {
    const vm = racesVm();
    write(vm, 40, 1);
    write(vm, 32, 0);
    read(vm, 36, 1);
    write(vm, 40, 0);
    read(vm, 36, 0);
    expect(found(vm)).toEqual([]);
  });

  it("race with plain accesses of the same bytes", () => {
    const vm = racesVm();
    write(vm, 32, 0);
    write(vm, 36, 1);
    const [lowers, raises] = [lineOf("lowers the flag"), lineOf("raises the flag")];
    expect(found(vm)).toEqual([[`vCPU 0 wrote ${raises}`, `vCPU 1 wrote ${lowers}`]]);
  });
});

describe("locks", () => {
  it("are told with a race, and inferred with the access that breaks the pattern", () => {
    const vm = racesVm();
    write(vm, 4, 0);
    write(vm, 4, 1);
    read(vm, 32, 0);
    const [race] = vm.findings.all;
    expect(race!.accesses!.map(({ locks }) => locks)).toEqual([["v_mtx of device"], []]);
    const [lock, ...others] = vm.races!.inferredLocks();
    expect(others).toEqual([]);
    // Each increment is a read and a write; the one read without the lock is the fifth.
    expect(lock).toMatchObject({ lock: "v_mtx of device", bytes: 4, held: 4, total: 5 });
    expect(lock!.breaks.map(({ thread, count }) => [thread, count])).toEqual([["vCPU 0", 1]]);
  });
});

describe("set vdevbox-races", () => {
  const text = (value: string) =>
    `system test\nram 0,1M\nset vdevbox-races ${value}\ncpu\ncpu\nvdev shared\n  loc 0x1c000000\n`;

  it("looks for races in a run when it is on", () => {
    const vm = startConfig({ shared: readFileSync(file) }, text("on")).vm!;
    write(vm, 8, 0);
    write(vm, 8, 1);
    expect(vm.findings.all.map(({ rule }) => rule)).toEqual(["race"]);
  });

  it("costs nothing when it is off: nothing is watched", () => {
    const vm = startConfig({ shared: readFileSync(file) }, text("off")).vm!;
    write(vm, 8, 0);
    write(vm, 8, 1);
    expect([vm.races, vm.instances[0]!.module.watched, vm.findings.total]).toEqual([undefined, undefined, 0]);
  });
});

describe("a VM that is put back", () => {
  it("finds a race anew, and keeps the finding once", () => {
    const vm = racesVm();
    const start = new VmSnapshot(vm);
    let races = 0;
    vm.races!.onRace = () => races++;
    for (let round = 1; round <= 3; round++) {
      write(vm, 0, 0);
      start.restore();
      read(vm, 0, 1);
      expect(races).toBe(round - 1);
      write(vm, 0, 0);
      expect(races).toBe(round);
      start.restore();
    }
    expect(found(vm)).toHaveLength(1);
  });
});

describe("a NULL pointer followed in the module", () => {
  it("is a fault at the author's line", () => {
    const vm = racesVm();
    read(vm, 28, 0);
    const [fault] = vm.findings.all;
    expect(fault).toMatchObject({ severity: "fault", rule: "trap" });
    expect(fault!.message).toContain("it followed a NULL pointer, to read 4 bytes at 0x8");
    expect(fault!.stack[0]).toMatchObject({ line: lineOf("follows NULL"), function: "vread" });
  });
});
