import { TrapRing } from "../dispatcher/batch.ts";
import { VmScriptMachine } from "../guests/script/vm-machine.ts";
import { UndecidedMemory } from "../memory/undecided-memory.ts";
import { BURST, BURST_NS } from "../time/firing-rate.ts";
import { Batches } from "../vm/batch.ts";
import { LINE_ACTS } from "../vm/events.ts";
import { checkInvariants, hasInvariants } from "../vm/invariants.ts";
import { POWER_STATES } from "../vm/power.ts";
import { VmSnapshot } from "../vm/snapshot.ts";
import type { Vm } from "../vm/vm.ts";
import {
  CONTROLS,
  HI,
  isAccess,
  LO,
  META,
  OPERATION,
  OPERATION_WORDS,
  operationOf,
  type ProgramBuffer,
  TO_NEXT_TIMER,
  VALUE_LO,
} from "./program.ts";
import { type Surface, surfaceOf } from "./surface.ts";

/**
 * Timers that one step of time lets fire, at most: a timer of a nanosecond would fire a billion times a second. More where
 * they come without any time between them, until that is told as a storm.
 */
const ALARMS_MAX = 64;
const BURST_MAX = 2 * BURST;

/** Told of each operation of a program behind it; accesses are then carried out one by one. */
export interface Witness {
  /** A program begins, in the VM as it was made. */
  begin(): void;
  /** An access was made: the first record of the ring has how it ended. */
  access(ring: TrapRing): void;
  /** Anything else was done. */
  operation(program: ProgramBuffer, at: number): void;
}

/** A VM that programs are executed in, each from the moment its guest starts. */
export class FuzzTarget {
  readonly vm: Vm;
  readonly surface: Surface;
  readonly memory: UndecidedMemory;
  /** Programs executed. */
  executions = 0;
  /** Operations of the last program that were carried out before the VM ended. */
  done = 0;
  /** Of programs that are carried out once. */
  witness: Witness | undefined;
  readonly #snapshot: VmSnapshot;
  readonly #ring: TrapRing;
  readonly #batches: Batches;
  readonly #machine: VmScriptMachine;
  readonly #watchesTime: boolean;
  readonly #hasInvariants: boolean;
  /** Whether the last program did more than access registers without a call to the host. */
  #didMore = true;

  /** @param vm whose guest is about to start, and that nobody else drives */
  constructor(vm: Vm) {
    this.vm = vm;
    this.surface = surfaceOf(vm);
    this.memory = new UndecidedMemory(vm.ram);
    this.#snapshot = new VmSnapshot(vm);
    this.#ring = new TrapRing(vm.dispatcher);
    this.#batches = new Batches(vm, this.#ring);
    this.#machine = new VmScriptMachine(vm);
    this.#hasInvariants = hasInvariants(vm);
    this.#watchesTime = vm.plan.accessNs > 0;
  }

  /**
   * Executes a program in the VM as it was made. What it did wrong is in `vm.findings`.
   * @param times how often it is carried out; not again once something went wrong
   */
  execute(program: ProgramBuffer, times = 1): void {
    this.restore();
    this.executions++;
    this.memory.begin(program);
    this.#didMore = this.#watchesTime;
    if (this.witness !== undefined && times === 1) this.#show(program, this.witness);
    else this.#run(program);
    this.#checkInvariants();
    for (let i = 1; i < times && this.vm.findings.total === 0; i++) {
      this.#run(program);
      this.#checkInvariants();
    }
  }

  #checkInvariants(): void {
    if (this.#hasInvariants && this.vm.ended === undefined) checkInvariants(this.vm);
  }

  /** Carries out a program where the last one has left the VM; guest memory nobody has written is what this one says. Invariants are not asked for. */
  goOn(program: ProgramBuffer, witness?: Witness): void {
    this.memory.begin(program);
    this.#didMore = true;
    if (witness === undefined) this.#run(program);
    else this.#show(program, witness);
  }

