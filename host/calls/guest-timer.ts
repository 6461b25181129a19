import { EAGAIN, EINVAL, EOK, GUEST_TIMER_ABSOLUTE } from "../../abi/generated/constants.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { ClockMisuse } from "../time/guest-clock.ts";
import { GUEST_CLOCK_HZ, type TimerOrigin } from "../time/guest-timers.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, remark, u64, vdevOf } from "./body.ts";

/** Guest timers of one module instance. */
export const TIMER_LIMIT = 16_384;

/** Guest timers, and whose time a callback costs. */
export const guestTimerBodies = bodies({
  guest_timer_create(vm, instance, gcp, vdp, data, resolution) {
    const vdev = vdevOf(vm, instance, vdp!);
    const at = resolution! >>> 0;
    const refused = (errno: number) => {
      instance.setU64(at, BigInt(errno));
      return 0;
    };
    // The gcp of an access means the vCPU of that access, and is gone with it.
    if (vdev === undefined || (gcp !== 0 && !vm.guestCpus.owns(instance, gcp! >>> 0))) return refused(EINVAL);
    if (vm.timers.countOf(instance) >= TIMER_LIMIT) return refused(EAGAIN);
    instance.setU64(at, GUEST_CLOCK_HZ);
    return vm.timers.create(vdev, data!, gcp! >>> 0).handle;
  },

  guest_timer_notify(vm, instance, handle, data, lo, hi) {
    const timer = vm.timers.find(instance, handle! >>> 0);
    if (timer === undefined) return EINVAL;
    const origin: TimerOrigin = data === 0 ? "now" : data === GUEST_TIMER_ABSOLUTE ? "start" : "fired";
    vm.timers.arm(timer, u64(lo!, hi!), origin);
    return EOK;
  },

  guest_timer_state(vm, instance, handle, data) {
    const timer = vm.timers.find(instance, handle! >>> 0);
    if (timer !== undefined) vm.timers.stateFor(timer, data! >>> 0);
    return 0;
  },

  vdevbox_guest_cpu: (vm, instance, index) => vm.guestCpus.handleOf(instance, index! >>> 0),

  guest_clock_start: (vm, instance) => tell(vm, instance, "guest_clock_start", vm.guestClock.start()),
  guest_clock_stop: (vm, instance) => tell(vm, instance, "guest_clock_stop", vm.guestClock.stop()),
});

const CLOCK_MISUSES: Readonly<Record<ClockMisuse, readonly [message: string, advice: string]>> = {
  again: [
    "was called twice in one callback, without guest_clock_stop() between",
    "Call it once, where what the guest has to pay for begins.",
  ],
  "not-started": [
    "was called in a callback that has not called guest_clock_start(), so that there is nothing to stop",
    "Call it behind guest_clock_start(), in the same callback. Without either, a callback's time is overhead.",
  ],
  "no-vcpu": [
    "was called on a thread of the vdev's own, whose time is no vCPU's",
    "Call it in a callback, such as vread or vwrite.",
  ],
};

/** Units of one call: its account is copied, so that a snapshot keeps the one before. */
const CLOCK_WORK = 50;

/** A pair that does not fit breaks no rule that a page states: an inferred one. */
function tell(vm: Vm, instance: ModuleInstance, call: string, misuse: ClockMisuse | undefined): number {
  chargeHostWork(vm, instance, CLOCK_WORK);
  if (misuse !== undefined) remark(vm, instance, "argument", call, ...CLOCK_MISUSES[misuse]);
  return 0;
}
