/** Update cycles of the mc146818, any number of them at once: time, calendar, alarm, daylight saving. */
import { days_of_date, days_of_month, SECONDS_PER_DAY } from "vdevbox/abi/calendar";
import {
  ALARM_ANY,
  B_DSE,
  C_AF,
  CENTURY_RW,
  DAY_RW,
  HOURS_ALARM_RW,
  HOURS_RW,
  MINUTES_ALARM_RW,
  MINUTES_RW,
  MONTH_RW,
  SECONDS_ALARM_RW,
  SECONDS_RW,
  WEEKDAY_RW,
  YEAR_RW,
} from "./registers";
import {
  b_has,
  byte_at,
  decoded_hour,
  encoded,
  encoded_hour,
  mc146818_state,
  number_at,
  set_byte,
  set_number,
} from "./state";

/** Days of a century in which every fourth year is a leap year, and of four such years. */
const DAYS_PER_CENTURY: u64 = 36525;
const DAYS_PER_FOUR_YEARS: u64 = 1461;
/** 02:00:00, before which daylight saving comes and goes. */
const TWO_O_CLOCK: u32 = 2 * 3600;
/** The earliest last Sundays. */
const FIRST_IN_APRIL: u32 = 24;
const FIRST_IN_OCTOBER: u32 = 25;

function hour_of(state: mc146818_state): u32 {
  return decoded_hour(state, byte_at(state, HOURS_RW));
}

/** Seconds since midnight; a day and more when the guest set what no clock shows. */
function seconds_of_day(state: mc146818_state): u32 {
  return hour_of(state) * 3600 + number_at(state, MINUTES_RW) * 60 + number_at(state, SECONDS_RW);
}

function time_of_day(state: mc146818_state): u32 {
  return seconds_of_day(state) % SECONDS_PER_DAY;
}

/** `count` update cycles: the time goes on by as many seconds, and the alarm is compared after each. */
export function update_time(state: mc146818_state, count: u64): void {
  while (count > 0) {
    const plain = b_has(state, B_DSE) ? min(count, updates_to_change(state) - 1) : count;
    if (plain > 0) pass(state, plain);
    count -= plain;
    if (count == 0) return;
    if (!change_of_clocks(state)) pass(state, 1);
    count--;
  }
}

/** Updates up to the first that would make it 02:00:00 on a day on which the clocks may change; never too many. */
export function updates_to_change(state: mc146818_state): u64 {
  const now = time_of_day(state);
  const to_two: u64 = (TWO_O_CLOCK + SECONDS_PER_DAY - 1 - now) % SECONDS_PER_DAY + 1;
  const day_of_two = seconds_of_day(state) / SECONDS_PER_DAY + (now >= TWO_O_CLOCK ? 1 : 0);
  const quiet = quiet_days(state);
  return quiet > day_of_two ? to_two + <u64>(quiet - day_of_two) * SECONDS_PER_DAY : to_two;
}

/** Days from today on, at least, on which the clocks do not change, whatever the weekday: to the end of the month at most. */
function quiet_days(state: mc146818_state): u32 {
  const month = number_at(state, MONTH_RW);
  const day = number_at(state, DAY_RW);
  if (month < 1 || month > 12 || day < 1) return 0;
  const days: u32 = days_of_month(month, number_at(state, YEAR_RW) % 4 == 0);
  const end = month == 4 ? FIRST_IN_APRIL : month == 10 ? FIRST_IN_OCTOBER : days + 1;
  return day < end ? end - day : 0;
}

/** Updates that nothing special happens in. Fields that stay the same are left as they are. */
function pass(state: mc146818_state, count: u64): void {
  if ((state.flags & C_AF) == 0) {
    const alarm = updates_to_alarm(state);
    if (alarm != 0 && alarm <= count) state.flags |= C_AF;
  }
  const after = <u64>seconds_of_day(state) + count;
  const now = <u32>(after % SECONDS_PER_DAY);
  const minute = (now / 60) % 60;
  set_number(state, SECONDS_RW, now % 60);
  if (number_at(state, MINUTES_RW) != minute) set_number(state, MINUTES_RW, minute);
  if (hour_of(state) != now / 3600) set_byte(state, HOURS_RW, encoded_hour(state, now / 3600));
  if (after >= SECONDS_PER_DAY) pass_days(state, after / SECONDS_PER_DAY);
}

// ----------------------------------------------------------------------------------------------------------- calendar

/** Days pass. The chip's leap years are those whose last two digits are a multiple of 4; 1901 to 2099 that is right. */
function pass_days(state: mc146818_state, days: u64): void {
  set_number(state, WEEKDAY_RW, <u32>((number_at(state, WEEKDAY_RW) + 6 + days) % 7) + 1);
  const year = number_at(state, YEAR_RW) % 100;
  let day: u64 = <u64>(year * 365 + (year + 3) / 4) + number_at(state, DAY_RW) - 1 + days;
  const last_month = min(number_at(state, MONTH_RW), 12);
  for (let month: u32 = 1; month < last_month; month++) day += days_of_month(month, year % 4 == 0);
  const centuries = <u32>(day / DAYS_PER_CENTURY);
  if (centuries > 0) set_number(state, CENTURY_RW, (number_at(state, CENTURY_RW) + centuries) % 100);
  set_date(state, <u32>(day % DAYS_PER_CENTURY));
}

