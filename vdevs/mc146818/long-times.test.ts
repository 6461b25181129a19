/** Many updates at once. Oracles: the same clock taken second by second, JavaScript's calendar, README.md. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { bytesOf, DAY, get, line, rtc, SECOND, set, setTime, timeBytes } from "../../test/support/mc146818.ts";
import * as R from "./registers.ts";

const at = (text: string) => bytesOf(new Date(`${text}Z`), R.B_24H);
/** 60 seconds are on no clock. */
const NO_SECOND = 0x60;

describe("with daylight saving and an alarm that never comes", () => {
  const begin = (enables: number) => {
    const one = rtc();
    setTime(one, new Date("2024-01-01T00:00:00Z"), R.B_24H, R.B_DSE | enables);
    for (const alarm of [R.HOURS_ALARM_RW, R.MINUTES_ALARM_RW]) set(one, alarm, 0xff);
    set(one, R.SECONDS_ALARM_RW, NO_SECOND);
    return one;
  };

  it.each([
    ["asked for", R.B_AIE],
    ["not asked for", 0],
  ])("ten years pass in one step, the alarm %s", (_, enables) => {
    const one = begin(enables);
    one.vm.clockStep(3650n * DAY); // 2024, 2028 and 2032 have a day more
    expect(timeBytes(one)).toEqual(at("2033-12-29T00:00:00"));
    expect(line(one)).toBe(false);
    expect(get(one, R.C_RO) & R.C_AF).toBe(0);
    expect(one.vm.findings.all).toEqual([]);
  });

  it("all the time there is passes in one step", () => {
    const one = begin(0);
    one.vm.clockStep(2n ** 64n - 2n - one.vm.nowNs);
    get(one, R.SECONDS_RW);
    expect(one.vm.findings.all).toEqual([]);
  });
});

it("passes at once as it does second by second", () => {
  const one = rtc("start 0");
  const fresh = new VmSnapshot(one.vm);
  const times = ["2024-04-27T23:30:00", "2024-04-28T00:59:00", "2024-10-27T00:30:00", "2024-10-27T01:10:00"];
  const alarmByte = (most: number) => fc.oneof(fc.nat(most), fc.constantFrom(0xc0, 0xff));
  fc.assert(
    fc.property(
      fc.constantFrom(...times, "2023-12-31T22:00:00", "2024-03-31T23:00:00", "2024-09-30T23:00:00"),
      fc.tuple(alarmByte(0x5a), alarmByte(0x5a), alarmByte(4)),
      fc.integer({ min: 1, max: 12_000 }),
      (time, alarm, seconds) => {
        const passed = (step: number) => {
          fresh.restore();
          setTime(one, new Date(`${time}Z`), R.B_24H, R.B_DSE);
          for (const [i, byte] of alarm.entries()) set(one, 2 * i + 1, byte);
          get(one, R.C_RO);
          let flags = 0;
          for (let done = 0; done < seconds; done += step) {
            one.vm.clockStep(BigInt(Math.min(step, seconds - done)) * SECOND);
            flags |= get(one, R.C_RO);
          }
          return { flags, time: timeBytes(one) };
        };
        expect(passed(seconds)).toEqual(passed(1));
      },
    ),
    { numRuns: 25 },
  );
});

it("raises the alarm's line in the second it matches, however far away", () => {
  const one = rtc();
  setTime(one, new Date("2024-04-27T12:00:00Z"), R.B_24H, R.B_DSE | R.B_AIE);
  for (const [alarm, byte] of [
    [R.HOURS_ALARM_RW, 0x11],
    [R.MINUTES_ALARM_RW, 0x59],
    [R.SECONDS_ALARM_RW, 0x58],
  ] as const)
    set(one, alarm, byte);
  const seconds = 86400 - 3600 - 2; // to 11:59:58 of the 28th, an hour of which there was not
  one.vm.clockStep(BigInt(seconds) * SECOND - 1n);
  expect(line(one)).toBe(false);
  one.vm.clockStep(1n);
  expect(line(one)).toBe(true);
});

describe("the hour that October has twice", () => {
  /** On also while a driver sets the time: off it would forget the hour. */
  const MODE = R.B_24H | R.B_DSE;
  const repeated = () => {
    const one = rtc();
    setTime(one, new Date("2024-10-27T01:59:59Z"), MODE);
    one.vm.clockStep(SECOND);
    expect(timeBytes(one)).toEqual(at("2024-10-27T01:00:00"));
    return one;
  };

  it("comes again in another year the guest sets while it lasts", () => {
    const one = repeated();
    setTime(one, new Date("2025-10-26T01:59:59Z"), MODE);
    one.vm.clockStep(SECOND);
    expect(timeBytes(one)).toEqual(at("2025-10-26T01:00:00"));
  });

  it("comes again when the guest sets the clock back before it", () => {
    const one = repeated();
    set(one, R.HOURS_RW, 0x00);
    one.vm.clockStep(7200n * SECOND);
    expect(timeBytes(one)).toEqual(at("2024-10-27T01:00:00"));
  });

  it("does not come a third time when the guest corrects the clock within it", () => {
    const one = repeated();
    setTime(one, new Date("2024-10-27T01:59:58Z"), MODE);
    one.vm.clockStep(2n * SECOND);
    expect(timeBytes(one)).toEqual(at("2024-10-27T02:00:00"));
  });
});
