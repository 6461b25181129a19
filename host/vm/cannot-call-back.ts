import { CALLBACK, THREAD } from "../gate/situation.ts";
import type { Remark } from "./findings.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/**
 * Records why a callback that is due cannot be made: its factory has none, or it is made without end. A fault stops the
 * module instance; so does a violation under `strict`, while under `report` the VM goes on without the callback.
 */
export function cannotCallBack(vm: Vm, vdev: Vdev, callback: "timer" | "pulse", what: Remark): void {
  const { context, findings } = vm;
  context.enter(CALLBACK[callback], THREAD[callback], vdev.index, 0);
  const finding = findings.record(vdev.instance, what);
  if (finding.severity === "fault" || findings.isStrict(vdev.index)) vm.stopInstance(vdev.instance, finding);
  context.enter(CALLBACK.none, THREAD.main, -1, 0);
}
