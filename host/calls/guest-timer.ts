import { EAGAIN, EINVAL, EOK, GUEST_TIMER_ABSOLUTE } from "../../abi/generated/constants.ts";
import { GUEST_CLOCK_HZ, type TimerOrigin } from "../time/guest-timers.ts";
import { bodies, u64, vdevOf } from "./body.ts";

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
    if (timer !== undefined) vm.timers.state(timer, data! >>> 0);
    return 0;
  },

  vdevbox_guest_cpu: (vm, instance, index) => vm.guestCpus.handleOf(instance, index! >>> 0),

  // Callbacks take no virtual time, so there is none to bill to the vCPU or to count as overhead.
  guest_clock_start: () => 0,
  guest_clock_stop: () => 0,
});
