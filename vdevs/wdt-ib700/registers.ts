/** The ports of the IB700's watchdog, counted from `loc`. README.md says what they mean. */
import { ACCESS_WO } from "vdevbox/abi/register-table";

/** Any value stops the watchdog; port 0x441 on the board. */
export const WDT_STOP_WO: u32 = 0x0;
/** Starts it, or starts it again, with 30 s − 2 s × code; port 0x443 on the board. */
export const WDT_START_WO: u32 = 0x2;

/** Ports it takes: the last one is the second half of a 16-bit `out` to WDT_START_WO. */
export const IB700_SIZE: u32 = 4;

export const REGISTERS: StaticArray<u32> = [
  // offset     bytes reset readable writable access
  WDT_STOP_WO,  1,    0,    0,       0xff,    ACCESS_WO,
  WDT_START_WO, 1,    0,    0,       0x0f,    ACCESS_WO,
];
