/** Mutexes where callbacks run one after another. Oracle: POSIX for the results, the source's remarks for the lines. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { EBUSY, EDEADLK, EINVAL, EOK, EPERM } from "../../abi/generated/constants.ts";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const DEVICE = 0x1c000000n;
const DO = { pair: 1n, keep: 2n, twice: 3n, unlock: 4n, never: 5n, errorcheck: 6n, recursive: 7n, busy: 8n } as const;
const END = { held: 9n, free: 10n, overwritten: 11n } as const;
let file: string;
let lines: string[];
beforeAll(async () => {
  const source = join(packageRoot(), "test/threads/assembly/mutexes.ts");
  lines = readFileSync(source, "utf8").split("\n");
  const { wasm, sourceMap } = await compileVdev({ file: source, projectDir: packageRoot() });
  file = moduleFile(wasm, "mutexes", sourceMap);
});

const vmOf = (type = "normal", policy: "strict" | "report" = "report"): Vm =>
  createVm(vmPlan([vdevPlan(file, { type })], { policy }));
const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;
const told = (vm: Vm) => vm.findings.all.map((one) => [one.severity, one.rule, one.message]);

/** What the last call answered. */
function result(vm: Vm, command: bigint): number {
  write(vm, DEVICE, command);
  return Number(read(vm, DEVICE)[1]);
}

describe("mutexes that are used as POSIX wants it", () => {
  it.each([
    ["normal", DO.pair, EOK],
    ["recursive", DO.pair, EOK],
    ["recursive", DO.twice, EOK],
    ["normal", DO.errorcheck, EDEADLK],
    ["normal", DO.recursive, EOK],
    ["normal", DO.busy, EBUSY],
    ["normal", END.free, EOK],
  ])("%s v_mtx, command %i answers %i and nobody is told anything", (type, command, answer) => {
    const vm = vmOf(type);
    expect(result(vm, command)).toBe(answer);
    expect(vm.held.any).toBe(false);
    expect(told(vm)).toEqual([]);
  });
});

describe("a mutex that is kept", () => {
  it("is reported and given back; the second time with the line that locked it", () => {
    const vm = vmOf();
    expect(result(vm, DO.keep)).toBe(EOK);
    expect(result(vm, DO.keep)).toBe(EOK);
    expect(told(vm)[0]).toEqual(["warning", "lock", "a callback returned while it held v_mtx of normal"]);
    expect(vm.findings.all[0]!.situation).toMatchObject({ callback: "vwrite", trap: 1 });
    expect(vm.findings.all.at(-1)!.stack[0]!.line).toBe(lineOf("kept"));
    expect(result(vm, DO.pair)).toBe(EOK);
  });
});

describe("a mutex of a callback that was ended", () => {
  it("does not have all places written down from then on, which takes far longer than a lock", () => {
    const vm = vmOf();
    const start = new VmSnapshot(vm);
    write(vm, DEVICE, DO.twice);
    expect(told(vm)).toHaveLength(1);
    start.restore();
    vm.findings.clear();
    for (let i = 0; i < 100; i++) result(vm, DO.pair);
    result(vm, DO.keep);
    expect(vm.findings.all.map(({ rule, stack }) => [rule, stack.length])).toEqual([["lock", 0]]);
  });
});

describe("a mutex that waits for its own owner", () => {
  it("is a deadlock: the module is stopped at the second lock", () => {
    const vm = vmOf();
    write(vm, DEVICE, DO.twice);
    const [fault] = vm.findings.all;
    expect(fault).toMatchObject({ severity: "fault", rule: "lock", call: { name: "pthread_mutex_lock" } });
    expect(fault!.message).toMatch(/deadlock: v_mtx of normal/);
    expect(fault!.stack[0]!.line).toBe(lineOf("again"));
    expect(vm.held.any).toBe(false);
  });
});

describe("misuse", () => {
  it.each([
    ["lock", "normal", DO.unlock, EPERM, "not locked", /v_mtx of normal, which is not locked/],
    ["argument", "normal", DO.never, EINVAL, "never made", /bytes that are no mutex/],
    ["argument", "without", DO.unlock, EINVAL, "not locked", /v_mtx of without, which was never made/],
    ["lock", "normal", END.held, EBUSY, "destroyed while held", /while the mutex at 0x[0-9a-f]+ is locked/],
    ["argument", "normal", END.overwritten, EINVAL, "overwritten", /bytes that are no mutex/],
  ])("%s: %s, command %i: refused with %i, and told with its line", (rule, type, command, answer, remark, words) => {
    const vm = vmOf(type);
    expect(result(vm, command)).toBe(answer);
    const [finding] = vm.findings.all;
    expect(finding).toMatchObject({ severity: "violation", rule });
    expect(finding!.message).toMatch(words);
    expect(finding!.stack[0]!.line).toBe(lineOf(remark));
    const strict = vmOf(type, "strict");
    write(strict, DEVICE, command);
    expect(strict.instances[0]!.stopped).toMatch(words);
  });
});

it("a restored VM has the mutexes it had, all of them free", () => {
  const vm = vmOf();
  const start = new VmSnapshot(vm);
  const { count } = vm.mutexes;
  result(vm, END.free);
  expect(vm.mutexes.count).toBe(count - 1);
  result(vm, DO.keep);
  start.restore();
  expect(vm.mutexes.count).toBe(count);
  expect(result(vm, DO.busy)).toBe(EBUSY);
});
