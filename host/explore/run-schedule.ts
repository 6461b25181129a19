import { UserError } from "../errors.ts";
import { EndOfVm, type StackFrame } from "../gate/finding.ts";
import { THREAD } from "../gate/situation.ts";
import { AccessStatus } from "../guests/bus.ts";
import { type Answer, formatAnswer, matches } from "../guests/script/answer.ts";
import { formatStep } from "../guests/script/format-step.ts";
import { VmScriptMachine } from "../guests/script/vm-machine.ts";
import { joinHalves } from "../memory/halves.ts";
import { type Answers, NO_ANSWERS, UndecidedMemory } from "../memory/undecided-memory.ts";
import { objectOf, type Thread } from "../threads/thread.ts";
import type { Threads } from "../threads/threads.ts";
import { beginAccess, endAccess } from "../vm/begun-access.ts";
import { checkInvariants } from "../vm/invariants.ts";
import { VmSnapshot } from "../vm/snapshot.ts";
import { startGuest } from "../vm/startup.ts";
import { EXIT, type Vm } from "../vm/vm.ts";
import { ACTOR, type Actor, actorOf, kindOf, whichOf } from "./actor.ts";
import { type Chooser, PLAIN } from "./chooser.ts";
import type { Interleaving } from "./interleaving.ts";
import { LockOrder } from "./lock-order.ts";
import { Places } from "./places.ts";
import { StepWatcher } from "./step.ts";
import { Waits } from "./waits.ts";
import { type WakeTest, wakeAlone } from "./wake-test.ts";
import type { OutsideStep, VcpuStep, Workload } from "./workload.ts";

/** Times that virtual time may go on while the guest still makes accesses. */
const ALARMS = 8;
/** How much later than it should an alarm goes off. */
const LATE_NS = 50_000_000n;
/** Waits that end without a signal in one schedule. */
const WAKES = 3;
/** Turns of a schedule before its guest is done, and of all that is left to do then. */
const TURNS = 4000;
/** Turns of threads behind the guest's last access in which it may end. */
const WIND_UP_TURNS = 20;
/** Turns of others, or alarms, through which a callback waits for a mutex that is given back again and again. */
const STARVED = 400;
/** Turns after which a thread that found something to do must wait again, or be left alone. */
const SETTLE_TURNS = 50;
/** How often an access that does not advance is made again. */
const RETRIES = 50;

/** A script's expectation that did not hold. */
export interface FailedExpectation {
  readonly step: VcpuStep;
  readonly got: string;
}

/** Where an access began. */
export interface Began {
  /** Number of the thread that carries it out. */
  readonly thread: number;
  /** Decisions before, with the one to begin it if there was a choice. */
  readonly decisions: number;
}

/** What one vCPU is at. */
interface Vcpu {
  readonly steps: readonly VcpuStep[];
  next: number;
  retries: number;
  thread: Thread | undefined;
}

/** What a run tells whoever looks at it closely. */
export interface ScheduleListener {
  /** Somebody goes on; `thread` where a thread does. */
  turn?(actor: Actor, thread: Thread | undefined): void;
  call?(thread: Thread, call: string): void;
  /** A turn of a thread is over: it waits, or has ended. */
  turned?(thread: Thread): void;
  access?(step: VcpuStep, outcome: AccessStatus, value: bigint): void;
  /** The guest has made its accesses, and what they began has come to rest. */
  rests?(): void;
}

/**
 * Runs a VM from where vdevs may make threads to its end, again and again, each time as a chooser decides: first while
 * the guest makes its accesses and things go wrong, then without disturbance, so that whatever can make progress does.
 */
