/**
 * Batches in a VM whose accesses take time: timers fire between the same accesses, and vdevs see the same time, as when
 * the accesses are made one by one. Oracle: `vm.read` and `vm.write` of a second VM.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moduleFile, vdevPlan, vmPlan } from "../../test/support/vm.ts";
import { AT, watVdev } from "../../test/support/wat-vdev.ts";
import { type Trap, TrapRing } from "../dispatcher/batch.ts";
import { AccessStatus } from "../guests/bus.ts";
import { runBatch } from "./batch.ts";
import { stateDigest, VmSnapshot } from "./snapshot.ts";
import { createVm } from "./startup.ts";
import type { Vm } from "./vm.ts";

const BASE = 0x1c000000;
const RAM = 0x1000;
const NOWHERE = 0x9000_0000;
const TERMINATES = 8;
const FAULTS = 12;
const TIMER_ENDS = 0x2000;

/** Adds the time to a sum that depends on the order of what is added. */
const NOTE_TIME = `(call $state (global.get $timer) (i32.const ${AT.scratch}))
  (i64.store (i32.const 64) (i64.add (i64.mul (i64.load (i32.const 64)) (i64.const 31)) (i64.load offset=24 (i32.const ${AT.scratch}))))`;
const NOTIFY = (data: string, cycles: string) =>
  `(drop (call $notify (global.get $timer) ${data} ${cycles} (i32.const 0)))`;
const OFFSET = `(i32.and (i32.load (local.get $vopnd)) (i32.const 0xfff))`;

/**
 * A write arms the timer for so many cycles from now, 0xffffffff for never; a read gives a sum over the times of all
 * that happened. The timer arms itself again three times out of four, for as many cycles as its count says.
 */
const FILE = moduleFile(
  watVdev({
    fields: `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))
    (import "qvm" "guest_timer_notify" (func $notify (param i32 i32 i32 i32) (result i32)))
    (import "qvm" "guest_timer_state" (func $state (param i32 i32)))
    (global $timer (mut i32) (i32.const 0)) (global $n (mut i32) (i32.const 0)) (global $last (mut i32) (i32.const 0))`,
    control: `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
    (if (i32.eq (local.get $ctrl) (i32.const 1)) (then
      (global.set $timer (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const 88)))))
    (i32.const 0)`,
    vwrite: `(local $value i32) ${NOTE_TIME}
    (local.set $value (i32.load offset=32 (local.get $gcp)))
    (global.set $last (local.get $value))
    (if (i32.eq (local.get $value) (i32.const -1))
      (then (drop (call $notify (global.get $timer) (i32.const 0) (i32.const -1) (i32.const -1))))
      (else ${NOTIFY("(i32.const 0)", "(local.get $value)")}))
    (i32.const 0)`,
    vread: `${NOTE_TIME}
    (if (i32.eq ${OFFSET} (i32.const ${TERMINATES})) (then (return (i32.const 5))))
    (if (i32.eq ${OFFSET} (i32.const ${FAULTS})) (then unreachable))
    (i32.store offset=32 (local.get $gcp) (i32.load (i32.const 64)))
    (i32.store offset=40 (local.get $gcp) (i32.const 3))
    (i32.const 0)`,
    timer: `${NOTE_TIME}
    (if (i32.eq (global.get $last) (i32.const ${TIMER_ENDS})) (then unreachable))
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (if (i32.and (global.get $n) (i32.const 3)) (then ${NOTIFY("(local.get $tdp)", "(i32.add (i32.const 40) (global.get $n))")}))`,
  }),
);

function machine(accessNs: number, onFault: "continue" | "stop" = "continue"): Vm {
  const vdevs = [0, 1].map((i) =>
    vdevPlan(FILE, {
      type: "timed",
      name: `timed-${i}`,
      loc: { space: "memory", address: BigInt(BASE + i * 0x1000) },
    }),
  );
  const ram = [{ start: BigInt(RAM), length: 0x1000n, writable: true }];
  return createVm(vmPlan(vdevs, { ram, accessNs, onFault, instances: "private" }));
}

type Access = Pick<Trap, "write" | "lo" | "valueLo">;
const at = (lo: number): Access => ({ write: false, lo, valueLo: 0 });
const arm = (device: number, cycles: number): Access => ({ write: true, lo: BASE + device * 0x1000, valueLo: cycles });

/** Outcome and, of reads, the value of each access. */
type Answers = (readonly [AccessStatus, number])[];

function oneByOne(vm: Vm, accesses: readonly Access[]): Answers {
  const answers: Answers = [];
  for (const { write, lo, valueLo } of accesses) {
    if (vm.ended !== undefined) break;
    const status = write ? vm.write("memory", lo, 0, 4, valueLo, 0, 0) : vm.read("memory", lo, 0, 4, 0);
    answers.push([status, write || status !== AccessStatus.done ? 0 : vm.valueLo]);
  }
  return answers;
}

