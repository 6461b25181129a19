import { GATE_TABLE } from "../../abi/generated/gate-table.ts";
import { guest_timer_data } from "../../abi/generated/layouts.ts";
import { StopModule } from "../gate/finding.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { QuickCalls } from "../sandbox/quick-calls.ts";
import { cannotCallBack } from "../vm/cannot-call-back.ts";
import type { Remark } from "../vm/findings.ts";
import { quickCallsOf } from "../vm/quick-calls.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";
import { Alarm } from "./clock.ts";
import { BURST, BURST_NS, countFiring, type FiringRate } from "./firing-rate.ts";

/** Cycles of the guest clock in a second: the resolution guest_timer_create() reports. Our choice: 1 cycle, 1 ns. */
export const GUEST_CLOCK_HZ = 1_000_000_000n;

/** What a deadline is counted from: now, when the timer last fired, or the start of the VM. */
export type TimerOrigin = "now" | "fired" | "start";

/** What changes of a timer beside its deadline. */
interface Kept extends FiringRate {
  readonly startedNs: bigint;
  readonly firedNs: bigint | undefined;
}

/** A guest timer. Its handle is the address of its guest_timer_data in module memory. */
export class GuestTimer extends Alarm implements FiringRate {
  readonly vdev: Vdev;
  readonly handle: number;
  /** Handed back to the factory's timer(). */
  readonly cookie: number;
  /** guest_cpu of a per-CPU timer, else 0; handed to timer() as well. */
  readonly gcp: number;
  /** When it was last armed and when it last fired; a repeating timer counts from the latter, so it never drifts. */
  #startedNs = 0n;
  firedNs: bigint | undefined;
  /** Where its state stands that the module may read by itself. */
  shownIn: QuickCalls | undefined;
  burst = 0;
  burstNs = 0n;
  readonly #fire: (timer: GuestTimer) => void;

  constructor(vdev: Vdev, handle: number, cookie: number, gcp: number, fire: (timer: GuestTimer) => void) {
    super();
    this.vdev = vdev;
    this.handle = handle;
    this.cookie = cookie;
    this.gcp = gcp;
    this.#fire = fire;
  }

  get startedNs(): bigint {
    return this.#startedNs;
  }

  set startedNs(ns: bigint) {
    if (ns === this.#startedNs) return;
    this.#startedNs = ns;
    this.shownIn?.closeTimer();
  }

  override fire(): void {
    this.#fire(this);
  }

  override keep(): Kept {
    const { startedNs, firedNs, burst, burstNs } = this;
    return { startedNs, firedNs, burst, burstNs };
  }

  override putBack(kept: Kept): void {
    this.startedNs = kept.startedNs;
    this.firedNs = kept.firedNs;
    this.burst = kept.burst;
    this.burstNs = kept.burstNs;
  }
}

/** The guest timers of a VM: created at startup, armed while running, fired by the virtual clock. */
export class GuestTimers {
  readonly #vm: Vm;
  /** In the order they were created. */
  readonly #all: GuestTimer[] = [];
  readonly #byHandle = new Map<ModuleInstance, Map<number, GuestTimer>>();
  /** In a callback of a timer that fires without end. */
  #storm: GuestTimer | undefined;

  constructor(vm: Vm) {
    this.#vm = vm;
    vm.clock.onMoved = () => {
      for (const { quick } of vm.instances) quick?.closeTimer();
    };
  }

  get all(): readonly GuestTimer[] {
    return this.#all;
  }

  create(vdev: Vdev, cookie: number, gcp: number): GuestTimer {
    const handle = vdev.instance.alloc(guest_timer_data.SIZEOF);
    const timer = new GuestTimer(vdev, handle, cookie, gcp, (fired) => this.#fire(fired));
    this.#add(timer);
    return timer;
  }

  #add(timer: GuestTimer): void {
    const { instance } = timer.vdev;
    const timers = this.#byHandle.get(instance) ?? new Map<number, GuestTimer>();
    timers.set(timer.handle, timer);
    this.#byHandle.set(instance, timers);
    this.#all.push(timer);
  }