export class ScheduleRunner {
  readonly vm: Vm;
  readonly listener: ScheduleListener = {};
  readonly interleaving: Interleaving;
  /** The guest's memory: as it was at the start, each time. */
  readonly memory: UndecidedMemory;
  /** What it turns out to hold where nobody has written. */
  undecided: Answers = NO_ANSWERS;
  readonly #threads: Threads;
  readonly #start: VmSnapshot;
  readonly #places = new Places();
  readonly #waits: Waits;
  readonly steps: StepWatcher;
  readonly #order: LockOrder;
  readonly #machine: VmScriptMachine;
  #vcpus: Vcpu[] = [];
  #outside: readonly OutsideStep[] = [];
  #nextOutside = 0;
  #alarms = 0;
  #wakes = 0;
  #faults = false;
  /** Whether the guest has made its accesses, and threads still do what these began. */
  #windsUp = false;
  /** The thread that has just begun to wait for a condition variable, and nobody has run since. */
  #fresh: Thread | undefined;
  #deadlocked = false;
  /** Where each access of the last run began that a vdev was asked for. */
  began = new Map<VcpuStep, Began>();
  /** Turns given in all schedules. */
  switches = 0;
  failed: FailedExpectation[] = [];
  #answers: (readonly [step: VcpuStep, outcome: AccessStatus, value: bigint])[] = [];

