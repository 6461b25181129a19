/** Oracle: Date.UTC(), and the days a month has. */
import { describe, expect, it } from "vitest";
import { formatStartTime, readStartTime } from "./start-time.ts";

const word = (text: string) => ({ text, quoted: false, place: { file: "f", line: 3, column: 1 } });
const NS = 1_000_000n;

describe("vdevbox-start-time", () => {
  it.each<[string, bigint]>([
    ["1970-01-01", 0n],
    ["2024-02-29", BigInt(Date.UTC(2024, 1, 29)) * NS],
    ["2026-01-31T23:59:58Z", BigInt(Date.UTC(2026, 0, 31, 23, 59, 58)) * NS],
    ["2026-01-31T23:59:58.000000001Z", BigInt(Date.UTC(2026, 0, 31, 23, 59, 58)) * NS + 1n],
    ["2026-01-31T23:59:58.5Z", BigInt(Date.UTC(2026, 0, 31, 23, 59, 58, 500)) * NS],
  ])("%s is read, and read again from how it is written", (text, ns) => {
    expect(readStartTime(word(text))).toBe(ns);
    expect(readStartTime(word(formatStartTime(ns)))).toBe(ns);
  });

  it("may be the host's", () => {
    const before = BigInt(Date.now()) * NS;
    const now = readStartTime(word("now"));
    expect(now >= before && now <= BigInt(Date.now()) * NS).toBe(true);
  });

  it.each(["2023-02-29", "2026-13-01", "2026-01-01T24:00:00Z", "2026-1-1", "2026-01-01T00:00Z", "12345", "", "NOW"])(
    "%s is none",
    (text) => expect(() => readStartTime(word(text))).toThrow(/must be a date in UTC like 2026-01-31/),
  );

  it("is not before 1970", () => {
    expect(() => readStartTime(word("1969-12-31"))).toThrow(/must not be before 1970/);
  });
});
