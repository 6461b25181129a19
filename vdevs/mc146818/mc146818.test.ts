/** Oracle: README.md beside this file, which follows the MC146818A data sheet, and JavaScript's Date. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import {
  bytesOf,
  DAY,
  get,
  lab,
  line,
  MODES,
  rtc,
  SECOND,
  set,
  setTime,
  timeBytes,
  US,
} from "../../test/support/mc146818.ts";
import { read, write } from "../../test/support/vm.ts";
import * as R from "./registers.ts";

describe("the time", () => {
  it("changes with the full second, and not before", () => {
    const one = rtc("start 2024-02-29T23:59:59");
    one.vm.clockStep(SECOND - 1n);
    expect(timeBytes(one)).toEqual(bytesOf(new Date("2024-02-29T23:59:59Z"), R.B_24H));
    one.vm.clockStep(1n);
    expect(timeBytes(one)).toEqual(bytesOf(new Date("2024-03-01T00:00:00Z"), R.B_24H));
  });

  it("starts as JavaScript has it, for every second up to 2100", () => {
    const second = fc.integer({ min: 0, max: 4102444799 });
    fc.assert(
      fc.property(second, (start) => {
        expect(timeBytes(rtc(`start ${start}`))).toEqual(bytesOf(new Date(start * 1000), R.B_24H));
      }),
      { numRuns: 30 },
    );
  });

  it("goes on as JavaScript's, in every format and over any time", () => {
    const one = rtc();
    const fresh = new VmSnapshot(one.vm);
    const times = fc.tuple(fc.integer({ min: 0, max: 2_000_000_000 }), fc.integer({ min: 0, max: 2_000_000_000 }));
    const steps = fc.oneof(fc.nat(100), fc.nat(100_000), fc.nat(2_000_000_000));
    fc.assert(
      fc.property(times, fc.constantFrom(...MODES), fc.array(steps, { maxLength: 3 }), ([start, more], mode, waits) => {
        fresh.restore();
        let now = Math.min(start + more, 2_900_000_000);
        setTime(one, new Date(now * 1000), mode);
        for (const wait of waits) {
          if (now + wait >= 4102444800) return;
          now += wait;
          one.vm.clockStep(BigInt(wait) * SECOND);
          expect(timeBytes(one)).toEqual(bytesOf(new Date(now * 1000), mode));
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["1999-12-31T23:59:59", "2000-01-01T00:00:00"],
    ["2000-02-28T23:59:59", "2000-02-29T00:00:00"],
    ["2023-02-28T23:59:59", "2023-03-01T00:00:00"],
    ["2024-12-31T23:59:59", "2025-01-01T00:00:00"],
    ["2024-06-15T11:59:59", "2024-06-15T12:00:00"],
    ["2024-06-15T12:59:59", "2024-06-15T13:00:00"],
    ["2024-06-15T23:59:59", "2024-06-16T00:00:00"],
  ])("goes from %s to %s in every format", (from, to) => {
    for (const mode of MODES) {
      const one = rtc();
      setTime(one, new Date(`${from}Z`), mode);
      one.vm.clockStep(SECOND);
      expect(timeBytes(one)).toEqual(bytesOf(new Date(`${to}Z`), mode));
    }
  });

  it("that no clock shows is carried by the next update", () => {
    const one = rtc();
    set(one, R.SECONDS_RW, 0x75);
    one.vm.clockStep(SECOND);
    expect([get(one, R.MINUTES_RW), get(one, R.SECONDS_RW)]).toEqual([0x01, 0x16]);
    set(one, R.HOURS_RW, 0x25);
    one.vm.clockStep(SECOND);
    expect([get(one, R.DAY_RW), get(one, R.HOURS_RW), get(one, R.SECONDS_RW)]).toEqual([0x02, 0x01, 0x17]);
  });

  it("stands still under SET, and goes on with the next update after it", () => {
    const one = rtc("start 2024-01-01");
    set(one, R.B_RW, R.B_SET | R.B_24H);
    one.vm.clockStep(100n * SECOND + SECOND / 2n);
    expect(get(one, R.SECONDS_RW)).toBe(0);
    set(one, R.B_RW, R.B_24H);
    one.vm.clockStep(SECOND / 2n - 1n);
    expect(get(one, R.SECONDS_RW)).toBe(0);
    one.vm.clockStep(1n);
    expect(get(one, R.SECONDS_RW)).toBe(1);
  });

  it.each([6, 7, 0, 1, 3, 4, 5])("stands still with divider %i, and goes on half a second after", (divider) => {
    const one = rtc("start 2024-01-01");
    set(one, R.A_RW, divider << R.A_DV_AT);
    one.vm.clockStep(10n * SECOND);
    expect(get(one, R.SECONDS_RW)).toBe(0);
    set(one, R.A_RW, R.DV_32768_HZ << R.A_DV_AT);
    one.vm.clockStep(SECOND / 2n + 1984n * US - 1n);
    expect(get(one, R.SECONDS_RW)).toBe(0);
    one.vm.clockStep(1n);
    expect(get(one, R.SECONDS_RW)).toBe(1);
    const misuse = divider < 6 ? ["misuse: 0 wrong directions, 0 wrong widths, 1 dividers of other crystals"] : [];
    expect(one.status().slice(2)).toEqual(misuse);
  });
});

describe("daylight saving", () => {
  const at = (text: string) => bytesOf(new Date(`${text}Z`), R.B_24H);

  it("skips an hour on the last Sunday of April", () => {
    const one = rtc();
    setTime(one, new Date("2024-04-28T01:59:58Z"), R.B_24H, R.B_DSE);
    one.vm.clockStep(SECOND);
    expect(timeBytes(one)).toEqual(at("2024-04-28T01:59:59"));
    one.vm.clockStep(SECOND);
    expect(timeBytes(one)).toEqual(at("2024-04-28T03:00:00"));
  });

  it("has an hour twice on the last Sunday of October, and not three times", () => {
    const one = rtc();
    setTime(one, new Date("2024-10-27T01:59:59Z"), R.B_24H, R.B_DSE);
    one.vm.clockStep(SECOND);
    expect(timeBytes(one)).toEqual(at("2024-10-27T01:00:00"));
    one.vm.clockStep(3600n * SECOND);
    expect(timeBytes(one)).toEqual(at("2024-10-27T02:00:00"));
  });

  it("leaves all other days, and comes out even over a year however it passes", () => {
    const one = rtc();
    for (const day of ["2024-04-21", "2024-04-29", "2024-10-20", "2024-10-28"]) {
      setTime(one, new Date(`${day}T01:59:59Z`), R.B_24H, R.B_DSE);
      one.vm.clockStep(SECOND);
      expect(get(one, R.HOURS_RW)).toBe(0x02);
    }
    setTime(one, new Date("2024-01-01T00:00:00Z"), R.B_24H, R.B_DSE);
    one.vm.clockStep(366n * DAY);
    expect(timeBytes(one)).toEqual(at("2025-01-01T00:00:00"));
  });

  it("does not miss the alarm at the hour it jumps to", () => {
    const one = rtc();
    setTime(one, new Date("2024-04-28T01:00:00Z"), R.B_24H, R.B_DSE | R.B_AIE);
    set(one, R.HOURS_ALARM_RW, 0x03);
    one.vm.clockStep(3600n * SECOND - 1n);
    expect(line(one)).toBe(false);
    one.vm.clockStep(1n);
    expect(line(one)).toBe(true);
  });
});

describe("an access", () => {
  it("of 2 bytes is index and data", () => {
    const one = rtc();
    one.set(0x70, 0xab40, 2);
    expect([get(one, 0x40), one.get(0x70, 2)]).toEqual([0xab, 0xabff]);
  });

  it("ignores the NMI bit of the index", () => {
    const one = rtc();
    set(one, 0x80 | 0x40, 0x12);
    expect(get(one, 0x40)).toBe(0x12);
  });

  it("of 4 bytes, or 2 at the data port, is a bus error", () => {
    const { vm } = rtc();
    expect(read(vm, 0x70n, 4, "io")[0]).toBe(AccessStatus.busError);
    expect(read(vm, 0x71n, 2, "io")[0]).toBe(AccessStatus.busError);
    expect(write(vm, 0x71n, 0n, 2, "io")).toBe(AccessStatus.busError);
  });
});

describe("the configuration", () => {
  it("may leave the time to the VM's time of day, before 2100", () => {
    const at = (time: string) => timeBytes(lab(`set vdevbox-start-time ${time} vdev mc146818`));
    expect(at("2024-02-29T23:59:58Z")).toEqual(bytesOf(new Date("2024-02-29T23:59:58Z"), R.B_24H));
    expect(timeBytes(lab("vdev mc146818"))).toEqual(bytesOf(new Date("2020-01-01T00:00:00Z"), R.B_24H));
    expect(() => at("2100-01-01")).toThrow(/EINVAL/);
  });

  it.each(["start soon", "start -1", "start 2100-01-01", "start 4102444800", "bytes 32", "bytes many"])(
    "refuses %s",
    (option) => expect(() => rtc(option)).toThrow(/with EINVAL/),
  );

  it("gives it other ports, and never memory", () => {
    const one = lab("vdev mc146818 loc io:0x170");
    expect(one.get(0x171)).toBe(0);
    expect(() => lab("vdev mc146818 loc mem:0x1000")).toThrow(/x86 port locations only/);
  });
});

it("reports its status and what was wrong", () => {
  const one = rtc("start 2024-02-29T23:59:50");
  expect(one.status()).toEqual(["time bytes 2024-02-29 23:59", "seconds 50, index 0x0, a 0x26, b 0x2, flags 0x0"]);
  set(one, R.C_RO, 1);
  set(one, R.D_RO, 0);
  one.get(0x70);
  expect(one.status()[2]).toBe("misuse: 3 wrong directions, 0 wrong widths, 0 dividers of other crystals");
});

it("is put back by a snapshot: time, flags, line and what is awaited", () => {
  const one = rtc("start 2024-01-01");
  set(one, R.B_RW, R.B_UIE | R.B_24H);
  one.vm.clockStep(SECOND / 2n);
  const before = new VmSnapshot(one.vm);
  for (let round = 0; round < 3; round++) {
    one.vm.clockStep(SECOND);
    expect([line(one), get(one, R.SECONDS_RW)]).toEqual([true, 1]);
    set(one, 0x40, 0x99);
    before.restore();
    expect([line(one), get(one, R.SECONDS_RW), get(one, 0x40)]).toEqual([false, 0, 0]);
  }
  expect(one.vm.findings.all).toEqual([]);
});
