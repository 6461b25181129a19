/** Oracle: README.md beside this file, which follows the MC146818A data sheet, and JavaScript's Date. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import type { DeviceLab } from "../../test/support/device.ts";
import { DAY, get, hour, line, MODES, plain, rtc, SECOND, set, setTime, US } from "../../test/support/mc146818.ts";
import * as R from "./registers.ts";

describe("UIP", () => {
  const uip = (one: DeviceLab) => get(one, R.A_RW) >> 7;

  it("is set from 244 us before an update to its end, 1984 us after its begin", () => {
    const one = rtc();
    one.vm.clockStep(SECOND - (1984n + 244n) * US - 1n);
    expect(uip(one)).toBe(0);
    one.vm.clockStep(1n);
    expect([uip(one), get(one, R.SECONDS_RW)]).toEqual([1, 0]);
    one.vm.clockStep(2228n * US - 1n);
    expect([uip(one), get(one, R.SECONDS_RW)]).toEqual([1, 0]);
    one.vm.clockStep(1n);
    expect([uip(one), get(one, R.SECONDS_RW)]).toEqual([0, 1]);
  });

  it("is clear under SET, which aborts the update, and with the divider in reset", () => {
    const one = rtc();
    one.vm.clockStep(SECOND - 1000n * US);
    expect(uip(one)).toBe(1);
    set(one, R.B_RW, R.B_SET | R.B_24H);
    expect(uip(one)).toBe(0);
    set(one, R.B_RW, R.B_24H); // within the time of the update, which does not come back
    expect(uip(one)).toBe(0);
    one.vm.clockStep(SECOND / 2n);
    expect(get(one, R.SECONDS_RW)).toBe(0);
    one.vm.clockStep(SECOND / 2n - 500n * US);
    expect(uip(one)).toBe(1);
    set(one, R.A_RW, 0x66);
    expect(uip(one)).toBe(0);
  });
});

describe("the update interrupt", () => {
  it("sets UF each second, interrupts when enabled, and goes with a read of C", () => {
    const one = rtc();
    set(one, R.A_RW, 0x20);
    one.vm.clockStep(SECOND);
    expect([line(one), get(one, R.C_RO), get(one, R.C_RO)]).toEqual([false, R.C_UF, 0]);
    set(one, R.B_RW, R.B_UIE | R.B_24H);
    one.vm.clockStep(SECOND - 1n);
    expect(line(one)).toBe(false);
    one.vm.clockStep(1n);
    expect(line(one)).toBe(true);
    expect([get(one, R.C_RO), line(one), get(one, R.C_RO)]).toEqual([R.C_IRQF | R.C_UF, false, 0]);
  });

  it("comes at once when it is enabled late, and goes when it is disabled", () => {
    const one = rtc();
    set(one, R.A_RW, 0x20);
    one.vm.clockStep(SECOND);
    set(one, R.B_RW, R.B_UIE | R.B_24H);
    expect(line(one)).toBe(true);
    set(one, R.B_RW, R.B_24H);
    expect(line(one)).toBe(false);
  });

  it("is disabled by SET as that comes", () => {
    const one = rtc();
    set(one, R.B_RW, R.B_UIE | R.B_24H);
    set(one, R.B_RW, R.B_SET | R.B_UIE | R.B_24H);
    expect(get(one, R.B_RW)).toBe(R.B_SET | R.B_24H);
  });
});

describe("the periodic interrupt", () => {
  /** Hertz by RS, table 5 of the data sheet, for 32768 Hz. */
  const RATES = [0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2];

  it.each(RATES.map((hertz, rs) => [rs, hertz] as const))("with RS %i comes %i times a second", (rs, hertz) => {
    const one = rtc();
    set(one, R.A_RW, 0x20 | rs);
    set(one, R.B_RW, R.B_PIE | R.B_24H);
    get(one, R.C_RO);
    let count = 0;
    const end = one.vm.nowNs + SECOND;
    while (one.vm.clockStep() && one.vm.nowNs < end) {
      if (!line(one)) continue; // a timer that was armed for what is no longer wanted
      count++;
      expect(get(one, R.C_RO)).toBe(R.C_IRQF | R.C_PF | (get(one, R.SECONDS_RW) === 1 && count === hertz ? R.C_UF : 0));
    }
    expect(count).toBe(hertz);
  });

  it("comes half a period after an update begins, and at exact times", () => {
    const one = rtc();
    set(one, R.A_RW, 0x2f);
    set(one, R.B_RW, R.B_PIE | R.B_24H);
    const times: bigint[] = [];
    for (let i = 0; i < 4; i++) {
      one.vm.clockStep();
      times.push(one.vm.nowNs);
      get(one, R.C_RO);
    }
    const begin = SECOND - 1984n * US; // of the update that ends with the first second
    const first = begin - SECOND + SECOND / 4n;
    expect(times).toEqual([0n, 1n, 2n, 3n].map((i) => first + (i * SECOND) / 2n));
  });

  it("sets PF also when it is not enabled, and not with RS 0 or the divider in reset", () => {
    const one = rtc();
    one.vm.clockStep(2n * 976_563n);
    expect([line(one), get(one, R.C_RO)]).toEqual([false, R.C_PF]);
    set(one, R.A_RW, 0x20);
    one.vm.clockStep(SECOND / 2n);
    expect(get(one, R.C_RO)).toBe(0);
    set(one, R.A_RW, 0x66);
    one.vm.clockStep(SECOND * 3n);
    expect(get(one, R.C_RO)).toBe(0);
  });
});

