/** Oracle: README.md beside this file, which follows the boards' manuals. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { AccessStatus, type AccessWidth } from "../../host/guests/bus.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { compiledVdev, type Lab } from "../../test/support/compiled-vdev.ts";
import * as Vms from "../../test/support/vm.ts";

const STOP = 0x441;
const START = 0x443;
const SECOND_NS = 10n ** 9n;
/** README: a bite that is due at once comes this much later. */
const SHORTEST_NS = 1000n;
/** The table of the boards' manuals: seconds of codes 0 to 15. */
const SECONDS = [30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0];

const vmOf = compiledVdev("wdt-ib700");
const watchdog = (options = "") => vmOf(`vdev wdt-ib700 ${options}`);
const fiq = () => watchdog("intr ioapic:7 action fiq");
const level = (vm: Vm) => vm.lines.level("ioapic", 7);
const bites = (lab: Lab) => Number(/(\d+) bites/.exec(lab.status()[1]!)![1]);

const folder = mkdtempSync(join(tmpdir(), "vdevbox-ib700-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function out(vm: Vm, port: number, value: number, width: AccessWidth = 1): void {
  expect(Vms.write(vm, BigInt(port), BigInt(value), width, "io")).toBe(AccessStatus.done);
}

describe("a code", () => {
  it.each(SECONDS.map((seconds, code) => [code, seconds]))("of %i gives %i seconds", (code, seconds) => {
    const { vm } = watchdog();
    out(vm, START, code);
    const due = seconds === 0 ? SHORTEST_NS : BigInt(seconds) * SECOND_NS;
    vm.clockStep(due - 1n);
    expect(vm.ended).toBeUndefined();
    vm.clockStep(1n);
    expect(vm.ended).toEqual({ exitCode: 4, reason: "the watchdog wdt-ib700 bit" });
    expect(vm.nowNs).toBe(due);
  });

  it.each([0x10, 0x20, 0x40, 0x80, 0xf0])("has four bits: %i above them is not looked at", (high) => {
    const { vm, status } = watchdog();
    for (const code of [0, 1, 2, 4, 8]) {
      out(vm, START, high | code);
      expect(status()[0]).toBe(`runs with ${SECONDS[code]} s, bites in ${SECONDS[code]! * 1000} ms`);
    }
  });
});

describe("the watchdog", () => {
  it("does nothing until it is started", () => {
    const { vm, status } = watchdog();
    vm.clockStep(1000n * SECOND_NS);
    expect([vm.ended, status()[0]]).toEqual([undefined, "stopped"]);
  });

  it("is kicked by starting it again, with the same time or another", () => {
    const { vm } = watchdog();
    for (let i = 0; i < 20; i++) {
      out(vm, START, 14);
      vm.clockStep(2n * SECOND_NS - 1n);
    }
    expect(vm.ended).toBeUndefined();
    out(vm, START, 13);
    vm.clockStep(4n * SECOND_NS - 1n);
    expect(vm.ended).toBeUndefined();
    vm.clockStep(1n);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it.each(Array.from({ length: 8 }, (_, bit) => 1 << bit).concat(0, 0xff))("is stopped by any value: %i", (value) => {
    const { vm } = watchdog();
    out(vm, START, 14);
    vm.clockStep(SECOND_NS);
    out(vm, STOP, value);
    vm.clockStep(1000n * SECOND_NS);
    expect(vm.ended).toBeUndefined();
    out(vm, START, 14);
    vm.clockStep(2n * SECOND_NS);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it("cannot be kicked or stopped once its time is over", () => {
    for (const port of [STOP, START, 0x442]) {
      const { vm } = watchdog();
      out(vm, START, 15);
      out(vm, port, 0);
      vm.clockStep(SHORTEST_NS);
      expect(vm.ended?.exitCode).toBe(4);
    }
  });

  it("cannot be stopped between the end of its time and a bite that comes late", () => {
    const { vm } = watchdog();
    out(vm, START, 14);
    vm.clockStep(500n);
    out(vm, START, 14); // the timer rings half a microsecond early now, and the bite comes half a microsecond late
    vm.clockStep(2n * SECOND_NS + 200n);
    out(vm, STOP, 0);
    vm.clockStep(SHORTEST_NS);
    expect(vm.ended?.exitCode).toBe(4);
  });
});

describe("an out", () => {
  it("of 16 bits to the start port is the manual's own example, and starts it with the low byte", () => {
    const { vm, status } = watchdog();
    out(vm, START, 0x000e, 2);
    expect(status()[0]).toContain("runs with 2 s");
    out(vm, STOP, 0x000f, 2);
    expect(status()[0]).toBe("stopped");
  });

  it("of 32 bits to the first port is four bytes, in order: it stops, then starts", () => {
    const { vm, status } = watchdog();
    out(vm, STOP, 0xff0d_0000, 4);
    expect(status()).toEqual([
      "runs with 4 s, bites in 4000 ms",
      "1 starts, 1 stops, 0 bites, interrupt low",
      "lost: 2 writes of nothing",
      "action terminate",
    ]);
  });

  it("between the registers does nothing and is counted", () => {
    const { vm, status } = watchdog();
    out(vm, 0x442, 0);
    out(vm, 0x444, 0);
    expect(status()).toEqual([
      "stopped",
      "0 starts, 0 stops, 0 bites, interrupt low",
      "lost: 2 writes of nothing",
      "action terminate",
    ]);
  });

  it("past the last port is a bus error and does nothing", () => {
    const { vm, status } = watchdog();
    expect(Vms.write(vm, BigInt(START), 0n, 4, "io")).toBe(AccessStatus.busError);
    expect(status()[0]).toBe("stopped");
  });
});

it("is not read: a read gets what `unsupported` says, and changes nothing", () => {
  const { vm, status } = watchdog();
  out(vm, START, 3);
  for (const width of [1, 2, 4] as const) expect(Vms.read(vm, 0x441n, width, "io")[0]).toBe(AccessStatus.busError);
  expect(status()[0]).toContain("runs with 24 s");
  const ignoring = vmOf("unsupported reference ignore vdev wdt-ib700");
  expect(Vms.read(ignoring.vm, 0x443n, 1, "io")[0]).toBe(AccessStatus.done);
});

describe("action", () => {
  it("terminate is the default, and needs no interrupt", () => {
    expect(watchdog().status().at(-1)).toBe("action terminate");
  });

  it("fiq raises the interrupt until the guest writes to the watchdog again", () => {
    const lab = fiq();
    const { vm, edges } = lab;
    out(vm, START, 14);
    vm.clockStep(2n * SECOND_NS);
    expect([level(vm), vm.ended, bites(lab)]).toEqual([true, undefined, 1]);
    vm.clockStep(100n * SECOND_NS);
    expect([edges("ioapic", 7), bites(lab)]).toEqual([[true], 1]);
    out(vm, START, 14);
    expect(level(vm)).toBe(false);
    vm.clockStep(2n * SECOND_NS);
    expect(edges("ioapic", 7)).toEqual([true, false, true]);
    out(vm, STOP, 0);
    expect([level(vm), bites(lab)]).toEqual([false, 2]);
  });

  it.each(["dump,terminate", "dump,fiq"])("%s writes the guest's core file first", (action) => {
    const file = join(folder, `${action}.core`);
    const { vm } = vmOf(`ram 0,4k dump "${file}" vdev wdt-ib700 intr ioapic:7 action ${action}`);
    out(vm, START, 14);
    vm.clockStep(2n * SECOND_NS);
    expect(existsSync(file)).toBe(true);
    expect(vm.ended?.exitCode).toBe(action === "dump,fiq" ? undefined : 4);
  });

  it.each(["", "dump", "dump,", "fiq,terminate", "reset", "TERMINATE"])('refuses "%s"', (action) => {
    expect(() => watchdog(`action "${action}"`)).toThrow(/option action with EINVAL/);
  });

  it("fiq without an interrupt does not start", () => {
    expect(() => watchdog("action fiq")).toThrow(/OPTIONS_END with EINVAL/);
  });

  it("is its only option", () => {
    expect(() => watchdog("frequency 1")).toThrow(/frequency/);
  });
});

describe("where it is", () => {
  it("moves with loc, and takes ports only", () => {
    const { vm, status } = watchdog("loc io:0x100");
    out(vm, 0x102, 0);
    expect(status()[0]).toContain("runs with 30 s");
    expect(Vms.write(vm, BigInt(START), 0n, 1, "io")).toBe(AccessStatus.busError);
    expect(() => watchdog("loc mem:0x1000")).toThrow(/port/);
  });
});

it("is put back by a snapshot: running time, interrupt, and a bite that has happened", () => {
  const { vm, status } = watchdog();
  out(vm, START, 14);
  vm.clockStep(SECOND_NS);
  const before = status();
  const snapshot = new VmSnapshot(vm);
  for (let round = 0; round < 2; round++) {
    vm.clockStep(SECOND_NS);
    expect(vm.ended?.exitCode).toBe(4);
    snapshot.restore();
    expect(status()).toEqual(before);
    out(vm, STOP, 0);
    snapshot.restore();
  }
});

/** A second computation: what is left, in whole milliseconds, counted down one by one. */
class Model {
  leftMs: number | undefined;
  bites = 0;

  write(port: number, value: number): void {
    if (port === STOP) this.leftMs = undefined;
    if (port === START) this.leftMs = SECONDS[value & 15]! * 1000;
    this.#look();
  }

  tick(): void {
    if (this.leftMs !== undefined) this.leftMs--;
    this.#look();
  }

  #look(): void {
    if (this.leftMs !== 0) return;
    this.leftMs = undefined;
    this.bites++;
  }
}

it("bites when a model that counts milliseconds does, whatever a guest writes and whenever", () => {
  const write = fc.record({ port: fc.constantFrom(STOP, START, START, START, 0x442, 0x444), value: fc.nat(255) });
  const short = fc.record({ port: fc.constant(START), value: fc.integer({ min: 12, max: 15 }) });
  const wait = fc.record({ ms: fc.oneof(fc.nat(5000), fc.constantFrom(1999, 2000, 2001, 30_000)) });
  fc.assert(
    fc.property(fc.array(fc.oneof(write, short, wait), { maxLength: 40 }), (steps) => {
      const lab = fiq();
      const model = new Model();
      for (const step of steps) {
        if ("ms" in step) for (let i = 0; i < step.ms; i++) model.tick();
        else model.write(step.port, step.value);
        if ("ms" in step) lab.vm.clockStep(BigInt(step.ms) * 1_000_000n);
        else out(lab.vm, step.port, step.value);
        lab.vm.clockStep(1_000_000n); // time for a bite that is due at once
        model.tick();
        const [state] = lab.status();
        expect([state!.replace(/.* s, /, ""), bites(lab)]).toEqual([
          model.leftMs === undefined ? "stopped" : `bites in ${model.leftMs} ms`,
          model.bites,
        ]);
      }
      expect(lab.vm.findings.all).toEqual([]);
    }),
  );
});

it("bites a guest that goes on writing once its time is over, or writes where nothing is", () => {
  for (const [port, value] of [[START, 15] as const, [0x442, 0] as const]) {
    const { vm } = watchdog();
    out(vm, START, 15);
    for (let i = 0; i < 200 && vm.ended === undefined; i++) {
      Vms.write(vm, BigInt(port), BigInt(value), 1, "io");
      vm.clockStep(10n);
    }
    expect([vm.ended?.exitCode, vm.nowNs]).toEqual([4, SHORTEST_NS]);
  }
});

it("survives a guest that starts it with no time, over and over, and allocates nothing", () => {
  const { vm } = fiq();
  const heap = () => vm.instances[0]!.alloc(16);
  out(vm, START, 15);
  const before = heap();
  for (let i = 0; i < 4000; i++) {
    vm.clockStep(50n);
    out(vm, START, 15);
  }
  expect(heap() - before).toBeLessThanOrEqual(32);
  expect(vm.findings.all).toEqual([]);
  expect(vm.terminate().exitCode).toBe(0);
});
