/** Register table of the pl031: Arm PrimeCell Real Time Clock (PL031) TRM, DDI 0224, table 3-1. */
import { ACCESS_RO, ACCESS_RW, ACCESS_SPECIAL, ACCESS_W1C } from "vdevbox/abi/register-table";

/** The time in seconds; the reset value is that of `start 0`. */
export const RTCDR_RO: u32 = 0x000;
/** The time at which the interrupt is raised. */
export const RTCMR_RW: u32 = 0x004;
/** A write sets the time; reads give what was written last. */
export const RTCLR_RW: u32 = 0x008;
/** Bit 0 starts the clock; a started clock is not stopped by a 0. */
export const RTCCR_RW: u32 = 0x00c;
/** Bit 0: 1 lets the interrupt through to the line. */
export const RTCIMSC_RW: u32 = 0x010;
/** Bit 0: the time has matched. */
export const RTCRIS_RO: u32 = 0x014;
/** `RTCRIS_RO` and `RTCIMSC_RW`: the level of the line. */
export const RTCMIS_RO: u32 = 0x018;
/** A 1 clears `RTCRIS_RO`. */
export const RTCICR_W1C: u32 = 0x01c;
/** Peripheral identification. */
export const RTCPERIPHID0_RO: u32 = 0xfe0;
export const RTCPERIPHID1_RO: u32 = 0xfe4;
export const RTCPERIPHID2_RO: u32 = 0xfe8;
export const RTCPERIPHID3_RO: u32 = 0xfec;
/** PrimeCell identification. */
export const RTCPCELLID0_RO: u32 = 0xff0;
export const RTCPCELLID1_RO: u32 = 0xff4;
export const RTCPCELLID2_RO: u32 = 0xff8;
export const RTCPCELLID3_RO: u32 = 0xffc;

/** Bytes the registers take in the guest. */
export const PL031_SIZE: u32 = 0x1000;

/** RTCCR: the clock runs. */
export const CR_START: u32 = 1 << 0;
/** RTCIMSC, RTCRIS, RTCMIS and RTCICR: the time has matched. */
export const INT_MATCH: u32 = 1 << 0;

export const REGISTERS: StaticArray<u32> = [
  // offset        bytes reset readable    writable    access
  RTCDR_RO,        4,    0,    0xffffffff, 0,          ACCESS_RO,
  RTCMR_RW,        4,    0,    0xffffffff, 0xffffffff, ACCESS_RW,
  RTCLR_RW,        4,    0,    0xffffffff, 0xffffffff, ACCESS_SPECIAL,
  RTCCR_RW,        4,    0,    0x1,        0x1,        ACCESS_SPECIAL,
  RTCIMSC_RW,      4,    0,    0x1,        0x1,        ACCESS_RW,
  RTCRIS_RO,       4,    0,    0x1,        0,          ACCESS_RO,
  RTCMIS_RO,       4,    0,    0x1,        0,          ACCESS_RO,
  RTCICR_W1C,      4,    0,    0,          0x1,        ACCESS_W1C,
  RTCPERIPHID0_RO, 4,    0x31, 0xff,       0,          ACCESS_RO,
  RTCPERIPHID1_RO, 4,    0x10, 0xff,       0,          ACCESS_RO,
  RTCPERIPHID2_RO, 4,    0x04, 0xff,       0,          ACCESS_RO,
  RTCPERIPHID3_RO, 4,    0x00, 0xff,       0,          ACCESS_RO,
  RTCPCELLID0_RO,  4,    0x0d, 0xff,       0,          ACCESS_RO,
  RTCPCELLID1_RO,  4,    0xf0, 0xff,       0,          ACCESS_RO,
  RTCPCELLID2_RO,  4,    0x05, 0xff,       0,          ACCESS_RO,
  RTCPCELLID3_RO,  4,    0xb1, 0xff,       0,          ACCESS_RO,
];
