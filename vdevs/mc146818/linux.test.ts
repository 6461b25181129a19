/**
 * Oracle: what Linux's rtc-cmos and its mc146818 library do, and what they rely on. The driver below makes the same
 * accesses in the same order, in words of our own; indexes and bits are those the driver knows.
 */
import { describe, expect, it } from "vitest";
import type { DeviceLab } from "../../test/support/device.ts";
import { line, rtc, SECOND } from "../../test/support/mc146818.ts";

const SECONDS = 0x00;
const SECONDS_ALARM = 0x01;
const MINUTES = 0x02;
const MINUTES_ALARM = 0x03;
const HOURS = 0x04;
const HOURS_ALARM = 0x05;
const DAY_OF_MONTH = 0x07;
const MONTH = 0x08;
const YEAR = 0x09;
const FREQ_SELECT = 0x0a;
const CONTROL = 0x0b;
const INTR_FLAGS = 0x0c;
const VALID = 0x0d;
const NVRAM = 0x0e;
const CENTURY = 0x32;

const UIP = 0x80;
const DIV_RESET = 0x70;
const REF_CLCK_32KHZ = 0x20;
const SET = 0x80;
const PIE = 0x40;
const AIE = 0x20;
const UIE = 0x10;
const DM_BINARY = 0x04;
const H24 = 0x02;
const IRQF = 0x80;
const IRQMASK = PIE | AIE | UIE;
const MILLISECOND = 1_000_000n;

/** rtc-cmos on a PC. */
class Driver {
  readonly one: DeviceLab;
  /** Interrupts the RTC core was told of, as their bits of INTR_FLAGS. */
  readonly told: number[] = [];
  rechecks = 0;

  constructor(one: DeviceLab) {
    this.one = one;
  }

  read(index: number): number {
    this.one.set(0x70, index);
    return this.one.get(0x71);
  }

  write(value: number, index: number): void {
    this.one.set(0x70, index);
    this.one.set(0x71, value);
  }

  probe(): this {
    expect(this.read(VALID) & 0x7f).toBe(0);
    this.getTime(); // does the clock work at all?
    this.write(REF_CLCK_32KHZ | 6, FREQ_SELECT);
    this.disable(PIE | AIE | UIE);
    expect(this.read(CONTROL) & H24).toBe(H24);
    return this;
  }

  /** Reads under no update: UIP clear before and after, and the seconds the same at both ends. */
  getTime(): Date {
    for (let ms = 0; ms < 1000; ms++, this.rechecks++, this.one.vm.clockStep(MILLISECOND)) {
      const seconds = this.read(SECONDS);
      if ((this.read(FREQ_SELECT) & UIP) !== 0) continue;
      if (this.read(SECONDS) !== seconds) continue;
      const fields = [MINUTES, HOURS, DAY_OF_MONTH, MONTH, YEAR, CENTURY].map((index) => this.read(index));
      const control = this.read(CONTROL);
      if ((this.read(FREQ_SELECT) & UIP) !== 0 || this.read(SECONDS) !== seconds) continue;
      const plain = (byte: number) => ((control & DM_BINARY) !== 0 ? byte : (byte & 0xf) + 10 * (byte >> 4));
      const [minutes, hours, day, month, year, century] = fields.map(plain) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      return new Date(Date.UTC(century * 100 + year, month - 1, day, hours, minutes, plain(seconds)));
    }
    throw new Error("UIP did not clear in a second");
  }

  setTime(time: Date): void {
    const control = this.read(CONTROL);
    this.write(control | SET, CONTROL);
    const select = this.read(FREQ_SELECT);
    this.write(select | DIV_RESET, FREQ_SELECT);
    const coded = (value: number) => ((control & DM_BINARY) !== 0 ? value : ((value / 10) << 4) + (value % 10));
    this.write(coded(time.getUTCFullYear() % 100), YEAR);
    this.write(coded(time.getUTCMonth() + 1), MONTH);
    this.write(coded(time.getUTCDate()), DAY_OF_MONTH);
    this.write(coded(time.getUTCHours()), HOURS);
    this.write(coded(time.getUTCMinutes()), MINUTES);
    this.write(coded(time.getUTCSeconds()), SECONDS);
    this.write(coded(Math.floor(time.getUTCFullYear() / 100)), CENTURY);
    this.write(control, CONTROL);
    this.write(select, FREQ_SELECT);
  }

  setAlarm(hours: number | undefined, minutes: number | undefined, seconds: number): void {
    const bcd = (value: number | undefined) =>
      value === undefined ? 0xff : Math.floor(value / 10) * 16 + (value % 10);
    this.disable(AIE);
    this.write(bcd(hours), HOURS_ALARM);
    this.write(bcd(minutes), MINUTES_ALARM);
    this.write(bcd(seconds), SECONDS_ALARM);
    this.enable(AIE);
  }

