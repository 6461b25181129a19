/** Threads made too early, and locks used as they must not be: told with the line, and no hang. Oracle: POSIX, the manual. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { EBUSY, EINVAL, EPERM } from "../../abi/generated/constants.ts";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
const OTHER = 0x1c001000n;
const MAKE = 1n;
let file: string;
let lines: string[];
beforeAll(async () => {
  const source = join(packageRoot(), "test/threads/assembly/misuse.ts");
  lines = readFileSync(source, "utf8").split("\n");
  const { wasm, sourceMap } = await compileVdev({ file: source, projectDir: packageRoot() });
  file = moduleFile(wasm, "misuse", sourceMap);
}, 60_000);

const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;
const vmOf = (): Vm => createVm(vmPlan([vdevPlan(file)], { policy: "report" }));
const run = (vm: Vm, ...commands: bigint[]) => {
  for (const command of commands) write(vm, DEVICE, command);
};

describe("a thread made before VDEV_CTRL_GUEST_CONFIGURED", () => {
  it.each([
    [0, "named", "vdev_thread_create", "named too early"],
    [1, "plain", "pthread_create", "too early"],
  ])("option %i: is a violation of the manual's rule, with its line", (index, name, call, remark) => {
    const plan = vdevPlan(file, { options: () => [{ index, name, argument: "1" }] });
    expect(() => createVm(vmPlan([plan]))).toThrow(`violation: ${call}() was called in OPTION (phase startup)`);
    const rule = `${call}() may be called from VDEV_CTRL_GUEST_CONFIGURED on (`;
    expect(() => createVm(vmPlan([plan]))).toThrow(rule);
    expect(() => createVm(vmPlan([plan]))).toThrow(`test/threads/assembly/misuse.ts:${lineOf(remark)}:`);
  });
});

describe("misuse of what threads wait for", () => {
  it.each([
    ["a mutex that was destroyed", [MAKE, 3n], EINVAL, "argument", "destroyed"],
    ["a mutex that was never made", [2n], EINVAL, "argument", "locked"],
    ["another thread's mutex", [MAKE, 2n, 8n], EPERM, "lock", "another thread's"],
    ["a condition variable somebody waits for", [MAKE, 4n, 5n], EBUSY, "lock", "somebody waits for the signal"],
    ["a semaphore somebody waits for", [MAKE, 6n, 7n], 0xffffffff, "lock", "somebody waits for the semaphore"],
    ["a wait with another mutex", [MAKE, 4n, 11n], EINVAL, "lock", "waits with another mutex"],
    ["a condition variable made anew", [MAKE, 4n, 12n], EBUSY, "lock", "made anew, somebody waits for the signal"],
    ["a semaphore made anew", [MAKE, 6n, 13n], 0xffffffff, "lock", "made anew, somebody waits for the semaphore"],
    ["a wait without the mutex", [MAKE, 9n], 0, "lock", "waits without the mutex"],
  ] as const)("%s is refused, and told with its line", (_what, commands, answer, rule, remark) => {
    const vm = vmOf();
    run(vm, ...commands);
    expect(read(vm, DEVICE)[1]).toBe(BigInt(answer));
    const finding = vm.findings.all.find((one) => one.severity === "violation")!;
    expect(finding.rule).toBe(rule);
    expect(finding.stack[0]!.line).toBe(lineOf(remark));
  });

  it("a wait with another mutex is fine when nobody waits any more", () => {
    const vm = vmOf();
    run(vm, MAKE, 4n, 14n, 11n, 14n, 12n);
    expect(read(vm, DEVICE)[1]).toBe(0n);
    expect(vm.findings.all).toEqual([]);
  });

  it("an unlock by another thread says who holds the mutex", () => {
    const vm = vmOf();
    write(vm, DEVICE, MAKE);
    write(vm, DEVICE, 10n);
    write(vm, DEVICE, 8n);
    expect(vm.findings.all[0]!.message).toMatch(
      /^pthread_mutex_unlock\(\) was called for .*, which thread keeper holds$/,
    );
  });

  it("a mutex of another module instance, at the same address, is none of this one's", () => {
    const other = vdevPlan(file, { name: "other", loc: { space: "memory", address: OTHER } });
    const vm = createVm(vmPlan([vdevPlan(file), other], { policy: "report", instances: "private" }));
    run(vm, MAKE, 2n);
    expect(read(vm, DEVICE)[1]).toBe(0n);
    write(vm, OTHER, 2n);
    expect(read(vm, OTHER)[1]).toBe(BigInt(EINVAL));
    expect(vm.findings.all.at(-1)).toMatchObject({ severity: "violation", rule: "argument" });
  });
});
