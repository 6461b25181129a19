/**
 * A line is the wired OR of its sources. Oracles: the definition of a wired OR, the 8259A's data sheet for edges, and
 * for random rows of acts a model of one line that is written apart from the code.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostPic } from "./host-pics.ts";
import type { Line, LineNote } from "./line.ts";
import { InterruptLines } from "./lines.ts";

const GIC = hostPic("gic");
const PC = hostPic("8259");

function lines(): { lines: InterruptLines; said: string[] } {
  const made = new InterruptLines({ nowNs: 0n, traps: 0 });
  const said: string[] = [];
  const name = (line: Line) => `${line.pic.name}:${line.line}`;
  made.listen({
    level: (line, high) => said.push(`${name(line)}=${high ? 1 : 0}`),
    note: (line, note) => said.push(`${name(line)} ${note}`),
  });
  return { lines: made, said };
}

describe("an interrupt line", () => {
  it("is high while at least one of its sources asserts it, and only changes are told", () => {
    const { lines: all, said } = lines();
    const line = all.at(GIC, 40);
    all.signal(line, 1, true);
    all.signal(line, 2, true);
    all.signal(line, 1, false);
    expect(all.level("gic", 40)).toBe(true);
    all.signal(line, 2, false);
    expect(all.level("gic", 40)).toBe(false);
    expect(said).toEqual(["gic:40=1", "gic:40=0"]);
    expect(line.counts).toMatchObject({ raised: 1, merged: 1, lost: 0, spurious: 0 });
  });

  it("counts a source once, however often it asserts, and is not released by somebody else", () => {
    const { lines: all, said } = lines();
    const line = all.at(PC, 3);
    for (let i = 0; i < 3; i++) all.signal(line, 4, true);
    all.signal(line, 2, false);
    expect(line.high).toBe(true);
    all.signal(line, 4, false);
    expect(said).toEqual(["8259:3=1", "8259:3=0"]);
  });

  it("is its own: neither its neighbour nor the same number of another controller follows", () => {
    const { lines: all } = lines();
    all.signal(all.at(PC, 1), 1, true);
    expect([all.level("8259", 2), all.level("8259", 11), all.level("ioapic", 1)]).toEqual([false, false, false]);
    expect(all.high()).toEqual(["8259:1"]);
  });

  it("works with the topmost source bit, which is negative as a signed number", () => {
    const { lines: all } = lines();
    const line = all.at(GIC, 1);
    all.signal(line, 0x80000000, true);
    expect(line.high).toBe(true);
    all.signal(line, 0x80000000, false);
    expect(line.high).toBe(false);
  });

  it("loses an edge when an earlier one still waits, and none when it was taken", () => {
    const { lines: all, said } = lines();
    const line = all.at(PC, 5);
    all.enable(line, true);
    const pulse = () => {
      all.signal(line, 1, true);
      all.signal(line, 1, false);
    };
    pulse();
    pulse();
    expect(all.take(line)).toBe(true);
    pulse();
    expect(all.take(line)).toBe(true);
    expect(line.counts).toMatchObject({ raised: 3, lost: 1, taken: 2, spurious: 0 });
    expect(said.filter((text) => text.includes(" "))).toEqual(["8259:5 lost"]);
  });

  it("loses the edge of a second source while the first holds it up, where a level would not be lost", () => {
    for (const [trigger, lost] of [
      ["edge", 1],
      ["level", 0],
    ] as const) {
      const { lines: all } = lines();
      const line = all.at(PC, 5);
      all.enable(line, true, trigger);
      all.signal(line, 1, true);
      all.signal(line, 2, true);
      expect(line.counts).toMatchObject({ raised: 1, merged: 1, lost });
    }
  });

  it("is spurious when a level is gone before it is taken, and not when it was taken first", () => {
    const { lines: all, said } = lines();
    const line = all.at(GIC, 40);
    all.enable(line, true);
    all.signal(line, 1, true);
    all.signal(line, 1, false);
    all.signal(line, 1, true);
    expect(all.take(line)).toBe(true);
    all.signal(line, 1, false);
    expect(line.counts).toMatchObject({ raised: 2, taken: 1, spurious: 1 });
    expect(all.take(line)).toBe(false);
    expect(line.counts.spurious).toBe(2);
    expect(said.filter((text) => text.endsWith("spurious"))).toHaveLength(2);
  });

  it("tells of a rise while the guest has it masked, and of nothing before the guest did anything with it", () => {
    const { lines: all, said } = lines();
    const line = all.at(GIC, 40);
    all.signal(line, 1, true);
    all.signal(line, 1, false);
    expect(said).toEqual(["gic:40=1", "gic:40=0"]);
    all.enable(line, false);
    all.signal(line, 1, true);
    expect(said.at(-1)).toBe("gic:40 masked");
    expect(line.counts.masked).toBe(1);
  });

  it("is a storm after 1000 rises in no time without that many accesses, and not when the guest is at work", () => {
    const time = { nowNs: 0n, traps: 0 };
    const all = new InterruptLines(time);
    const line = all.at(GIC, 40);
    const rises = (count: number, trapsEach: number, nsEach: bigint) => {
      for (let i = 0; i < count; i++) {
        all.signal(line, 1, true);
        all.signal(line, 1, false);
        time.traps += trapsEach;
        time.nowNs += nsEach;
      }
    };
    rises(999, 0, 0n);
    expect(line.counts.storms).toBe(0);
    rises(1, 0, 0n);
    expect(line.counts.storms).toBe(1);
    rises(3000, 2, 0n);
    rises(3000, 0, 10_000n);
    expect(line.counts.storms).toBe(1);
  });

  it("can be put back, sources, latches and counts included", () => {
    const { lines: all } = lines();
    const line = all.at(PC, 1);
    all.enable(line, true);
    all.signal(line, 1, true);
    const saved = all.save();
    const before = all.digest();
    all.signal(line, 2, true);
    all.take(line);
    all.signal(all.at(PC, 2), 1, true);
    const other = all.save();
    all.restore(saved);
    expect(all.digest()).toBe(before);
    expect(all.high()).toEqual(["8259:1"]);
    all.restore(other);
    expect(all.high()).toEqual(["8259:1", "8259:2"]);
    all.restore(saved);
    all.signal(line, 1, false);
    expect(all.high()).toEqual([]);
    expect(all.digest()).not.toBe(before);
  });
});

/** One line of an enabled controller, told as sentences of the data sheet and not with the code's state. */
function model(trigger: "edge" | "level", acts: readonly (readonly [act: "on" | "off" | "take", source: number])[]) {
  const holding = new Set<number>();
  let latched = false;
  let taken = 0;
  let lost = 0;
  let spurious = 0;
  let answered = true; // the guest has taken the level since it rose
  for (const [act, source] of acts) {
    const up = holding.size > 0;
    if (act === "on") {
      const isEdge = !up;
      holding.add(source);
      if (isEdge) answered = false;
      if (trigger === "edge" && (latched || !isEdge)) lost++;
      if (isEdge) latched = true;
    } else if (act === "off") {
      holding.delete(source);
      if (trigger === "level" && up && holding.size === 0 && !answered) spurious++;
    } else if (trigger === "edge" ? latched : up) {
      taken++;
      latched = false;
      answered = true;
    } else spurious++;
  }
  return { taken, lost, spurious, high: holding.size > 0 };
}

