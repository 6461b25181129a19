/** Oracle: a clock that goes from one event of its divider to the next, against the vdev that counts them at once. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { get, line, rtc, set } from "../../test/support/mc146818.ts";
import * as R from "./registers.ts";

const NEVER = Number.POSITIVE_INFINITY;
const FORMAT = R.B_DM | R.B_24H;

/** Times in microseconds since power-on. Binary, 24 hours. */
class Model {
  now = 0;
  /** An update begins here and every second after; the next begin, and the end of the one in progress. */
  anchor = 1_000_000 - 1984;
  begin = this.anchor;
  end = NEVER;
  edge = NEVER;
  a = 0x26;
  b = FORMAT;
  flags = 0;
  time = [0, 0, 0]; // seconds, minutes, hours
  alarm = [0, 0, 0];

  constructor() {
    this.findEdge();
  }

  get set() {
    return (this.b & R.B_SET) !== 0;
  }
  get runs() {
    return this.a >> 4 === 2;
  }
  /** Microseconds between periodic interrupts: RS 15 is 2 Hz, and each code less doubles that. */
  get period() {
    return 500_000 / 2 ** (15 - (this.a & 15));
  }

  /** The next edge: edges lie half a period beside the begins of updates. */
  findEdge() {
    if (!this.runs || (this.a & 15) === 0) this.edge = NEVER;
    else for (this.edge = this.anchor - 2_000_000 + this.period / 2; this.edge <= this.now; ) this.edge += this.period;
  }

  advance(us: number) {
    const target = this.now + us;
    for (;;) {
      const next = Math.min(this.begin, this.end, this.edge);
      if (next > target) break;
      this.now = next;
      if (next === this.edge) {
        this.flags |= R.C_PF;
        this.edge += this.period;
      }
      if (next === this.end) this.update();
      if (next === this.begin) {
        if (!this.set) this.end = next + 1984;
        this.begin += 1_000_000;
      }
    }
    this.now = target;
  }

  update() {
    this.end = NEVER;
    for (const [field, limit] of [60, 60, 24].entries()) {
      this.time[field] = (this.time[field]! + 1) % limit;
      if (this.time[field] !== 0) break;
    }
    this.flags |= R.C_UF;
    if (this.alarm.every((wanted, field) => wanted >= 0xc0 || wanted === this.time[field])) this.flags |= R.C_AF;
  }

  write(index: number, value: number) {
    if (index === R.A_RW) {
      const ran = this.runs;
      this.a = value & 0x7f;
      if (!this.runs) this.begin = this.end = NEVER;
      if (this.runs && !ran) {
        this.anchor = this.begin = this.now + 500_000;
      }
      this.findEdge();
    } else if (index === R.B_RW) {
      if (value & R.B_SET && !this.set) {
        value &= ~R.B_UIE;
        this.end = NEVER;
      }
      this.b = value;
    } else if (index <= R.HOURS_ALARM_RW) {
      (index % 2 === 0 ? this.time : this.alarm)[index >> 1] = value;
    }
  }

  get irq() {
    return (this.flags & this.b & 0x70) !== 0;
  }

  readC() {
    const value = this.flags | (this.irq ? R.C_IRQF : 0);
    this.flags = 0;
    return value;
  }

  state() {
    const uip = this.runs && !this.set && (this.now >= this.begin - 244 || this.end !== NEVER);
    return { irq: this.irq, time: this.time, a: this.a | (uip ? R.A_UIP : 0), b: this.b };
  }
}

const enables = fc
  .tuple(fc.nat(9), fc.boolean(), fc.boolean(), fc.boolean())
  .map(
    ([set, p, a, u]) => FORMAT | (set < 3 ? R.B_SET : 0) | (p ? R.B_PIE : 0) | (a ? R.B_AIE : 0) | (u ? R.B_UIE : 0),
  );
const divider = fc
  .tuple(fc.constantFrom(2, 2, 2, 6, 7), fc.constantFrom(0, 12, 13, 14, 15))
  .map(([dv, rs]) => (dv << 4) | rs);
const low = fc.nat(5);
const any = fc.constantFrom(0xc0, 0xff);
const writeOf = (index: number, value: fc.Arbitrary<number>) => value.map((byte) => ({ index, byte }));
const operation = fc.oneof(
  { weight: 4, arbitrary: writeOf(R.B_RW, enables) },
  { weight: 2, arbitrary: writeOf(R.A_RW, divider) },
  { weight: 2, arbitrary: writeOf(R.SECONDS_ALARM_RW, fc.oneof(low, any)) },
  { weight: 1, arbitrary: writeOf(R.MINUTES_ALARM_RW, fc.oneof(low, any)) },
  { weight: 1, arbitrary: writeOf(R.HOURS_ALARM_RW, fc.oneof(low, any)) },
  { weight: 2, arbitrary: writeOf(R.SECONDS_RW, fc.constantFrom(0, 1, 57, 59)) },
  { weight: 1, arbitrary: writeOf(R.MINUTES_RW, fc.constantFrom(0, 59)) },
  { weight: 1, arbitrary: writeOf(R.HOURS_RW, fc.constantFrom(0, 23)) },
  { weight: 4, arbitrary: fc.constant({ read: R.C_RO }) },
  { weight: 6, arbitrary: fc.nat(3_000_000).map((us) => ({ us })) },
  { weight: 4, arbitrary: fc.constantFrom(1, 244, 1984, 2228, 250_000, 998_016, 1_000_000).map((us) => ({ us })) },
);

it("does what the model does, whatever the guest writes and however time passes", () => {
  const one = rtc("start 0");
  set(one, R.B_RW, FORMAT);
  const fresh = new VmSnapshot(one.vm);
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: "max" }), (operations) => {
      fresh.restore();
      const model = new Model();
      for (const todo of operations) {
        if ("us" in todo) {
          one.vm.clockStep(BigInt(todo.us) * 1000n);
          model.advance(todo.us);
        } else if ("read" in todo) expect(get(one, todo.read)).toBe(model.readC());
        else {
          set(one, todo.index, todo.byte);
          model.write(todo.index, todo.byte);
        }
        // Line first: it must not need a look at the registers.
        const irq = line(one);
        const time = [R.SECONDS_RW, R.MINUTES_RW, R.HOURS_RW].map((index) => get(one, index));
        expect({ irq, time, a: get(one, R.A_RW), b: get(one, R.B_RW) }).toEqual(model.state());
      }
    }),
    { numRuns: 150 },
  );
  expect(one.vm.findings.all).toEqual([]);
});
