/**
 * guest_clock_start() and guest_clock_stop(). Oracle: the page of guest_clock_start() ("from here on the callback's time
 * counts as billable vCPU time"), and arithmetic with what delay() takes.
 */
import { describe, expect, it } from "vitest";
import { vmOf, write } from "../../test/support/vm.ts";
import { AT, watVdev } from "../../test/support/wat-vdev.ts";
import { IN_ORDER } from "../threads/schedule.ts";
import { stateDigest, VmSnapshot } from "../vm/snapshot.ts";
import type { Vm } from "../vm/vm.ts";

const DEVICE = 0x1c000000n;
const MS = 1_000_000n;
const BYTES_4096 = `(if (i32.eqz (local.get $ctrl)) (then
  (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))`;

/** What a guest writes, and what the vdev does then. */
const WRITE = {
  pair: 1n,
  start: 2n,
  stop: 3n,
  twice: 4n,
  waits: 5n,
  waitsToTheEnd: 6n,
  fault: 7n,
  loop: 8n,
  arm: 9n,
} as const;
const on = (value: bigint, body: string) =>
  `(if (i32.eq (i32.load offset=32 (local.get $gcp)) (i32.const ${value})) (then ${body}))`;
const wait = (ms: number) => `(drop (call $delay (i32.const ${ms})))`;

const CLOCKED = watVdev({
  fields: `
    (import "qvm" "guest_clock_start" (func $start)) (import "qvm" "guest_clock_stop" (func $stop))
    (import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))
    (import "qvm" "guest_timer_notify" (func $notify (param i32 i32 i32 i32) (result i32)))
    (import "posix" "delay" (func $delay (param i32) (result i32)))
    (global $guest_timer (mut i32) (i32.const 0))`,
  control: `${BYTES_4096}
    (if (i32.eq (local.get $ctrl) (i32.const 1)) (then (global.set $guest_timer
      (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const ${AT.scratch})))))
    (i32.const 0)`,
  timer: "(call $start) (call $stop)",
  vwrite: `
    ${on(WRITE.pair, "(call $start) (call $stop)")}
    ${on(WRITE.start, "(call $start)")}
    ${on(WRITE.stop, "(call $stop)")}
    ${on(WRITE.twice, "(call $start) (call $start) (call $stop)")}
    ${on(WRITE.waits, `${wait(2)} (call $start) ${wait(5)} (call $stop) ${wait(7)}`)}
    ${on(WRITE.waitsToTheEnd, `${wait(2)} (call $start) ${wait(3)}`)}
    ${on(WRITE.fault, `(call $start) ${wait(4)} (unreachable)`)}
    ${on(WRITE.loop, "(loop $more (call $start) (call $stop) (br $more))")}
    ${on(WRITE.arm, "(drop (call $notify (global.get $guest_timer) (i32.const 0) (i32.const 1) (i32.const 0)))")}
    (i32.const 0)`,
});

/** `threads`: callbacks may wait, so that time passes in them. */
const clocked = (threads: boolean): Vm =>
  vmOf(CLOCKED, { cpus: 2 }, { ...(threads && { schedule: IN_ORDER }), vdev: { name: "dog" } }).vm;
const account = (vm: Vm) => vm.guestClock.report()[0];
const warnings = (vm: Vm) => vm.findings.all.filter(({ call }) => call?.name.startsWith("guest_clock") === true);