  enable(mask: number): void {
    const control = this.read(CONTROL);
    this.checkInterrupt(control); // whatever is there is old
    this.write(control | mask, CONTROL);
    this.checkInterrupt(control | mask);
  }

  disable(mask: number): void {
    const control = this.read(CONTROL) & ~mask;
    this.write(control, CONTROL);
    this.checkInterrupt(control);
  }

  checkInterrupt(control: number): void {
    const flags = this.read(INTR_FLAGS) & ((control & IRQMASK) | IRQF);
    if ((flags & IRQF) !== 0 && (flags & IRQMASK) !== 0) this.told.push(flags & IRQMASK);
  }

  /** The handler of the interrupt. An alarm is taken for one that rings once. @returns whether it was for us */
  interrupt(): boolean {
    let flags = this.read(INTR_FLAGS);
    const control = this.read(CONTROL);
    flags &= (control & IRQMASK) | IRQF;
    if ((flags & AIE) !== 0) {
      this.write(control & ~AIE, CONTROL);
      this.read(INTR_FLAGS);
    }
    if ((flags & IRQF) === 0 || (flags & IRQMASK) === 0) return false;
    this.told.push(flags & IRQMASK);
    return true;
  }

  /** Time passes; the interrupt is served when the line rises, as an edge-triggered 8259 has it. */
  run(ns: bigint): void {
    const end = this.one.vm.nowNs + ns;
    while (this.one.vm.nowNs < end) {
      if (line(this.one)) expect([this.interrupt(), line(this.one)]).toEqual([true, false]);
      const left = end - this.one.vm.nowNs;
      this.one.vm.clockStep(left < MILLISECOND / 4n ? left : MILLISECOND / 4n);
    }
    if (line(this.one)) this.interrupt();
  }
}

const driver = (start: string) => new Driver(rtc(`start ${start}`)).probe();
const at = (text: string) => new Date(`${text}Z`);

