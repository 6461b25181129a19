import { guest_timer_data } from "../../abi/generated/layouts.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Remark } from "../vm/findings.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";
import type { Alarm } from "./clock.ts";

/** Cycles of the guest clock in a second: the resolution guest_timer_create() reports. Our choice: 1 cycle, 1 ns. */
export const GUEST_CLOCK_HZ = 1_000_000_000n;

/** A guest timer. Its handle is the address of its guest_timer_data in module memory. */
export interface GuestTimer {
  readonly vdev: Vdev;
  readonly handle: number;
  /** Handed back to the factory's timer(). */
  readonly cookie: number;
  /** guest_cpu of a per-CPU timer, else 0. */
  readonly gcp: number;
  alarm: Alarm | undefined;
  /** When it was last armed and when it last fired; a repeating timer counts from the latter, so it never drifts. */
  startedNs: bigint;
  firedNs: bigint | undefined;
  /** Times it fired since `burstNs`: what tells a timer that leaves no time for anything else. */
  burst: number;
  burstNs: bigint;
}

/** A timer that fires more often than this many times a burst, in less virtual time than that, is a mistake. */
const BURST = 1000;
const BURST_NS = 1_000_000n;

/** The state of all timers at one time. */
export interface SavedTimers {
  readonly timers: readonly { readonly timer: GuestTimer; readonly was: GuestTimer }[];
  readonly alarms: readonly Alarm[];
}

/** The guest timers of a VM: created at startup, armed while running, fired by the virtual clock. */
export class GuestTimers {
  readonly #vm: Vm;
  readonly #timers: GuestTimer[] = [];

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  get all(): readonly GuestTimer[] {
    return this.#timers;
  }

  create(vdev: Vdev, cookie: number, gcp: number): GuestTimer {
    const handle = vdev.instance.alloc(guest_timer_data.SIZEOF);
    const timer: GuestTimer = {
      vdev,
      handle,
      cookie,
      gcp,
      alarm: undefined,
      startedNs: 0n,
      firedNs: undefined,
      burst: 0,
      burstNs: 0n,
    };
    this.#timers.push(timer);
    return timer;
  }

  find(instance: ModuleInstance, handle: number): GuestTimer | undefined {
    return this.#timers.find((timer) => timer.vdev.instance === instance && timer.handle === handle);
  }

  countOf(instance: ModuleInstance): number {
    return this.#timers.reduce((count, timer) => count + (timer.vdev.instance === instance ? 1 : 0), 0);
  }

  /** Arms a timer, replacing an earlier deadline. `repeat`: `cycles` count from when it last fired. */
  arm(timer: GuestTimer, cycles: bigint, repeat: boolean): void {
    if (timer.alarm !== undefined) this.#vm.clock.cancel(timer.alarm);
    const now = this.#vm.nowNs;
    const from = repeat ? (timer.firedNs ?? now) : now;
    const deadlineNs = from + cycles > now ? from + cycles : now;
    timer.startedNs = now;
    timer.alarm = { deadlineNs, fire: () => this.#fire(timer) };
    this.#vm.clock.set(timer.alarm);
    this.#vm.alarmsChanged();
  }

  #fire(timer: GuestTimer): void {
    timer.alarm = undefined;
    timer.firedNs = this.#vm.clock.nowNs;
    const { vdev } = timer;
    if (vdev.instance.stopped !== undefined) return;
    if (vdev.factory.timer === 0) {
      this.#fault(vdev, {
        rule: "callback",
        message: `a guest timer of ${vdev.name} fired, and its factory has no timer callback`,
        reason: {
          text: "a vdev that uses guest_timer_notify() needs a timer callback; qvm crashes without one",
          status: "documented",
        },
        advice: "Set the factory's timer before vdev_register_factory().",
      });
      return;
    }
    if (this.#isBurst(timer)) {
      this.#fault(vdev, {
        rule: "limit",
        message: `a guest timer of ${vdev.name} fired ${BURST} times in less than ${BURST_NS / 1_000_000n} ms of virtual time`,
        advice: "Arm the timer for a later time; with 0 cycles it fires for ever while time stands still.",
      });
      return;
    }
    this.state(timer, timer.handle);
    const { activations } = this.#vm;
    activations.invoke(
      vdev,
      CALLBACK.timer,
      THREAD.timer,
      vdev.factory.timer,
      SHAPE.voidIIII,
      vdev.vdp,
      timer.cookie,
      timer.handle,
      timer.gcp,
    );
  }

  #isBurst(timer: GuestTimer): boolean {
    timer.burst++;
    if (timer.burst <= BURST) return false;
    const now = this.#vm.clock.nowNs;
    const short = now - timer.burstNs < BURST_NS;
    timer.burst = 0;
    timer.burstNs = now;
    return short;
  }

  /** The timer callback cannot be made, or not any more. */
  #fault(vdev: Vdev, what: Omit<Remark, "severity">): void {
    const { context, findings } = this.#vm;
    context.enter(CALLBACK.timer, THREAD.timer, vdev.index, 0);
    const finding = findings.record(vdev.instance, { severity: "fault", ...what });
    this.#vm.stopInstance(vdev.instance, finding);
    context.enter(CALLBACK.none, THREAD.main, -1, 0);
  }

  /** Writes a guest_timer_data: when the timer was started, and now. Host and guest time are the same here. */
  state(timer: GuestTimer, address: number): void {
    const { instance } = timer.vdev;
    const now = this.#vm.nowNs;
    instance.setU64(address + guest_timer_data.host_notify_start, timer.startedNs);
    instance.setU64(address + guest_timer_data.host_current, now);
    instance.setU64(address + guest_timer_data.guest_notify_start, timer.startedNs);
    instance.setU64(address + guest_timer_data.guest_current, now);
  }

  cancelAllOf(instance: ModuleInstance): void {
    for (const timer of this.#timers) {
      if (timer.vdev.instance !== instance || timer.alarm === undefined) continue;
      this.#vm.clock.cancel(timer.alarm);
      timer.alarm = undefined;
    }
    this.#vm.alarmsChanged();
  }

  /** All timers as they are, and their alarms in the order in which they will fire: for putting a VM back. */
  save(): SavedTimers {
    return { timers: this.#timers.map((timer) => ({ timer, was: { ...timer } })), alarms: this.#vm.clock.alarms() };
  }

  restore({ timers, alarms }: SavedTimers): void {
    const { clock } = this.#vm;
    let same = alarms.length === clock.pending;
    if (this.#timers.length !== timers.length || timers.some(({ timer }, i) => this.#timers[i] !== timer)) {
      this.#timers.splice(0, this.#timers.length, ...timers.map(({ timer }) => timer));
    }
    for (const { timer, was } of timers) {
      if (timer.alarm !== was.alarm) same = false;
      putBack(timer, was);
    }
    if (!same) {
      clock.cancelAll();
      for (const alarm of alarms) clock.set(alarm);
    }
    this.#vm.alarmsChanged();
  }
}

/** All that changes of a timer. */
function putBack(timer: GuestTimer, was: GuestTimer): void {
  timer.alarm = was.alarm;
  timer.startedNs = was.startedNs;
  timer.firedNs = was.firedNs;
  timer.burst = was.burst;
  timer.burstNs = was.burstNs;
}
