/** Register table of the pl031: Arm PrimeCell Real Time Clock (PL031) TRM, DDI 0224, table 3-1. */
import { ACCESS_RO, ACCESS_RW, ACCESS_SPECIAL, ACCESS_W1C } from "vdevbox/abi/register-table";

/** Data: the time. */
export const RTCDR_RO: u32 = 0x000;
/** Match: the time that raises the interrupt. */
export const RTCMR_RW: u32 = 0x004;
/** Load: sets the time. */
export const RTCLR_RW: u32 = 0x008;
/** Control: bit 0 starts the clock. */
export const RTCCR_RW: u32 = 0x00c;
/** Interrupt mask set or clear: bit 0 lets the interrupt through. */
export const RTCIMSC_RW: u32 = 0x010;
/** Raw interrupt status. */
export const RTCRIS_RO: u32 = 0x014;
/** Masked interrupt status: what the line shows. */
export const RTCMIS_RO: u32 = 0x018;
/** Interrupt clear. */
export const RTCICR_W1C: u32 = 0x01c;
export const RTCPERIPHID0_RO: u32 = 0xfe0;
export const RTCPERIPHID1_RO: u32 = 0xfe4;
export const RTCPERIPHID2_RO: u32 = 0xfe8;
export const RTCPERIPHID3_RO: u32 = 0xfec;
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
