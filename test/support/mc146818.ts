import * as R from "../../vdevs/mc146818/registers.ts";
import { type DeviceLab, deviceLab } from "./device.ts";

export const SECOND = 1_000_000_000n;
export const US = 1000n;
export const DAY = 86_400n * SECOND;
/** Compiles the vdev; to be called once in a test file, at its top. */
export const lab = deviceLab("mc146818", "io");
export const rtc = (options = "start 0") => lab(`vdev mc146818 intr 8259:8 ${options}`);

export const get = (one: DeviceLab, index: number) => {
  one.set(0x70, index);
  return one.get(0x71);
};
export const set = (one: DeviceLab, index: number, value: number) => {
  one.set(0x70, index);
  one.set(0x71, value);
};
export const line = ({ vm }: DeviceLab) => vm.lines.level("8259", 8);

/** The formats of register B. */
export const MODES = [0, R.B_24H, R.B_DM, R.B_DM | R.B_24H];

const bcd = (value: number) => Math.floor(value / 10) * 16 + (value % 10);
export const plain = (mode: number, value: number) => (mode & R.B_DM ? value : bcd(value));
export const hour = (mode: number, value: number) =>
  mode & R.B_24H ? plain(mode, value) : plain(mode, value % 12 || 12) + (value >= 12 ? 0x80 : 0);

/** The bytes of a date as the chip has them. */
export function bytesOf(date: Date, mode: number): Record<number, number> {
  return {
    [R.SECONDS_RW]: plain(mode, date.getUTCSeconds()),
    [R.MINUTES_RW]: plain(mode, date.getUTCMinutes()),
    [R.HOURS_RW]: hour(mode, date.getUTCHours()),
    [R.WEEKDAY_RW]: date.getUTCDay() + 1,
    [R.DAY_RW]: plain(mode, date.getUTCDate()),
    [R.MONTH_RW]: plain(mode, date.getUTCMonth() + 1),
    [R.YEAR_RW]: plain(mode, date.getUTCFullYear() % 100),
    [R.CENTURY_RW]: plain(mode, Math.floor(date.getUTCFullYear() / 100)),
  };
}

export function timeBytes(one: DeviceLab): Record<number, number> {
  const places = [R.SECONDS_RW, R.MINUTES_RW, R.HOURS_RW, R.WEEKDAY_RW, R.DAY_RW, R.MONTH_RW, R.YEAR_RW, R.CENTURY_RW];
  return Object.fromEntries(places.map((at) => [at, get(one, at)]));
}

/** Sets format and time as a driver does: under SET. */
export function setTime(one: DeviceLab, date: Date, mode: number, enables = 0) {
  set(one, R.B_RW, R.B_SET | mode);
  for (const [at, byte] of Object.entries(bytesOf(date, mode))) set(one, Number(at), byte);
  set(one, R.B_RW, mode | enables);
}
