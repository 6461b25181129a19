import type { ModuleInstance } from "../sandbox/instance.ts";
import { cannotCallBack } from "../vm/cannot-call-back.ts";
import type { Vm } from "../vm/vm.ts";
import { Alarm } from "./clock.ts";
import { BURST, BURST_NS, countFiring, type FiringRate } from "./firing-rate.ts";
import type { Pulse } from "./pulses.ts";

interface Kept extends FiringRate {
  readonly intervalNs: bigint;
}

/** A timer of timer_create() that delivers a pulse, or nothing. */
export class PulseTimer extends Alarm implements FiringRate {
  readonly instance: ModuleInstance;
  /** timer_t: unique in its module instance, never 0. */
  readonly id: number;
  /** Undefined: SIGEV_NONE, a timer that is only looked at. */
  readonly pulse: Pulse | undefined;
  /** Whether absolute times are times of day. */
  readonly isRealtime: boolean;
  /** 0n: one-shot. */
  intervalNs = 0n;
  burst = 0;
  burstNs = 0n;
  readonly #fire: (timer: PulseTimer) => void;

  constructor(
    instance: ModuleInstance,
    id: number,
    pulse: Pulse | undefined,
    isRealtime: boolean,
    fire: (timer: PulseTimer) => void,
  ) {
    super();
    this.instance = instance;
    this.id = id;
    this.pulse = pulse;
    this.isRealtime = isRealtime;
    this.#fire = fire;
  }

  override fire(): void {
    this.#fire(this);
  }

  override keep(): Kept {
    const { intervalNs, burst, burstNs } = this;
    return { intervalNs, burst, burstNs };
  }

  override putBack(kept: Kept): void {
    this.intervalNs = kept.intervalNs;
    this.burst = kept.burst;
    this.burstNs = kept.burstNs;
  }
}

/** The POSIX timers of a VM's modules: made and deleted at any time. */
export class PulseTimers {
  readonly #vm: Vm;
  readonly #byInstance = new Map<ModuleInstance, Map<number, PulseTimer>>();
  /** Never the same for two sets of timers. */
  #version = 0;
  #versions = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  *all(): Iterable<PulseTimer> {
    for (const timers of this.#byInstance.values()) yield* timers.values();
  }

  countOf(instance: ModuleInstance): number {
    return this.#byInstance.get(instance)?.size ?? 0;
  }

  find(instance: ModuleInstance, id: number): PulseTimer | undefined {
    return this.#byInstance.get(instance)?.get(id);
  }

  create(instance: ModuleInstance, pulse: Pulse | undefined, isRealtime: boolean): PulseTimer {
    let id = 1;
    while (this.find(instance, id) !== undefined) id++;
    const timer = new PulseTimer(instance, id, pulse, isRealtime, (fired) => this.#fire(fired));
    this.#vm.clock.touch(timer);
    this.#add(timer);
    this.#version = ++this.#versions;
    return timer;
  }

  #add(timer: PulseTimer): void {
    const { instance, id } = timer;
    const timers = this.#byInstance.get(instance) ?? new Map<number, PulseTimer>();
    timers.set(id, timer);
    this.#byInstance.set(instance, timers);
  }

  delete(timer: PulseTimer): void {
    this.#vm.clock.cancel(timer);
    this.#byInstance.get(timer.instance)?.delete(timer.id);
    this.#version = ++this.#versions;
    this.#vm.alarmsChanged();
  }

  /** Arms a timer anew; a deadline that has passed counts as now. `undefined`: disarms it. */
  set(timer: PulseTimer, deadlineNs: bigint | undefined, intervalNs: bigint): void {
    const { clock, nowNs } = this.#vm;
    clock.touch(timer);
    this.#vm.races?.release(timer);
    timer.intervalNs = intervalNs;
    if (deadlineNs === undefined) clock.cancel(timer);
    else clock.set(timer, deadlineNs > nowNs ? deadlineNs : nowNs);
    this.#vm.alarmsChanged();
  }

  /** Nanoseconds until it fires, at least 1 while it is armed; 0n when it is not. */
  remainingNs(timer: PulseTimer): bigint {
    if (!timer.isSet) return 0n;
    const left = timer.deadlineNs - this.#vm.nowNs;
    return left > 0n ? left : 1n;
  }

  #fire(timer: PulseTimer): void {
    const { clock, pulses } = this.#vm;
    const { pulse, intervalNs } = timer;
    if (timer.instance.stopped !== undefined) return;
    // Counted from the deadline, not from when it was served: a periodic timer never drifts.
    if (intervalNs > 0n) clock.set(timer, timer.deadlineNs + intervalNs);
    if (pulse === undefined) return;
    if (countFiring(timer, clock.nowNs)) {
      cannotCallBack(this.#vm, pulse.vdev, "pulse", {
        severity: "fault",
        rule: "limit",
        message: `a timer of ${pulse.vdev.name} sent ${BURST} pulses in less than ${BURST_NS / 1_000_000n} ms of virtual time`,
        advice: "Give timer_settime() a longer interval.",
      });
      return;
    }
    this.#vm.races?.callbackAfter(timer, "pulse");
    // When too many wait this one is lost, as a POSIX timer that overruns loses signals.
    pulses.deliver(pulse.vdev, pulse.code);
  }

  cancelAllOf(instance: ModuleInstance): void {
    for (const timer of this.#byInstance.get(instance)?.values() ?? []) this.#vm.clock.cancel(timer);
    this.#vm.alarmsChanged();
  }

  /** Which timers there are; their state is the clock's to save. */
  save(): { readonly version: number; readonly timers: readonly PulseTimer[] } {
    return { version: this.#version, timers: [...this.all()] };
  }

  restore({ version, timers }: ReturnType<PulseTimers["save"]>): void {
    if (version === this.#version) return;
    this.#byInstance.clear();
    for (const timer of timers) this.#add(timer);
    this.#version = version;
  }
}
