/** Pulses: one callback for each, in order, behind the callback that sent them; the same again in a replay. */
import { describe, expect, it } from "vitest";
import { read, vmOf, write } from "../../test/support/vm.ts";
import { AT, type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { stateDigest, VmSnapshot } from "../vm/snapshot.ts";
import type { Vm } from "../vm/vm.ts";
import { CHAIN_LIMIT, WAITING_LIMIT } from "./pulses.ts";

const DEVICE = 0x1c000000n;
const EVENT = 4096;
const SPEC = 4160;
const EINVAL = 22;
const EAGAIN = 11;

const IMPORTS = `(import "qvm" "vdev_pulse" (func $prepare (param i32 i32 i32 i32 i32)))
  (import "posix" "MsgDeliverEvent" (func $deliver (param i32 i32) (result i32)))
  (import "posix" "timer_create" (func $timer_create (param i32 i32 i32) (result i32)))
  (import "posix" "timer_settime" (func $timer_settime (param i32 i32 i32 i32) (result i32)))
  (import "posix" "timer_gettime" (func $timer_gettime (param i32 i32) (result i32)))
  (import "posix" "timer_delete" (func $timer_delete (param i32) (result i32)))
  (import "posix" "errno_get" (func $errno (result i32)))
  (import "posix" "clock_gettime" (func $clock (param i32 i32) (result i32)))`;

const AT_64 = (offset: number) => `(i32.const ${64 + offset})`;
const PREPARE = `(call $prepare (local.get $vdp) (i32.const -3) (i32.const 10) (i32.const ${EVENT}) (i32.const 0))`;
/** Appends the code to the log at 256 and counts at 64; what is appended at 68 is the count when vwrite began. */
const PULSE = `(i32.store8 (i32.add (i32.const 300) (i32.load ${AT_64(0)})) (local.get $code))
  (i32.store ${AT_64(0)} (i32.add (i32.load ${AT_64(0)}) (i32.const 1))) (i32.const 0)`;

/** A device that prepares its sigevent in OPTIONS_END. A read gives how many pulses came, a write does `vwrite`. */
function device(vwrite: string, more: WatVdev = {}): Uint8Array<ArrayBuffer> {
  return watVdev({
    fields: IMPORTS,
    control: `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (if (i32.eq (local.get $ctrl) (i32.const 1)) (then ${PREPARE}))
      (i32.const 0)`,
    vread: `(i32.store offset=32 (local.get $gcp) (i32.load ${AT_64(0)})) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
    vwrite,
    pulse: PULSE,
    ...more,
  });
}

const SEND = `(i32.store ${AT_64(4)} (call $deliver (i32.const 0) (i32.const ${EVENT})))`;
const came = (vm: Vm) => vm.vdevs[0]!.instance.u32(64);

describe("a pulse", () => {
  it("comes behind the access that sent it, once for each time, with its code as int8_t", () => {
    const vwrite = `${SEND} ${SEND} ${SEND} (i32.store ${AT_64(8)} (i32.load ${AT_64(0)})) (i32.const 0)`;
    const { vm } = vmOf(device(vwrite));
    write(vm, DEVICE, 1n);
    const { instance } = vm.vdevs[0]!;
    expect([came(vm), instance.u32(68), instance.u32(72)]).toEqual([3, 0, 0]);
    expect([...instance.bytes.subarray(300, 304)]).toEqual([0xfd, 0xfd, 0xfd, 0]);
  });

  it("is also delivered where nobody watches accesses", () => {
    const { vm } = vmOf(device(`${SEND} (i32.const 0)`));
    vm.listener = undefined;
    write(vm, DEVICE, 1n);
    expect(read(vm, DEVICE)).toEqual([0, 1n]);
  });

  it("runs on a thread of its own, while no other callback is in progress", () => {
    const { vm } = vmOf(device(`${SEND} (i32.const 0)`, { pulse: "(unreachable)" }));
    write(vm, DEVICE, 1n);
    expect(vm.findings.all[0]!.situation).toMatchObject({ callback: "pulse", thread: "pulse", vcpu: undefined });
  });

  it("sent at startup waits until the guest starts", () => {
    const control = `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (if (i32.eq (local.get $ctrl) (i32.const 1)) (then ${PREPARE} ${SEND}))
      (if (i32.eq (local.get $ctrl) (i32.const 2)) (then (i32.store ${AT_64(8)} (i32.add (i32.const 1) (i32.load ${AT_64(0)})))))
      (i32.const 0)`;
    const { vm } = vmOf(device("(i32.const 0)", { control }));
    // None had come in GUEST_CONFIGURED.
    expect([came(vm), vm.vdevs[0]!.instance.u32(72)]).toEqual([1, 1]);
  });

  it("without a pulse callback breaks a rule, where qvm would crash", () => {
    const { vm } = vmOf(device(`${SEND} (i32.const 0)`, { without: ["pulse"] }));
    write(vm, DEVICE, 1n);
    expect(vm.findings.all.map((one) => [one.severity, one.rule, one.situation.callback])).toEqual([
      ["violation", "callback", "pulse"],
    ]);
    expect(read(vm, DEVICE)[0]).toBe(1);
  });

  it("without a pulse callback is only told of under report", () => {
    const { vm } = vmOf(device(`${SEND} (i32.const 0)`, { without: ["pulse"] }), { policy: "report" });
    write(vm, DEVICE, 1n);
    expect(vm.findings.count("violation")).toBe(1);
    expect(read(vm, DEVICE)).toEqual([0, 0n]);
  });

  it("is one of a bounded number that wait: the next is refused with EAGAIN", () => {
    const vwrite = `(loop $l (br_if $l (i32.eqz (call $deliver (i32.const 0) (i32.const ${EVENT})))))
      (i32.store ${AT_64(4)} (call $errno)) (i32.const 0)`;
    const { vm } = vmOf(
      device(vwrite, { pulse: `(i32.store ${AT_64(0)} (i32.add (i32.load ${AT_64(0)}) (i32.const 1))) (i32.const 0)` }),
    );
    write(vm, DEVICE, 1n);
    expect([came(vm), vm.vdevs[0]!.instance.u32(68)]).toEqual([WAITING_LIMIT, EAGAIN]);
  });

  it("that answers a pulse may not go on for ever", () => {
    const pulse = `(i32.store ${AT_64(0)} (i32.add (i32.load ${AT_64(0)}) (i32.const 1))) (drop (call $deliver (i32.const 0) (i32.const ${EVENT}))) (i32.const 0)`;
    const { vm } = vmOf(device(`${SEND} (i32.const 0)`, { pulse }));
    write(vm, DEVICE, 1n);
    expect(vm.findings.all.map((one) => [one.severity, one.rule, one.situation.callback])).toEqual([
      ["fault", "limit", "pulse"],
    ]);
    expect(came(vm)).toBe(CHAIN_LIMIT + 1);
  });

  it("that nobody prepared is refused, and one of SIGEV_NONE does nothing", () => {
    const { vm } = vmOf(device(`${SEND} (i32.store ${AT_64(8)} (call $errno)) (i32.const 0)`));
    const { instance } = vm.vdevs[0]!;
    for (const [offset, value] of [
      [0, 7],
      [16, 12345],
    ] as const) {
      const before = instance.u32(EVENT + offset);
      instance.setU32(EVENT + offset, value);
      write(vm, DEVICE, 1n);
      expect([instance.u32(68), instance.u32(72), came(vm)]).toEqual([0xffffffff, EINVAL, 0]);
      instance.setU32(EVENT + offset, before);
    }
    expect(vm.findings.all.every((one) => one.severity === "warning" && one.call?.name === "MsgDeliverEvent")).toBe(
      true,
    );
    instance.setU32(EVENT, 0);
    write(vm, DEVICE, 1n);
    expect([instance.u32(68), came(vm)]).toEqual([0, 0]);
  });

  it("from outside is an event, and comes at once", () => {
    const { vm, events } = vmOf(device("(i32.const 0)"));
    expect(vm.pulses.inject(vm.vdevs[0]!, 5)).toBe(true);
    expect(came(vm)).toBe(1);
    expect(events.filter(({ kind }) => kind === "pulse")).toEqual([
      { kind: "pulse", vdev: vm.vdevs[0]!.name, code: 5 },
    ]);
    vm.end(0, "over");
    expect(vm.pulses.inject(vm.vdevs[0]!, 5)).toBe(false);
    expect(came(vm)).toBe(1);
  });

  it("of a vdev that has stopped is dropped", () => {
    const { vm } = vmOf(device(`${SEND} (unreachable)`));
    write(vm, DEVICE, 1n);
    expect([came(vm), vm.pulses.waiting]).toEqual([0, []]);
  });

  it("may end the VM", () => {
    const fields = `(import "qvm" "guest_terminate" (func $end (param i32))) ${IMPORTS}`;
    const { vm } = vmOf(
      device(`${SEND} ${SEND} (i32.const 0)`, { fields, pulse: "(call $end (i32.const 40)) (i32.const 0)" }),
    );
    expect(write(vm, DEVICE, 1n)).toBe(2);
    expect(vm.ended?.exitCode).toBe(40);
  });
});

describe("a POSIX timer", () => {
  /** A write sets the timer with the itimerspec at SPEC and the flags at 128; 132 has the result, 136 errno. */
  const CREATE = `(drop (call $timer_create (i32.load (i32.const 140)) (i32.const ${EVENT}) (i32.const 144)))`;
  const SETTIME = `(i32.store (i32.const 132) (call $timer_settime (i32.load (i32.const 144)) (i32.load (i32.const 128)) (i32.const ${SPEC}) (i32.const ${SPEC + 64})))
    (i32.store (i32.const 136) (call $errno)) (i32.const 0)`;
  const GETTIME = `(drop (call $timer_gettime (i32.load (i32.const 144)) (i32.const ${SPEC + 128})))`;
  /** 1 ns apart for each pulse: the count goes up by one. */
  const vread = `${GETTIME} (i32.store offset=32 (local.get $gcp) (i32.load ${AT_64(0)})) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`;
  const S = 1_000_000_000n;

  function machine(clock = 1) {
    const control = `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (if (i32.eq (local.get $ctrl) (i32.const 1)) (then ${PREPARE} (i32.store (i32.const 140) (i32.const ${clock})) ${CREATE})) (i32.const 0)`;
    const { vm } = vmOf(device(SETTIME, { control, vread }), { startTimeNs: 1000n * S });
    const { instance } = vm.vdevs[0]!;
    const set = (first: bigint, interval = 0n, flags = 0): number => {
      instance.setU64(SPEC, interval / S);
      instance.setU32(SPEC + 8, Number(interval % S));
      instance.setU64(SPEC + 16, first / S);
      instance.setU32(SPEC + 24, Number(first % S));
      instance.setU32(128, flags);
      expect(write(vm, DEVICE, 1n)).toBe(0);
      return instance.u32(132) | 0;
    };
    const spec = (at: number) =>
      [8, 0].map((_, i) => instance.u64(at + 16 * i) * S + BigInt(instance.u32(at + 16 * i + 8)));
    /** [interval, what is left] as timer_gettime() says. */
    const left = () => {
      read(vm, DEVICE);
      return spec(SPEC + 128);
    };
    return { vm, instance, set, left, old: () => spec(SPEC + 64) };
  }

  it("sends its pulse once, at its time", () => {
    const { vm, set, left } = machine();
    expect(set(3n * S + 5n)).toBe(0);
    expect(left()).toEqual([0n, 3n * S + 5n]);
    vm.clockStep(3n * S + 4n);
    expect([came(vm), left()[1]]).toEqual([0, 1n]);
    vm.clockStep(1n);
    expect([came(vm), left()[1]]).toEqual([1, 0n]);
    expect(vm.clock.pending).toBe(0);
  });

  it("repeats without drift, and makes up for what it missed", () => {
    const { vm, set, left } = machine();
    set(10n * S, 3n * S);
    vm.clockStep(23n * S + 1n);
    // 10, 13, 16, 19 and 22 s.
    expect([came(vm), left()]).toEqual([5, [3n * S, 2n * S - 1n]]);
  });

  it("is disarmed by zero, and tells what it was", () => {
    const { vm, set, old } = machine();
    set(10n, 5n);
    vm.clockStep(4n);
    set(0n, 5n);
    expect(old()).toEqual([5n, 6n]);
    vm.clockStep(1000n);
    expect(came(vm)).toBe(0);
  });

  it("takes absolute times of its clock; one that has passed comes at once", () => {
    for (const [clock, base] of [
      [1, 0n],
      [0, 1000n * S],
    ] as const) {
      const { vm, set, left } = machine(clock);
      vm.clockStep(5n * S);
      set(base + 7n * S, 0n, 1);
      expect(left()[1]).toBe(2n * S);
      set(base + 4n * S, 0n, 1);
      expect([left()[1], came(vm)]).toEqual([1n, 0]);
      vm.clockStep(0n);
      expect(came(vm)).toBe(1);
    }
  });

  it("refuses times that are none", () => {
    const { instance, set, vm } = machine();
    for (const spoil of [
      () => instance.setU32(SPEC + 24, 1_000_000_000),
      () => instance.setU32(SPEC + 8, 0xffffffff),
      () => instance.setU64(SPEC + 16, 2n ** 63n),
    ]) {
      set(1n, 1n);
      spoil();
      write(vm, DEVICE, 1n);
      expect([instance.u32(132) | 0, instance.u32(136)]).toEqual([-1, EINVAL]);
    }
    instance.setU32(144, 77);
    expect(set(1n)).toBe(-1);
  });

  it("with the largest time never comes", () => {
    const { vm, instance, set } = machine();
    set(1n);
    instance.setU64(SPEC + 16, 2n ** 63n - 1n);
    write(vm, DEVICE, 1n);
    expect([instance.u32(132), vm.clock.pending]).toEqual([0, 0]);
  });

  it("that is far too fast stops its vdev", () => {
    const { vm, set } = machine();
    set(1n, 1n);
    vm.clockStep(S);
    expect(vm.findings.all.map((one) => [one.severity, one.rule])).toEqual([["fault", "limit"]]);
    expect(vm.clock.pending).toBe(0);
  });

  it("is put back with the VM, whether it was made, deleted or armed since", () => {
    const make = `${CREATE} (drop (call $timer_settime (i32.load (i32.const 144)) (i32.const 0) (i32.const ${SPEC}) (i32.const 0)))`;
    const drop = "(drop (call $timer_delete (i32.const 1)))";
    const vwrite = `(if (i32.load (i32.const 148)) (then ${drop}) (else ${make})) (i32.const 0)`;
    const { vm } = vmOf(device(vwrite));
    const { instance } = vm.vdevs[0]!;
    instance.setU32(SPEC + 24, 100);
    write(vm, DEVICE, 1n);
    const snapshot = new VmSnapshot(vm);
    const digest = stateDigest(vm);
    const changes = [
      () => write(vm, DEVICE, 1n),
      () => {
        instance.setU32(148, 1);
        write(vm, DEVICE, 1n);
      },
      () => vm.clockStep(500n),
      () => vm.pulses.inject(vm.vdevs[0]!, 1),
    ];
    for (const change of changes) {
      change();
      expect(stateDigest(vm)).not.toBe(digest);
      snapshot.restore();
      expect(stateDigest(vm)).toBe(digest);
      vm.clockStep(99n);
      expect(came(vm)).toBe(0);
      vm.clockStep(1n);
      expect(came(vm)).toBe(1);
      snapshot.restore();
    }
  });
});

describe("clock_gettime()", () => {
  const vread = `(i32.store ${AT_64(4)} (call $clock (i32.load ${AT_64(8)}) (i32.const ${AT.scratch + 256})))
    (i32.store ${AT_64(12)} (call $errno))
    (i32.store offset=32 (local.get $gcp) (i32.const 0)) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`;

  it("tells virtual time, and the time of day from where the VM began", () => {
    const { vm } = vmOf(device("(i32.const 0)", { vread }));
    const { instance } = vm.vdevs[0]!;
    const ask = (clock: number) => {
      instance.setU32(72, clock);
      read(vm, DEVICE);
      return [instance.u32(68) | 0, instance.u64(AT.scratch + 256), instance.u32(AT.scratch + 264)];
    };
    vm.clockStep(2_000_000_007n);
    expect(ask(1)).toEqual([0, 2n, 7]);
    // Without a setting the VM starts at 2020-01-01T00:00:00Z.
    const start = BigInt(Date.UTC(2020, 0, 1)) / 1000n;
    expect(ask(0)).toEqual([0, start + 2n, 7]);
    expect(ask(2)[0]).toBe(-1);
    expect(instance.u32(76)).toBe(EINVAL);
  });
});
