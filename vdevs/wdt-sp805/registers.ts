/** The registers of the SP805: Arm DDI 0270, chapter "Programmer's Model". README.md says what they mean. */
import { ACCESS_RO, ACCESS_SPECIAL, ACCESS_WO } from "vdevbox/abi/register-table";

/** What the counter is loaded with; a write loads it at once. */
export const WDOGLOAD_RW: u32 = 0x000;
/** The count. */
export const WDOGVALUE_RO: u32 = 0x004;
/** Bit 0 INTEN: count, and let the interrupt out; going to 1 loads the counter. Bit 1 RESEN: let the reset out. */
export const WDOGCONTROL_RW: u32 = 0x008;
/** Any value clears the interrupt and loads the counter: the kick. */
export const WDOGINTCLR_WO: u32 = 0x00c;
/** Bit 0: the counter has been zero since the interrupt was cleared. */
export const WDOGRIS_RO: u32 = 0x010;
/** Bit 0: `WDOGRIS` and INTEN. */
export const WDOGMIS_RO: u32 = 0x014;
/** 0x1ACCE551 lets all other registers be written, any other value locks them; reads 1 when locked. */
export const WDOGLOCK_RW: u32 = 0xc00;
/** Bit 0: integration test mode, the outputs follow `WDOGITOP`. */
export const WDOGITCR_RW: u32 = 0xf00;
/** In test mode, bit 0: level of WDOGRES, bit 1: level of WDOGINT. */
export const WDOGITOP_WO: u32 = 0xf04;
/** Part 0x805, low byte. */
export const WDOGPERIPHID0_RO: u32 = 0xfe0;
/** Part, high digit; designer 0x41 (Arm), low digit. */
export const WDOGPERIPHID1_RO: u32 = 0xfe4;
/** Designer, high digit; revision 1. */
export const WDOGPERIPHID2_RO: u32 = 0xfe8;
/** Configuration. */
export const WDOGPERIPHID3_RO: u32 = 0xfec;
/** A PrimeCell: 0xB105F00D over the four. */
export const WDOGPCELLID0_RO: u32 = 0xff0;
export const WDOGPCELLID1_RO: u32 = 0xff4;
export const WDOGPCELLID2_RO: u32 = 0xff8;
export const WDOGPCELLID3_RO: u32 = 0xffc;

/** Bytes the registers take in the guest. */
export const SP805_SIZE: u32 = 0x1000;

/** WDOGCONTROL: the counter counts and the interrupt is let out. */
export const CONTROL_INTEN: u32 = 1 << 0;
/** WDOGCONTROL: the reset is let out. */
export const CONTROL_RESEN: u32 = 1 << 1;
/** WDOGLOCK: this value, and no other, lets the other registers be written. */
export const LOCK_KEY: u32 = 0x1acce551;
/** WDOGITCR: the outputs follow WDOGITOP. */
export const ITCR_TEST_MODE: u32 = 1 << 0;
/** WDOGITOP: levels of the two outputs in test mode. */
export const ITOP_WDOGRES: u32 = 1 << 0;
export const ITOP_WDOGINT: u32 = 1 << 1;

export const REGISTERS: StaticArray<u32> = [
  // offset         bytes reset      readable    writable    access
  WDOGLOAD_RW,      4,    0xffffffff, 0xffffffff, 0xffffffff, ACCESS_SPECIAL,
  WDOGVALUE_RO,     4,    0xffffffff, 0xffffffff, 0,          ACCESS_RO,
  WDOGCONTROL_RW,   4,    0,          0x3,        0x3,        ACCESS_SPECIAL,
  WDOGINTCLR_WO,    4,    0,          0,          0xffffffff, ACCESS_WO,
  WDOGRIS_RO,       4,    0,          0x1,        0,          ACCESS_RO,
  WDOGMIS_RO,       4,    0,          0x1,        0,          ACCESS_RO,
  WDOGLOCK_RW,      4,    0,          0x1,        0xffffffff, ACCESS_SPECIAL,
  WDOGITCR_RW,      4,    0,          0x1,        0x1,        ACCESS_SPECIAL,
  WDOGITOP_WO,      4,    0,          0,          0x3,        ACCESS_WO,
  WDOGPERIPHID0_RO, 4,    0x05,       0xff,       0,          ACCESS_RO,
  WDOGPERIPHID1_RO, 4,    0x18,       0xff,       0,          ACCESS_RO,
  WDOGPERIPHID2_RO, 4,    0x14,       0xff,       0,          ACCESS_RO,
  WDOGPERIPHID3_RO, 4,    0x00,       0xff,       0,          ACCESS_RO,
  WDOGPCELLID0_RO,  4,    0x0d,       0xff,       0,          ACCESS_RO,
  WDOGPCELLID1_RO,  4,    0xf0,       0xff,       0,          ACCESS_RO,
  WDOGPCELLID2_RO,  4,    0x05,       0xff,       0,          ACCESS_RO,
  WDOGPCELLID3_RO,  4,    0xb1,       0xff,       0,          ACCESS_RO,
];
