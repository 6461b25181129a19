import { StopModule } from "../gate/finding.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";
import { SUSPENDED, type Suspended } from "./suspended.ts";

/**
 * Calls a function of a module in the middle of a call that the module made, on the same thread; it may wait.
 * @param shape its C signature, SHAPE.*, with at most one parameter
 * @param then gives the outer call's result once the function has returned
 * @throws StopModule when the module was stopped in it
 */
export function runInside(
  vm: Vm,
  instance: ModuleInstance,
  routine: number,
  shape: number,
  arg: number,
  then: () => number | Suspended,
): number | Suspended {
  const { activations, context } = vm;
  const { callback, thread, vcpu, vdev } = context;
  const { __vdevbox_call: call } = instance.exports;
  const enter = (frame: number) => call(frame, routine, shape, arg, 0, 0, 0);
  const returned = (): number | Suspended => {
    if (instance.stoppedBy !== undefined) throw new StopModule(instance.stoppedBy);
    return then();
  };
  const outcome = activations.enter(instance, vdev, callback, thread, vcpu, enter);
  return outcome === SUSPENDED ? activations.suspend(returned) : returned();
}
