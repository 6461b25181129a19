import { CharacterDevices } from "../character/character-devices.ts";
import * as L from "../dispatcher/assembly/layout.ts";
import { Dispatcher } from "../dispatcher/dispatcher.ts";
import { EndOfVm, type Finding } from "../gate/finding.ts";
import { CALLBACK, Context, THREAD } from "../gate/situation.ts";
import { AccessStatus, type AccessWidth, type GuestBus, type Space } from "../guests/bus.ts";
import { Interrupts } from "../interrupts/interrupts.ts";
import type { InterruptLines } from "../interrupts/lines.ts";
import { AddressSpace } from "../memory/address-space.ts";
import { GuestRam, type RamSource } from "../memory/guest-ram.ts";
import { Reservations } from "../memory/reservations.ts";
import { Windows } from "../memory/windows.ts";
import { Races } from "../races/races.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { WaitObjects } from "../threads/conditions.ts";
import { Mutexes } from "../threads/mutexes.ts";
import { ParallelThreads } from "../threads/parallel/parallel-threads.ts";
import type { Schedule } from "../threads/schedule.ts";
import { ThreadStates } from "../threads/thread-states.ts";
import { Threads } from "../threads/threads.ts";
import { END_OF_TIME_NS, VirtualClock } from "../time/clock.ts";
import { GuestClock } from "../time/guest-clock.ts";
import { GuestTimers } from "../time/guest-timers.ts";
import { PulseTimers } from "../time/pulse-timers.ts";
import { Pulses } from "../time/pulses.ts";
import { settleRead, settleWrite } from "./access.ts";
import { AccessTime } from "./access-time.ts";
import { Activations } from "./activations.ts";
import { ATTENTION } from "./attention.ts";
import { Ending, EXIT, type VmEnd } from "./ending.ts";
import type { Severity, VmEvent, VmListener } from "./events.ts";
import { Findings } from "./findings.ts";
import { GaspLocks } from "./gasp-locks.ts";
import { Growth } from "./growth.ts";
import { GuestCpus } from "./guest-cpus.ts";
import { type DumpSource, GuestDump } from "./guest-dump.ts";
import { HeldLocks } from "./held-locks.ts";
import { HOST_WORK_LIMIT } from "./host-work.ts";
import { checkInvariants } from "./invariants.ts";
import { DEFAULT_START_TIME_NS, isWatched, type VmPlan } from "./plan.ts";
import { Power, type PowerState } from "./power.ts";
import { RegionChanges } from "./region-changes.ts";
import { StatusText } from "./status-text.ts";
import type { Vdev } from "./vdev.ts";

export { EXIT, type VmEnd };

export interface VmOptions {
  /** Backs a RAM range; the emulator of a ROM guest has its own bytes. */
  readonly ramBytes?: (start: bigint, length: bigint) => Uint8Array;
  readonly listener?: VmListener;
  /** Whether the listener is also told of every guest access (default), which costs each of them an event. */
  readonly tellAccesses?: boolean;
  /** Gives what vdevs read from guest memory, in a replay. */
  readonly ramSource?: RamSource;
  /** Who goes on when several threads could; without, callbacks run one after another and no vdev has threads. */
  readonly schedule?: Schedule;
  /** Several vCPUs make accesses at the same time (`makeTogether`): the VM has threads, whether a vdev makes some or not. */
  readonly atOnce?: boolean;
  /** Threads of vdevs run in parallel, each on a worker; goes with neither `schedule` nor `races`. */
  readonly parallel?: boolean;
  /** Looks for data races; the VM then has threads, whether a vdev makes some or not. */
  readonly races?: boolean;
  /** With `races`: threads can be left at memory accesses too, which makes modules larger and slower. */
  readonly preemptsAtMemory?: boolean;
  /** Stands for writing guest dumps, in a replay. */
  readonly dumpSource?: DumpSource;
  /** Another build of the dispatcher, for the benchmark that measures the gate. */
  readonly dispatcherFile?: string;
}

/**
 * One virtual machine as qvm would assemble it: address spaces, interrupt lines, virtual time, and the vdevs. It is
 * the bus a guest drives. Made by `createVm` in startup.ts.
 */
