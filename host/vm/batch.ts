import * as L from "../dispatcher/assembly/layout.ts";
import { TRAPS_MAX, type Trap, type TrapRing } from "../dispatcher/batch.ts";
import { AccessStatus } from "../guests/bus.ts";
import { settleRead, settleWrite } from "./access.ts";
import type { Vm } from "./vm.ts";

/**
 * Makes the first `count` accesses of a ring, in order, as `vm.read` and `vm.write` would one by one; the ring then
 * has each one's outcome and value. The dispatcher goes through them by itself and comes back for what is not plainly
 * done: RAM, a refusal, a vdev that faulted. It then goes on at the next.
 *
 * Where something must happen between accesses (a listener is told of each, time passes with each, guest memory is
 * mapped into a vdev) they are made one by one, from the one on after which it must.
 * @returns how many were made: fewer than `count` when the VM ended, the last of them with outcome `stop`
 */
export function runBatch(vm: Vm, ring: TrapRing, count: number): number {
  if (count < 0 || count > TRAPS_MAX) throw new RangeError(`a batch has at most ${TRAPS_MAX} traps`);
  ring.notDone = 0;
  const done = vm.watchesAccesses || vm.windows.any ? 0 : untilMapped(vm, ring, count);
  if (vm.windows.any) vm.windows.flush();
  if (vm.held.any) vm.held.checkReleased(undefined);
  return done === count || vm.ended !== undefined ? done : oneByOne(vm, ring, done, count);
}

/** Lets the dispatcher go through a batch by itself, up to the trap in which a vdev maps memory. @returns traps made */
function untilMapped(vm: Vm, ring: TrapRing, count: number): number {
  let blocked = count;
  let unblock: (() => void) | undefined;
  vm.windows.opened = () => {
    const next = vm.dispatcher.words[PROGRESS]! + 1;
    if (unblock !== undefined || next >= count) return;
    blocked = next;
    unblock = ring.block(next);
  };
  try {
    let next = 0;
    while (next < blocked && vm.ended === undefined) {
      next = advance(vm, next, count);
      if (next === blocked) break;
      settle(vm, ring, next);
      next++;
    }
    // The dispatcher has counted the trap that it refused; it is made again.
    if (unblock !== undefined && vm.dispatcher.words[PROGRESS] === blocked) vm.context.trap -= 1;
    return next;
  } finally {
    vm.windows.opened = undefined;
    unblock?.();
  }
}

/** Lets the dispatcher work. @returns the first record that is not plainly done, its answer written; else `end` */
function advance(vm: Vm, first: number, end: number): number {
  try {
    return vm.dispatcher.exports.run_batch(first, end);
  } catch (error) {
    const { words } = vm.dispatcher;
    const faulted = words[PROGRESS]!;
    words[(L.RING + faulted * L.RING_RECORD_BYTES + L.RING_STATUS) >> 2] = vm.faulted(error);
    return faulted;
  }
}

function settle(vm: Vm, ring: TrapRing, i: number): void {
  const { write, space, lo, hi, width, valueLo, valueHi, vcpu } = ring.trap(i);
  const answer = ring.answer(i);
  let outcome: AccessStatus;
  if (write) outcome = settleWrite(vm, answer, space, lo, hi, width, valueLo, valueHi, vcpu);
  else {
    vm.takeValue();
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

const PROGRESS = (L.CONTEXT + L.CONTEXT_PROGRESS) >> 2;