describe("reading the time", () => {
  it("gives what the board has, and goes on with it", () => {
    const clock = driver("2024-02-29T23:59:58");
    expect([clock.getTime(), clock.rechecks]).toEqual([at("2024-02-29T23:59:58"), 0]);
    clock.one.vm.clockStep(2n * SECOND);
    expect(clock.getTime()).toEqual(at("2024-03-01T00:00:00"));
  });

  it("waits while an update is in progress, no longer than that takes, and never sees a torn time", () => {
    const clock = driver("1999-12-31T23:59:59");
    clock.one.vm.clockStep(SECOND - 2_228_000n); // 244 us and 1984 us before the update is over
    expect(clock.getTime()).toEqual(at("2000-01-01T00:00:00"));
    expect(clock.rechecks).toBe(3); // a millisecond each
  });

  it("is right however far into a second it begins", () => {
    const clock = driver("2023-12-31T23:59:59");
    let last = at("2023-12-31T23:59:59").getTime();
    for (let i = 0; i < 300; i++) {
      clock.one.vm.clockStep(9_871_000n);
      const now = clock.getTime().getTime();
      expect(now).toBe(Number((clock.one.vm.nowNs / SECOND) * 1000n) + at("2023-12-31T23:59:59").getTime());
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});

describe("setting the time", () => {
  it.each([
    "1970-01-01T00:00:00",
    "1999-12-31T23:59:59",
    "2000-02-29T12:34:56",
    "2038-01-19T03:14:08",
    "2099-12-31T23:59:00",
  ])("to %s is read back", (text) => {
    const clock = driver("2020-01-01");
    clock.setTime(at(text));
    expect(clock.getTime()).toEqual(at(text));
  });

  it("makes the next second come half a second later: Linux sets it at the half of a second", () => {
    const clock = driver("2020-01-01");
    clock.one.vm.clockStep(SECOND / 3n);
    clock.setTime(at("2024-06-01T10:00:00"));
    clock.one.vm.clockStep(SECOND / 2n - MILLISECOND);
    expect(clock.getTime()).toEqual(at("2024-06-01T10:00:00"));
    clock.one.vm.clockStep(4n * MILLISECOND); // the update itself takes two
    expect(clock.getTime()).toEqual(at("2024-06-01T10:00:01"));
    clock.one.vm.clockStep(10n * SECOND);
    expect(clock.getTime()).toEqual(at("2024-06-01T10:00:11"));
  });

  it("leaves formats, enables and rate as they were", () => {
    const clock = driver("2020-01-01");
    clock.setAlarm(1, 2, 3);
    const before = [FREQ_SELECT, CONTROL].map((index) => clock.read(index));
    clock.setTime(at("2024-06-01T10:00:00"));
    expect([FREQ_SELECT, CONTROL].map((index) => clock.read(index))).toEqual(before);
    expect(before).toEqual([0x26, H24 | AIE]);
  });

  it("works on a clock that firmware left binary", () => {
    const clock = driver("2020-01-01");
    clock.write(H24 | DM_BINARY, CONTROL);
    clock.setTime(at("2024-12-31T23:59:59"));
    expect([clock.read(SECONDS), clock.read(HOURS), clock.read(CENTURY)]).toEqual([59, 23, 20]);
    clock.one.vm.clockStep(SECOND);
    expect(clock.getTime()).toEqual(at("2025-01-01T00:00:00"));
  });
});

describe("the alarm", () => {
  it("rings once at its time, and turns itself off", () => {
    const clock = driver("2024-01-01T08:00:00");
    clock.setAlarm(8, 0, 10);
    clock.one.vm.clockStep(10n * SECOND - 1n);
    expect(line(clock.one)).toBe(false);
    clock.one.vm.clockStep(1n);
    expect(line(clock.one)).toBe(true);
    expect([clock.interrupt(), clock.told, line(clock.one)]).toEqual([true, [AIE], false]);
    expect([clock.getTime(), clock.read(CONTROL)]).toEqual([at("2024-01-01T08:00:10"), H24]);
    clock.one.vm.clockStep(24n * 3600n * SECOND);
    expect([line(clock.one), clock.told]).toEqual([false, [AIE]]);
  });

  it("with fields that do not matter rings at the next minute, and the next hour", () => {
    const clock = driver("2024-01-01T08:15:30");
    clock.setAlarm(undefined, undefined, 0);
    clock.one.vm.clockStep(30n * SECOND);
    expect([clock.interrupt(), clock.getTime()]).toEqual([true, at("2024-01-01T08:16:00")]);
    clock.setAlarm(undefined, 0, 0);
    clock.one.vm.clockStep(44n * 60n * SECOND);
    expect([clock.interrupt(), clock.getTime()]).toEqual([true, at("2024-01-01T09:00:00")]);
  });

  it("does not ring for one that has passed before it was enabled", () => {
    const clock = driver("2024-01-01T08:00:00");
    clock.write(0x00, HOURS_ALARM);
    for (const [index, byte] of [
      [HOURS_ALARM, 0x08],
      [MINUTES_ALARM, 0x00],
      [SECONDS_ALARM, 0x05],
    ] as const)
      clock.write(byte, index);
    clock.one.vm.clockStep(6n * SECOND); // AF is set now
    clock.setAlarm(9, 0, 0);
    expect([line(clock.one), clock.told]).toEqual([false, []]);
    clock.one.vm.clockStep(3600n * SECOND - 6n * SECOND);
    expect([clock.interrupt(), clock.told]).toEqual([true, [AIE]]);
  });

  it("is disabled without a late ring", () => {
    const clock = driver("2024-01-01T08:00:00");
    clock.setAlarm(8, 0, 10);
    clock.disable(AIE);
    clock.one.vm.clockStep(20n * SECOND);
    expect([line(clock.one), clock.told]).toEqual([false, []]);
  });
});

describe("the other interrupts", () => {
  it("of updates come every second", () => {
    const clock = driver("2024-01-01T08:00:00");
    clock.enable(UIE);
    clock.run(10n * SECOND);
    expect(clock.told).toEqual(new Array(10).fill(UIE));
    clock.disable(UIE);
    clock.run(3n * SECOND);
    expect(clock.told.length).toBe(10);
  });

  it.each([2, 64, 1024])("of periods come %i times a second, as the rate is chosen by a power of two", (hertz) => {
    const clock = driver("2024-01-01T08:00:00");
    clock.write(REF_CLCK_32KHZ | (16 - Math.log2(hertz)), FREQ_SELECT);
    clock.enable(PIE);
    clock.run(SECOND);
    expect(clock.told).toEqual(new Array(hertz).fill(PIE));
  });

  it("come together with one read of the flags", () => {
    const clock = driver("2024-01-01T08:00:00");
    clock.setAlarm(8, 0, 1);
    clock.enable(UIE);
    clock.one.vm.clockStep(SECOND);
    expect([clock.interrupt(), clock.told, line(clock.one)]).toEqual([true, [AIE | UIE], false]);
    expect(clock.read(CONTROL)).toBe(H24 | UIE);
  });
});

it("keeps the NVRAM with the checksum that /dev/nvram makes, and the clock leaves it alone", () => {
  const clock = driver("2099-12-31T23:59:59");
  const bytes = Array.from({ length: 114 }, (_, i) => (i * 37 + 11) & 0xff);
  const sum = bytes.slice(2, 32).reduce((total, byte) => total + byte, 0);
  bytes[32] = sum >> 8;
  bytes[33] = sum & 0xff;
  const century = CENTURY - NVRAM; // the one byte that is the clock's
  for (const [i, byte] of bytes.entries()) if (i !== century) clock.write(byte, NVRAM + i);
  clock.one.vm.clockStep(3600n * SECOND);
  const kept = bytes.map((byte, i) => (i === century ? byte : clock.read(NVRAM + i)));
  expect(kept).toEqual(bytes);
  expect(clock.one.vm.findings.all).toEqual([]);
});
