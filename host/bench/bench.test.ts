import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { vdevbox } from "../../test/e2e/command-line.ts";
import { createVm } from "../vm/startup.ts";
import { figure, median } from "./figure.ts";
import { largeVmPlan } from "./large-vm.ts";
import { alternate } from "./rounds.ts";

describe("vdevbox bench", () => {
  it("takes the beginning of a name", () => {
    const { out } = vdevbox("bench", "load.v", "--rounds", "1", "--json");
    expect(Object.keys(JSON.parse(out))).toEqual(["load.vdev"]);
  }, 60_000);

  it("refuses a name it does not know in a sentence", () => {
    const { code, err } = vdevbox("bench", "dispatsch");
    expect(code).toBe(2);
    expect(err).toMatch(/^there is no benchmark dispatsch; known are dispatch\.single/);
  });

  it.each(["0", "-1", "many", "1.5"])("refuses %s rounds", (rounds) => {
    expect(vdevbox("bench", `--rounds=${rounds}`).code).toBe(2);
  });
});

describe("the large VM of load.config and load.memory", () => {
  it("is 1,000 vdevs of 8 types of which no two modules are alike, with 10,000 timers armed", () => {
    const vm = createVm(largeVmPlan("shared"));
    expect(vm.vdevs).toHaveLength(1000);
    const modules = new Set(vm.vdevs.map(({ plan }) => plan.file));
    const contents = [...modules].map((file) => createHash("sha256").update(readFileSync(file)).digest("hex"));
    expect([modules.size, new Set(contents).size]).toEqual([8, 8]);
    expect(vm.timers.all.filter((timer) => timer.isSet)).toHaveLength(10_000);
    expect(vm.findings.all).toEqual([]);
  }, 30_000);
});

describe("a figure", () => {
  it("is the median, the mean of the middle two of an even number", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 2, 4, 100])).toBe(3);
  });

  it("has the median of the rounds' own ratios, so that a slow spell of both sides does not count", async () => {
    const spell = [1, 1, 1, 10, 10];
    const rounds = await alternate(spell.length, {
      ours: inTurn([9, 9, 9, ...spell.map((slow) => slow * 3)]),
      theirs: inTurn([9, 9, 9, ...spell.map((slow) => slow * 4)]),
    });
    expect(rounds.ratio("ours", "theirs")).toBe(0.75);
    expect(rounds.median("ours")).toBe(3);
  });

  it("meets a target of its ratio or of its value", () => {
    const measured = { value: 30, unit: "ns", yardstick: 40, ratio: 0.75, rounds: 5 };
    expect(figure(measured, { of: "ratio", most: 0.8 })).toMatchObject({ ratio: 0.75, met: true });
    expect(figure(measured, { of: "value", most: 20 })).toMatchObject({ met: false, target: "<= 20 ns" });
  });

  it("says nothing of a target when the yardstick is missing", () => {
    const measured = { value: 30, unit: "ns", rounds: 5 };
    expect(figure(measured, { of: "ratio", most: 0.8 })).toMatchObject({ yardstick: null, ratio: null, met: null });
  });
});

/** Answers one value after the other; the first three are warm-up. */
function inTurn(values: readonly number[]): () => number {
  let next = 0;
  return () => values[next++]!;
}