function inBatch(vm: Vm, accesses: readonly Access[]): Answers {
  const ring = new TrapRing(vm.dispatcher);
  accesses.forEach(({ write, lo, valueLo }, i) => {
    if (write) ring.setWrite(i, "memory", lo, 0, 4, valueLo, 0, 0);
    else ring.setRead(i, "memory", lo, 0, 4, 0);
  });
  const made = runBatch(vm, ring, accesses.length);
  const answers: Answers = accesses.slice(0, made).map(({ write }, i) => {
    const status = ring.status(i);
    return [status, write || status !== AccessStatus.done ? 0 : ring.valueLo(i)];
  });
  expect(ring.notDone).toBe(answers.filter(([status]) => status !== AccessStatus.done).length);
  return answers;
}

function seen(vm: Vm) {
  const { traps, nowNs, ended } = vm;
  const findings = vm.findings.all.map(({ message, situation }) => [message, situation.trap]);
  return { traps, nowNs, ended, fired: vm.clock.fired, findings, state: stateDigest(vm) };
}

const access = fc.oneof(
  { weight: 12, arbitrary: fc.nat(3).map((word) => at(BASE + (word & 1) * 0x1000 + (word >> 1) * 4)) },
  { weight: 4, arbitrary: fc.tuple(fc.nat(1), fc.nat(400)).map(([device, cycles]) => arm(device, cycles)) },
  { weight: 1, arbitrary: fc.nat(1).map((device) => arm(device, 0xffffffff)) },
  { weight: 1, arbitrary: fc.constantFrom(at(RAM), at(NOWHERE), { write: true, lo: RAM, valueLo: 5 }) },
);
const rare = fc.constantFrom(at(BASE + TERMINATES), at(BASE + FAULTS), arm(1, TIMER_ENDS));

describe("a batch of accesses that take time", () => {
  for (const accessNs of [0, 1, 7, 100, 5000]) {
    it(`does what they do one by one, ${accessNs} ns each`, () => {
      const [single, batch] = [machine(accessNs), machine(accessNs)];
      const starts = [new VmSnapshot(single), new VmSnapshot(batch)];
      fc.assert(
        fc.property(fc.array(access, { maxLength: 150 }), fc.array(access, { maxLength: 30 }), (first, second) => {
          for (const start of starts) start.restore();
          expect(inBatch(batch, first)).toEqual(oneByOne(single, first));
          expect(inBatch(batch, second)).toEqual(oneByOne(single, second));
          expect(seen(batch)).toEqual(seen(single));
        }),
        { numRuns: 40 },
      );
    });
  }

  it("ends where they end one by one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 30, arbitrary: access }, { weight: 1, arbitrary: rare }), {
          minLength: 90,
          maxLength: 120,
        }),
        fc.constantFrom("continue" as const, "stop" as const),
        (accesses, onFault) => {
          const [single, batch] = [machine(100, onFault), machine(100, onFault)];
          expect(inBatch(batch, accesses)).toEqual(oneByOne(single, accesses));
          expect(seen(batch)).toEqual(seen(single));
        },
      ),
      { numRuns: 40 },
    );
  });

  it("is stopped by a timer behind an access, which the guest then sees", () => {
    const vm = machine(100, "stop");
    const accesses = [arm(0, TIMER_ENDS), ...Array.from({ length: 200 }, () => at(BASE + 0x1000))];
    // Armed with the clock at 0 for 0x2000 = 8192 ns: due with the 82nd access.
    const answers = inBatch(vm, accesses);
    expect(answers.map(([status]) => status)).toEqual([...Array(81).fill(AccessStatus.done), AccessStatus.stop]);
    // Time stands where the timer fired.
    expect(vm.nowNs).toBe(8192n);
  });

  it("goes through accesses by itself between two alarms", () => {
    const vm = machine(100);
    let calls = 0;
    const { run_batch } = vm.dispatcher.exports;
    const counted = {
      ...vm.dispatcher.exports,
      run_batch(first: number, end: number) {
        calls++;
        return run_batch(first, end);
      },
    };
    Object.defineProperty(vm.dispatcher, "exports", { value: counted });
    // Armed at 0 for 5000 ns: due with the 50th. It fires once more 41, 42 and 43 ns later each, within the 51st.
    inBatch(vm, [arm(0, 5000), ...Array.from({ length: 999 }, () => at(BASE + 0x1000))]);
    expect(vm.clock.fired).toBe(4);
    expect(calls).toBeLessThan(10);
  });
});

describe("an access that ends the VM", () => {
  it("fires no timer that is due with it", () => {
    const vm = machine(100);
    oneByOne(vm, [arm(0, 100), at(BASE + 0x1000 + TERMINATES)]);
    expect(vm.ended).toBeDefined();
    expect(vm.clock.fired).toBe(1);
    const ending = machine(100);
    oneByOne(ending, [arm(0, 150), at(BASE + 0x1000 + TERMINATES)]);
    expect(ending.clock.fired).toBe(0);
    expect(ending.nowNs).toBe(200n);
  });
});
