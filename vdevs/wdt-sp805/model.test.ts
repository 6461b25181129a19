/**
 * Oracle: a model of DDI 0270 that counts tick by tick, a nanosecond's worth of clock at a time. The vdev computes its
 * count from the time instead; the two must never differ, whatever a guest writes and whenever.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { compiledVdev } from "../../test/support/compiled-vdev.ts";
import * as Vms from "../../test/support/vm.ts";

const BASE = 0x1c0f0000n;
const KEY = 0x1acce551;
const GUEST_HZ = 1_000_000_000;
/** README: the timer is late by up to 1 µs. Guests below wait longer between accesses than such delays add up to. */
const PAUSE_NS = 4000;

const REGISTER = {
  load: 0x000,
  value: 0x004,
  control: 0x008,
  intclr: 0x00c,
  ris: 0x010,
  mis: 0x014,
  lock: 0xc00,
  itcr: 0xf00,
  itop: 0xf04,
};
type Name = keyof typeof REGISTER;

class Model {
  load = 0xffffffff;
  value = 0xffffffff;
  control = 0;
  ris = 0;
  locked = 0;
  itcr = 0;
  itop = 0;
  expired = false;
  interrupts = 0;
  bites = 0;
  /** Nanoseconds times hertz since the last tick: a tick is due at GUEST_HZ. */
  #phase = 0;
  #int = false;
  #res = false;
  readonly #frequency: number;

  constructor(frequency: number) {
    this.#frequency = frequency;
  }

  get int(): boolean {
    return this.itcr === 1 ? (this.itop & 2) !== 0 : this.ris === 1 && (this.control & 1) !== 0;
  }

  get registers() {
    const mis = this.ris & this.control & 1;
    const { load, value, control, ris, locked: lock, itcr } = this;
    return { load, value, control, intclr: 0, ris, mis, lock, itcr, itop: 0 };
  }

  advance(ns: number): void {
    for (let left = ns; ; ) {
      const untilTick = Math.ceil((GUEST_HZ - this.#phase) / this.#frequency);
      if (untilTick > left) {
        this.#phase += left * this.#frequency;
        return;
      }
      left -= untilTick;
      this.#phase += untilTick * this.#frequency - GUEST_HZ;
      this.#tick();
      this.#drive();
    }
  }

  write(name: Name, value: number): void {
    if (name === "lock") this.locked = value === KEY ? 0 : 1;
    else if (this.locked === 0) this.#writeUnlocked(name, value);
    this.#drive();
  }

  #writeUnlocked(name: Name, value: number): void {
    if (name === "load") {
      this.load = value;
      this.#reload();
    } else if (name === "control") {
      const enables = (this.control & 1) === 0 && (value & 1) === 1;
      this.control = value & 3;
      if (enables) this.#reload();
    } else if (name === "intclr") {
      this.ris = 0;
      this.#reload();
    } else if (name === "itcr") this.itcr = value & 1;
    else if (name === "itop") this.itop = value & 3;
  }

  #reload(): void {
    this.value = this.load;
    this.#phase = 0;
    this.expired = false;
    if ((this.control & 1) === 1 && this.value === 0) this.#zero();
  }

  #tick(): void {
    if ((this.control & 1) === 0 || this.expired) return;
    this.value = this.value === 0 ? this.load : this.value - 1;
    if (this.value === 0) this.#zero();
  }

  #zero(): void {
    if (this.ris === 1) this.expired = true;
    this.ris = 1;
  }

  #drive(): void {
    const res = this.itcr === 1 ? (this.itop & 1) !== 0 : this.expired && (this.control & 2) !== 0;
    if (this.int && !this.#int) this.interrupts++;
    if (res && !this.#res) this.bites++;
    this.#int = this.int;
    this.#res = res;
  }
}

type Step = { readonly write: Name; readonly value: number } | { readonly ns: number };

