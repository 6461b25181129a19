/**
 * Oracle: what Linux's AMBA bus and rtc-pl031 do, and what they rely on. The driver below makes the same accesses in the
 * same order, in words of our own; offsets and bits are those the driver knows.
 */
import { expect, it } from "vitest";
import { type DeviceLab, deviceLab } from "../../test/support/device.ts";

const BASE = 0x1c170000;
const DR = 0x00;
const MR = 0x04;
const LR = 0x08;
const CR = 0x0c;
const IMSC = 0x10;
const RIS = 0x14;
const MIS = 0x18;
const ICR = 0x1c;
/** The alarm's bit in all four, and the enable bit of CR. */
const AI = 1;
const EN = 1;
const SECOND = 1_000_000_000n;
const lab = deviceLab("pl031");

/** rtc-pl031 for Arm's own part. Times are seconds since 1970, as the RTC core has them. */
class Driver {
  readonly one: DeviceLab;
  alarms = 0;

  constructor(one: DeviceLab) {
    this.one = one;
  }

  read(offset: number): number {
    return this.one.get(BASE + offset);
  }

  write(value: number, offset: number): void {
    this.one.set(BASE + offset, value);
  }

  probe(): this {
    const word = (at: number) => [0, 1, 2, 3].reduce((id, i) => id + this.read(at + 4 * i) * 256 ** i, 0);
    expect(word(0xff0)).toBe(0xb105f00d);
    expect(word(0xfe0) & 0xfffff).toBe(0x41031);
    this.write(this.read(CR) | EN, CR);
    return this;
  }

  readTime(): number {
    return this.read(DR);
  }

  setTime(time: number): void {
    this.write(time, LR);
  }

  readAlarm() {
    return {
      time: this.read(MR),
      pending: (this.read(RIS) & AI) !== 0,
      enabled: (this.read(IMSC) & AI) !== 0,
    };
  }

  setAlarm(time: number, enabled = true): void {
    this.write(time, MR);
    this.enableAlarm(enabled);
  }

  enableAlarm(enabled: boolean): void {
    this.write(AI, ICR); // whatever is pending is of an older alarm
    const mask = this.read(IMSC);
    this.write(enabled ? mask | AI : mask & ~AI, IMSC);
  }

  /** The handler of the interrupt. @returns whether it was for us */
  interrupt(): boolean {
    if ((this.read(MIS) & AI) === 0) return false;
    this.write(AI, ICR);
    this.alarms++;
    return true;
  }

  get line(): boolean {
    return this.one.vm.lines.level("gic", 36);
  }

  pass(seconds: bigint): void {
    this.one.vm.clockStep(seconds * SECOND);
  }
}

const driver = (start: number) => new Driver(lab(`vdev pl031 loc 0x1c170000 intr gic:36 start ${start}`));
const NOON = Date.UTC(2024, 1, 29, 12) / 1000;

it("finds the part, and a clock that goes from the time the board has", () => {
  const rtc = driver(NOON).probe();
  expect(rtc.readTime()).toBe(NOON);
  rtc.pass(86_400n);
  expect(rtc.readTime()).toBe(Date.UTC(2024, 2, 1, 12) / 1000);
});

it("may find it again, running, and does not disturb it", () => {
  const rtc = driver(NOON).probe();
  rtc.setAlarm(NOON + 10);
  rtc.pass(5n);
  rtc.probe();
  expect([rtc.readTime(), rtc.readAlarm()]).toEqual([NOON + 5, { time: NOON + 10, pending: false, enabled: true }]);
});

it.each([0, 1, NOON, 0x7fffffff, 0x80000000, 0xffffffff])("sets the time to %i and reads it back at once", (time) => {
  const rtc = driver(NOON).probe();
  rtc.one.vm.clockStep(SECOND / 3n);
  rtc.setTime(time);
  expect(rtc.readTime()).toBe(time);
  rtc.pass(2n);
  expect(rtc.readTime()).toBe((time + 2) >>> 0);
});

it("is called at the alarm's second, once, and the line is low after it", () => {
  const rtc = driver(NOON).probe();
  rtc.setAlarm(NOON + 90);
  rtc.one.vm.clockStep(90n * SECOND - 1n);
  expect([rtc.line, rtc.interrupt()]).toEqual([false, false]);
  rtc.one.vm.clockStep(1n);
  expect([rtc.line, rtc.interrupt(), rtc.line, rtc.interrupt()]).toEqual([true, true, false, false]);
  expect([rtc.readTime(), rtc.readAlarm().pending]).toEqual([NOON + 90, false]);
  rtc.pass(100_000n);
  expect([rtc.line, rtc.alarms]).toEqual([false, 1]);
});

it("keeps a masked alarm pending without calling, and clears it when it is enabled for another", () => {
  const rtc = driver(NOON).probe();
  rtc.setAlarm(NOON + 5, false);
  rtc.pass(6n);
  expect([rtc.line, rtc.readAlarm()]).toEqual([false, { time: NOON + 5, pending: true, enabled: false }]);
  rtc.setAlarm(NOON + 10);
  expect([rtc.line, rtc.readAlarm().pending]).toEqual([false, false]);
  rtc.pass(4n);
  expect([rtc.line, rtc.interrupt(), rtc.alarms]).toEqual([true, true, 1]);
});

it("moves and takes back an alarm", () => {
  const rtc = driver(NOON).probe();
  rtc.setAlarm(NOON + 5);
  rtc.setAlarm(NOON + 500);
  rtc.pass(400n);
  expect(rtc.line).toBe(false);
  rtc.enableAlarm(false);
  rtc.pass(200n);
  expect(rtc.line).toBe(false);
});

it("wakes up for an alarm after the time was set towards it", () => {
  const rtc = driver(NOON).probe();
  rtc.setAlarm(NOON + 3600);
  rtc.setTime(NOON + 3590);
  rtc.pass(9n);
  expect(rtc.line).toBe(false);
  rtc.pass(1n);
  expect([rtc.line, rtc.interrupt()]).toEqual([true, true]);
});

it("rings every second for UIE, which the RTC core makes of alarms", () => {
  const rtc = driver(NOON).probe();
  for (let i = 1; i <= 5; i++) {
    rtc.setAlarm(rtc.readTime() + 1);
    rtc.pass(1n);
    expect([rtc.interrupt(), rtc.readTime()]).toEqual([true, NOON + i]);
  }
  expect(rtc.one.vm.findings.all).toEqual([]);
});
