/** Oracle: README.md beside this file, which follows Arm DDI 0224, and JavaScript's Date. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { type DeviceLab, deviceLab } from "../../test/support/device.ts";
import { read, write } from "../../test/support/vm.ts";
import * as R from "./registers.ts";

const BASE = 0x1c170000;
const SECOND = 1_000_000_000n;
const lab = deviceLab("pl031");
const pl031 = (options = "start 0") => lab(`vdev pl031 loc 0x1c170000 intr gic:36 ${options}`);

const get = (one: DeviceLab, offset: number) => one.get(BASE + offset);
const set = (one: DeviceLab, offset: number, value: number) => one.set(BASE + offset, value);
const line = ({ vm }: DeviceLab) => vm.lines.level("gic", 36);

/** A clock that runs from `start` with the interrupt let through. */
function running(start: number): DeviceLab {
  const one = pl031(`start ${start}`);
  set(one, R.RTCMR_RW, (start - 1) >>> 0); // far away
  set(one, R.RTCCR_RW, 1);
  set(one, R.RTCIMSC_RW, 1);
  return one;
}

describe("the time", () => {
  it("stands still until it is started, and then never stops", () => {
    const one = pl031("start 1000");
    one.vm.clockStep(5n * SECOND);
    expect(get(one, R.RTCDR_RO)).toBe(1000);
    set(one, R.RTCCR_RW, 0);
    expect(get(one, R.RTCCR_RW)).toBe(0);
    set(one, R.RTCCR_RW, 0xffffffff);
    expect(get(one, R.RTCCR_RW)).toBe(1);
    one.vm.clockStep(5n * SECOND);
    set(one, R.RTCCR_RW, 0);
    one.vm.clockStep(SECOND);
    expect([get(one, R.RTCDR_RO), get(one, R.RTCCR_RW)]).toEqual([1006, 1]);
  });

  it("ticks at full seconds of the guest's clock, also when it was set in between", () => {
    const one = running(10);
    one.vm.clockStep(SECOND - 1n);
    expect(get(one, R.RTCDR_RO)).toBe(10);
    set(one, R.RTCLR_RW, 500);
    expect([get(one, R.RTCDR_RO), get(one, R.RTCLR_RW)]).toEqual([500, 500]);
    one.vm.clockStep(1n);
    expect([get(one, R.RTCDR_RO), get(one, R.RTCLR_RW)]).toEqual([501, 500]);
  });

  it("wraps at 2^32", () => {
    const one = running(0xffffffff);
    one.vm.clockStep(SECOND);
    expect(get(one, R.RTCDR_RO)).toBe(0);
  });

  it("is set while the clock stands, and goes on from there", () => {
    const one = pl031();
    set(one, R.RTCLR_RW, 77);
    one.vm.clockStep(3n * SECOND);
    expect(get(one, R.RTCDR_RO)).toBe(77);
    set(one, R.RTCCR_RW, 1);
    one.vm.clockStep(3n * SECOND);
    expect(get(one, R.RTCDR_RO)).toBe(80);
  });
});

describe("the option start", () => {
  it("is the VM's time of day when it is not given", () => {
    const named = lab("set vdevbox-start-time 2024-02-29T23:59:58Z vdev pl031 loc 0x1c170000");
    expect(get(named, R.RTCDR_RO)).toBe(Date.UTC(2024, 1, 29, 23, 59, 58) / 1000);
    const plain = lab("vdev pl031 loc 0x1c170000"); // docs/time.md: every run begins in 2020
    expect(get(plain, R.RTCDR_RO)).toBe(Date.UTC(2020, 0, 1) / 1000);
  });

  const times: [string, number][] = [
    ["0", 0],
    ["1577880000", Date.UTC(2020, 0, 1, 12) / 1000],
    ["0xffffffff", 0xffffffff],
    ["1970-01-01", 0],
    ["2000-02-29", Date.UTC(2000, 1, 29) / 1000],
    ["2024-02-29T23:59:50", Date.UTC(2024, 1, 29, 23, 59, 50) / 1000],
    ["2020-01-01T12:00:00Z", Date.UTC(2020, 0, 1, 12) / 1000],
    ["2106-02-07T06:28:15", 0xffffffff],
  ];
  it.each(times)("takes %s", (text, seconds) => expect(get(pl031(`start ${text}`), R.RTCDR_RO)).toBe(seconds));

  const wrong = [
    "soon",
    "-1",
    "010",
    "1x",
    "4294967296",
    "1969-12-31",
    "2023-02-29",
    "2100-02-29",
    "2020-13-01",
    "2020-00-01",
  ];
  const broken = [
    "2020-01-32",
    "2020-1-1",
    "2020-01-01 ",
    "2020-01-01T24:00:00",
    "2020-01-01T00:60:00",
    "2020-01-01T00:00",
  ];
  const times2 = ["2020-01-01T00:00:60", "2020-01-01T00:00:00+1", "2106-02-07T06:28:16", "2020-01-01x", '""'];
  it.each([...wrong, ...broken.map((text) => `"${text}"`), ...times2])("refuses %s", (text) => {
    expect(() => pl031(`start ${text}`)).toThrow(/refused option start with EINVAL/);
  });

  it("does not start at a time of day that its 32 bits cannot hold", () => {
    const at = (time: string) => lab(`set vdevbox-start-time ${time} vdev pl031 loc 0x1c170000`);
    expect(get(at("2106-02-07T06:28:15Z"), R.RTCDR_RO)).toBe(0xffffffff);
    expect(() => at("2106-02-07T06:28:16Z")).toThrow(/OPTIONS_END with EINVAL/);
  });

  it("takes every date that JavaScript knows", () => {
    const second = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(second, (seconds) => {
        const text = new Date(seconds * 1000).toISOString().replace(".000Z", "");
        expect(get(pl031(`start ${text}`), R.RTCDR_RO)).toBe(seconds);
      }),
      { numRuns: 30 },
    );
  });
});

