import * as L from "../dispatcher/assembly/layout.ts";
import { TRAPS_MAX, type Trap, type TrapRing } from "../dispatcher/batch.ts";
import { AccessStatus } from "../guests/bus.ts";
import { settleRead, settleWrite } from "./access.ts";
import type { Vm } from "./vm.ts";

/**
 * Makes the first `count` accesses of a ring, in order, as `vm.read` and `vm.write` would one by one; the ring then
 * has each one's outcome and value. The dispatcher goes through them by itself and comes back for what is not plainly
 * done: RAM, a refusal, a vdev that faulted; and for what comes due with the time they take. It then goes on at the next.
 *
 * Where something else must happen between accesses (a listener is told of each, pulses may wait behind one, guest
 * memory is mapped into a vdev) they are made one by one, from the one on after which it must.
 * @returns how many were made: fewer than `count` when the VM ended, the last of them with outcome `stop`
 */
export function runBatch(vm: Vm, ring: TrapRing, count: number): number {
  return new Batches(vm, ring).run(count);
}

/** `runBatch` of one VM and ring, for who makes very many. */
export class Batches {
  readonly #vm: Vm;
  readonly #ring: TrapRing;
  readonly #advance: Advance;

  constructor(vm: Vm, ring: TrapRing) {
    this.#vm = vm;
    this.#ring = ring;
    this.#advance = new Advance(vm, ring);
  }

  /** As `runBatch`. */
  run(count: number): number {
    if (count < 0 || count > TRAPS_MAX) throw new RangeError(`a batch has at most ${TRAPS_MAX} traps`);
    this.#ring.notDone = 0;
    const done = this.#advance.run(count);
    return done === count || this.#vm.ended !== undefined ? done : oneByOne(this.#vm, this.#ring, done, count);
  }
}

/** Lets the dispatcher go through a ring by itself, up to a trap in which a vdev maps memory or changes regions. */
class Advance {
  readonly #vm: Vm;
  readonly #ring: TrapRing;
  #count = 0;
  /** The record at which the dispatcher has to come back whatever happens, and what makes it. */
  #end = 0;
  #unblock: (() => void) | undefined;
  /** What the count of traps would have been before the ring's first record. */
  #before = 0;

  readonly #onMapped = (): void => this.#endAt(this.#progress + 1);
  readonly #onAlarms = (): void => this.#endAt(this.#progress + this.#vm.time.accessesToAlarm);

  constructor(vm: Vm, ring: TrapRing) {
    this.#vm = vm;
    this.#ring = ring;
  }

  /** @returns traps made */
  run(count: number): number {
    const { dispatcher, windows, time } = this.#vm;
    this.#count = count;
    windows.opened = this.#onMapped;
    dispatcher.onMapped = this.#onMapped;
    time.onAlarms = this.#onAlarms;
    try {
      let next = 0;
      while (next < this.#count && this.#vm.ended === undefined && this.#vm.mayBatch && !windows.any) {
        next = this.#stretch(next);
      }
      return next;
    } finally {
      windows.opened = undefined;
      dispatcher.onMapped = undefined;
      time.onAlarms = undefined;
    }
  }

  /** Makes accesses up to one the host has to deal with, or to where something comes due. @returns the next record */
  #stretch(first: number): number {
    const { context, held, time, windows } = this.#vm;
    this.#end = Math.min(this.#count, first + time.accessesToAlarm);
    this.#before = context.trap - first;
    time.beginBatch(first);
    let next = first;
    try {
      next = this.#advance(first);
      if (windows.any) windows.flush();
      if (held.any) held.checkReleased(undefined);
      if (next < this.#end) settle(this.#vm, this.#ring, next++);
      // The dispatcher has counted the trap that it refused; it is made again.
      else if (this.#unblock !== undefined && this.#progress === next) context.trap -= 1;
    } finally {
      this.#unblock?.();
      this.#unblock = undefined;
      this.#end = 0; // what fires now may set alarms; nothing is under way that they would have to end
      const wasRunning = this.#vm.ended === undefined;
      time.endBatch(next);
      if (wasRunning && this.#vm.ended !== undefined) this.#stop(next - 1);
    }
    return next;
  }

  /** Lets the dispatcher work. @returns the first record that is not plainly done, its answer written; else the end */
  #advance(first: number): number {
    const { dispatcher } = this.#vm;
    try {
      return dispatcher.exports.run_batch(first, this.#end);
    } catch (error) {
      const faulted = this.#progress;
      const status = this.#vm.faulted(error);
      dispatcher.words[(L.RING + faulted * L.RING_RECORD_BYTES + L.RING_STATUS) >> 2] = status;
      return faulted;
    }
  }

  /** The record in progress, or the last that was. */
  get #progress(): number {
    return (this.#vm.context.trap - this.#before - 1) | 0; // the count may wrap around
  }

  /** Makes the dispatcher come back before a record that it has not come to yet. */
  #endAt(record: number): void {
    if (record >= this.#end) return;
    this.#unblock?.();
    this.#end = record;
    this.#unblock = this.#ring.block(record);
  }

  /** The VM ended with what came due behind an access: so the guest sees it. */
  #stop(record: number): void {
    const ring = this.#ring;
    if (ring.status(record) === AccessStatus.done) ring.notDone++;
    ring.settle(record, AccessStatus.stop, ring.valueLo(record), ring.valueHi(record));
  }
}

function settle(vm: Vm, ring: TrapRing, i: number): void {
  const { write, space, lo, hi, width, valueLo, valueHi, vcpu } = ring.trap(i);
  const answer = ring.answer(i);
  let outcome: AccessStatus;
  if (write) outcome = settleWrite(vm, answer, space, lo, hi, width, valueLo, valueHi, vcpu);
  else {
    vm.valueLo = valueLo;
    vm.valueHi = valueHi;
    outcome = settleRead(vm, answer, space, lo, hi, width, vcpu);
  }
  if (vm.ended !== undefined) outcome = AccessStatus.stop;
  if (outcome !== AccessStatus.done) ring.notDone++;
  ring.settle(i, outcome, write ? valueLo : vm.valueLo, write ? valueHi : vm.valueHi);
}

function oneByOne(vm: Vm, ring: TrapRing, first: number, count: number): number {
  for (let i = first; i < count; i++) {
    if (vm.ended !== undefined) return i;
    const trap = ring.trap(i);
    const outcome = access(vm, trap);
    if (outcome !== AccessStatus.done) ring.notDone++;
    ring.settle(i, outcome, trap.write ? trap.valueLo : vm.valueLo, trap.write ? trap.valueHi : vm.valueHi);
  }
  return count;
}

function access(vm: Vm, { write, space, lo, hi, width, vcpu, valueLo, valueHi }: Trap): AccessStatus {
  return write ? vm.write(space, lo, hi, width, valueLo, valueHi, vcpu) : vm.read(space, lo, hi, width, vcpu);
}
