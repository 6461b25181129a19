import type { Finding } from "../gate/finding.ts";
import type { GateHost } from "../gate/gate.ts";
import type { Context } from "../gate/situation.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import type { Vm } from "../vm/vm.ts";
import { vdevOf } from "./body.ts";

/** `live` of a frame; see abi/runtime/frame.ts. */
const FRAME_LIVE = 40;

/** What gates ask of the VM. */
export class VmGateHost implements GateHost {
  readonly vm: Vm;
  readonly context: Context;

  constructor(vm: Vm) {
    this.vm = vm;
    this.context = vm.context;
  }

  charge(instance: ModuleInstance): void {
    chargeHostWork(this.vm, instance, 1);
  }

  holdsGaspLock(): boolean {
    return this.vm.locks.isHeldByAny();
  }

  report(instance: ModuleInstance, finding: Parameters<GateHost["report"]>[1]): void {
    this.vm.findings.report(instance, finding as Pick<Finding, "severity" | "rule" | "message" | "advice">);
  }

  ownsHandle(instance: ModuleInstance, of: string, handle: number): boolean {
    switch (of) {
      case "vdev":
        return vdevOf(this.vm, instance, handle) !== undefined || instance.picOf(handle) !== undefined;
      case "guest_system":
        return instance.gsp === handle;
      case "guest_timer":
        return this.vm.timers.find(instance, handle >>> 0) !== undefined;
      case "guest_power_state_notify":
        return this.vm.power.owns(instance, handle >>> 0);
      case "guest_cpu":
        return isLiveFrame(instance, handle) || this.vm.guestCpus.owns(instance, handle >>> 0);
      default:
        return true;
    }
  }
}

/** A guest_cpu is the frame of an access in progress. */
export function isLiveFrame(instance: ModuleInstance, handle: number): boolean {
  if (!instance.isFrame(handle)) return false;
  return instance.u32(handle + FRAME_LIVE) !== 0;
}
