/**
 * A guest that changes its memory while a vdev reads it (`set vdevbox-restless`), and vdevs that notice or do not. Oracle:
 * docs/address-space.md on double fetches, and the remarks in the vdev's source for the lines.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { type CreateOptions, createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { read, vdevPlan, vmPlan, write } from "../support/vm.ts";
import { startConfig } from "../support/vm-of-config.ts";

const DEVICE = 0x1c000000n;
const RAM = 0x1000n;
const SEEDS = Array.from({ length: 12 }, (_, seed) => seed);
const CHECKED_THEN_USED = 16n;
const COPIED_ONCE = 17n;
const OWN_BYTES = 18n;
const COPIED_TWICE = 19n;
const LOADS_OF_TWO = 20n;
const LOAD_AND_TRANSFER = 21n;

let folder: string;
let lines: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vdevbox-restless-"));
  const file = fileURLToPath(new URL("./assembly/fetcher.ts", import.meta.url));
  lines = readFileSync(file, "utf8").split("\n");
  await compileVdev({ file, outFile: join(folder, "fetcher.wasm") });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;

function machine(restless: number, options: CreateOptions = {}): Vm {
  const plan = vdevPlan(join(folder, "fetcher.wasm"), { loc: { space: "memory", address: DEVICE } });
  const ram = [{ start: RAM, length: 0x1000n, writable: true }];
  return createVm(vmPlan([plan], { ram, restless, cpus: 2 }), options);
}

/** Has the vdev do something with the length 5 in guest memory. @returns its result */
function execute(vm: Vm, command: bigint): bigint {
  write(vm, RAM, 5n, 4);
  write(vm, DEVICE, command);
  return read(vm, DEVICE)[1];
}

/** Double fetches that were told: line, and what is said of the earlier one. */
function told(vm: Vm): (readonly [line: number | undefined, earlier: string | undefined])[] {
  return vm.findings.all
    .filter(({ rule }) => rule === "double-fetch")
    .map(({ stack, message }) => [stack[0]?.line, /and (.*) had got/.exec(message)?.[1]]);
}

describe("a guest that does not rest", () => {
  it("gets past a check of a length that is loaded again to be used, and both lines are told", () => {
    const runs = SEEDS.map((seed) => {
      const vm = machine(seed);
      return { length: execute(vm, CHECKED_THEN_USED), told: told(vm) };
    });
    // A byte in two is another one: four bytes stay as they were in one run of sixteen.
    const broken = runs.filter(({ length }) => length > 8n);
    expect(broken.length).toBeGreaterThan(SEEDS.length / 2);
    const place = expect.stringMatching(new RegExp(`^the load at .*fetcher\\.ts:${lineOf("checked")}:\\d+$`));
    for (const run of broken) expect(run.told).toEqual([[lineOf("used"), place]]);
    for (const run of runs.filter(({ length }) => length === 5n)) expect(run.told).toEqual([]);
  });

  it.each([
    ["loads a length once, checks the copy and uses it", COPIED_ONCE, 5n],
    ["loads what it stored itself, changed or not", OWN_BYTES, 5n + 0x5an],
  ])("changes nothing for a vdev that %s", (_what, command, result) => {
    for (const seed of SEEDS) {
      const vm = machine(seed);
      expect([execute(vm, command), told(vm)]).toEqual([result, []]);
    }
  });

  it.each([
    ["memory.copy() of bytes that were copied", COPIED_TWICE, "all", "header"],
    ["a load from a second mapping", LOADS_OF_TWO, "in two", "in one"],
    ["guest_cpu_read() of a byte that was loaded", LOAD_AND_TRANSFER, "and read", "loaded"],
  ])("is noticed by %s", (_what, command, at, before) => {
    const place = expect.stringMatching(new RegExp(`^the load at .*fetcher\\.ts:${lineOf(before)}:\\d+$`));
    const found = SEEDS.flatMap((seed) => {
      const vm = machine(seed);
      execute(vm, command);
      return told(vm);
    });
    expect(found.length).toBeGreaterThan(SEEDS.length / 2);
    for (const one of found) expect(one).toEqual([lineOf(at), place]);
  });

  it("changes the same bytes to the same values with the same seed, and others with another", () => {
    const of = (seed: number) => execute(machine(seed), CHECKED_THEN_USED);
    expect(SEEDS.map(of)).toEqual(SEEDS.map(of));
    expect(new Set(SEEDS.map(of)).size).toBeGreaterThan(3);
  });

  it("is in a recording: a replay reads what it read, and asks nobody", () => {
    const events: VmEvent[] = [];
    const vm = machine(1, { listener: (event) => events.push(event) });
    const length = execute(vm, CHECKED_THEN_USED);
    const reads = events.flatMap((event) => (event.kind === "ram-read" ? [event.bytes] : []));
    const again = machine(1, { ramSource: () => reads.shift()! });
    again.ram.interposer = () => {
      throw new Error("a replay asks the recording");
    };
    expect([execute(again, CHECKED_THEN_USED), reads, again.findings.all]).toEqual([length, [], vm.findings.all]);
  });

  it("is asked for in a configuration, with a seed that is a number", () => {
    const module = readFileSync(join(folder, "fetcher.wasm"));
    const start = (value: string) =>
      startConfig(
        { fetcher: module },
        `system test\nram 0x1000,0x1000\nset vdevbox-restless ${value}\nvdev fetcher\n  loc 0x1c000000\n`,
      );
    const { vm } = start("3");
    expect(execute(vm!, CHECKED_THEN_USED)).toBe(execute(machine(3), CHECKED_THEN_USED));
    expect(start("much").error).toContain(
      'vm.qvmconf:3:22: the value of vdevbox-restless must be a number (decimal or 0x hex, with k, m or g for a size), not "much"',
    );
  });

  it("looks for no data races: that is another variable", () => {
    const races = (looked: boolean) => {
      const vm = machine(1, { races: looked });
      for (const vcpu of [0, 1]) vm.write("memory", Number(DEVICE), 0, 4, Number(COPIED_ONCE), 0, vcpu);
      return vm.findings.all.filter(({ rule }) => rule === "race").length;
    };
    expect([races(true), races(false)]).toEqual([1, 0]);
  });
});