describe("the interrupt", () => {
  it("is raised by the tick that makes the time equal, not before", () => {
    const one = running(100);
    set(one, R.RTCMR_RW, 103);
    one.vm.clockStep(3n * SECOND - 1n);
    expect([line(one), get(one, R.RTCRIS_RO), get(one, R.RTCMIS_RO)]).toEqual([false, 0, 0]);
    one.vm.clockStep(1n);
    expect([line(one), get(one, R.RTCRIS_RO), get(one, R.RTCMIS_RO)]).toEqual([true, 1, 1]);
    one.vm.clockStep(1000n * SECOND);
    expect(line(one)).toBe(true);
  });

  it("wakes a guest that waits for it, at its time", () => {
    const one = running(100);
    set(one, R.RTCMR_RW, 3700);
    expect(one.vm.clockStep()).toBe(true);
    expect([one.vm.nowNs, line(one)]).toEqual([3600n * SECOND, true]);
  });

  it("is raised by a write that makes the two equal", () => {
    const one = running(100);
    set(one, R.RTCMR_RW, 100);
    expect(line(one)).toBe(true);
    const other = running(100);
    set(other, R.RTCMR_RW, 7);
    set(other, R.RTCLR_RW, 7);
    expect(line(other)).toBe(true);
  });

  it("is raised by the start when match and time are equal, and never while the clock stands", () => {
    const one = pl031("start 5");
    set(one, R.RTCIMSC_RW, 1);
    set(one, R.RTCMR_RW, 5);
    one.vm.clockStep(10n * SECOND);
    expect([line(one), get(one, R.RTCRIS_RO)]).toEqual([false, 0]);
    set(one, R.RTCCR_RW, 1);
    expect(line(one)).toBe(true);
  });

  it("is cleared by a 1 only, and comes back after 2^32 seconds", () => {
    const one = running(100);
    set(one, R.RTCMR_RW, 100);
    for (let bit = 31; bit > 0; bit--) set(one, R.RTCICR_W1C, 2 ** bit);
    set(one, R.RTCICR_W1C, 0);
    expect([line(one), get(one, R.RTCRIS_RO)]).toEqual([true, 1]);
    set(one, R.RTCICR_W1C, 1);
    expect([line(one), get(one, R.RTCRIS_RO)]).toEqual([false, 0]);
    one.vm.clockStep((1n << 32n) * SECOND - 1n);
    expect(line(one)).toBe(false);
    one.vm.clockStep(1n);
    expect(line(one)).toBe(true);
  });

  it("shows raw while masked, and goes to the line when the mask lets it", () => {
    const one = running(100);
    set(one, R.RTCIMSC_RW, 0);
    set(one, R.RTCMR_RW, 101);
    one.vm.clockStep(2n * SECOND);
    expect([line(one), get(one, R.RTCRIS_RO), get(one, R.RTCMIS_RO)]).toEqual([false, 1, 0]);
    set(one, R.RTCIMSC_RW, 1);
    expect([line(one), get(one, R.RTCMIS_RO)]).toEqual([true, 1]);
    set(one, R.RTCIMSC_RW, 0);
    expect(line(one)).toBe(false);
  });

  it("follows a match that is moved while it is awaited", () => {
    const one = running(100);
    set(one, R.RTCMR_RW, 110);
    one.vm.clockStep(SECOND);
    set(one, R.RTCMR_RW, 150);
    one.vm.clockStep(48n * SECOND);
    expect(line(one)).toBe(false);
    one.vm.clockStep(SECOND);
    expect(line(one)).toBe(true);
  });

  it("matches across the wrap, and is not missed by one long step", () => {
    const one = running(0xfffffffe);
    set(one, R.RTCMR_RW, 1);
    one.vm.clockStep(1000n * SECOND);
    expect([line(one), get(one, R.RTCDR_RO)]).toEqual([true, 998]);
  });

  it("goes nowhere without intr, and the status says it all the same", () => {
    const one = lab("vdev pl031 loc 0x1c170000 start 9");
    set(one, R.RTCIMSC_RW, 1);
    set(one, R.RTCMR_RW, 9);
    set(one, R.RTCCR_RW, 1);
    expect(get(one, R.RTCMIS_RO)).toBe(1);
    expect(one.vm.findings.all).toEqual([]);
  });
});

