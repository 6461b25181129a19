/** When it interrupts and bites. Oracles: README.md beside this file, which follows Arm DDI 0270. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { compiledVdev } from "../../test/support/compiled-vdev.ts";
import {
  BASE,
  CONTROL,
  FULL,
  INTCLR,
  INTEN,
  ITCR,
  ITOP,
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

const folder = mkdtempSync(join(tmpdir(), "vdevbox-sp805-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the two stages", () => {
  it("interrupt at the first zero, and bite at the second, N + 1 ticks later", () => {
    const { vm, edges } = watchdog();
    write(vm, LOAD, 99);
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep(99n * TICK_NS - 1n);
    expect([read(vm, RIS), read(vm, VALUE), level(vm)]).toEqual([0, 1, false]);
    vm.clockStep(1n);
    expect(edges("gic", 49)).toEqual([true]);
    expect([read(vm, RIS), read(vm, MIS), read(vm, VALUE)]).toEqual([1, 1, 0]);
    vm.clockStep(TICK_NS);
    expect(read(vm, VALUE)).toBe(99);
    vm.clockStep(99n * TICK_NS - 1n);
    expect([read(vm, VALUE), vm.ended]).toEqual([1, undefined]);
    vm.clockStep(1n);
    expect(vm.ended).toEqual({ exitCode: 4, reason: "the watchdog wdt-sp805 bit" });
    expect(vm.nowNs).toBe(199n * TICK_NS);
    expect(Vms.read(vm, BASE)[0]).toBe(AccessStatus.stop);
  });

  it("happen in one long step of time as well", () => {
    const { vm, edges } = watchdog();
    write(vm, LOAD, 99);
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep(10n ** 9n);
    expect(edges("gic", 49)).toEqual([true]);
    expect([vm.ended?.exitCode, vm.nowNs]).toEqual([4, 199n * TICK_NS]);
  });

  it("do not come as long as the guest kicks, and come when it stops", () => {
    const { vm, edges } = watchdog();
    write(vm, LOAD, 1000);
    write(vm, CONTROL, INTEN | RESEN);
    for (let i = 0; i < 50; i++) {
      vm.clockStep(900n * TICK_NS);
      write(vm, INTCLR, 1);
    }
    expect([edges("gic", 49), vm.ended]).toEqual([[], undefined]);
    vm.clockStep(2001n * TICK_NS);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it("begin again when the interrupt is cleared in time, which lowers the line", () => {
    const { vm, edges } = watchdog();
    write(vm, LOAD, 100);
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep(150n * TICK_NS);
    write(vm, INTCLR, 0);
    expect([edges("gic", 49), read(vm, RIS), read(vm, VALUE)]).toEqual([[true, false], 0, 100]);
    vm.clockStep(200n * TICK_NS);
    expect([vm.ended, read(vm, RIS)]).toEqual([undefined, 1]);
    vm.clockStep(1n * TICK_NS);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it("are not helped by WDOGLOAD: it restarts the count and leaves the interrupt pending", () => {
    const { vm } = watchdog();
    write(vm, LOAD, 100);
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep(120n * TICK_NS);
    write(vm, LOAD, 500);
    expect([read(vm, VALUE), read(vm, RIS), level(vm)]).toEqual([500, 1, true]);
    vm.clockStep(500n * TICK_NS - 1n);
    expect(vm.ended).toBeUndefined();
    vm.clockStep(1n);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it("without RESEN end with the counter at 0; RESEN set then lets the reset out", () => {
    const { vm } = watchdog();
    write(vm, LOAD, 100);
    write(vm, CONTROL, INTEN);
    vm.clockStep(10n ** 9n);
    expect([vm.ended, read(vm, VALUE), read(vm, RIS)]).toEqual([undefined, 0, 1]);
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep(SHORTEST_NS);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it("do not happen with RESEN alone: INTEN is what makes it count", () => {
    const { vm } = watchdog();
    write(vm, LOAD, 1);
    write(vm, CONTROL, RESEN);
    vm.clockStep(10n ** 9n);
    expect([vm.ended, read(vm, VALUE), read(vm, RIS)]).toEqual([undefined, 1, 0]);
  });
});

describe("INTEN", () => {
  it("going to 0 stops the counter where it is; going to 1 loads it", () => {
    const { vm } = watchdog();
    write(vm, LOAD, 1000);
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep(300n * TICK_NS);
    write(vm, CONTROL, 0);
    vm.clockStep(10n ** 9n);
    expect([read(vm, VALUE), read(vm, RIS), vm.ended]).toEqual([700, 0, undefined]);
    write(vm, CONTROL, INTEN);
    expect(read(vm, VALUE)).toBe(1000);
    vm.clockStep(1000n * TICK_NS);
    expect(read(vm, RIS)).toBe(1);
  });

  it("written as 1 while it is 1 loads nothing", () => {
    const { vm } = watchdog();
    write(vm, LOAD, 1000);
    write(vm, CONTROL, INTEN);
    vm.clockStep(300n * TICK_NS);
    write(vm, CONTROL, INTEN | RESEN);
    expect(read(vm, VALUE)).toBe(700);
  });

  it("masks WDOGMIS and the line, and leaves WDOGRIS", () => {
    const { vm, edges } = watchdog();
    write(vm, LOAD, 10);
    write(vm, CONTROL, INTEN);
    vm.clockStep(11n * TICK_NS);
    write(vm, CONTROL, 0);
    expect([read(vm, RIS), read(vm, MIS), edges("gic", 49)]).toEqual([1, 0, [true, false]]);
    write(vm, CONTROL, INTEN);
    expect([read(vm, RIS), read(vm, MIS), edges("gic", 49)]).toEqual([1, 1, [true, false, true]]);
  });
});

describe("WDOGLOAD at its ends", () => {
  it("0 is zero at once, and again a tick later: how Linux restarts a machine", () => {
    const { vm, edges } = watchdog();
    write(vm, LOAD, 0);
    expect(read(vm, RIS)).toBe(0);
    write(vm, CONTROL, INTEN | RESEN);
    expect([read(vm, RIS), read(vm, VALUE), edges("gic", 49)]).toEqual([1, 0, [true]]);
    vm.clockStep(SHORTEST_NS);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it("1 is zero after one tick, loaded after two, and zero again after three", () => {
    const { vm } = watchdog();
    write(vm, LOAD, 1);
    write(vm, CONTROL, INTEN);
    const seen = [];
    for (let tick = 0; tick < 5; tick++) {
      seen.push(`${read(vm, VALUE)}${read(vm, RIS) === 1 ? " pending" : ""}`);
      vm.clockStep(TICK_NS);
    }
    expect(seen).toEqual(["1", "0 pending", "1 pending", "0 pending", "0 pending"]);
  });

  it("0xffffffff takes 2^32 - 1 ticks to the interrupt, and 2^33 - 1 to the bite", () => {
    const { vm, edges } = watchdog();
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep((2n ** 32n - 1n) * TICK_NS - 1n);
    expect([read(vm, VALUE), edges("gic", 49)]).toEqual([1, []]);
    vm.clockStep(1n);
    expect([read(vm, VALUE), edges("gic", 49)]).toEqual([0, [true]]);
    vm.clockStep(TICK_NS);
    expect(read(vm, VALUE)).toBe(FULL);
    vm.clockStep((2n ** 32n - 1n) * TICK_NS - 1n);
    expect([read(vm, VALUE), vm.ended]).toEqual([1, undefined]);
    vm.clockStep(1n);
    expect(vm.ended?.exitCode).toBe(4);
  });
});

describe("action", () => {
  const biteOf = (lab: ReturnType<typeof watchdog>) => {
    write(lab.vm, LOAD, 100);
    write(lab.vm, CONTROL, INTEN | RESEN);
    lab.vm.clockStep(201n * TICK_NS);
    return lab;
  };

  it("is terminate when it is not given", () => {
    expect(biteOf(watchdog()).vm.ended?.exitCode).toBe(4);
    expect(watchdog().status().at(-1)).toBe("action terminate, frequency 25000000");
  });

  it("terminate ends the guest with qvm's exit code for a watchdog, intr or not", () => {
    expect(biteOf(watchdog("action terminate")).vm.terminate().exitCode).toBe(4);
    expect(biteOf(vmOf("vdev wdt-sp805")).vm.terminate().exitCode).toBe(4);
  });

  it("fiq sends an edge: the line, high since the first zero, goes low and high again", () => {
    const { vm, edges, status } = biteOf(fiq());
    expect([edges("gic", 49), vm.ended]).toEqual([[true, false, true], undefined]);
    expect(status()[1]).toBe("WDOGINT high, WDOGRES high, 1 interrupts, 1 bites");
    vm.clockStep(10n ** 9n);
    expect(edges("gic", 49)).toHaveLength(3);
  });

  it("fiq lets the guest go on: kicked, the watchdog watches again", () => {
    const { vm, edges } = biteOf(fiq());
    expect(read(vm, VALUE)).toBe(0);
    write(vm, INTCLR, 0);
    expect([read(vm, VALUE), edges("gic", 49).at(-1)]).toEqual([100, false]);
    vm.clockStep(201n * TICK_NS);
    expect(edges("gic", 49)).toEqual([true, false, true, false, true, false, true]);
  });

  it.each(["dump,terminate", "dump,fiq"])("%s writes the guest's core file first", (action) => {
    const file = join(folder, `${action}.core`);
    const { vm } = biteOf(vmOf(`ram 0,4k dump "${file}" vdev wdt-sp805 intr gic:49 action ${action}`));
    expect(existsSync(file)).toBe(true);
    expect(vm.ended?.exitCode).toBe(action === "dump,fiq" ? undefined : 4);
  });

  it.each(["", "dump", "dump,", "terminate,dump", "Terminate", "fiq,", "dump,dump,fiq", "intr", "terminate ", "1"])(
    'refuses "%s" before the guest runs',
    (action) => {
      expect(() => watchdog(`action "${action}"`)).toThrow(/option action with EINVAL/);
    },
  );

  it("takes the last of several", () => {
    expect(watchdog("action fiq action dump,terminate").status().at(-1)).toContain("action dump,terminate,");
  });

  it("fiq without an interrupt does not start, and says why", () => {
    expect(() => vmOf("vdev wdt-sp805 action fiq")).toThrow(/OPTIONS_END with EINVAL/);
  });
});

describe("frequency", () => {
  it.each([
    ["1", 10n ** 9n],
    ["1000000000", 1n],
    ["0x3b9aca00", 1n],
    ["500000", 2000n],
  ])("%s counts one every %i ns", (frequency, tickNs) => {
    const { vm } = watchdog(`frequency ${frequency}`);
    write(vm, LOAD, 1000);
    write(vm, CONTROL, INTEN);
    vm.clockStep(7n * tickNs - 1n);
    const before = read(vm, VALUE);
    vm.clockStep(1n);
    expect([before, read(vm, VALUE)]).toEqual([994, 993]);
  });

  it("may be above the guest clock's: 4 GHz counts four every nanosecond", () => {
    const { vm } = watchdog("frequency 4000000000");
    write(vm, LOAD, 4_000_000);
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep(1n);
    expect(read(vm, VALUE)).toBe(3_999_996);
    vm.clockStep(999_999n);
    expect([read(vm, VALUE), level(vm)]).toEqual([0, true]);
    vm.clockStep(1_000_000n);
    expect(vm.ended).toBeUndefined(); // zero is a quarter of a nanosecond away
    vm.clockStep(1n);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it("of 1 Hz and the longest count bites after 2^33 - 1 seconds", () => {
    const { vm } = watchdog("frequency 1");
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep((2n ** 33n - 1n) * 10n ** 9n - 1n);
    expect([read(vm, VALUE), vm.ended]).toEqual([1, undefined]);
    vm.clockStep(1n);
    expect(vm.ended?.exitCode).toBe(4);
  });

  it.each(["0", "-1", "+5", "25M", "25e6", "", " 7", "0x", "4294967296", "18446744073709551617", "ten", "1 "])(
    'refuses "%s" before the guest runs',
    (frequency) => {
      expect(() => watchdog(`frequency "${frequency}"`)).toThrow(/option frequency with EINVAL/);
    },
  );

  it("takes its extremes, and needs its argument", () => {
    expect(watchdog("frequency 4294967295").status().at(-1)).toBe("action terminate, frequency 4294967295");
    expect(() => watchdog("frequency")).toThrow(/needs an argument/);
  });
});

it("bites a guest that goes on writing where nothing is, no later than one that is silent", () => {
  const { vm } = watchdog();
  write(vm, LOAD, 99);
  write(vm, CONTROL, INTEN | RESEN);
  write(vm, LOCK, 0);
  for (let i = 0; i < 200 && vm.ended === undefined; i++) {
    Vms.write(vm, BASE + BigInt(i % 2 === 0 ? INTCLR : VALUE), 1n);
    vm.clockStep(100n);
  }
  expect(vm.ended?.exitCode).toBe(4);
  expect(vm.nowNs).toBe(199n * TICK_NS);
});

it("bites a guest that goes on toggling the reset in test mode", () => {
  const { vm } = watchdog();
  write(vm, ITCR, 1);
  for (let i = 1; i < 200 && vm.ended === undefined; i++) {
    Vms.write(vm, BASE + BigInt(ITOP), BigInt(i % 2));
    vm.clockStep(10n);
  }
  expect([vm.ended?.exitCode, vm.nowNs]).toEqual([4, SHORTEST_NS]);
});

it("survives a guest that counts from 1 and kicks without end, and allocates nothing", () => {
  const { vm } = fiq("frequency 4000000000");
  const heap = () => vm.instances[0]!.alloc(16);
  write(vm, CONTROL, INTEN | RESEN);
  const before = heap();
  for (let i = 0; i < 4000; i++) {
    write(vm, LOAD, i % 2);
    vm.clockStep(50n);
    write(vm, INTCLR, 0);
  }
  expect(heap() - before).toBeLessThanOrEqual(32);
  expect(vm.findings.all).toEqual([]);
  expect(vm.terminate().exitCode).toBe(0);
});