export class Vm implements GuestBus {
  readonly plan: VmPlan;
  readonly dispatcher: Dispatcher;
  readonly context: Context;
  readonly spaces: Record<Space, AddressSpace> = { memory: new AddressSpace("memory"), io: new AddressSpace("io") };
  readonly ram = new GuestRam();
  readonly reservations = new Reservations(this.ram);
  readonly interrupts: Interrupts;
  readonly clock = new VirtualClock();
  /** What of virtual time accesses take. */
  readonly time: AccessTime;
  readonly timers: GuestTimers;
  /** Which part of callbacks' time is the guest's. */
  readonly guestClock = new GuestClock(this);
  /** Every lock that is held; each must be given back before its callback returns. */
  readonly held: HeldLocks;
  readonly pulseTimers: PulseTimers;
  readonly pulses: Pulses;
  readonly guestCpus: GuestCpus;
  readonly locks: GaspLocks;
  readonly mutexes: Mutexes;
  /** Condition variables, semaphores and the like. */
  readonly waitObjects: WaitObjects;
  /** Set in a VM one of whose vdevs makes threads. */
  readonly threads: Threads | undefined;
  /** The same where they really run in parallel. */
  readonly parallel: ParallelThreads | undefined;
  /** errno, cleanup handlers and the like, of every thread. */
  readonly threadStates = new ThreadStates(this);
  /** Set in a VM that is shown the memory accesses of its modules. */
  readonly races: Races | undefined;
  readonly growth: Growth;
  readonly windows: Windows;
  readonly character: CharacterDevices;
  readonly findings: Findings;
  readonly activations: Activations;
  readonly dump: GuestDump;
  /** What vdevs said to the last VDEV_CTRL_STATUS. */
  readonly statusText = new StatusText(this);
  readonly power: Power;
  readonly #ending: Ending;
  readonly vdevs: Vdev[] = [];
  readonly instances: ModuleInstance[] = [];
  /** What became of regions while vdevs run. */
  readonly changes = new RegionChanges();
  /** Told when a vdev's region comes or goes, so that a guest knows what to trap. */
  onRegion: ((change: "add" | "remove", space: Space, start: bigint, length: bigint) => void) | undefined;
  /** Work the host does for one callback at most; see host-work.ts. */
  readonly hostWorkLimit: number;
  /** What there is to do beside an access: bits of `ATTENTION`. 1 is that it takes time, and nothing else. */
  attention = 0;
  #listener: VmListener | undefined;
  /** Something happens with every access: it is told to the listener, takes time, or leaves a pulse to deliver. */
  #watched = false;
  /** All that happens with an access is that it takes time. */
  #onlyTakesTime = false;
  readonly #tellsAccesses: boolean;
  #end: VmEnd | undefined;
  readonly #exports: Dispatcher["exports"];
  /** Low and high half of what the last read got, where the dispatcher leaves them. */
  readonly #value: Uint32Array;

  constructor(plan: VmPlan, options: VmOptions = {}) {
    this.plan = plan;
    this.hostWorkLimit = plan.limits?.hostWork ?? HOST_WORK_LIMIT;
    this.#tellsAccesses = options.tellAccesses ?? true;
    this.time = new AccessTime(this, plan.accessNs);
    this.dispatcher = new Dispatcher(options.dispatcherFile);
    this.#exports = this.dispatcher.exports;
    this.#value = new Uint32Array(this.#exports.memory.buffer, L.CONTEXT + L.CONTEXT_VALUE_LO, 2);
    this.context = new Context(this.dispatcher.words);
    this.interrupts = new Interrupts(this);
    this.timers = new GuestTimers(this);
    this.held = new HeldLocks(this);
    this.pulseTimers = new PulseTimers(this);
    this.pulses = new Pulses(this);
    this.guestCpus = new GuestCpus(plan.cpus);
    this.listener = options.listener;
    this.locks = new GaspLocks(this);
    this.mutexes = new Mutexes(this);
    this.waitObjects = new WaitObjects(this);
    this.parallel = options.parallel ? new ParallelThreads(this) : undefined;
    this.threads = this.parallel ?? (options.schedule === undefined ? undefined : new Threads(this, options.schedule));
    this.races = options.races || isWatched(plan) ? new Races(this, options.races === true) : undefined;
    this.growth = new Growth(this);
    this.windows = new Windows(this);
    this.character = new CharacterDevices(this);
    this.findings = new Findings(this);
    this.activations = new Activations(this);
    this.ram.source = options.ramSource;
    this.power = new Power(this);
    this.#ending = new Ending(this);
    this.dump = new GuestDump(this);
    this.dump.source = options.dumpSource;
    this.ram.trapped = options.ramBytes === undefined;
    this.ram.listener = {
      read: (address, bytes) => this.emit({ kind: "ram-read", address, bytes }),
      written: (address, bytes) => this.emit({ kind: "ram-write", address, bytes }),
    };
  }

