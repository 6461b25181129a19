/** Oracles: README.md beside this file, which follows Arm DDI 0270 and qvm's page; what Linux's sp805_wdt does. */
import { describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { compiledVdev } from "../../test/support/compiled-vdev.ts";
import {
  BASE,
  CONTROL,
  EXPECTED,
  FULL,
  INTCLR,
  INTEN,
  ITCR,
  ITOP,
  KEY,
  LOAD,
  LOCK,
  level,
  MIS,
  RESEN,
  RIS,
  read,
  SHORTEST_NS,
  TICK_NS,
  VALUE,
  write,
} from "../../test/support/sp805.ts";
import * as Vms from "../../test/support/vm.ts";

const vmOf = compiledVdev("wdt-sp805");
const watchdog = (options = "") => vmOf(`vdev wdt-sp805 intr gic:49 ${options}`);
const fiq = (options = "") => watchdog(`action fiq ${options}`);

/** Every register that has a place of its own. */
const dump = (vm: Vm) => Object.fromEntries(EXPECTED.map(([name, offset]) => [name, read(vm, offset)]));
const BITS = Array.from({ length: 32 }, (_, bit) => 2 ** bit);

it("leaves the counter still and the interrupt low after reset", () => {
  const { vm } = watchdog();
  vm.clockStep(10n ** 12n);
  expect([read(vm, VALUE), level(vm), vm.ended]).toEqual([FULL, false, undefined]);
});

describe("the lock", () => {
  it("takes every value but the key, whichever bit of the key is wrong", () => {
    const { vm } = watchdog();
    for (const value of [0, 1, FULL, ...BITS.map((bit) => (KEY ^ bit) >>> 0)]) {
      write(vm, LOCK, KEY);
      expect(read(vm, LOCK)).toBe(0);
      write(vm, LOCK, value);
      expect([value, read(vm, LOCK)]).toEqual([value, 1]);
    }
  });

  it.each(EXPECTED.filter((row) => row[1] !== LOCK))(
    "keeps every bit from %s, and lets it be read",
    (_name, offset) => {
      const { vm } = watchdog();
      write(vm, LOAD, 1000);
      write(vm, CONTROL, INTEN | RESEN);
      vm.clockStep(1001n * TICK_NS);
      write(vm, LOCK, 1);
      const before = dump(vm);
      expect(before).toMatchObject({ WDOGLOAD_RW: 1000, WDOGVALUE_RO: 1000, WDOGCONTROL_RW: 3, WDOGRIS_RO: 1 });
      for (const bit of [...BITS, 0, FULL]) write(vm, offset, bit);
      expect(dump(vm)).toEqual(before);
    },
  );

  it("is lifted by the key, and counts on meanwhile", () => {
    const { vm } = watchdog();
    write(vm, LOAD, 1000);
    write(vm, CONTROL, INTEN);
    write(vm, LOCK, 0);
    vm.clockStep(10n * TICK_NS);
    expect(read(vm, VALUE)).toBe(990);
    write(vm, LOAD, 5);
    expect(read(vm, VALUE)).toBe(990);
    write(vm, LOCK, KEY);
    write(vm, LOAD, 5);
    expect(read(vm, VALUE)).toBe(5);
  });
});

describe("integration test mode", () => {
  it.each([0, 1, 2, 3])("drives the outputs with WDOGITOP %i, and nothing else", (value) => {
    const { vm, edges, status } = fiq();
    write(vm, ITOP, value);
    expect([edges("gic", 49), read(vm, ITOP)]).toEqual([[], 0]);
    write(vm, ITCR, 1);
    vm.clockStep(SHORTEST_NS);
    expect(level(vm)).toBe((value & 2) !== 0);
    expect(status()[1]).toContain(`${(value & 2) / 2} interrupts, ${value & 1} bites`);
    expect([read(vm, RIS), read(vm, MIS), read(vm, VALUE)]).toEqual([0, 0, FULL]);
    write(vm, ITCR, 0);
    expect(level(vm)).toBe(false);
  });

  it.each(BITS.slice(2))("does nothing for bit %i of WDOGITOP", (bit) => {
    const { vm, edges, status } = fiq();
    write(vm, ITCR, 1);
    write(vm, ITOP, bit);
    vm.clockStep(SHORTEST_NS);
    expect([edges("gic", 49), status()[1]]).toEqual([[], "WDOGINT low, WDOGRES low, 0 interrupts, 0 bites"]);
  });

  it("hides the counter's interrupt from the line, and gives it back", () => {
    const { vm, edges } = watchdog();
    write(vm, ITCR, 1);
    write(vm, LOAD, 10);
    write(vm, CONTROL, INTEN);
    vm.clockStep(15n * TICK_NS);
    expect([read(vm, RIS), read(vm, MIS), edges("gic", 49)]).toEqual([1, 1, []]);
    write(vm, ITCR, 0);
    expect(edges("gic", 49)).toEqual([true]);
  });

  it("bites with WDOGRES: how firmware resets a board", () => {
    const { vm } = watchdog();
    write(vm, LOCK, KEY);
    write(vm, ITCR, 1);
    write(vm, ITOP, 1);
    vm.clockStep(SHORTEST_NS);
    expect(vm.ended?.exitCode).toBe(4);
  });
});

describe("where it is", () => {
  it("is 0x1c0f0000 unless loc says otherwise, in memory only", () => {
    expect(Vms.read(vmOf("vdev wdt-sp805").vm, BASE)).toEqual([AccessStatus.done, BigInt(FULL)]);
    expect(Vms.read(vmOf("vdev wdt-sp805 loc 0x10000").vm, 0x10000n)).toEqual([AccessStatus.done, BigInt(FULL)]);
    expect(() => vmOf("vdev wdt-sp805 loc io:0x100")).toThrow(/memory/);
  });

  it("takes 4 bytes at a time, aligned; all else is a bus error and changes nothing", () => {
    const { vm, status } = watchdog();
    const before = dump(vm);
    for (const width of [1, 2, 8] as const) {
      expect(Vms.read(vm, BASE, width)[0]).toBe(AccessStatus.busError);
      expect(Vms.write(vm, BASE, 0n, width)).toBe(AccessStatus.busError);
    }
    for (const offset of [1n, 2n, 3n]) {
      expect(Vms.read(vm, BASE + offset)[0]).toBe(AccessStatus.busError);
      expect(Vms.write(vm, BASE + offset, 0n)).toBe(AccessStatus.busError);
    }
    expect(Vms.read(vm, BASE + 0xffdn)[0]).toBe(AccessStatus.busError);
    expect(dump(vm)).toEqual(before);
    expect(status()[2]).toContain("6 misaligned");
  });

  it("keeps two watchdogs apart", () => {
    const { vm } = vmOf("vdev wdt-sp805 intr gic:49 vdev wdt-sp805 loc 0x1c100000 frequency 1");
    write(vm, LOAD, 10);
    expect(Vms.read(vm, 0x1c100000n)[1]).toBe(BigInt(FULL));
  });
});

it("counts what a guest does wrong, and says how it stands", () => {
  const { vm, status } = watchdog("frequency 1000000");
  expect(status()).toEqual([
    "load 0xffffffff, value 0xffffffff, control 0x0, unlocked",
    "WDOGINT low, WDOGRES low, 0 interrupts, 0 bites",
    "lost: 0 writes while locked, 0 writes and 0 reads of nothing, 0 misaligned accesses",
    "action terminate, frequency 1000000",
  ]);
  write(vm, LOAD, 0x100);
  write(vm, CONTROL, INTEN | RESEN);
  write(vm, ITCR, 1);
  write(vm, VALUE, 1); // read-only
  write(vm, 0x018, 1); // nothing there
  read(vm, INTCLR); // write-only
  read(vm, ITOP);
  read(vm, 0xfd0);
  write(vm, LOCK, 0);
  write(vm, LOAD, 1);
  vm.clockStep(0x101n * 1000n);
  expect(status()).toEqual([
    "load 0x100, value 0x100, control 0x3, locked, in test mode",
    "WDOGINT low, WDOGRES low, 0 interrupts, 0 bites",
    "lost: 1 writes while locked, 2 writes and 3 reads of nothing, 0 misaligned accesses",
    "action terminate, frequency 1000000",
  ]);
});

it("is put back by a snapshot: counter, lock, interrupt, and a bite that has happened", () => {
  const { vm } = watchdog();
  write(vm, LOAD, 100);
  write(vm, CONTROL, INTEN | RESEN);
  vm.clockStep(110n * TICK_NS);
  const before = dump(vm);
  expect(before).toMatchObject({ WDOGVALUE_RO: 91, WDOGRIS_RO: 1 });
  const snapshot = new VmSnapshot(vm);
  for (let round = 0; round < 2; round++) {
    write(vm, LOCK, 0);
    vm.clockStep(91n * TICK_NS);
    expect(vm.ended?.exitCode).toBe(4);
    snapshot.restore();
    expect([dump(vm), level(vm), vm.ended]).toEqual([before, true, undefined]);
    write(vm, INTCLR, 0);
    expect(level(vm)).toBe(false);
    snapshot.restore();
    expect([dump(vm), level(vm)]).toEqual([before, true]);
  }
});
