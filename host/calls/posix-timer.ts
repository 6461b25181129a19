import { CLOCK_MONOTONIC, CLOCK_REALTIME, EAGAIN, EINVAL, TIMER_ABSTIME } from "../../abi/generated/constants.ts";
import { itimerspec } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { PulseTimer } from "../time/pulse-timers.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies } from "./body.ts";
import { readTimespec, writeTimespec } from "./posix-clock.ts";
import { pulseOf, refusedEvent } from "./pulse.ts";

/** POSIX timers of one module instance. */
const TIMER_LIMIT = 1024;

/** POSIX timers, whose sigevent vdev_pulse() has filled: pulses at a time. */
export const posixTimerBodies = bodies({
  timer_create(vm, instance, clock, event, id) {
    if (clock !== CLOCK_REALTIME && clock !== CLOCK_MONOTONIC) return failed(vm, EINVAL);
    // No sigevent would mean SIGALRM.
    const pulse = event === 0 ? EINVAL : pulseOf(vm, instance, event!);
    if (pulse === EINVAL) return refusedEvent(vm, instance, "timer_create");
    if (vm.pulseTimers.countOf(instance) >= TIMER_LIMIT) return failed(vm, EAGAIN);
    instance.setU32(id! >>> 0, vm.pulseTimers.create(instance, pulse, clock === CLOCK_REALTIME).id);
    return 0;
  },

  timer_delete(vm, instance, id) {
    const timer = vm.pulseTimers.find(instance, id! >>> 0);
    if (timer === undefined) return failed(vm, EINVAL);
    vm.pulseTimers.delete(timer);
    return 0;
  },

  timer_settime(vm, instance, id, flags, value, old) {
    const timer = vm.pulseTimers.find(instance, id! >>> 0);
    const first = readTimespec(instance, (value! >>> 0) + itimerspec.it_value);
    const interval = readTimespec(instance, (value! >>> 0) + itimerspec.it_interval);
    if (timer === undefined || first === undefined || interval === undefined) return failed(vm, EINVAL);
    if (old !== 0) writeSetting(vm, instance, timer, old! >>> 0);
    const origin = (flags! & TIMER_ABSTIME) === 0 ? vm.nowNs : timer.isRealtime ? -vm.startTimeNs : 0n;
    vm.pulseTimers.set(timer, first === 0n ? undefined : origin + first, interval);
    return 0;
  },

  timer_gettime(vm, instance, id, value) {
    const timer = vm.pulseTimers.find(instance, id! >>> 0);
    if (timer === undefined) return failed(vm, EINVAL);
    writeSetting(vm, instance, timer, value! >>> 0);
    return 0;
  },
});

/** A struct itimerspec: the time that is left, relative whatever way the timer was set, and the interval. */
function writeSetting(vm: Vm, instance: ModuleInstance, timer: PulseTimer, at: number): void {
  writeTimespec(instance, at + itimerspec.it_value, vm.pulseTimers.remainingNs(timer));
  writeTimespec(instance, at + itimerspec.it_interval, timer.intervalNs);
}

function failed(vm: Vm, errno: number): -1 {
  vm.threadStates.set({ errno });
  return -1;
}
