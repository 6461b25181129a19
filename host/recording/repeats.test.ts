/** Oracle: the events themselves, and a reader of `repeat` lines that counts them out one by one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorOf } from "../config/test-support.ts";
import type { RecordingEvent, RecordingHeader } from "./event.ts";
import { formatEvent, formatRecording, parseRecording } from "./text.ts";

const HEADER: RecordingHeader = { conf: [], modules: [], seed: 0n, guest: { kind: "none" } };
const END = { exit: 0, state: "00" };

const read = (address: number, value = 0): RecordingEvent => {
  const [at, got] = [BigInt(address), BigInt(value)];
  return { kind: "read", space: "memory", width: 4, address: at, vcpu: 0, outcome: "ok", value: got };
};
const write = (address: number, value: number): RecordingEvent => {
  const [at, given] = [BigInt(address), BigInt(value)];
  return { kind: "write", space: "memory", width: 4, address: at, value: given, vcpu: 0, outcome: "ok" };
};
const irq = (level: boolean): RecordingEvent => ({ kind: "irq", pic: "gic", line: 40, level });
const step = (ns: number): RecordingEvent => ({ kind: "clockStep", ns: BigInt(ns) });

/** The lines of the events, as they stand in the text. */
const linesOf = (events: readonly RecordingEvent[]) => {
  const lines = formatRecording({ header: HEADER, events, end: END }).split("\n");
  return lines.slice(lines.indexOf("guest none") + 1, lines.indexOf("end exit=0 state=00"));
};

function countedOut(lines: readonly string[]): string[] {
  const all: string[] = [];
  for (const line of lines) {
    const [, period, times] = /^repeat (\d+) (\d+)$/.exec(line) ?? [];
    if (period === undefined) all.push(line);
    else for (let i = 0; i < Number(period) * Number(times); i++) all.push(all.at(-Number(period))!);
  }
  return all;
}

const again = (text: string) => [...parseRecording(text, "r.rec").events];
const repeated = (count: number, ...body: RecordingEvent[]) => Array.from({ length: count }, () => body).flat();

describe("events that come again", () => {
  it.each([
    ["one read", [read(0)]],
    ["index and data", [write(0x70, 4), read(0x71, 9)]],
    ["a loop that begins with the same twice", [read(0), read(0), read(4), read(4)]],
    ["a write among reads", [write(8, 1), read(0), read(0), read(0)]],
    ["an interrupt in the middle", [read(0), irq(true), irq(false), step(1000)]],
    ["eight", Array.from({ length: 8 }, (_, i) => read(i))],
  ])("are written once: %s", (_what, body) => {
    const events = [read(99), ...repeated(1000, ...body), read(98)];
    const lines = linesOf(events);
    expect(lines.length).toBeLessThanOrEqual(3 * body.length + 24);
    expect(countedOut(lines)).toEqual(events.map(formatEvent));
  });

  it("are written as they are where that is as short", () => {
    const events = [read(0), read(0), read(0), read(4)];
    expect(linesOf(events)).toEqual(events.map(formatEvent));
  });

  it("do not hide a value that differs once", () => {
    const events = [...repeated(100, read(0, 1)), read(0, 2), ...repeated(100, read(0, 1))];
    expect(linesOf(events).filter((line) => line.endsWith("ok 0x2"))).toHaveLength(1);
    expect(countedOut(linesOf(events))).toEqual(events.map(formatEvent));
  });

  it("are read back, whatever their order", () => {
    const some = fc.constantFrom(read(0), read(0, 1), write(0, 1), irq(true), step(5), step(6));
    const loop = fc.tuple(fc.array(some, { minLength: 1, maxLength: 10 }), fc.integer({ min: 1, max: 12 }));
    const runs = fc.array(
      loop.map(([body, times]) => repeated(times, ...body)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(runs, (parts) => {
        const events = parts.flat();
        expect(countedOut(linesOf(events))).toEqual(events.map(formatEvent));
        const parsed = parseRecording(formatRecording({ header: HEADER, events, end: END }), "r.rec").events;
        expect([...parsed]).toEqual(events);
        expect(parsed.length).toBe(events.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a line with repeat", () => {
  const text = (version: number, ...lines: string[]) =>
    `# vdevbox recording ${version}\nseed 0x0\nguest none\n${lines.join("\n")}\nend exit=0 state=00\n`;

  it("counts what earlier repeats brought", () => {
    const events = again(text(2, "schedule vcpu1", "repeat 1 2", "schedule vcpu2", "repeat 3 1"));
    expect(events.map((event) => (event.kind === "schedule" ? event.actor.at(-1) : "")).join("")).toBe("1112112");
  });

  it("takes no memory for what it stands for", () => {
    expect(parseRecording(text(2, "schedule vcpu1", "repeat 1 9007199254740990"), "r.rec").events.length).toBe(
      2 ** 53 - 1,
    );
  });

  it.each([
    ["repeat 1 1", "r.rec:4:8: 1 events are repeated, and 0 come before"],
    ["schedule vcpu1\nrepeat 0 1", "r.rec:5:8: nothing is repeated: both numbers are at least 1"],
    ["schedule vcpu1\nrepeat 1 0", "r.rec:5:8: nothing is repeated"],
    ["schedule vcpu1\nrepeat 9 1", "r.rec:5:8: 9 is too large"],
    ["schedule vcpu1\nrepeat 1 9007199254740991", "r.rec:5:8: more events are repeated than can be counted"],
    ["schedule vcpu1\nrepeat 1", "r.rec:5:9: expected how many times"],
    ["schedule vcpu1\nrepeat 1 1 1", "r.rec:5:12: expected the end of the line"],
  ])("that cannot be is refused: %j", (lines, sentence) => {
    expect(errorOf(() => again(text(2, lines)))).toContain(sentence);
  });

  it("is none of version 1, which is read as before", () => {
    expect(again(text(1, "schedule vcpu1"))).toEqual([{ kind: "schedule", actor: "vcpu1" }]);
    expect(errorOf(() => again(text(1, "schedule vcpu1", "repeat 1 1")))).toContain('"repeat" is not an event');
  });
});
