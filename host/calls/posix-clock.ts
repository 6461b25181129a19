import { CLOCK_MONOTONIC, CLOCK_REALTIME, EINVAL } from "../../abi/generated/constants.ts";
import { timespec } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies } from "./body.ts";

const NS_PER_S = 1_000_000_000n;

/** Writes a time that is not negative as a struct timespec. */
export function writeTimespec(instance: ModuleInstance, address: number, ns: bigint): void {
  instance.setU64(address + timespec.tv_sec, ns / NS_PER_S);
  instance.setU32(address + timespec.tv_nsec, Number(ns % NS_PER_S));
}

/** A struct timespec in nanoseconds; undefined when it is negative or its nanoseconds are no part of a second. */
export function readTimespec(instance: ModuleInstance, address: number): bigint | undefined {
  const seconds = BigInt.asIntN(64, instance.u64(address + timespec.tv_sec));
  const nanoseconds = instance.u32(address + timespec.tv_nsec);
  if (seconds < 0n || nanoseconds >= Number(NS_PER_S)) return undefined;
  return seconds * NS_PER_S + BigInt(nanoseconds);
}

/** Whether there is such a clock. */
export function isKnownClock(clock: number): boolean {
  return clock === CLOCK_REALTIME || clock === CLOCK_MONOTONIC;
}

/** A struct timespec that is a time of a clock, as virtual time since the start; undefined when it is no time. */
export function readDeadline(vm: Vm, instance: ModuleInstance, address: number, clock: number): bigint | undefined {
  const ns = readTimespec(instance, address);
  return ns === undefined || clock === CLOCK_MONOTONIC ? ns : ns - vm.startTimeNs;
}

export const posixClockBodies = bodies({
  clock_gettime(vm, instance, clock, at) {
    if (!isKnownClock(clock!)) {
      vm.threadStates.set({ errno: EINVAL });
      return -1;
    }
    writeTimespec(instance, at! >>> 0, clock === CLOCK_MONOTONIC ? vm.nowNs : vm.startTimeNs + vm.nowNs);
    return 0;
  },
});