describe.each([
  ["without threads", false],
  ["with threads", true],
])("the guest's clock %s", (_what, threads) => {
  it("is counted for each vCPU; nothing is told of a pair", () => {
    const vm = clocked(threads);
    expect(vm.guestClock.report()).toEqual([]);
    for (let i = 0; i < 3; i++) write(vm, DEVICE, WRITE.pair);
    vm.write("memory", Number(DEVICE), 0, 4, Number(WRITE.pair), 0, 1);
    const none = { vdev: "dog", billableNs: 0n };
    expect(vm.guestClock.report()).toEqual([
      { ...none, vcpu: 0, starts: 3, stops: 3 },
      { ...none, vcpu: 1, starts: 1, stops: 1 },
    ]);
    expect(warnings(vm)).toEqual([]);
  });

  it("ends with its callback: a start without a stop is not told, and the next one is none too many", () => {
    const vm = clocked(threads);
    write(vm, DEVICE, WRITE.start);
    write(vm, DEVICE, WRITE.start);
    expect(account(vm)).toMatchObject({ starts: 2, stops: 0 });
    expect(warnings(vm)).toEqual([]);
    write(vm, DEVICE, WRITE.stop);
    expect(warnings(vm)).toMatchObject([{ severity: "warning", call: { name: "guest_clock_stop" } }]);
  });

  it("warns of a second start in a callback, and of a stop without one", () => {
    const vm = clocked(threads);
    write(vm, DEVICE, WRITE.stop);
    write(vm, DEVICE, WRITE.twice);
    expect(warnings(vm)).toMatchObject([
      { severity: "warning", call: { name: "guest_clock_stop" }, vdev: { name: "dog" } },
      { severity: "warning", call: { name: "guest_clock_start" }, vdev: { name: "dog" } },
    ]);
    expect(account(vm)).toMatchObject({ starts: 2, stops: 2 });
    expect(vm.failure).toBeUndefined();
  });

  it("in a timer's callback is no vCPU's", () => {
    const vm = clocked(threads);
    write(vm, DEVICE, WRITE.arm);
    vm.clockStep(MS);
    expect(vm.guestClock.report()).toEqual([{ vdev: "dog", vcpu: undefined, starts: 1, stops: 1, billableNs: 0n }]);
  });

  it("goes back with the VM", () => {
    const vm = clocked(threads);
    write(vm, DEVICE, WRITE.pair);
    const then = { snapshot: new VmSnapshot(vm), digest: stateDigest(vm), report: vm.guestClock.report() };
    write(vm, DEVICE, WRITE.start);
    expect(stateDigest(vm)).not.toBe(then.digest);
    then.snapshot.restore();
    expect(vm.guestClock.report()).toEqual(then.report);
    expect(stateDigest(vm)).toBe(then.digest);
  });
});

describe("time that is the guest's", () => {
  it("is what passes between start and stop, not before and not behind", () => {
    const vm = clocked(true);
    write(vm, DEVICE, WRITE.waits);
    expect(vm.nowNs).toBe(14n * MS);
    expect(account(vm)?.billableNs).toBe(5n * MS);
    write(vm, DEVICE, WRITE.waits);
    expect(account(vm)).toMatchObject({ starts: 2, stops: 2, billableNs: 10n * MS });
  });

  it("lasts to the callback's return, also to one by a fault", () => {
    const vm = clocked(true);
    write(vm, DEVICE, WRITE.waitsToTheEnd);
    vm.clockStep(100n * MS);
    expect(account(vm)?.billableNs).toBe(3n * MS);
    write(vm, DEVICE, WRITE.fault);
    vm.clockStep(100n * MS);
    expect(account(vm)?.billableNs).toBe(7n * MS);
  });

  it("is told behind the STATUS of vdevs, once there is an account", () => {
    const { vm, events } = vmOf(CLOCKED, {}, { schedule: IN_ORDER, vdev: { name: "dog" } });
    const reports = () =>
      events.flatMap((event) => (event.kind === "report" ? [`${event.source}: ${event.text}`] : []));
    vm.control("status");
    expect(reports()).toEqual([]);
    write(vm, DEVICE, WRITE.waits);
    vm.control("status");
    expect(reports()).toEqual([
      "qvm: the guest's clock was started 1 time and stopped 1 time by dog on vCPU 0; 5000000 ns are the guest's",
    ]);
  });
});

it("on a thread of the vdev's own is warned of: that is no vCPU's time", () => {
  const threaded = watVdev({
    fields: `(import "qvm" "guest_clock_start" (func $start))
      (import "qvm" "vdev_thread_create" (func $create (param i32 i32 i32 i32 i32 i32) (result i32)))
      (elem (i32.const 6) $run)
      (func $run (param i32 i32) (result i32) (call $start) (i32.const 0))
      (data (i32.const ${AT.scratch + 64}) "worker\\00")`,
    control: `${BYTES_4096}
      (if (i32.eq (local.get $ctrl) (i32.const 2)) (then (drop (call $create (local.get $vdp) (i32.const ${AT.scratch + 64})
        (i32.const ${AT.scratch}) (i32.const 0) (i32.const 6) (i32.const 0)))))
      (i32.const 0)`,
  });
  const { vm } = vmOf(threaded, {}, { vdev: { name: "dog" } });
  vm.clockStep(MS);
  expect(vm.guestClock.report()).toMatchObject([{ vcpu: undefined, starts: 1 }]);
  expect(warnings(vm)).toMatchObject([{ severity: "warning", call: { name: "guest_clock_start" } }]);
});

it("called in a loop for ever stops the module, and not the host", () => {
  const vm = clocked(false);
  write(vm, DEVICE, WRITE.loop);
  expect(vm.findings.all.at(-1)).toMatchObject({ severity: "fault", rule: "limit" });
});