  /** @param vm as `assembleVm` leaves it, with that interleaving as its schedule */
  constructor(vm: Vm, interleaving: Interleaving) {
    this.vm = vm;
    this.interleaving = interleaving;
    this.#threads = vm.threads!;
    this.#threads.stepwise = true;
    this.#threads.waitTurns = TURNS;
    this.#waits = new Waits(vm, this.#places);
    this.steps = new StepWatcher(vm.races!);
    this.#order = new LockOrder(vm, this.#places);
    this.#machine = new VmScriptMachine(vm);
    interleaving.threads = this.#threads;
    interleaving.others = (add, inside) => (inside ? this.#inside(add) : this.#others(add));
    interleaving.settles = () => this.#settleEnded();
    interleaving.begins = (vcpu) => this.#beginInside(vcpu);
    interleaving.onCall = (call) => this.#called(call);
    vm.held.onTake = (lock, before) => this.#order.taken(lock, before);
    this.memory = new UndecidedMemory(vm.ram);
    this.#start = new VmSnapshot(vm);
  }

  /**
   * One schedule. Findings are the VM's.
   * @param explains takes down where threads are, which findings then show
   */
  run(workload: Workload, chooser: Chooser, explains = false): void {
    this.#start.restore();
    this.memory.restore();
    this.memory.begin(this.undecided);
    this.#places.begin(explains);
    this.vm.mutexes.tracesPlaces = explains;
    this.#threads.tracesPlaces = explains ? "all" : "none";
    this.#order.begin();
    this.#vcpus = workload.vcpus.map((steps) => ({ steps, next: 0, retries: 0, thread: undefined }));
    this.#outside = workload.outside;
    this.#nextOutside = 0;
    this.#alarms = 0;
    this.#wakes = 0;
    this.#fresh = undefined;
    this.#deadlocked = false;
    this.failed = [];
    this.#answers = [];
    this.began = new Map();
    this.interleaving.begin(chooser);
    const around = chooser.guestOnly === true ? PLAIN : chooser;
    try {
      this.interleaving.chooser = around;
      startGuest(this.vm);
      for (const { address, bytes } of workload.memory ?? []) this.vm.ram.store(address, bytes);
      this.interleaving.chooser = chooser;
      this.#disturbed();
      this.interleaving.chooser = around;
      this.#windUp();
      this.#undisturbed();
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // a vdev refused to start, which is a finding of its own
    }
    this.interleaving.calm = false;
    this.interleaving.chooser = around;
    if (this.#goesOn()) this.#rests();
    if (!this.#deadlocked) this.vm.terminate();
    else this.#abandon();
  }

  #rests(): void {
    this.listener.rests?.();
    if (this.vm.plan.invariants === true) checkInvariants(this.vm);
  }

  /** Threads that wait for each other would keep TERMINATE waiting too: the finding has been made. */
  #abandon(): void {
    this.vm.end(EXIT.vdevError, "deadlock");
  }

  /** What the guest got in the last run, access by access of each vCPU. */
  get answers(): readonly string[] {
    const answers = this.#answers.map(([{ access, step }, outcome, value]) => {
      return `vCPU ${access.vcpu} ${formatStep(step)} ${formatAnswer(answerOf(outcome, access.op, value))}`;
    });
    return answers.sort(); // stable: those of one vCPU that read alike keep their order
  }

  /** The accesses of the last run that came to an end, in the order in which they did. */
  get made(): readonly VcpuStep[] {
    return this.#answers.map(([step]) => step);
  }

  /** Whether a vCPU has made so many of its accesses. */
  hasMade(vcpu: number, count: number): boolean {
    const { next, thread } = this.#vcpus[vcpu]!;
    return next > count || (next === count && thread === undefined);
  }

  /** The access a vCPU makes next. */
  nextStep(vcpu: number): VcpuStep | undefined {
    const { steps, next } = this.#vcpus[vcpu]!;
    return steps[next];
  }

  /** Where a thread made its last call, in a run that takes places down. */
  placeOf(thread: Thread): StackFrame | undefined {
    const place = this.#places.of(thread);
    return place === undefined ? undefined : this.vm.findings.stackAt(place)[0];
  }

  // ------------------------------------------------------------------------------------- who could go on

  #others(add: (actor: Actor) => void): void {
    if (this.#windsUp) {
      add(actorOf(ACTOR.end));
      return;
    }
    let busy = false;
    for (const { thread } of this.#vcpus) if (thread !== undefined) busy = true;
    let left = false;
    for (let i = 0; i < this.#vcpus.length; i++) {
      const { thread, next, steps } = this.#vcpus[i]!;
      if (thread !== undefined || next >= steps.length) continue;
      left = true;
      if (!(busy && this.interleaving.serial)) add(actorOf(ACTOR.vcpu, i));
    }
    if (this.#nextOutside < this.#outside.length) add(actorOf(ACTOR.outside));
    const time = this.#alarms < ALARMS && this.vm.clock.nextDeadlineNs !== undefined && !this.#serving();
    if (time) add(actorOf(ACTOR.time));
    if (!this.#faults) return;
    if (time) add(actorOf(ACTOR.late));
    const fresh = this.#fresh;
    if (fresh !== undefined && this.#wakes < WAKES) add(actorOf(ACTOR.wake, fresh.id));
    if (left && !busy) add(actorOf(ACTOR.end));
  }

  /** In the middle of a callback that calls a controller: other vCPUs go on making accesses. */
  #inside(add: (actor: Actor) => void): void {
    if (!this.#faults || this.interleaving.serial) return;
    if (this.#threads.all.some(({ kind }) => kind === THREAD.main)) return; // it is that one's own callback
    for (let i = 0; i < this.#vcpus.length; i++) {
      const { thread, next, steps } = this.#vcpus[i]!;
      if (thread === undefined && next < steps.length) add(actorOf(ACTOR.vcpu, i));
    }
  }

  /** Whether a timer's or a pulse's callback is in progress: the next one comes behind it. */
  #serving(): boolean {
    return this.#threads.all.some(({ kind }) => kind === THREAD.timer || kind === THREAD.pulse);
  }

  // ---------------------------------------------------------------------------------------------- phases

  /** While the guest has accesses to make. */
  #disturbed(): void {
    this.#faults = true;
    for (let turns = 0; turns < TURNS && this.#hasWork() && this.#goesOn(); turns++) {
      const actor = this.interleaving.next();
      if (actor < 0) break;
      this.#perform(actor);
    }
    this.#faults = false;
  }

  /** The guest's last access is made: it may end before threads have done what they were asked for. */
  #windUp(): void {
    if (this.#hasWork()) return;
    this.#windsUp = true;
    for (let turns = 0; turns < WIND_UP_TURNS && this.#threads.ready.length > 0 && this.#goesOn(); turns++) {
      const actor = this.interleaving.next();
      if (actor < 0) break;
      this.#perform(actor);
    }
    this.#windsUp = false;
  }

  #hasWork(): boolean {
    if (this.#nextOutside < this.#outside.length) return true;
    for (const { thread, next, steps } of this.#vcpus) if (thread !== undefined || next < steps.length) return true;
    return false;
  }

  #goesOn(): boolean {
    return this.vm.ended === undefined && !this.#deadlocked;
  }

  /** Nobody is disturbed any more: what was begun must come to its end, and what was signalled must be heard. */
  #undisturbed(): void {
    const { interleaving, vm } = this;
    interleaving.calm = true;
    interleaving.chooser = PLAIN;
    let waited = 0;
    for (let turns = 0; turns < TURNS && this.#goesOn(); turns++) {
      const [ready] = this.#threads.ready;
      if (ready !== undefined) this.#turn(ready);
      else if (this.#nextAccess()) continue;
      else {
        const waiting = this.#unfinished();
        if (waiting.length === 0) break;
        if (!vm.waitForAlarm()) {
          this.#waits.stuck(waiting);
          this.#deadlocked = true;
        }
      }
      const starved = this.#threads.all.find(({ kind, wait }) => kind === THREAD.vcpu && wait?.for === "mutex");
      waited = starved === undefined ? 0 : waited + 1;
      if (starved !== undefined && waited > STARVED) {
        this.#waits.starved(starved);
        this.#deadlocked = true;
      }
    }
    if (this.#goesOn()) this.#wakeThoseWhoWait();
  }

  /** The accesses that a schedule cut short has left. */
  #nextAccess(): boolean {
    const at = this.#vcpus.findIndex(({ thread, next, steps }) => thread === undefined && next < steps.length);
    if (at < 0) return false;
    this.#perform(actorOf(ACTOR.vcpu, at));
    return true;
  }

  /** Callbacks that have not ended. */
  #unfinished(): Thread[] {
    return this.#threads.all.filter(({ instance }) => instance === undefined);
  }

  // ----------------------------------------------------------------------------------------------- turns

  #perform(actor: Actor): void {
    const kind = kindOf(actor);
    if (kind === ACTOR.thread) {
      const thread = this.#threads.find(whichOf(actor));
      if (thread !== undefined) this.#turn(thread);
      return;
    }
    this.listener.turn?.(actor, undefined);
    this.switches++;
    if (kind !== ACTOR.wake) this.#fresh = undefined;
    if (kind !== ACTOR.vcpu) this.steps.global();
    if (kind === ACTOR.vcpu) this.#begin(whichOf(actor));
    else if (kind === ACTOR.outside) this.#fromOutside();
    else if (kind === ACTOR.wake) this.#wakeAlone(this.#threads.find(whichOf(actor))!);
    else if (kind === ACTOR.end) this.vm.end(EXIT.normal, "the guest ended");
    else this.#timePasses(kind === ACTOR.late);
    this.#delivered();
  }

  #timePasses(late: boolean): void {
    const { vm } = this;
    this.#alarms++;
    const next = vm.clock.nextDeadlineNs;
    if (late && next !== undefined) vm.restoreClock((next > vm.nowNs ? next : vm.nowNs) + LATE_NS);
    vm.waitForAlarm();
  }

  #begin(index: number): void {
    const begun = this.#begun(index);
    if (begun !== undefined) this.#turn(begun);
  }

  /** A vCPU makes its next access. @returns its thread, before its first turn; undefined when no vdev is asked */
  #begun(index: number): Thread | undefined {
    const vcpu = this.#vcpus[index]!;
    const step = vcpu.steps[vcpu.next++]!;
    const begun = beginAccess(this.vm, step.access);
    if (typeof begun === "number") {
      this.#finish(vcpu, step, begun);
      return undefined;
    }
    vcpu.thread = begun;
    this.began.set(step, { thread: begun.id, decisions: this.interleaving.decisions.length });
    return begun;
  }

  #beginInside(index: number): Thread | undefined {
    this.listener.turn?.(actorOf(ACTOR.vcpu, index), undefined);
    this.switches++;
    this.#fresh = undefined;
    return this.#begun(index);
  }

  #turn(thread: Thread): void {
    this.#fresh = undefined;
    this.switches++;
    this.listener.turn?.(actorOf(ACTOR.thread, thread.id), thread);
    try {
      this.#threads.turn(thread);
    } catch (error) {
      if (!(error instanceof EndOfVm)) throw error;
      this.vm.endBy(error);
    }
    this.listener.turned?.(thread);
    if (thread.state === "ended") this.steps.touch(thread);
    if (thread.state === "waiting") {
      const object = thread.wait === undefined ? undefined : objectOf(thread.wait);
      if (object !== undefined) this.steps.touch(object);
      if (this.#waits.began(thread)) this.#deadlocked = true;
      if (thread.wait?.for === "cond" && !thread.alarm.isSet) this.#fresh = thread;
    }
    this.#settleEnded();
    this.#delivered();
  }

  /** A read's value stands where the next one's will: it is taken before another access goes on. */
  #settleEnded(): void {
    for (const vcpu of this.#vcpus) {
      if (vcpu.thread?.state === "ended") this.#ended(vcpu, vcpu.thread);
    }
  }

  /** Pulses go out between callbacks. */
  #delivered(): void {
    if (this.vm.pulses.waiting.length > 0) this.vm.pulses.deliverWaiting();
  }

  #ended(vcpu: Vcpu, thread: Thread): void {
    vcpu.thread = undefined;
    const step = vcpu.steps[vcpu.next - 1]!;
    this.#finish(vcpu, step, endAccess(this.vm, step.access, thread));
  }

  #finish(vcpu: Vcpu, step: VcpuStep, outcome: AccessStatus): void {
    if (outcome === AccessStatus.noAdvance && vcpu.retries++ < RETRIES) {
      vcpu.next--;
      return;
    }
    vcpu.retries = 0;
    const { width, op } = step.access;
    const value = op === "read" ? BigInt.asUintN(8 * width, joinHalves(this.vm.valueLo, this.vm.valueHi)) : 0n;
    this.listener.access?.(step, outcome, value);
    this.#answers.push([step, outcome, value]);
    if (step.expectation === undefined || outcome === AccessStatus.stop) return;
    const answer = answerOf(outcome, op, value);
    if (matches(answer, step.expectation.expectation)) return;
    this.failed.push({ step, got: formatAnswer(answer) });
  }

  #fromOutside(): void {
    const step = this.#outside[this.#nextOutside++]!;
    const machine = this.#machine;
    switch (step.kind) {
      case "control":
        machine.control(step.what);
        return;
      case "pulse":
        machine.pulse(step.vdev, step.code);
        return;
      case "input":
        machine.input(step.vdev, step.bytes);
        return;
      case "flow":
        machine.flow(step.vdev, step.takes);
        return;
      case "power":
        machine.setPowerState(step.cpu, step.state);
        return;
      case "irqAct":
        machine.irqAct(step.pic, step.line, step.act);
        return;
      case "clockStep":
        machine.clockStep(step.ns);
    }
  }

  #called(call: string): void {
    const { current } = this.#threads;
    if (current === undefined) return;
    this.#order.call = call;
    this.steps.called(call);
    this.#places.called(current);
    this.listener.call?.(current, call);
  }

  // -------------------------------------------------------------------------------------- condition variables

  /** Nothing has changed since the thread began to wait: one that looks again waits again. */
  #wakeAlone(thread: Thread): void {
    this.#wakes++;
    const place = this.#places.of(thread);
    const test = this.#wake(thread);
    if (test === "acted") this.#waits.noPredicate(thread, place);
  }

  /** Nobody will signal any more. A thread that finds something to do when it is woken should have been. */
  #wakeThoseWhoWait(): void {
    for (const thread of [...this.#threads.all]) {
      if (thread.wait?.for !== "cond" || thread.state !== "waiting" || thread.alarm.isSet) continue;
      const { name } = thread.wait;
      const place = this.#places.of(thread);
      if (this.#wake(thread) !== "acted") continue;
      if (!this.#goesOn()) return;
      // Once it waits again nothing has changed: whoever acts then too does not look at all.
      for (let turns = 0; turns < SETTLE_TURNS && thread.wait?.for !== "cond" && this.#goesOn(); turns++)
        this.#settle();
      const looks = thread.wait?.for !== "cond" || this.#wake(thread) !== "acted";
      if (looks) this.#waits.lostWakeup(thread, name, place);
      else this.#waits.noPredicate(thread, place);
      if (!this.#goesOn()) return;
    }
  }

  /** One turn of whoever can, or time goes on. */
  #settle(): void {
    const [ready] = this.#threads.ready;
    if (ready !== undefined) this.#turn(ready);
    else this.vm.waitForAlarm();
  }

  #wake(thread: Thread): WakeTest {
    const { interleaving } = this;
    const was = interleaving.calm;
    interleaving.calm = true;
    try {
      return wakeAlone(this.vm, thread, () => this.#turn(thread));
    } finally {
      interleaving.calm = was;
    }
  }
}

/** What an access came to, as scripts have it. */
function answerOf(outcome: AccessStatus, op: "read" | "write", value: bigint): Answer {
  if (outcome !== AccessStatus.done) return { kind: "error", why: "bus error" };
  return op === "read" ? { kind: "value", value } : { kind: "ok" };
}
