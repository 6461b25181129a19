import { EOK, GIS_ON, WDOG_ACTION_INTR, WDOG_ACTION_TERMINATE, WDOG_FLAG_DUMP } from "../../abi/generated/constants.ts";
import { guest_intr, vdev_s, wdog_state } from "../../abi/generated/layouts.ts";
import { EndOfVm } from "../gate/finding.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { DUMP_WORK } from "../vm/guest-dump.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import { EXIT, type Vm } from "../vm/vm.ts";
import { bodies, remark } from "./body.ts";
import { VmGateHost } from "./gate-host.ts";
import { guestIntrBodies } from "./guest-intr.ts";

/** Bodies of `qvm/wdog.h`. */
export const wdogBodies = bodies({
  wdog_bite(vm, instance, state) {
    const at = state! >>> 0;
    const word = instance.u32(at + wdog_state.ws_action);
    const action = word & ~WDOG_FLAG_DUMP;
    const name = vm.vdevs[vm.context.vdev]?.name ?? "a watchdog";
    if (action !== WDOG_ACTION_TERMINATE && action !== WDOG_ACTION_INTR) {
      const wrong = `was given ws_action = 0x${(word >>> 0).toString(16)}, which is no action`;
      remark(
        vm,
        instance,
        "argument",
        "wdog_bite",
        wrong,
        "Set ws_action to WDOG_ACTION_TERMINATE or WDOG_ACTION_INTR.",
      );
      return EOK;
    }
    chargeHostWork(vm, instance, DUMP_WORK);
    if ((word & WDOG_FLAG_DUMP) !== 0) vm.dump.write(`the watchdog ${name} bit`);
    if (action === WDOG_ACTION_TERMINATE) throw new EndOfVm(EXIT.watchdog, `the watchdog ${name} bit`);
    interrupt(vm, instance, at);
    return EOK;
  },
});

/** Asserts ws_intr, or the interrupt of the vdev that bites. */
function interrupt(vm: Vm, instance: ModuleInstance, at: number): void {
  const own = at + wdog_state.ws_intr;
  const vdev = vm.vdevs[vm.context.vdev];
  const place = instance.u32(own + guest_intr.pic) !== 0 || vdev === undefined ? own : vdev.vdp + vdev_s.v_intr;
  if (instance.u32(place + guest_intr.pic) === 0) {
    const advice = "Give the watchdog an intr option, or fill ws_intr.";
    const wrong = "was asked to interrupt the guest, and the watchdog has no interrupt";
    remark(vm, instance, "argument", "wdog_bite", wrong, advice);
    return;
  }
  guestIntrBodies.guest_intr_signal!(new VmGateHost(vm) as never, instance, [place, GIS_ON]);
}