  find(instance: ModuleInstance, handle: number): GuestTimer | undefined {
    return this.#byHandle.get(instance)?.get(handle);
  }

  countOf(instance: ModuleInstance): number {
    return this.#byHandle.get(instance)?.size ?? 0;
  }

  /**
   * Arms a timer, replacing an earlier deadline. A deadline that has passed counts as now, and one that never comes
   * (`END_OF_TIME_NS`) leaves the timer disarmed. It fires when the clock next moves, never inside this call.
   * @param cycles of the guest clock, counted from `origin`
   * @throws StopModule where its callback does so again and again while hardly any time passes
   */
  arm(timer: GuestTimer, cycles: bigint, origin: TimerOrigin): void {
    const { clock, nowNs, findings } = this.#vm;
    if (timer === this.#storm) {
      this.#storm = undefined;
      throw new StopModule(findings.record(timer.vdev.instance, storm(timer.vdev.name)));
    }
    const from = origin === "now" ? nowNs : origin === "start" ? 0n : (timer.firedNs ?? nowNs);
    const deadlineNs = from + cycles;
    clock.touch(timer);
    this.#vm.races?.release(timer);
    timer.startedNs = nowNs;
    clock.set(timer, deadlineNs > nowNs ? deadlineNs : nowNs);
    this.#vm.alarmsChanged();
  }

  #fire(timer: GuestTimer): void {
    const now = this.#vm.clock.nowNs;
    timer.firedNs = now;
    const { vdev } = timer;
    if (vdev.instance.stopped !== undefined) return;
    if (vdev.factory.timer === 0) {
      cannotCallBack(this.#vm, vdev, "timer", noTimerCallback(vdev.name));
      return;
    }
    const isStorm = countFiring(timer, now);
    this.#storm = isStorm ? timer : undefined; // most are where the callback arms its timer again: that line is told
    this.state(timer, timer.handle);
    const { activations, pulses, races } = this.#vm;
    races?.callbackAfter(timer, "timer");
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
    if (isStorm && this.#storm === timer && vdev.instance.stopped === undefined) {
      cannotCallBack(this.#vm, vdev, "timer", storm(vdev.name));
    }
    this.#storm = undefined;
    pulses.deliverWaiting();
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

  /** The same for a call of the module, which may then read it by itself as long as neither timer nor time moves. */
  stateFor(timer: GuestTimer, address: number): void {
    this.state(timer, address);
    const { instance } = timer.vdev;
    const quick = instance.quick === undefined || this.#vm.time.passes ? undefined : quickCallsOf(this.#vm, instance);
    if (quick === undefined) return;
    timer.shownIn = quick;
    quick.openTimer(timer.handle, timer.startedNs, this.#vm.nowNs);
  }

  cancelAllOf(instance: ModuleInstance): void {
    for (const timer of this.#byHandle.get(instance)?.values() ?? []) this.#vm.clock.cancel(timer);
    this.#vm.alarmsChanged();
  }

  /** Forgets the timers created after the first `count`; they are no longer set. */
  truncate(count: number): void {
    while (this.#all.length > count) {
      const timer = this.#all.pop()!;
      timer.shownIn?.closeTimer();
      this.#byHandle.get(timer.vdev.instance)?.delete(timer.handle);
    }
  }
}

/** What is wrong with a vdev whose timer fires and whose factory has no timer(). */
function storm(name: string): Remark {
  return {
    severity: "fault",
    rule: "limit",
    message: `a guest timer of ${name} fired ${BURST} times in less than ${BURST_NS / 1_000_000n} ms of virtual time`,
    advice: "Arm the timer for a later time; with 0 cycles it fires for ever while time stands still.",
  };
}

function noTimerCallback(name: string) {
  const manual = GATE_TABLE.find((entry) => entry.name === "guest_timer_notify")?.source;
  return {
    severity: "violation",
    rule: "callback",
    message: `a guest timer of ${name} fired, and its factory has no timer callback`,
    reason: {
      text: "a vdev that uses guest_timer_notify() needs a timer callback; qvm crashes without one",
      status: "documented",
      ...(manual === undefined ? {} : { manual }),
    },
    advice: "Set the factory's timer before vdev_register_factory().",
  } as const;
}
