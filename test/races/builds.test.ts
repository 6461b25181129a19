/** What a vdev does and where it is said to be, in every build. Oracle: the plain build, and the lines of the source. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { type CreateOptions, createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";
import { watVdev } from "../support/wat-vdev.ts";

const DEVICE = 0x1c000000n;
const PAGE = 65536;
let timer = "";
let source: string[] = [];
beforeAll(async () => {
  const path = join(packageRoot(), "test/violations/assembly/timer.ts");
  const { wasm, sourceMap } = await compileVdev({ file: path, projectDir: packageRoot() });
  timer = moduleFile(wasm, "timer", sourceMap);
  source = readFileSync(path, "utf8").split("\n");
}, 60_000);

/** Plain; watched and resumable; resumable at memory accesses too; for fuzzing, alone and with others. */
const BUILDS: readonly (readonly [string, CreateOptions])[] = [
  ["plain", {}],
  ["watched", { races: true }],
  ["left at accesses", { races: true, preemptsAtMemory: true }],
  ["for fuzzing", { fuzz: "comparisons" }],
  ["for fuzzing and watched", { fuzz: "comparisons", races: true, preemptsAtMemory: true }],
];

describe("a violation", () => {
  it.each(BUILDS)("names the author's line and column in the build that is %s", (_, options) => {
    const vm = createVm(vmPlan([vdevPlan(timer, { type: "timer" })]), options);
    read(vm, DEVICE);
    write(vm, DEVICE, 1n);
    const line = source.findIndex((text) => text.endsWith("// direct")) + 1;
    const [finding] = vm.findings.all;
    expect(finding).toMatchObject({ severity: "violation", rule: "phase" });
    expect(finding!.stack[0]).toMatchObject({ line, column: source[line - 1]!.indexOf("guest_timer_create(") + 1 });
  });
});

/** The word at an address that the guest writes, and how much memory it got: hand-written, so that nothing is checked. */
const PEEK = watVdev({
  memory: "2 5",
  fields: "(global $at (mut i32) (i32.const 0))",
  vread: `(i32.store offset=32 (local.get $gcp) (i32.load (global.get $at)))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
  vwrite: `(global.set $at (i32.load offset=32 (local.get $gcp)))
    (drop (memory.grow (i32.load offset=36 (local.get $gcp)))) (i32.const 0)`,
});

describe("a module that reaches for what watches it", () => {
  const vmWith = (options: CreateOptions): Vm => createVm(vmPlan([vdevPlan(moduleFile(PEEK))]), options);

  it.each([
    ["the last word of its memory", 2 * PAGE - 4, 0],
    ["the word behind its memory", 2 * PAGE, 0],
    ["half a word behind its memory", 2 * PAGE - 2, 0],
    ["memory it has grown to", 4 * PAGE - 4, 2],
    ["memory behind that", 4 * PAGE, 2],
    ["its limit", 5 * PAGE - 4, 3],
    ["the cells of reads", 5 * PAGE, 0],
    ["the cells of writes", 10 * PAGE + 8192, 3],
    ["the words behind the cells", 15 * PAGE, 3],
    ["the end of 32 bits", 0xfffffffe, 0],
  ])("gets at %s as it would without", (_, address, pages) => {
    const outcomes = BUILDS.map(([, options]) => {
      const vm = vmWith(options);
      const value = BigInt(address) | (BigInt(pages) << 32n);
      const first = write(vm, DEVICE, value, 8);
      return [first, read(vm, DEVICE), read(vm, DEVICE), vm.findings.all.map((one) => [one.severity, one.message])];
    });
    const named = (outcome: unknown) =>
      JSON.parse(
        JSON.stringify(outcome, (_k, v) =>
          typeof v === "bigint" ? `${v}` : typeof v === "string" ? v.replace(/\S*\.wasm/, "FILE") : v,
        ),
      );
    for (const outcome of outcomes.slice(1)) expect(named(outcome)).toEqual(named(outcomes[0]));
  });

  it.each(BUILDS.slice(1))("grows to its limit and no further, and only its own memory is saved: %s", (_, options) => {
    const vm = vmWith(options);
    const [instance] = vm.instances;
    const start = new VmSnapshot(vm);
    expect(instance!.bytes.length).toBe(2 * PAGE);
    write(vm, DEVICE, (3n << 32n) | 64n, 8);
    expect(instance!.bytes.length).toBe(5 * PAGE);
    write(vm, DEVICE, (1n << 32n) | 64n, 8);
    expect(instance!.bytes.length).toBe(5 * PAGE);
    instance!.setU8(4 * PAGE, 7);
    start.restore();
    expect(instance!.bytes.length).toBe(2 * PAGE);
    write(vm, DEVICE, (3n << 32n) | 64n, 8);
    expect(instance!.bytes.length).toBe(5 * PAGE);
    expect(instance!.bytes[4 * PAGE]).toBe(0);
  });
});
