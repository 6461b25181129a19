import { EAGAIN, EINVAL } from "../../abi/generated/constants.ts";
import { sigevent } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Pulse } from "../time/pulses.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, remark, vdevOf } from "./body.ts";

/** sigev_notify of a struct sigevent that vdev_pulse() has filled. */
const PULSE_EVENT = 0x50554c53;
/** SIGEV_NONE of a zeroed struct sigevent. */
const NO_EVENT = 0;

/** The pulse a sigevent delivers; undefined when it delivers nothing (SIGEV_NONE). `EINVAL` for anything else. */
export function pulseOf(vm: Vm, instance: ModuleInstance, address: number): Pulse | undefined | typeof EINVAL {
  const at = address >>> 0;
  const notify = instance.u32(at + sigevent.sigev_notify);
  if (notify === NO_EVENT) return undefined;
  const vdev = vdevOf(vm, instance, Number(BigInt.asUintN(32, instance.u64(at + sigevent.sigev_value))));
  if (notify !== PULSE_EVENT || vdev === undefined) return EINVAL;
  return { vdev, code: (instance.u32(at + sigevent.sigev_code) << 24) >> 24 };
}

/** Tells an author that only what vdev_pulse() filled can be delivered. @returns -1, with errno set */
export function refusedEvent(vm: Vm, instance: ModuleInstance, call: string): number {
  vm.threadStates.set({ errno: EINVAL });
  const advice = "Fill the struct sigevent with vdev_pulse(): signals and other events cannot be delivered to a vdev.";
  remark(vm, instance, "argument", call, "failed with EINVAL: the sigevent is none that vdev_pulse() filled", advice);
  return -1;
}

export const pulseBodies = bodies({
  // Priority and connection are kept for the author to read; nothing here uses them.
  vdev_pulse(_vm, instance, vdp, code, priority, event, coid) {
    const at = event! >>> 0;
    instance.setU32(at + sigevent.sigev_notify, PULSE_EVENT);
    instance.setU32(at + sigevent.sigev_code, (code! << 24) >> 24);
    instance.setU32(at + sigevent.sigev_priority, priority!);
    instance.setU32(at + sigevent.sigev_coid, coid!);
    instance.setU64(at + sigevent.sigev_value, BigInt(vdp! >>> 0));
    return 0;
  },

  MsgDeliverEvent(vm, instance, _rcvid, event) {
    const pulse = pulseOf(vm, instance, event!);
    if (pulse === EINVAL) return refusedEvent(vm, instance, "MsgDeliverEvent");
    if (pulse === undefined || vm.pulses.deliver(pulse.vdev, pulse.code)) return 0;
    vm.threadStates.set({ errno: EAGAIN });
    return -1;
  },
});
