/** Dates of the Gregorian calendar as counts of days and seconds, in UTC. For authors of vdevs; no part of the qvm API. */
import { NO_NUMBER, parse_number } from "./options";
import { CLOCK_REALTIME, clock_gettime, timespec } from "./posix";
import { cstring } from "./string";

export const SECONDS_PER_DAY: u32 = 86400;
/** parse_time() could not read the text. */
export const NO_TIME: i64 = i64.MIN_VALUE;

/**
 * Days from 1970-01-01 to a date, negative before it. Years are counted from March, so that the leap day is their last.
 * @param month 1 to 12; other values are carried into the year
 * @param day 1 to 31; other values are carried
 */
export function days_of_date(year: i32, month: i32, day: i32): i32 {
  const months = year * 12 + month - 3; // since March of year 0
  const march_year = months >= 0 ? months / 12 : (months - 11) / 12;
  const march_month = months - march_year * 12;
  const leap_days = floor_div(march_year, 4) - floor_div(march_year, 100) + floor_div(march_year, 400);
  return march_year * 365 + leap_days + (march_month * 153 + 2) / 5 + day - 1 - 719468;
}

function floor_div(value: i32, by: i32): i32 {
  return value >= 0 ? value / by : (value - by + 1) / by;
}

/** Days of a month, 1 to 12. */
export function days_of_month(month: i32, leap_year: bool): i32 {
  if (month == 2) return leap_year ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** The time of day now, in seconds since 1970-01-01T00:00:00Z, or NO_TIME when the host does not tell. */
export function wall_time(): i64 {
  const now = timespec.local();
  return clock_gettime(CLOCK_REALTIME, now) == 0 ? <i64>now.tv_sec : NO_TIME;
}

function is_leap_year(year: i32): bool {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/**
 * A point in time as an option has it: seconds since 1970-01-01 (decimal, or hexadecimal with 0x), or a date
 * `YYYY-MM-DD`, with `THH:MM:SS` behind it for a time of day, and nothing or `Z` behind that. Always UTC.
 * @returns seconds since 1970-01-01T00:00:00Z, or NO_TIME when the text is no such thing
 */
export function parse_time(text: cstring): i64 {
  if (digits(text, 4) >= 0 && load<u8>(text, 4) == 0x2d) return parse_date(text);
  const seconds = parse_number(text);
  return seconds == NO_NUMBER || seconds > <u64>i64.MAX_VALUE ? NO_TIME : <i64>seconds;
}

/** `YYYY-MM-DD[THH:MM:SS[Z]]`. */
function parse_date(text: cstring): i64 {
  if (load<u8>(text, 4) != 0x2d || digits(text + 5, 2) < 0 || load<u8>(text, 7) != 0x2d) return NO_TIME;
  const year = digits(text, 4);
  const month = digits(text + 5, 2);
  const day = digits(text + 8, 2);
  if (month < 1 || month > 12 || day < 1 || day > days_of_month(month, is_leap_year(year))) return NO_TIME;
  const midnight = <i64>days_of_date(year, month, day) * SECONDS_PER_DAY;
  if (load<u8>(text, 10) == 0) return midnight;
  const time = load<u8>(text, 10) == 0x54 ? parse_time_of_day(text + 11) : -1;
  return time < 0 ? NO_TIME : midnight + time;
}

/** `HH:MM:SS[Z]` as seconds since midnight, or -1. */
function parse_time_of_day(text: cstring): i32 {
  const hours = digits(text, 2);
  if (hours < 0 || hours > 23 || load<u8>(text, 2) != 0x3a) return -1;
  const minutes = digits(text + 3, 2);
  if (minutes < 0 || minutes > 59 || load<u8>(text, 5) != 0x3a) return -1;
  const seconds = digits(text + 6, 2);
  if (seconds < 0 || seconds > 59) return -1;
  const end = load<u8>(text, 8) == 0x5a ? text + 9 : text + 8;
  return load<u8>(end) == 0 ? hours * 3600 + minutes * 60 + seconds : -1;
}

/** The number that `count` decimal digits at `text` make, or -1 when one of them is no digit. */
function digits(text: cstring, count: u32): i32 {
  let value = 0;
  for (let i: u32 = 0; i < count; i++) {
    const digit = <u32>load<u8>(text + i) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
