import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/**
 * One control callback of a running VM, on its main thread.
 * @returns what it answered; undefined when the vdev has stopped before or in it
 * @throws EndOfVm when the vdev ended the VM in it
 */
export function callControl(
  vm: Vm,
  vdev: Vdev,
  callback: "STATUS" | "BUTTON" | "TERMINATE",
  ctrl: number,
): number | undefined {
  const { control } = vdev.factory;
  if (control === 0) return undefined;
  const { main } = THREAD;
  return vm.activations.invoke(vdev, CALLBACK[callback], main, control, SHAPE.intIII, vdev.vdp, ctrl);
}
