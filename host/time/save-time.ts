import type { Vm } from "../vm/vm.ts";
import type { Alarm, SavedAlarms } from "./clock.ts";
import type { SavedGuestClock } from "./guest-clock.ts";
import type { PulseTimers } from "./pulse-timers.ts";
import type { Pulse } from "./pulses.ts";

/** The clock, all timers and the waiting pulses of a VM at one moment. */
export interface SavedTime {
  readonly nowNs: bigint;
  readonly guestTimers: number;
  readonly pulseTimers: ReturnType<PulseTimers["save"]>;
  readonly alarms: SavedAlarms;
  readonly pulses: readonly Pulse[];
  readonly guestCpus: number;
  readonly guestClock: SavedGuestClock;
}

export function saveTime(vm: Vm): SavedTime {
  return {
    nowNs: vm.nowNs,
    guestTimers: vm.timers.all.length,
    pulseTimers: vm.pulseTimers.save(),
    alarms: vm.clock.save([...vm.timers.all, ...vm.pulseTimers.all(), ...threadAlarms(vm)]),
    pulses: vm.pulses.save(),
    guestCpus: vm.guestCpus.count,
    guestClock: vm.guestClock.save(),
  };
}

function threadAlarms(vm: Vm): Alarm[] {
  return vm.threads?.all.map((thread) => thread.alarm) ?? [];
}

/** Puts time back, firing nothing. Costs what changed since, as long as one saved state is put back again and again. */
export function restoreTime(vm: Vm, saved: SavedTime): void {
  vm.timers.truncate(saved.guestTimers);
  vm.pulseTimers.restore(saved.pulseTimers);
  vm.clock.restore(saved.alarms);
  vm.restoreClock(saved.nowNs);
  vm.pulses.restore(saved.pulses);
  vm.guestCpus.truncate(saved.guestCpus);
  vm.guestClock.restore(saved.guestClock);
  vm.alarmsChanged();
}

/** What of it tells two states apart, as text for the digest of a VM. */
export function* timeDigest(vm: Vm): Iterable<string> {
  for (const timer of vm.timers.all) {
    yield `timer ${timer.vdev.index} ${timer.isSet ? timer.deadlineNs : "idle"} ${timer.firedNs ?? "never"}\n`;
  }
  for (const timer of vm.pulseTimers.all()) {
    const { instance, id, isSet, deadlineNs, intervalNs } = timer;
    yield `pulse timer ${instance.id} ${id} ${isSet ? deadlineNs : "idle"} every ${intervalNs}\n`;
  }
  const guestClock = vm.guestClock.digest();
  if (guestClock !== "") yield `guest clock ${guestClock}\n`;
  for (const { vdev, code } of vm.pulses.waiting) yield `pulse ${vdev.index} ${code}\n`;
}
