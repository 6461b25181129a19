import { guest_timer_data } from "../../abi/generated/layouts.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
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
    const timer: GuestTimer = { vdev, handle, cookie, gcp, alarm: undefined, startedNs: 0n, firedNs: undefined };
    this.#timers.push(timer);
    return timer;
  }

  find(instance: ModuleInstance, handle: number): GuestTimer | undefined {
    return this.#timers.find((timer) => timer.vdev.instance === instance && timer.handle === handle);
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
      this.#missing(vdev);
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

  /** qvm would call a NULL pointer here. */
  #missing(vdev: Vdev): void {
    const { context, findings } = this.#vm;
    context.enter(CALLBACK.timer, THREAD.timer, vdev.index, 0);
    const finding = findings.record(vdev.instance, {
      severity: "fault",
      rule: "callback",
      message: `a guest timer of ${vdev.name} fired, and its factory has no timer callback`,
      reason: {
        text: "a vdev that uses guest_timer_notify() needs a timer callback; qvm crashes without one",
        status: "documented",
      },
      advice: "Set the factory's timer before vdev_register_factory().",
    });
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

  /** Deadlines and start times, for putting a VM back. */
  save(): readonly {
    readonly timer: GuestTimer;
    readonly deadlineNs: bigint | undefined;
    readonly startedNs: bigint;
    readonly firedNs: bigint | undefined;
  }[] {
    return this.#timers.map((timer) => ({
      timer,
      deadlineNs: timer.alarm?.deadlineNs,
      startedNs: timer.startedNs,
      firedNs: timer.firedNs,
    }));
  }

  restore(saved: ReturnType<GuestTimers["save"]>): void {
    for (const { timer, deadlineNs, startedNs, firedNs } of saved) {
      timer.startedNs = startedNs;
      timer.firedNs = firedNs;
      if (timer.alarm?.deadlineNs === deadlineNs) continue;
      if (timer.alarm !== undefined) this.#vm.clock.cancel(timer.alarm);
      timer.alarm = deadlineNs === undefined ? undefined : { deadlineNs, fire: () => this.#fire(timer) };
      if (timer.alarm !== undefined) this.#vm.clock.set(timer.alarm);
    }
    this.#vm.alarmsChanged();
  }
}
