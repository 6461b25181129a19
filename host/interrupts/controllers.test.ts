/** A line is the wired OR of its sources. */
import { describe, expect, it } from "vitest";
import { InterruptLines } from "./controllers.ts";

function lines(): { lines: InterruptLines; edges: string[] } {
  const made = new InterruptLines();
  const edges: string[] = [];
  made.onChange((pic, line, level) => edges.push(`${pic}:${line}=${level ? 1 : 0}`));
  return { lines: made, edges };
}

describe("an interrupt line", () => {
  it("is high while at least one of its sources asserts it, and only edges are told", () => {
    const { lines: all, edges } = lines();
    all.signal("gic", 40, 1, true);
    all.signal("gic", 40, 2, true);
    all.signal("gic", 40, 1, false);
    expect(all.level("gic", 40)).toBe(true);
    all.signal("gic", 40, 2, false);
    expect(all.level("gic", 40)).toBe(false);
    expect(edges).toEqual(["gic:40=1", "gic:40=0"]);
  });

  it("counts a source once, however often it asserts", () => {
    const { lines: all, edges } = lines();
    for (let i = 0; i < 3; i++) all.signal("ioapic", 4, 7, true);
    all.signal("ioapic", 4, 7, false);
    expect(edges).toEqual(["ioapic:4=1", "ioapic:4=0"]);
  });

  it("is not released by somebody else", () => {
    const { lines: all, edges } = lines();
    all.signal("8259", 3, 1, true);
    all.signal("8259", 3, 2, false);
    expect(all.level("8259", 3)).toBe(true);
    expect(edges).toEqual(["8259:3=1"]);
  });

  it("is its own: neither its neighbour nor the same number of another controller follows", () => {
    const { lines: all } = lines();
    all.signal("ioapic", 1, 0, true);
    expect([all.level("ioapic", 2), all.level("ioapic", 11), all.level("8259", 1)]).toEqual([false, false, false]);
    expect(all.high()).toEqual(["ioapic:1"]);
  });

  it("can be put back, sources included", () => {
    const { lines: all } = lines();
    all.signal("gic", 1, 1, true);
    const saved = all.save();
    all.signal("gic", 1, 2, true);
    all.signal("gic", 2, 1, true);
    all.restore(saved);
    expect(all.high()).toEqual(["gic:1"]);
    all.signal("gic", 1, 1, false);
    expect(all.high()).toEqual([]);
  });

  it("belongs to a controller with as many lines as the hardware of that name", () => {
    const { lines: all } = lines();
    expect(["gic", "ioapic", "8259", "apic"].map((name) => all.pic(name)?.lines)).toEqual([1020, 24, 16, undefined]);
  });
});