it("agrees with a model of one line over any row of acts", () => {
  const act = fc.tuple(fc.constantFrom("on", "off", "take"), fc.constantFrom(1, 2, 4));
  fc.assert(
    fc.property(fc.constantFrom("edge", "level"), fc.array(act, { maxLength: 40 }), (trigger, acts) => {
      const { lines: all } = lines();
      const line = all.at(GIC, 33);
      all.enable(line, true, trigger);
      for (const [what, source] of acts) {
        if (what === "take") all.take(line);
        else all.signal(line, source, what === "on");
      }
      const { taken, lost, spurious } = line.counts;
      expect({ taken, lost, spurious, high: line.high }).toEqual(model(trigger, acts));
    }),
  );
});

it("brings in what a guest's own controller has done, before each change", () => {
  const all = new InterruptLines({ nowNs: 0n, traps: 0 });
  const notes: LineNote[] = [];
  all.listen({ note: (_line, note) => notes.push(note) });
  let pin = { enabled: false, trigger: "edge" as const, pending: false, inService: false };
  all.guest = () => pin;
  const line = all.at(PC, 4);
  all.signal(line, 1, true); // masked, and it waits
  pin = { ...pin, enabled: true, pending: true };
  all.signal(line, 1, false);
  all.signal(line, 1, true); // the earlier one still waits
  pin = { ...pin, pending: false };
  all.signal(line, 1, false); // taken meanwhile
  expect(notes).toEqual(["masked", "lost"]);
  expect(line.counts).toMatchObject({ raised: 2, masked: 1, lost: 1, taken: 1, spurious: 0 });
});

it("hardware has the lines its specification gives it", () => {
  const count = (type: "gic" | "ioapic" | "8259" | "apic") => hostPic(type).lines;
  expect([count("gic"), count("ioapic"), count("8259"), count("apic")]).toEqual([1020, 24, 16, 256]);
});
