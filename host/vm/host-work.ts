import { StopModule } from "../gate/finding.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "./vm.ts";

/**
 * Work the host does for one callback at most, in units of roughly a tenth of a microsecond. Fuel counts the module's
 * own instructions only: without this a loop of expensive calls would keep the host busy for hours on little fuel.
 */
export const HOST_WORK_LIMIT = 2_000_000;

/** Units of one finding: its stack has to be resolved. */
export const FINDING_WORK = 500;
/** Bytes of a mapping, or of a text, that make one unit. */
export const BYTES_PER_WORK = 64;

/**
 * Counts work against the callback in progress. Counts only, no clock: the same run always stops at the same call.
 * @throws StopModule when it was too much; the finding is then recorded
 */
export function chargeHostWork(vm: Vm, instance: ModuleInstance, units: number): void {
  const { trap } = vm.context;
  if (instance.workTrap !== trap) {
    instance.workTrap = trap;
    instance.hostWork = 0;
  }
  instance.hostWork += units;
  const left = vm.hostWorkLimit - instance.hostWork;
  const { quick } = instance;
  if (quick === undefined ? left >= 0 : quick.leave(left) <= left) return;
  throw new StopModule(
    vm.findings.record(instance, {
      severity: "fault",
      rule: "limit",
      message: `a callback of ${instance.module.file} made more calls than one callback may`,
      advice:
        "A callback must end soon: bound every loop that calls the API, above all those whose count comes from the guest.",
    }),
  );
}
