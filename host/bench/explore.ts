import type { Actor } from "../explore/actor.ts";
import type { Chooser } from "../explore/chooser.ts";
import { exploredVm } from "../explore/explored-vm.ts";
import type { ScheduleRunner } from "../explore/run-schedule.ts";
import { parseWorkload, type Workload } from "../explore/workload.ts";
import { builtFile } from "../paths.ts";
import { plainPlan } from "../vm/plain-plan.ts";
import { type Figure, figure, significant } from "./figure.ts";
import { alternate, medianOfPasses, timeUs } from "./rounds.ts";

const BASE = 0x10000000;
const SCHEDULES = 20;
const PASSES = 8;
const CPUS = 2;

/** Switches at every call to the host at which another thread can go on. */
const RESTLESS: Chooser = {
  begin() {},
  choose: (current: Actor, enabled) => enabled.find((actor) => actor !== current) ?? current,
};

/**
 * Schedules of two vCPUs in one vread that locks and unlocks 200 times; the other one goes on at every call. A switch
 * is a turn of a thread: it is left in one call to the host and another is come back to.
 */
export async function rate(rounds: number): Promise<Figure> {
  const plan = plainPlan(
    [
      {
        ...{ type: "switcher", file: builtFile("bench/switcher.wasm"), name: "switcher" },
        ...{ loc: { space: "memory", address: BigInt(BASE) }, intr: undefined, policy: undefined, options: () => [] },
      },
    ],
    { cpus: CPUS },
  );
  const { runner } = exploredVm(plan, {}, false);
  const workload = parseWorkload(`vcpu 0\nreadl ${BASE}\nvcpu 1\nreadl ${BASE}\n`, "<benchmark>", CPUS);
  const times = await alternate(rounds, {
    schedules: () => medianOfPasses(PASSES, () => perSwitch(runner, workload)),
  });
  const us = times.median("schedules");
  return figure(
    {
      value: 1e6 / us,
      unit: "switches/s",
      rounds,
      note: `${significant(us)} µs a switch`,
    },
    { of: "value", least: 500_000 },
  );
}

function perSwitch(runner: ScheduleRunner, workload: Workload): number {
  const before = runner.switches;
  const us = timeUs(() => {
    for (let i = 0; i < SCHEDULES; i++) runner.run(workload, RESTLESS);
  });
  return us / (runner.switches - before);
}