describe("the alarm", () => {
  const setAlarm = (one: DeviceLab, hours: number, minutes: number, seconds: number) => {
    set(one, R.HOURS_ALARM_RW, hours);
    set(one, R.MINUTES_ALARM_RW, minutes);
    set(one, R.SECONDS_ALARM_RW, seconds);
  };

  it("comes at its time of day, once a day", () => {
    const one = rtc("start 2024-01-01T10:00:00");
    setAlarm(one, 0x12, 0x34, 0x56);
    set(one, R.B_RW, R.B_AIE | R.B_24H);
    one.vm.clockStep();
    expect([line(one), one.vm.nowNs]).toEqual([true, (2n * 3600n + 34n * 60n + 56n) * SECOND]);
    expect(get(one, R.C_RO) & (R.C_IRQF | R.C_AF)).toBe(R.C_IRQF | R.C_AF);
    one.vm.clockStep();
    expect([line(one), one.vm.nowNs]).toEqual([true, (2n * 3600n + 34n * 60n + 56n) * SECOND + DAY]);
  });

  it.each([
    ["every second", 0xff, 0xff, 0xff, 1],
    ["every minute", 0xc0, 0xc0, 0x00, 60],
    ["every hour", 0xff, 0x30, 0x00, 3600],
    ["every second of a minute", 0xff, 0x00, 0xff, 1],
  ])("with don't care codes comes %s", (_name, hours, minutes, seconds, period) => {
    const one = rtc("start 2024-01-01");
    setAlarm(one, hours, minutes, seconds);
    set(one, R.B_RW, R.B_AIE | R.B_24H);
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      one.vm.clockStep();
      get(one, R.C_RO);
      times.push(Number(one.vm.nowNs / SECOND));
    }
    expect(times.map((time, i) => (i === 0 ? period : time - times[i - 1]!))).toEqual([period, period, period, period]);
  });

  it("of 12-hour mode knows noon from midnight", () => {
    const one = rtc();
    setTime(one, new Date("2024-01-01T01:00:00Z"), 0, R.B_AIE);
    setAlarm(one, 0x92, 0, 0); // 12 PM
    one.vm.clockStep(11n * 3600n * SECOND - 1n);
    expect(line(one)).toBe(false);
    one.vm.clockStep(1n);
    expect(line(one)).toBe(true);
  });

  it("that no time of day has never comes", () => {
    const one = rtc();
    setAlarm(one, 0x24, 0, 0);
    set(one, R.B_RW, R.B_AIE | R.B_24H);
    one.vm.clockStep(400n * DAY);
    expect([line(one), get(one, R.C_RO) & R.C_AF]).toEqual([false, 0]);
  });

  it("comes when a clock that goes through every second says so", () => {
    const one = rtc();
    const fresh = new VmSnapshot(one.vm);
    const field = (limit: number) => fc.oneof(fc.nat(limit - 1), fc.constantFrom(0xc0, 0xff));
    fc.assert(
      fc.property(
        fc.constantFrom(...MODES),
        fc.nat(86399),
        fc.tuple(field(24), field(60), field(60)),
        fc.integer({ min: 1, max: 5000 }),
        (mode, start, [h, m, s], wait) => {
          fresh.restore();
          setTime(one, new Date(start * 1000), mode);
          const alarm = [h < 24 ? hour(mode, h) : h, m < 60 ? plain(mode, m) : m, s < 60 ? plain(mode, s) : s] as const;
          setAlarm(one, ...alarm);
          let expected = false;
          for (let at = start + 1; at <= start + wait; at++) {
            const day = at % 86400;
            const hits = (want: number, now: number) => want >= 0xc0 || want === now;
            expected ||= hits(h, Math.floor(day / 3600)) && hits(m, Math.floor(day / 60) % 60) && hits(s, day % 60);
          }
          get(one, R.C_RO);
          one.vm.clockStep(BigInt(wait) * SECOND);
          expect((get(one, R.C_RO) & R.C_AF) !== 0).toBe(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});
