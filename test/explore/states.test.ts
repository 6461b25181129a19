/**
 * What a search tells states of vdevs apart by. Oracle: the statics of the lesson count-divides, whose values follow from its
 * source, and that a VM which nothing was done to is in the state it started in.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { PLAIN } from "../../host/explore/chooser.ts";
import { type ExploredVm, exploredVm } from "../../host/explore/explored-vm.ts";
import { StateKinds } from "../../host/explore/state-kinds.ts";
import { parseWorkload } from "../../host/explore/workload.ts";
import { plainPlan } from "../../host/vm/plain-plan.ts";
import { compilePlanted } from "../planted/threads/planted.ts";
import { moduleFile } from "../support/vm.ts";

let explored: ExploredVm;
let states: StateKinds;
beforeAll(async () => {
  const { wasm, sourceMap } = await compilePlanted("planted");
  const loc = { space: "memory", address: 0x1c000000n } as const;
  const file = moduleFile(wasm, "states", sourceMap);
  const device = { type: "count-divides", file, name: undefined, loc, intr: undefined, policy: undefined } as const;
  explored = exploredVm(plainPlan([{ ...device, options: () => [] }], { cpus: 2 }), {}, false);
  states = new StateKinds(explored.vm, [0x1acc_e551]);
}, 120_000);

/** Where the device is when its guest has made these accesses. */
function behind(...lines: string[]): readonly number[] {
  const { runner } = explored;
  let kinds: readonly number[] | undefined;
  runner.listener.rests = () => {
    kinds = states.now();
  };
  runner.run(parseWorkload(lines.map((line) => `${line}\n`).join(""), "<test>", 2), PLAIN);
  return kinds!;
}

const KEY = "writel 0x1c000000 0x1acce551";
const MODE = (mode: number) => `writel 0x1c000004 ${mode}`;
const SAMPLE = (value: number) => `writel 0x1c000008 ${value}`;

describe("kinds of states", () => {
  it("are none where nothing has changed, on whichever vCPU", () => {
    expect(behind()).toEqual([]);
    expect(behind("writel 0x1c000000 3", "readl 0x1c00000c")).toEqual([]);
    expect(behind("vcpu 1", "readl 0x1c000004")).toEqual([]);
  });

  it("are one for each static that has changed", () => {
    expect(behind(KEY)).toHaveLength(1); // unlocked
    expect(behind(KEY, MODE(5))).toHaveLength(2); // and mode
    expect(behind(KEY, MODE(5), SAMPLE(100))).toHaveLength(3); // and last
    expect(behind(KEY, MODE(5), SAMPLE(100), SAMPLE(100))).toHaveLength(5); // and sum and count
  });

  it("differ for small values, for constants, and for values of another length", () => {
    const modes = [1, 5, 6, 0x1acc_e551, 0x1acc_e552, 0x8000_0000].map((mode) => behind(KEY, MODE(mode)).join());
    expect(new Set(modes).size).toBe(modes.length);
    expect(behind(KEY, MODE(100))).toEqual(behind(KEY, MODE(101)));
  });
});