const bits = fc.oneof(fc.constantFrom(0, 1, 2, 3, 0xffffffff), fc.nat(0xffffffff));
const anyWrite = fc.record({ write: fc.constantFrom(...(Object.keys(REGISTER) as Name[])), value: bits });
/** What makes something happen: short counts, both enables, kicks, the key. */
const likelyWrite = fc.oneof(
  fc.record({ write: fc.constant<Name>("load"), value: fc.nat(8) }),
  fc.record({ write: fc.constant<Name>("control"), value: fc.constantFrom(1, 3, 3, 0, 2) }),
  fc.record({ write: fc.constant<Name>("intclr"), value: fc.constant(1) }),
  fc.record({ write: fc.constant<Name>("lock"), value: fc.constant(KEY) }),
);
const wait = fc.record({ ns: fc.oneof(fc.nat(100), fc.nat(20_000), fc.constantFrom(999, 1000, 1001)) });
const steps = fc.array(fc.oneof(anyWrite, { arbitrary: likelyWrite, weight: 4 }, { arbitrary: wait, weight: 3 }), {
  maxLength: 60,
});
/** A tick is longer than what the timer is late, so that every bite has its time. */
const frequency = fc.constantFrom(1_000_000, 999_999, 333_333, 250_000, 70_001);

const vmOf = compiledVdev("wdt-sp805");
const watchdog = (hertz: number, action: string) =>
  vmOf(`vdev wdt-sp805 intr gic:49 frequency ${hertz} action ${action}`);

function read(vm: Vm, offset: number): number {
  return Number(Vms.read(vm, BASE + BigInt(offset))[1]);
}

/** Does one step on both, and lets what is due happen. */
function apply(vm: Vm, model: Model, step: Step): void {
  if ("ns" in step) {
    vm.clockStep(BigInt(step.ns));
    model.advance(step.ns);
  } else {
    Vms.write(vm, BASE + BigInt(REGISTER[step.write]), BigInt(step.value));
    model.write(step.write, step.value);
  }
  vm.clockStep(BigInt(PAUSE_NS));
  model.advance(PAUSE_NS);
}

describe("whatever a guest writes and whenever", () => {
  it("registers, interrupt line, interrupts and bites are those of a counter that ticks", () => {
    fc.assert(
      fc.property(frequency, steps, (hertz, list) => {
        const { vm, status } = watchdog(hertz, "fiq");
        const model = new Model(hertz);
        for (const step of list) {
          apply(vm, model, step);
          const seen = Object.entries(REGISTER).map(([name, offset]) => [name, read(vm, offset)]);
          expect(Object.fromEntries(seen)).toEqual(model.registers);
          expect(vm.lines.level("gic", 49)).toBe(model.int);
        }
        expect(status()[1]).toContain(`${model.interrupts} interrupts, ${model.bites} bites`);
        expect(vm.findings.all).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("the guest ends with the model's first bite, and not before", () => {
    fc.assert(
      fc.property(frequency, steps, (hertz, list) => {
        const { vm } = watchdog(hertz, "terminate");
        const model = new Model(hertz);
        for (const step of list) {
          apply(vm, model, step);
          expect(vm.ended?.exitCode).toBe(model.bites > 0 ? 4 : undefined);
          if (model.bites > 0) return;
        }
      }),
      { numRuns: 200 },
    );
  });
});

it("WDOGVALUE is exact at any frequency, however long the count has run", () => {
  const hertz = fc.constantFrom(1, 3, 32_768, 25_000_000, 999_999_999, 1_000_000_001, 4_000_000_000, 0xffffffff);
  fc.assert(
    fc.property(hertz, fc.nat(0xffffffff), fc.nat(1000), (frequency, load, permille) => {
      const { vm } = watchdog(frequency, "fiq");
      Vms.write(vm, BASE, BigInt(load));
      Vms.write(vm, BASE + 8n, 1n);
      const longest = ((BigInt(load) * 2n + 1n) * 10n ** 9n) / BigInt(frequency);
      const ns = (longest * BigInt(permille)) / 1000n;
      vm.clockStep(ns);
      const ticks = (ns * BigInt(frequency)) / 10n ** 9n;
      const period = BigInt(load) + 1n;
      const value = ticks < 2n * period - 1n ? BigInt(load) - (ticks % period) : 0n;
      expect(Vms.read(vm, BASE + 4n)).toEqual([AccessStatus.done, value]);
    }),
    { numRuns: 300 },
  );
});