  /** Set once the VM has ended. */
  get ended(): VmEnd | undefined {
    return this.#end;
  }

  get lines(): InterruptLines {
    return this.interrupts.lines;
  }

  /** Guest accesses so far. */
  get traps(): number {
    return this.context.trap;
  }

  emit(event: VmEvent): void {
    this.#listener?.(event);
  }

  /** Whether anybody wants to know of every access. */
  set listener(listener: VmListener | undefined) {
    this.#listener = listener;
    this.refreshWatch();
  }

  /** Finds out anew whether something happens with every access. */
  refreshWatch(): void {
    const isTold = this.#listener !== undefined && this.#tellsAccesses;
    const isAsked = this.plan.invariants === true;
    this.#onlyTakesTime = this.time.passes && !isTold && !this.pulses.used && !isAsked;
    this.#watched = isTold || this.time.passes || this.pulses.used || isAsked;
    this.attend(ATTENTION.time, this.#onlyTakesTime);
    this.attend(ATTENTION.watched, this.#watched && !this.#onlyTakesTime);
  }

  /** Whether something happens with every access: it is reported, takes time, or leaves a pulse to deliver. */
  get watchesAccesses(): boolean {
    return this.#watched;
  }

  /** Whether several accesses may be made at once: nothing happens with one, but that it may take time. */
  get mayBatch(): boolean {
    return !this.#watched || this.#onlyTakesTime;
  }

  /** A message about a vdev, or of the VM itself. */
  log(severity: Severity, vdev: Vdev | undefined, text: string): void {
    this.#listener?.({ kind: "log", severity, source: vdev?.name ?? "qvm", text });
  }

  /** A message of a vdev's own, by vdev_logf(). */
  vdevLog(severity: Severity, vdev: Vdev, text: string): void {
    this.#listener?.({ kind: "log", severity, source: vdev.name, text, vdevLogf: true });
  }

  // -------------------------------------------------------------------------------------------- guest accesses

  read(space: Space, lo: number, hi: number, width: AccessWidth, vcpu: number): AccessStatus {
    if (this.attention > 1 && !this.#beginAccess()) return AccessStatus.stop;
    let status: number;
    try {
      status =
        space === "memory"
          ? this.#exports.read_memory(lo, hi, width, vcpu)
          : this.#exports.read_port(lo, hi, width, vcpu);
    } catch (error) {
      status = this.faulted(error);
    }
    if (status !== 0 || this.attention > 1) return this.#endRead(status, space, lo, hi, width, vcpu);
    if (this.attention === 0) return status; // 0 is `done`
    return this.time.pass() && this.#end !== undefined ? AccessStatus.stop : status;
  }

  write(
    space: Space,
    lo: number,
    hi: number,
    width: AccessWidth,
    valueLo: number,
    valueHi: number,
    vcpu: number,
  ): AccessStatus {
    if (this.attention > 1 && !this.#beginAccess()) return AccessStatus.stop;
    let status: number;
    try {
      status =
        space === "memory"
          ? this.#exports.write_memory(lo, hi, width, valueLo, valueHi, vcpu)
          : this.#exports.write_port(lo, hi, width, valueLo, valueHi, vcpu);
    } catch (error) {
      status = this.faulted(error);
    }
    if (status !== 0 || this.attention > 1) {
      return this.#endWrite(status, space, lo, hi, width, valueLo, valueHi, vcpu);
    }
    if (this.attention === 0) return status; // 0 is `done`
    return this.time.pass() && this.#end !== undefined ? AccessStatus.stop : status;
  }

  /** @returns false when no access can be made any more */
  #beginAccess(): boolean {
    if (this.#end !== undefined) return false;
    if (this.windows.any) this.windows.refresh();
    return true;
  }

  #endRead(status: number, space: Space, lo: number, hi: number, width: AccessWidth, vcpu: number): AccessStatus {
    this.#endCallback();
    const outcome = status === 0 ? AccessStatus.done : settleRead(this, status, space, lo, hi, width, vcpu);
    if (this.#onlyTakesTime) this.time.pass();
    else if (this.#watched) this.accessed("read", space, lo, hi, width, this.valueLo, this.valueHi, vcpu, outcome);
    return this.#end === undefined ? outcome : AccessStatus.stop;
  }

  #endWrite(
    status: number,
    space: Space,
    lo: number,
    hi: number,
    width: AccessWidth,
    valueLo: number,
    valueHi: number,
    vcpu: number,
  ): AccessStatus {
    this.#endCallback();
    const outcome =
      status === 0 ? AccessStatus.done : settleWrite(this, status, space, lo, hi, width, valueLo, valueHi, vcpu);
    if (this.#onlyTakesTime) this.time.pass();
    else if (this.#watched) this.accessed("write", space, lo, hi, width, valueLo, valueHi, vcpu, outcome);
    return this.#end === undefined ? outcome : AccessStatus.stop;
  }

  #endCallback(): void {
    if (this.windows.any) this.windows.flush();
    if (this.held.any) this.held.checkReleased(undefined);
  }

  /** Low half of what the last read got. */
  get valueLo(): number {
    return this.#value[0]!;
  }

  set valueLo(value: number) {
    this.#value[0] = value;
  }

  /** High half of what the last read got. */
  get valueHi(): number {
    return this.#value[1]!;
  }

  set valueHi(value: number) {
    this.#value[1] = value;
  }

  /** Sets or clears a bit of `attention`. */
  attend(bit: number, isOn: boolean): void {
    this.attention = isOn ? this.attention | bit : this.attention & ~bit;
  }

  /** A module threw during an access: the context words still say which. @returns the dispatcher's answer for it */
  faulted(error: unknown): number {
    const vdev = this.vdevs[this.context.vdev];
    try {
      this.activations.caught(error, vdev?.instance);
    } catch (end) {
      if (!(end instanceof EndOfVm)) throw end;
      this.endBy(end);
    } finally {
      this.context.enter(CALLBACK.none, THREAD.main, -1, 0);
    }
    return L.STOPPED;
  }

  /** To be called behind an access when `watchesAccesses`: it is told, and takes time. */
  accessed(
    op: "read" | "write",
    space: Space,
    lo: number,
    hi: number,
    width: number,
    valueLo: number,
    valueHi: number,
    vcpu: number,
    status: AccessStatus,
  ): void {
    if (this.#listener !== undefined && this.#tellsAccesses) {
      const value = BigInt.asUintN(8 * width, (BigInt(valueHi >>> 0) << 32n) | BigInt(valueLo >>> 0));
      const address = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
      const outcome = this.#end !== undefined ? "stop" : OUTCOMES[status];
      this.#listener({ kind: "access", op, space, address, width, value, vcpu, outcome });
    }
    if (this.time.passes) this.time.pass();
    this.pulses.deliverWaiting();
    if (this.plan.invariants === true) this.#mayEnd(() => {});
  }

  // ------------------------------------------------------------------------------------------------------- time

  /** The time of day at virtual time 0, in nanoseconds since 1970-01-01T00:00:00Z. */
  get startTimeNs(): bigint {
    return this.plan.startTimeNs ?? DEFAULT_START_TIME_NS;
  }

  /** Virtual nanoseconds since the VM was made. */
  get nowNs(): bigint {
    const elapsed = this.time.elapsedNs;
    const now = elapsed === 0 ? this.clock.nowNs : this.clock.nowNs + BigInt(elapsed);
    return now < END_OF_TIME_NS ? now : END_OF_TIME_NS;
  }

  /** Moves the clock to a time that has in it what accesses took, firing what comes due. */
  advance(targetNs: bigint): void {
    this.time.forget();
    this.#mayEnd(() => this.clock.advanceTo(targetNs, this.#hasEnded));
    this.alarmsChanged();
  }

  readonly #hasEnded = () => this.#end !== undefined;

  /** Lets time pass up to the next alarm, because every thread waits. @returns false when no alarm is set */
  waitForAlarm(): boolean {
    const next = this.clock.nextDeadlineNs;
    if (next === undefined) return false;
    const now = this.nowNs;
    this.advance(next > now ? next : now);
    return true;
  }

  /** Lets time pass up to now, and makes the calls of threads that run in parallel. */
  serveThreads(nowNs: bigint): void {
    if (this.#end !== undefined) return;
    this.advance(nowNs > this.nowNs ? nowNs : this.nowNs);
    this.#mayEnd(() => this.parallel!.drain());
  }

  /** Makes an ended VM run again: it has been put back to an earlier state. */
  reopen(): void {
    this.#end = undefined;
    this.attend(ATTENTION.ended, false);
    this.#ending.reopen();
  }

  /** Puts the clock back without firing anything. */
  restoreClock(nowNs: bigint): void {
    this.time.forget();
    this.clock.restoreNow(nowNs);
  }

  /** To be called when a timer was set or cancelled. */
  alarmsChanged(): void {
    this.time.alarmsChanged();
  }

  /** Moves virtual time on by `ns`, or to the next timer when left out. @returns whether anything was to wait for */
  clockStep(ns?: bigint): boolean {
    if (this.#end !== undefined) return false;
    const next = this.clock.nextDeadlineNs;
    if (ns === undefined && next === undefined) return false;
    const now = this.nowNs;
    const wanted = ns === undefined ? next! : now + ns;
    const target = wanted < END_OF_TIME_NS ? wanted : END_OF_TIME_NS;
    this.emit({ kind: "clock-step", ns: target > now ? target - now : 0n });
    this.advance(target > now ? target : now);
    return true;
  }

  // -------------------------------------------------------------------------------------------------- lifecycle

  /**
   * What reaches a running VM from outside, between two guest accesses: VDEV_CTRL_STATUS to every vdev that runs, the
   * power button, or a guest dump.
   * @returns whether somebody dealt with it: a vdev with a button, or a dump that could be written
   */
  control(which: "status" | "button" | "dump"): boolean {
    if (this.#end !== undefined) return false;
    this.emit({ kind: "control", control: which });
    let dealtWith = which === "status";
    this.#mayEnd(() => {
      if (which === "dump") dealtWith = this.dump.write("asked for from outside") === 0;
      else if (which === "button") dealtWith = this.power.press();
      else this.statusText.ask();
    });
    return dealtWith;
  }

  /** A guest's CPU begins to run, to wait or is switched off: vdevs that asked for it are told. */
  setPowerState(cpu: number, state: PowerState): void {
    this.#mayEnd(() => this.power.set(cpu, state));
  }

  /** Does what calls vdevs, one of which may end the VM. */
  #mayEnd(step: () => void): void {
    try {
      step();
      this.pulses.deliverWaiting();
      if (this.plan.invariants === true) checkInvariants(this);
    } catch (error) {
      if (!(error instanceof EndOfVm)) throw error;
      this.endBy(error);
    }
  }

  /** Why a run in which nothing else went wrong is no success: a vdev stopped, or broke rules that `report` collects. */
  get failure(): string | undefined {
    if (this.instances.some((instance) => instance.stopped !== undefined)) return "a vdev stopped";
    const broken = this.findings.count("violation");
    if (broken === 0) return undefined;
    return broken === 1 ? "a rule of the vdev API was broken" : `${broken} rules of the vdev API were broken`;
  }

  /** Ends the VM: no access or timer reaches a vdev any more. The first reason counts. */
  end(exitCode: number, reason: string): void {
    if (this.#end !== undefined) return;
    this.#end = { exitCode, reason };
    this.attend(ATTENTION.ended, true);
  }

  /** A callback ended the VM and so did not return: its locks are free, and the guest sees what it wrote. */
  endBy(error: EndOfVm): void {
    this.held.releaseOf(undefined);
    if (this.windows.any) this.windows.flush();
    this.end(error.exitCode, error.message);
  }

  /** For what is found out while the VM ends; see ending.ts. */
  amendEnd(end: VmEnd): void {
    this.#end = end;
    this.attend(ATTENTION.ended, true);
  }

  /** Delivers VDEV_CTRL_TERMINATE to every vdev that still runs, once, and lets go of everything. */
  terminate(): VmEnd {
    return this.#ending.run();
  }

  /** Stops one module instance: its regions answer as nobody's, its timers never fire. */
  stopInstance(instance: ModuleInstance, finding: Finding): void {
    if (instance.stopped !== undefined) return;
    instance.stopped = finding.message;
    instance.stoppedBy = finding;
    for (const index of instance.vdevs) {
      for (const region of this.vdevs[index]?.regions ?? []) {
        if (region.what.kind === "vdev" && region.what.handle !== 0) this.dispatcher.stop(region.what.handle);
      }
    }
    this.timers.cancelAllOf(instance);
    this.pulseTimers.cancelAllOf(instance);
    this.windows.closeAllOf(instance);
    this.held.releaseAllOf(instance);
    this.threads?.endAllOf(instance);
    if (this.plan.onFault === "stop") this.end(EXIT.vdevError, `a vdev stopped: ${finding.message}`);
  }
}

const OUTCOMES = ["ok", "bus-error", "stop", "no-advance"] as const;