  #run(program: ProgramBuffer): void {
    const { vm } = this;
    const { count, words } = program;
    let at = 0;
    while (at < count && vm.ended === undefined) {
      const end = endOfAccesses(words, at, count);
      if (end > at) {
        this.#ring.load(words, at, end - at);
        at += this.#batches.run(end - at);
        if (at < end) break;
      } else {
        this.#didMore = true;
        this.#carryOut(program, at);
        at++;
      }
    }
    this.done = at;
  }

  /** As `#run`, before the eyes of a witness. */
  #show(program: ProgramBuffer, witness: Witness): void {
    const { vm } = this;
    const { count, words } = program;
    witness.begin();
    let at = 0;
    for (; at < count && vm.ended === undefined; at++) {
      if (isAccess(program.word(at, META))) {
        this.#ring.load(words, at, 1);
        if (this.#batches.run(1) === 0) break;
        witness.access(this.#ring);
      } else {
        this.#didMore = true;
        this.#carryOut(program, at);
        witness.operation(program, at);
      }
    }
    this.done = at;
  }

  /** Puts the VM back to where programs begin. */
  restore(): void {
    const { vm } = this;
    if (vm.findings.total > 0) {
      vm.findings.clear();
      this.#didMore = true;
    }
    if (this.memory.isTouched) this.memory.restore();
    // Races are told what comes before and what after.
    if (this.#didMore || vm.ended !== undefined || vm.races !== undefined || calledHost(vm)) this.#snapshot.restore();
    else this.#snapshot.restoreMemory();
  }

  #carryOut(program: ProgramBuffer, at: number): void {
    const lo = program.word(at, LO);
    const hi = program.word(at, HI);
    const value = program.word(at, VALUE_LO);
    const { vm } = this;
    switch (operationOf(program.word(at, META))) {
      case OPERATION.clock:
        this.#pass(program, at, lo, hi);
        return;
      case OPERATION.memory:
        vm.ram.store(addressOf(lo, hi), program.blobs[value]!);
        return;
      case OPERATION.input:
        this.#machine.input(vm.vdevs[lo]!.name, program.blobs[value]!);
        return;
      case OPERATION.flow:
        this.#machine.flow(vm.vdevs[lo]!.name, value !== 0);
        return;
      case OPERATION.line:
        this.#machine.irqAct(vm.interrupts.controllers.all[lo]!.name, hi, LINE_ACTS[value]!);
        return;
      case OPERATION.pulse:
        this.#machine.pulse(vm.vdevs[lo]!.name, value);
        return;
      case OPERATION.power:
        this.#machine.setPowerState(lo, POWER_STATES[value]!);
        return;
      case OPERATION.control:
        this.#machine.control(CONTROLS[value]!);
        return;
    }
  }

  /** Lets time pass; where it had to stop early, the program is made to say so. */
  #pass(program: ProgramBuffer, at: number, lo: number, hi: number): void {
    const { vm } = this;
    const isToNext = lo === TO_NEXT_TIMER && hi === TO_NEXT_TIMER;
    if (isToNext) {
      vm.clockStep();
      return;
    }
    const start = vm.nowNs;
    const target = start + addressOf(lo, hi);
    const first = vm.clock.fired;
    while (vm.ended === undefined && vm.nowNs < target) {
      const fired = vm.clock.fired - first;
      if (fired >= ALARMS_MAX && !mayBeStorm(fired, vm.nowNs - start)) {
        const passed = vm.nowNs - start;
        program.setWord(at, LO, Number(BigInt.asIntN(32, passed)));
        program.setWord(at, HI, Number(BigInt.asIntN(32, passed >> 32n)));
        return;
      }
      const next = vm.clock.nextDeadlineNs;
      vm.clockStep((next !== undefined && next < target ? next : target) - vm.nowNs);
    }
  }
}

/** Whether a vdev called the host since the VM was put back, or faulted. */
function calledHost({ instances }: Vm): boolean {
  for (const instance of instances) if (instance.hostWork !== 0 || instance.stopped !== undefined) return true;
  return false;
}

/** The first operation from `at` on that is no access. */
function endOfAccesses(words: Int32Array, at: number, count: number): number {
  let end = at;
  while (end < count && isAccess(words[end * OPERATION_WORDS + META]!)) end++;
  return end;
}

function mayBeStorm(fired: number, ns: bigint): boolean {
  return fired < BURST_MAX && ns * BigInt(BURST) < BigInt(fired) * BURST_NS;
}

/** Both halves as one number. */
export function addressOf(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