describe("an access", () => {
  it("of 1 or 2 bytes reads its bytes of the register", () => {
    const one = pl031("start 0x44332211");
    expect([0, 1, 2, 3].map((at) => one.get(BASE + at, 1))).toEqual([0x11, 0x22, 0x33, 0x44]);
    expect([0, 1, 2].map((at) => one.get(BASE + at, 2))).toEqual([0x2211, 0x3322, 0x4433]);
  });

  it("of 1 or 2 bytes writes the whole register with zeros above, and nothing at its other bytes", () => {
    const one = pl031();
    set(one, R.RTCMR_RW, 0x11223344);
    one.set(BASE + R.RTCMR_RW + 1, 0xaa, 1);
    one.set(BASE + R.RTCMR_RW + 2, 0xaaaa, 2);
    expect(get(one, R.RTCMR_RW)).toBe(0x11223344);
    one.set(BASE + R.RTCMR_RW, 0xccdd, 2);
    expect(get(one, R.RTCMR_RW)).toBe(0xccdd);
    one.set(BASE + R.RTCMR_RW, 0xee, 1);
    expect(get(one, R.RTCMR_RW)).toBe(0xee);
    expect(one.status()[1]).toBe("misuse: 0 reserved offsets, 0 wrong directions, 2 wrong widths");
  });

  it("of 8 bytes, or one that would leave its register, is a bus error and changes nothing", () => {
    const one = pl031();
    const at = BigInt(BASE + R.RTCMR_RW);
    expect(write(one.vm, at, 5n, 8)).toBe(AccessStatus.busError);
    expect(write(one.vm, at + 2n, 5n, 4)).toBe(AccessStatus.busError);
    expect(write(one.vm, at + 3n, 5n, 2)).toBe(AccessStatus.busError);
    expect(read(one.vm, at + 1n, 4)[0]).toBe(AccessStatus.busError);
    expect(read(one.vm, BigInt(BASE), 8)[0]).toBe(AccessStatus.busError);
    expect(get(one, R.RTCMR_RW)).toBe(0);
  });

  it("where no register is counts as misuse, each time", () => {
    const one = pl031();
    for (const offset of [0x020, 0x080, 0xfdc]) {
      set(one, offset, 0xffffffff);
      get(one, offset);
    }
    expect(one.status()).toEqual([
      "time 0, match 0, stopped, interrupt raw 0 mask 0",
      "misuse: 6 reserved offsets, 0 wrong directions, 0 wrong widths",
    ]);
  });
});

it("reports its status, and counts what went the wrong way", () => {
  const one = running(100);
  set(one, R.RTCMR_RW, 102);
  one.vm.clockStep(2n * SECOND);
  expect(one.status()).toEqual(["time 102, match 102, running, interrupt raw 1 mask 1"]);
  set(one, R.RTCDR_RO, 1);
  set(one, R.RTCPERIPHID0_RO, 1);
  get(one, R.RTCICR_W1C);
  expect(one.status()[1]).toBe("misuse: 0 reserved offsets, 3 wrong directions, 0 wrong widths");
});

it("is one of many: a second one has its own time and line", () => {
  const one = lab("vdev pl031 loc 0x1000 intr gic:1 start 1 vdev pl031 loc 0x2000 intr gic:2 start 2");
  one.set(0x1000 + R.RTCCR_RW, 1);
  one.vm.clockStep(10n * SECOND);
  expect([one.get(0x1000), one.get(0x2000)]).toEqual([11, 2]);
});

it("is put back by a snapshot, alarm and line included", () => {
  const one = running(100);
  set(one, R.RTCMR_RW, 110);
  one.vm.clockStep(4n * SECOND);
  const before = new VmSnapshot(one.vm);
  for (let round = 0; round < 3; round++) {
    one.vm.clockStep(20n * SECOND);
    expect([line(one), get(one, R.RTCDR_RO)]).toEqual([true, 124]);
    set(one, R.RTCLR_RW, 5);
    before.restore();
    expect([line(one), get(one, R.RTCDR_RO), get(one, R.RTCRIS_RO)]).toEqual([false, 104, 0]);
  }
  one.vm.clockStep(6n * SECOND);
  expect(line(one)).toBe(true);
});
