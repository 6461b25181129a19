/** Oracle: a clock that ticks second by second, against the vdev that computes its time. Both follow Arm DDI 0224. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { type DeviceLab, deviceLab } from "../../test/support/device.ts";
import * as R from "./registers.ts";

const BASE = 0x1c170000;
const SECOND = 1_000_000_000n;
const lab = deviceLab("pl031");
const get = (one: DeviceLab, offset: number) => one.get(BASE + offset);
const set = (one: DeviceLab, offset: number, value: number) => one.set(BASE + offset, value);
const line = ({ vm }: DeviceLab) => vm.lines.level("gic", 36);

/** A PL031 as its manual's figure draws it: it ticks, and compares after every tick and every write. */
class Model {
  time = 0;
  match = 0;
  load = 0;
  enabled = 0;
  mask = 0;
  raw = 0;

  compare() {
    if (this.enabled === 1 && this.time === this.match) this.raw = 1;
  }

  tick() {
    if (this.enabled === 0) return;
    this.time = (this.time + 1) >>> 0;
    this.compare();
  }

  write(offset: number, value: number) {
    if (offset === R.RTCMR_RW) this.match = value;
    if (offset === R.RTCLR_RW) this.time = this.load = value;
    if (offset === R.RTCIMSC_RW) this.mask = value & 1;
    if (offset === R.RTCICR_W1C && (value & 1) === 1) this.raw = 0;
    const starts = offset === R.RTCCR_RW && this.enabled === 0 && (value & 1) === 1;
    if (starts) this.enabled = 1;
    if (starts || offset === R.RTCMR_RW || offset === R.RTCLR_RW) this.compare();
  }

  state() {
    return [
      this.time,
      this.match,
      this.load,
      this.enabled,
      this.mask,
      this.raw,
      this.raw & this.mask,
      this.raw & this.mask,
    ];
  }
}

it("does what the model does, whatever the guest writes and however time passes", () => {
  const near = fc.integer({ min: -12, max: 12 }).map((value) => value >>> 0);
  const offset = fc.constantFrom(
    R.RTCMR_RW,
    R.RTCLR_RW,
    R.RTCCR_RW,
    R.RTCIMSC_RW,
    R.RTCICR_W1C,
    R.RTCDR_RO,
    R.RTCRIS_RO,
  );
  const operation = fc.oneof(
    fc.record({ offset, value: fc.oneof(near, fc.constantFrom(0, 1)) }),
    fc.record({ step: fc.integer({ min: 0, max: 40 }) }), // tenths of a second
  );
  const one = lab("vdev pl031 loc 0x1c170000 intr gic:36 start 0");
  const reset = new VmSnapshot(one.vm);
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: "max" }), (operations) => {
      reset.restore();
      const model = new Model();
      let tenths = 0;
      for (const todo of operations) {
        if ("step" in todo) {
          one.vm.clockStep((BigInt(todo.step) * SECOND) / 10n);
          for (let i = 0; i < todo.step; i++) if (++tenths % 10 === 0) model.tick();
        } else {
          set(one, todo.offset, todo.value);
          model.write(todo.offset, todo.value);
        }
        // Line first: it must not need a look at the registers.
        const level = Number(line(one));
        const seen = [R.RTCDR_RO, R.RTCMR_RW, R.RTCLR_RW, R.RTCCR_RW, R.RTCIMSC_RW, R.RTCRIS_RO, R.RTCMIS_RO];
        expect([...seen.map((at) => get(one, at)), level]).toEqual(model.state());
      }
    }),
    { numRuns: 100 },
  );
  expect(one.vm.findings.all).toEqual([]);
});