/** @param day days since 1 January of a year 00, which is a leap year */
function set_date(state: mc146818_state, day: u32): void {
  const four_years = day / <u32>DAYS_PER_FOUR_YEARS;
  let rest = day % <u32>DAYS_PER_FOUR_YEARS;
  const later = rest < 366 ? 0 : (rest - 1) / 365; // 0 is the leap year
  rest -= later == 0 ? 0 : later * 365 + 1;
  let month: u32 = 1;
  for (let days = days_of_month(1, later == 0); rest >= <u32>days; days = days_of_month(month, later == 0)) {
    rest -= days;
    month++;
  }
  set_number(state, DAY_RW, rest + 1);
  set_number(state, MONTH_RW, month);
  set_number(state, YEAR_RW, four_years * 4 + later);
}

/** All of the time at once. @param seconds since 1970-01-01 */
export function set_time(state: mc146818_state, seconds: u64): void {
  const days = <u32>(seconds / SECONDS_PER_DAY);
  const now = <u32>(seconds % SECONDS_PER_DAY);
  set_number(state, SECONDS_RW, now % 60);
  set_number(state, MINUTES_RW, (now / 60) % 60);
  set_byte(state, HOURS_RW, encoded_hour(state, now / 3600));
  set_number(state, WEEKDAY_RW, ((days + 4) % 7) + 1); // 1970 began on a Thursday
  const since_1900 = days + <u32>(0 - days_of_date(1900, 3, 1)) + 60; // as if 1900 had been a leap year, like the chip
  set_number(state, CENTURY_RW, 19 + since_1900 / <u32>DAYS_PER_CENTURY);
  set_date(state, since_1900 % <u32>DAYS_PER_CENTURY);
}

// -------------------------------------------------------------------------------------------------------------- alarm

/** Whether an alarm register lets a byte of the time through: it is equal, or both of its high bits are set. */
function admits(state: mc146818_state, alarm: u32, byte: u32): bool {
  const wanted = byte_at(state, alarm);
  return (wanted & ALARM_ANY) == ALARM_ANY || wanted == byte;
}

/** The first value from `from` on, below `limit`, that the alarm register of a field of the time admits, or `limit`. */
function next_admitted(state: mc146818_state, alarm: u32, from: u32, limit: u32): u32 {
  for (let value = from; value < limit; value++) {
    if (admits(state, alarm, alarm == HOURS_ALARM_RW ? encoded_hour(state, value) : encoded(state, value))) return value;
  }
  return limit;
}

/** Updates up to the next that the alarm matches, 1 to 86400, while the time goes on plainly; 0 when none ever will. */
export function updates_to_alarm(state: mc146818_state): u32 {
  const first_second = next_admitted(state, SECONDS_ALARM_RW, 0, 60);
  const first_minute = next_admitted(state, MINUTES_ALARM_RW, 0, 60);
  if (first_second == 60 || first_minute == 60) return 0;
  const next = (time_of_day(state) + 1) % SECONDS_PER_DAY;
  const hour = next_admitted(state, HOURS_ALARM_RW, next / 3600, 24);
  let minute = first_minute;
  let second = first_second;
  if (hour == next / 3600) {
    minute = next_admitted(state, MINUTES_ALARM_RW, (next / 60) % 60, 60);
    if (minute == (next / 60) % 60) second = next_admitted(state, SECONDS_ALARM_RW, next % 60, 60);
    if (second == 60) {
      minute = next_admitted(state, MINUTES_ALARM_RW, minute + 1, 60);
      second = first_second;
    }
    if (minute < 60) return hour * 3600 + minute * 60 + second - next + 1;
  }
  const later = hour < 24 ? next_admitted(state, HOURS_ALARM_RW, max(hour, next / 3600 + 1), 24) : hour;
  const found = later < 24 ? later : next_admitted(state, HOURS_ALARM_RW, 0, 24);
  if (found == 24) return 0;
  const at = found * 3600 + first_minute * 60 + first_second;
  return (at + SECONDS_PER_DAY - next) % SECONDS_PER_DAY + 1;
}

// ---------------------------------------------------------------------------------------------------- daylight saving

/**
 * The update that would make it 02:00:00. On the last Sunday of April it becomes 03:00:00, on that of October 01:00:00,
 * the first time. @returns false when it is no such day
 */
function change_of_clocks(state: mc146818_state): bool {
  if (number_at(state, WEEKDAY_RW) != 1) return false;
  const month = number_at(state, MONTH_RW);
  const day = number_at(state, DAY_RW);
  if (month == 4 && day >= FIRST_IN_APRIL) return jump_to_hour(state, 3);
  if (month != 10 || day < FIRST_IN_OCTOBER) return false;
  state.hour_repeated = !state.hour_repeated;
  return state.hour_repeated && jump_to_hour(state, 1);
}

function jump_to_hour(state: mc146818_state, hour: u32): bool {
  set_byte(state, SECONDS_RW, 0);
  set_byte(state, MINUTES_RW, 0);
  set_byte(state, HOURS_RW, encoded_hour(state, hour));
  const zero: u32 = 0;
  const seconds = admits(state, SECONDS_ALARM_RW, zero) && admits(state, MINUTES_ALARM_RW, zero);
  if (seconds && admits(state, HOURS_ALARM_RW, encoded_hour(state, hour))) state.flags |= C_AF;
  return true;
}

/**
 * The guest has set a byte of the time that was `before`. The hour that October has twice is over for a clock that is
 * given another day or taken out of it.
 */
export function time_was_set(state: mc146818_state, index: u32, before: u32): void {
  if (index == HOURS_RW ? hour_of(state) != 1 : is_date(index) && byte_at(state, index) != before)
    state.hour_repeated = false;
}

function is_date(index: u32): bool {
  return (index >= WEEKDAY_RW && index <= YEAR_RW) || index == CENTURY_RW;
}
