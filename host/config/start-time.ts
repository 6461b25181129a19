import { UserError } from "../errors.ts";
import type { ConfigWord } from "./words.ts";

/** A date, or a date and a time of day, in UTC; fractions of a second down to nanoseconds. */
const ISO = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z)?$/;
const NS_PER_MS = 1_000_000n;

/**
 * The value of `vdevbox-start-time`: `2026-01-31`, `2026-01-31T12:00:00Z`, or `now`.
 * @returns nanoseconds since 1970-01-01T00:00:00Z
 * @throws UserError for anything else, and for a date before 1970
 */
export function readStartTime(word: ConfigWord): bigint {
  const { text } = word;
  if (text === "now") return BigInt(Date.now()) * NS_PER_MS;
  const match = ISO.exec(text);
  const [, date, time = "00:00:00", fraction = ""] = match ?? [];
  const ms = Date.parse(`${date}T${time}Z`);
  // 30 February is the 1st or 2nd of March to Date.parse().
  if (match === null || Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(`${date}T${time}`)) {
    throw new UserError(
      `the value of vdevbox-start-time must be a date in UTC like 2026-01-31 or 2026-01-31T12:00:00Z, or now, and not "${text}"`,
      word.place,
    );
  }
  if (ms < 0) throw new UserError(`the value of vdevbox-start-time must not be before 1970: ${text}`, word.place);
  return BigInt(ms) * NS_PER_MS + BigInt(fraction.padEnd(9, "0"));
}

/** A time as `readStartTime` reads it. */
export function formatStartTime(ns: bigint): string {
  const seconds = new Date(Number(ns / NS_PER_MS)).toISOString().slice(0, "2026-01-31T12:00:00".length);
  const fraction = ns % 1_000_000_000n;
  return fraction === 0n ? `${seconds}Z` : `${seconds}.${fraction.toString().padStart(9, "0")}Z`;
}
