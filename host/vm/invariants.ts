import { CALLBACK, THREAD } from "../gate/situation.ts";
import type { Thread } from "../threads/thread.ts";
import type { Vm } from "./vm.ts";

/** Name of what a vdev's author may export: it asserts what must hold whenever no callback is in progress. */
export const INVARIANTS = "vdevbox_invariants";

/** Whether any vdev of a VM has invariants. */
export function hasInvariants(vm: Vm): boolean {
  return vm.instances.some(({ exports }) => exports[INVARIANTS] !== undefined);
}

/** Threads of a vdev's own have an instance. */
const isCallback = ({ instance }: Thread): boolean => instance === undefined;

/**
 * Asks every vdev that runs whether its invariants hold. An assertion that fails is a finding of rule `invariant` and stops the
 * module. No callback is in progress: a call of the API is refused, and where several vCPUs make accesses at once vdevs are
 * asked when the last of them is over.
 */
export function checkInvariants(vm: Vm): void {
  if (vm.threads?.all.some(isCallback)) return;
  for (const { index, instance, vdp } of vm.vdevs) {
    const check = instance.exports[INVARIANTS];
    if (check === undefined || instance.stopped !== undefined) continue;
    vm.activations.enter(instance, index, CALLBACK.none, THREAD.main, -1, () => {
      check(vdp);
      return 0;
    });
  }
}
