/** Oracles: README.md beside this file, which follows Arm DDI 0270 and qvm's page; what Linux's sp805_wdt does. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { compiledVdev } from "../../test/support/compiled-vdev.ts";
import { readmeRows, rowsOf } from "../../test/support/registers.ts";
import * as Vms from "../../test/support/vm.ts";
import * as registers from "./registers.ts";

const BASE = 0x1c0f0000n;
const LOAD = 0x000;
const VALUE = 0x004;
const CONTROL = 0x008;
const INTCLR = 0x00c;
const RIS = 0x010;
const MIS = 0x014;
const LOCK = 0xc00;
const ITCR = 0xf00;
const ITOP = 0xf04;
const KEY = 0x1acce551;
const INTEN = 1;
const RESEN = 2;
const FULL = 0xffffffff;
/** Of the default frequency, 25 MHz. */
const TICK_NS = 40n;
/** README: what a write makes due at once comes this much later. */
const SHORTEST_NS = 1000n;

const ROWS = rowsOf(registers);
const vmOf = compiledVdev("./wdt-sp805.ts", import.meta.url);
const watchdog = (options = "") => vmOf(`vdev wdt-sp805 intr gic:49 ${options}`);
const fiq = (options = "") => watchdog(`action fiq ${options}`);

const folder = mkdtempSync(join(tmpdir(), "vdevbox-sp805-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(vm: Vm, offset: number): number {
  const [status, value] = Vms.read(vm, BASE + BigInt(offset));
  expect(status).toBe(AccessStatus.done);
  return Number(value);
}
function write(vm: Vm, offset: number, value: number): void {
  expect(Vms.write(vm, BASE + BigInt(offset), BigInt(value >>> 0))).toBe(AccessStatus.done);
}
/** Every register that has a place of its own. */
const dump = (vm: Vm) => Object.fromEntries(ROWS.map((row) => [row.name, read(vm, row.offset)]));
const BITS = Array.from({ length: 32 }, (_, bit) => 2 ** bit);
/** WDOGLOCK reads something else than what was written, and has its own tests. */
const readable = ROWS.filter((row) => row.access !== "WO" && row.offset !== LOCK);
const level = (vm: Vm) => vm.lines.level("gic", 49);

describe("the register table", () => {
  it("is the README's", () => {
    expect(readmeRows(new URL("./README.md", import.meta.url))).toEqual(ROWS);
  });

  it("has every register of the manual's summary, at its offset", () => {
    expect(ROWS.map((row) => row.offset)).toEqual([
      ...[0x000, 0x004, 0x008, 0x00c, 0x010, 0x014, 0xc00, 0xf00, 0xf04],
      ...[0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc],
    ]);
  });
});

describe("reset", () => {
  it.each(ROWS)("$name reads its reset value", (row) => {
    expect(read(watchdog().vm, row.offset)).toBe(row.reset);
  });

  it("identifies the part as Linux wants it: 0x805 of Arm's, and a PrimeCell", () => {
    const { vm } = watchdog();
    const word = (offset: number) => [0, 1, 2, 3].reduce((sum, i) => sum + read(vm, offset + 4 * i) * 2 ** (8 * i), 0);
    expect((word(0xfe0) & 0xffffff) >>> 0).toBe(0x141805);
    expect(word(0xff0)).toBe(0xb105f00d);
  });

  it("leaves the interrupt low, the counter still, and every place between the registers 0", () => {
    const { vm } = watchdog();
    vm.clockStep(10n ** 12n);
    expect([read(vm, VALUE), level(vm), vm.ended]).toEqual([FULL, false, undefined]);
    const known = new Set(ROWS.map((row) => row.offset));
    for (let offset = 0; offset < 0x1000; offset += 4) if (!known.has(offset)) expect(read(vm, offset)).toBe(0);
  });
});

describe("every bit", () => {
  it.each(readable)("of $name that is written can be read again, as far as the table says", (row) => {
    for (const bit of BITS) {
      const { vm } = watchdog();
      write(vm, row.offset, bit);
      const kept = ((bit & row.writable & row.readable) | (row.writable === 0 ? row.reset : 0)) >>> 0;
      expect([bit, read(vm, row.offset)]).toEqual([bit, kept]);
    }
  });

  it.each(ROWS.filter((row) => row.writable === 0))("written to $name changes nothing anywhere", (row) => {
    const { vm } = watchdog();
    const before = dump(vm);
    for (const bit of [...BITS, FULL, 0]) write(vm, row.offset, bit);
    expect(dump(vm)).toEqual(before);
  });

  it("of WDOGLOAD, written, is what WDOGVALUE has at once", () => {
    const { vm } = watchdog();
    for (const bit of BITS) {
      write(vm, LOAD, bit);
      expect(read(vm, VALUE)).toBe(bit);
    }
  });

  it.each(BITS)("%i of WDOGINTCLR, and 0, clears the interrupt and loads the counter", (bit) => {
    for (const value of [bit, 0]) {
      const { vm } = watchdog();
      write(vm, LOAD, 10);
      write(vm, CONTROL, INTEN);
      vm.clockStep(13n * TICK_NS);
      expect([read(vm, RIS), read(vm, MIS), read(vm, VALUE)]).toEqual([1, 1, 8]);
      write(vm, INTCLR, value);
      expect([read(vm, RIS), read(vm, MIS), read(vm, VALUE)]).toEqual([0, 0, 10]);
    }
  });

  it("between the registers can be written without effect", () => {
    const { vm } = watchdog();
    const before = dump(vm);
    const known = new Set(ROWS.map((row) => row.offset));
    for (let offset = 0; offset < 0x1000; offset += 4) if (!known.has(offset)) write(vm, offset, FULL);
    expect(dump(vm)).toEqual(before);
  });
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

  it.each(ROWS.filter((row) => row.offset !== LOCK))("keeps every bit from $name, and lets it be read", (row) => {
    const { vm } = watchdog();
    write(vm, LOAD, 1000);
    write(vm, CONTROL, INTEN | RESEN);
    vm.clockStep(1001n * TICK_NS);
    write(vm, LOCK, 1);
    const before = dump(vm);
    expect(before).toMatchObject({ WDOGLOAD_RW: 1000, WDOGVALUE_RO: 1000, WDOGCONTROL_RW: 3, WDOGRIS_RO: 1 });
    for (const bit of [...BITS, 0, FULL]) write(vm, row.offset, bit);
    expect(dump(vm)).toEqual(before);
  });

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
    expect(() => vmOf("vdev wdt-sp805 action fiq")).toThrow(/GUEST_CONFIGURED with EINVAL/);
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

it("does for Linux's sp805_wdt what it relies on: enable, time left, ping, disable", () => {
  const { vm } = watchdog();
  const rate = 25_000_000;
  const timeout = 60;
  const load = (rate / 2) * timeout - 1; // it knows that the counter runs twice, N + 1 ticks each
  const enable = () => {
    write(vm, LOCK, KEY);
    write(vm, LOAD, load);
    write(vm, INTCLR, 1);
    write(vm, CONTROL, INTEN | RESEN);
    write(vm, LOCK, 1);
    expect(read(vm, LOCK)).toBe(1);
  };
  const secondsLeft = () => {
    const left = read(vm, VALUE) + ((read(vm, RIS) & 1) === 0 ? load + 1 : 0);
    return Math.floor(left / rate);
  };
  const pass = (seconds: bigint) => vm.clockStep(seconds * 10n ** 9n);
  enable();
  expect(read(vm, CONTROL) & 3).toBe(3);
  pass(20n);
  expect(secondsLeft()).toBe(39);
  pass(20n);
  expect(secondsLeft()).toBe(19);
  enable();
  expect(secondsLeft()).toBe(59);
  pass(59n);
  expect(vm.ended).toBeUndefined();
  write(vm, LOCK, KEY);
  write(vm, CONTROL, 0);
  write(vm, LOCK, 1);
  pass(1000n);
  expect(vm.ended).toBeUndefined();
  enable();
  pass(60n);
  expect(vm.ended?.exitCode).toBe(4);
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
