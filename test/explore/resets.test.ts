/** Resets and ends at any point of a schedule. Oracle: the comments of assembly/disturbed.ts, and reasoning about lists. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { Random } from "../../host/explore/chooser.ts";
import { maybeReset, parseReset } from "../../host/explore/resets.ts";
import { Search, type SearchFinding } from "../../host/explore/search.ts";
import { parseWorkload, type Workload } from "../../host/explore/workload.ts";
import { packageRoot } from "../../host/paths.ts";
import { linesIn } from "../planted/threads/search.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";

const SOURCE = join(packageRoot(), "test/explore/assembly/disturbed.ts");
const lineOf = (mark: string) =>
  readFileSync(SOURCE, "utf8")
    .split("\n")
    .findIndex((line) => line.endsWith(`// ${mark}`)) + 1;
const RESET = ["writel 0x1c00000c 0x5afe0001"];

let module = "";
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  module = moduleFile(wasm, "disturbed", sourceMap);
}, 120_000);

async function search(type: string, reset: readonly string[], schedules: number, workload?: Workload) {
  const { found } = await new Search({
    plan: vmPlan([vdevPlan(module, { type })], { cpus: 2 }),
    pieces: [],
    create: {},
    seed: 1,
    schedules,
    reset: parseReset(reset),
    ...(workload !== undefined && { workload }),
    now: () => 0,
  }).run();
  return found;
}

/** A search by time, on a clock on which a look takes a while. */
async function searchFor(type: string, milliseconds: number, lookMs: number) {
  let time = 0;
  const now = () => {
    time += lookMs;
    return time;
  };
  const plan = vmPlan([vdevPlan(module, { type })], { cpus: 2 });
  return new Search({ plan, pieces: [], create: {}, seed: 1, milliseconds, now }).run();
}

const about = (found: readonly SearchFinding[], mark: string, rule?: string) =>
  found.find(
    ({ what }) =>
      what.kind === "finding" &&
      linesIn(what.finding, "disturbed.ts").includes(lineOf(mark)) &&
      (rule === undefined || what.finding.rule === rule),
  );
const accessesOf = ({ schedule }: SearchFinding) => schedule.workload.vcpus.flat().map(({ access }) => access);

describe("a reset at any point", () => {
  it("finds the thread that works on over it, with the request and the reset alone", async () => {
    const found = about(await search("reset-forgotten", RESET, 2000), "RESET BUG")!;
    expect(found.what).toMatchObject({ kind: "finding", finding: { severity: "fault" } });
    const accesses = accessesOf(found);
    expect(accesses.map(({ op }) => op)).toEqual(["write", "write"]);
    expect(accesses.filter(({ lo, valueLo }) => lo === 0x1c00000c && valueLo === 0x5afe0001).length).toBe(1);
  }, 60_000);

  it("is not made unless it is given, as nobody draws the key", async () => {
    expect(await search("reset-forgotten", [], 2000)).toEqual([]);
  }, 60_000);

  it("is made among the accesses of a script too, whose expectations are held without it only", async () => {
    const script = parseWorkload("writel 0x1c000000 1\nexpect ok\nvcpu 1\nreadl 0x1c000000", "s.script", 2);
    expect(about(await search("reset-forgotten", RESET, 1000, script), "RESET BUG")).toBeDefined();
    const right = parseWorkload("writel 0x1c00000c 0x5afe0001\nreadl 0x1c000000\nexpect 0", "s.script", 2);
    // This "reset" makes the last expectation fail wherever it comes between the two.
    expect(await search("undisturbed", ["writel 0x1c000000 1"], 400, right)).toEqual([]);
  }, 60_000);

  it("says nothing of the corrected device", async () => {
    expect(await search("undisturbed", RESET, 1500)).toEqual([]);
  }, 60_000);
});

describe("an end at any point", () => {
  it("finds the thread that looks for it before its work only", async () => {
    const found = about(await search("end-forgotten", [], 2000), "END BUG", "deadlock");
    expect(found).toBeDefined();
  }, 60_000);
});

describe("a search of a minute", () => {
  it("comes to faults within seconds, and to as many small workloads in the end", async () => {
    const { found, small, milliseconds } = await searchFor("end-forgotten", 60_000, 10);
    // That the VM ends while a thread works is a fault, and small workloads are gone through without.
    expect(about(found, "END BUG", "deadlock")!.milliseconds).toBeLessThan(10_000);
    expect(milliseconds).toBeLessThan(61_000);
    const short = await searchFor("end-forgotten", 10_000, 10);
    expect(small.schedules).toBeGreaterThan(2 * short.small.schedules);
  }, 60_000);
});

describe("checkReset", () => {
  it("tells of a reset that goes nowhere", () => {
    const plan = vmPlan([vdevPlan(module, { type: "undisturbed" })], { cpus: 2 });
    const searchOf = (line: string) =>
      new Search({ plan, pieces: [], create: {}, seed: 1, reset: parseReset([line]), now: () => 0 });
    expect(() => searchOf("writel 0x1c000010 1").checkReset()).toThrow("no vdev is at 0x1c000010");
    expect(() => searchOf("outb 0xc 1").checkReset()).toThrow("no vdev is at 0xc");
    expect(() => searchOf("writel 0x1c00000c 1").checkReset()).not.toThrow();
  });
});

describe("maybeReset", () => {
  const reset = parseReset(["writel 0x40 1", "readl 0x44"]);
  const lines = fc.array(fc.constantFrom("readl 0x10", "writeb 0x20 7"), { maxLength: 4 });

  it("leaves every access in its order, and puts the reset's between them in theirs", () => {
    fc.assert(
      fc.property(lines, lines, fc.nat(), (first, second, seed) => {
        const text = ["vcpu 0", ...first, "vcpu 1", ...second].join("\n");
        const workload = parseWorkload(text, "s", 2);
        const with_ = maybeReset(workload, reset, new Random(seed));
        const own = with_.vcpus.map((steps) => steps.filter(({ access }) => access.lo < 0x40));
        expect(own.map((steps) => steps.map(({ step }) => step))).toEqual(
          workload.vcpus.map((steps) => steps.map(({ step }) => step)),
        );
        for (const [vcpu, steps] of with_.vcpus.entries()) {
          expect(steps.every(({ access }) => access.vcpu === vcpu)).toBe(true);
        }
        const inserted = with_.vcpus.flat().filter(({ access }) => access.lo >= 0x40);
        expect([[], [0x40, 0x44]]).toContainEqual(inserted.map(({ access }) => access.lo));
      }),
    );
  });

  it("comes at every place of both vCPUs, and in some schedules not", () => {
    const workload = parseWorkload("readl 0x10\nreadl 0x10\nvcpu 1\nreadl 0x10", "s", 2);
    const places = new Set<string>();
    for (let seed = 1; seed < 400; seed++) {
      const { vcpus } = maybeReset(workload, reset, new Random(seed));
      places.add(vcpus.map((steps) => steps.findIndex(({ access }) => access.lo === 0x40)).join());
    }
    expect([...places].sort()).toEqual(["-1,-1", "-1,0", "-1,1", "0,-1", "1,-1", "2,-1"]);
  });

  it.each(["clock_step 5", "expect 0", "vcpu 1", "nonsense", "memset 0x10 4 0"])("cannot be `%s`", (line) => {
    expect(() => parseReset([line])).toThrow(
      expect.objectContaining({ place: { file: "--reset", line: 1, column: 1 } }),
    );
  });
});
