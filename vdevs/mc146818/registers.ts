/**
 * Register table and bits of the mc146818: Motorola MC146818A data sheet. The table is of the 128 bytes behind the data
 * port; the values of the time are those of 1970-01-01, a Thursday, which is what `start 0` gives.
 */
import { ACCESS_RO, ACCESS_RW, ACCESS_SPECIAL } from "vdevbox/abi/register-table";

/** The time: counts on, once a second. */
export const SECONDS_RW: u32 = 0x00;
/** The alarm; 0xc0 to 0xff match every second. */
export const SECONDS_ALARM_RW: u32 = 0x01;
export const MINUTES_RW: u32 = 0x02;
export const MINUTES_ALARM_RW: u32 = 0x03;
/** In 12-hour mode 1 to 12, with bit 7 from noon on. */
export const HOURS_RW: u32 = 0x04;
export const HOURS_ALARM_RW: u32 = 0x05;
/** 1 is Sunday. */
export const WEEKDAY_RW: u32 = 0x06;
export const DAY_RW: u32 = 0x07;
export const MONTH_RW: u32 = 0x08;
/** Its last two digits; multiples of 4 are leap years. */
export const YEAR_RW: u32 = 0x09;
/** UIP (read only), DV2-0, RS3-0. */
export const A_RW: u32 = 0x0a;
/** SET, PIE, AIE, UIE, SQWE, DM, 24/12, DSE. */
export const B_RW: u32 = 0x0b;
/** IRQF, PF, AF, UF; a read clears them. */
export const C_RO: u32 = 0x0c;
/** VRT: the battery is good. */
export const D_RO: u32 = 0x0d;
/** 36 bytes of RAM. */
export const RAM_LOW_RW: u32 = 0x0e;
/** First two digits of the year, which PCs keep here: RAM to the chip; goes up when the year wraps. */
export const CENTURY_RW: u32 = 0x32;
/** 77 bytes of RAM, 13 with `bytes 64`. */
export const RAM_HIGH_RW: u32 = 0x33;

/** Bytes behind the data port. */
export const MC146818_BYTES: u32 = 128;

/** Register A. */
export const A_UIP: u32 = 0x80;
export const A_DV_AT: u32 = 4;
export const A_RS: u32 = 0x0f;
/** The divider of a 32768 Hz crystal, the one there is here. */
export const DV_32768_HZ: u32 = 2;
/** Both divider codes with these bits hold the divider in reset. */
export const DV_RESET: u32 = 6;

/** Register B. */
export const B_SET: u32 = 0x80;
export const B_PIE: u32 = 0x40;
export const B_AIE: u32 = 0x20;
export const B_UIE: u32 = 0x10;
export const B_SQWE: u32 = 0x08;
/** Binary, not BCD. */
export const B_DM: u32 = 0x04;
export const B_24H: u32 = 0x02;
export const B_DSE: u32 = 0x01;

/** Register C. The flags have the places of their enables in register B. */
export const C_IRQF: u32 = 0x80;
export const C_PF: u32 = 0x40;
export const C_AF: u32 = 0x20;
export const C_UF: u32 = 0x10;

/** Bit of the hours in 12-hour mode. */
export const HOURS_PM: u32 = 0x80;
/** An alarm register with both of these bits matches every value. */
export const ALARM_ANY: u32 = 0xc0;

export const REGISTERS: StaticArray<u32> = [
  // offset         bytes reset readable writable access
  SECONDS_RW,       1,    0,    0xff,    0xff,    ACCESS_SPECIAL,
  SECONDS_ALARM_RW, 1,    0,    0xff,    0xff,    ACCESS_RW,
  MINUTES_RW,       1,    0,    0xff,    0xff,    ACCESS_SPECIAL,
  MINUTES_ALARM_RW, 1,    0,    0xff,    0xff,    ACCESS_RW,
  HOURS_RW,         1,    0,    0xff,    0xff,    ACCESS_SPECIAL,
  HOURS_ALARM_RW,   1,    0,    0xff,    0xff,    ACCESS_RW,
  WEEKDAY_RW,       1,    5,    0xff,    0xff,    ACCESS_SPECIAL,
  DAY_RW,           1,    1,    0xff,    0xff,    ACCESS_SPECIAL,
  MONTH_RW,         1,    1,    0xff,    0xff,    ACCESS_SPECIAL,
  YEAR_RW,          1,    0x70, 0xff,    0xff,    ACCESS_SPECIAL,
  A_RW,             1,    0x26, 0xff,    0x7f,    ACCESS_SPECIAL,
  B_RW,             1,    0x02, 0xff,    0xff,    ACCESS_SPECIAL,
  C_RO,             1,    0,    0xf0,    0,       ACCESS_SPECIAL,
  D_RO,             1,    0x80, 0x80,    0,       ACCESS_RO,
  RAM_LOW_RW,       36,   0,    0xff,    0xff,    ACCESS_RW,
  CENTURY_RW,       1,    0x19, 0xff,    0xff,    ACCESS_SPECIAL,
  RAM_HIGH_RW,      77,   0,    0xff,    0xff,    ACCESS_RW,
];
