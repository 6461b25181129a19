/** Register table and bits of the pl011: Arm PrimeCell UART (PL011) TRM, DDI 0183, table 3-1, revision r1p5. */
import { ACCESS_RO, ACCESS_RW, ACCESS_SPECIAL, ACCESS_W1C } from "vdevbox/abi/register-table";

/** A write sends a character; a read takes one: data, FE, PE, BE, OE. */
export const UARTDR_RW: u32 = 0x000;
/** FE, PE, BE of the character read last, and OE; any write clears them (UARTECR). */
export const UARTRSR_RW: u32 = 0x004;
/** CTS, DSR, DCD, BUSY, RXFE, TXFF, RXFF, TXFE, RI. */
export const UARTFR_RO: u32 = 0x018;
/** IrDA low-power divisor; kept, without effect. */
export const UARTILPR_RW: u32 = 0x020;
/** Baud rate divisor; in force from the next write of `UARTLCR_H_RW` on. */
export const UARTIBRD_RW: u32 = 0x024;
/** Its 64ths. */
export const UARTFBRD_RW: u32 = 0x028;
/** BRK, PEN, EPS, STP2, FEN, WLEN, SPS; a change of FEN empties both FIFOs. */
export const UARTLCR_H_RW: u32 = 0x02c;
/** UARTEN, SIREN, SIRLP, LBE, TXE, RXE, DTR, RTS, Out1, Out2, RTSEn, CTSEn. */
export const UARTCR_RW: u32 = 0x030;
/** Trigger levels 4, 8, 16, 24, 28: transmit in bits 2-0, receive in bits 5-3. */
export const UARTIFLS_RW: u32 = 0x034;
/** A 1 lets the interrupt through: RI, CTS, DCD, DSR, RX, TX, RT, FE, PE, BE, OE. */
export const UARTIMSC_RW: u32 = 0x038;
/** Raw interrupts. */
export const UARTRIS_RO: u32 = 0x03c;
/** Those let through; the line is high while there is one. */
export const UARTMIS_RO: u32 = 0x040;
/** A 1 clears the raw interrupt. */
export const UARTICR_W1C: u32 = 0x044;
/** DMA enables; kept, there is no DMA controller. */
export const UARTDMACR_RW: u32 = 0x048;
/** Peripheral identification. */
export const UARTPERIPHID0_RO: u32 = 0xfe0;
export const UARTPERIPHID1_RO: u32 = 0xfe4;
/** Revision r1p5. */
export const UARTPERIPHID2_RO: u32 = 0xfe8;
export const UARTPERIPHID3_RO: u32 = 0xfec;
/** PrimeCell identification. */
export const UARTPCELLID0_RO: u32 = 0xff0;
export const UARTPCELLID1_RO: u32 = 0xff4;
export const UARTPCELLID2_RO: u32 = 0xff8;
export const UARTPCELLID3_RO: u32 = 0xffc;

/** Bytes the registers take in the guest. */
export const PL011_SIZE: u32 = 0x1000;

/** UARTDR: errors of the character. UARTRSR has the same four bits from bit 0 on. */
export const DR_FE: u32 = 1 << 8;
export const DR_PE: u32 = 1 << 9;
export const DR_BE: u32 = 1 << 10;
export const DR_OE: u32 = 1 << 11;
export const DR_ERRORS_AT: u32 = 8;

/** UARTFR. The modem inputs read 1 when they are asserted. */
export const FR_CTS: u32 = 1 << 0;
export const FR_DSR: u32 = 1 << 1;
export const FR_DCD: u32 = 1 << 2;
export const FR_BUSY: u32 = 1 << 3;
export const FR_RXFE: u32 = 1 << 4;
export const FR_TXFF: u32 = 1 << 5;
export const FR_RXFF: u32 = 1 << 6;
export const FR_TXFE: u32 = 1 << 7;
export const FR_RI: u32 = 1 << 8;

/** UARTIBRD and UARTFBRD together count 64ths; this is a divisor of 1, the smallest there is. */
export const DIVISOR_ONE: u32 = 64;

/** UARTLCR_H: break, parity enable and even parity, two stop bits, FIFOs, word length less 5, stick parity (bit 7). */
export const LCR_BRK: u32 = 1 << 0;
export const LCR_PEN: u32 = 1 << 1;
export const LCR_EPS: u32 = 1 << 2;
export const LCR_STP2: u32 = 1 << 3;
export const LCR_FEN: u32 = 1 << 4;
export const LCR_WLEN_AT: u32 = 5;

/** UARTCR: enable, loopback, transmit and receive enable, modem outputs, hardware flow control. */
export const CR_UARTEN: u32 = 1 << 0;
export const CR_LBE: u32 = 1 << 7;
export const CR_TXE: u32 = 1 << 8;
export const CR_RXE: u32 = 1 << 9;
export const CR_DTR: u32 = 1 << 10;
export const CR_RTS: u32 = 1 << 11;
export const CR_OUT1: u32 = 1 << 12;
export const CR_OUT2: u32 = 1 << 13;
export const CR_RTSEN: u32 = 1 << 14;
export const CR_CTSEN: u32 = 1 << 15;

/** Bits of UARTIMSC, UARTRIS, UARTMIS and UARTICR. */
export const INT_RI: u32 = 1 << 0;
export const INT_CTS: u32 = 1 << 1;
export const INT_DCD: u32 = 1 << 2;
export const INT_DSR: u32 = 1 << 3;
export const INT_RX: u32 = 1 << 4;
export const INT_TX: u32 = 1 << 5;
export const INT_RT: u32 = 1 << 6;
export const INT_FE: u32 = 1 << 7;
export const INT_PE: u32 = 1 << 8;
export const INT_BE: u32 = 1 << 9;
export const INT_OE: u32 = 1 << 10;
/** From the error bits of UARTDR to those of the interrupts. */
export const INT_ERRORS_AT: u32 = 7;

export const REGISTERS: StaticArray<u32> = [
  // offset         bytes reset   readable writable access
  UARTDR_RW,        4,    0,      0xfff,   0xff,    ACCESS_SPECIAL,
  UARTRSR_RW,       4,    0,      0xf,     0xff,    ACCESS_SPECIAL,
  UARTFR_RO,        4,    0x90,   0x1ff,   0,       ACCESS_RO,
  UARTILPR_RW,      4,    0,      0xff,    0xff,    ACCESS_RW,
  UARTIBRD_RW,      4,    0,      0xffff,  0xffff,  ACCESS_RW,
  UARTFBRD_RW,      4,    0,      0x3f,    0x3f,    ACCESS_RW,
  UARTLCR_H_RW,     4,    0,      0xff,    0xff,    ACCESS_SPECIAL,
  UARTCR_RW,        4,    0x0300, 0xff87,  0xff87,  ACCESS_SPECIAL,
  UARTIFLS_RW,      4,    0x12,   0x3f,    0x3f,    ACCESS_RW,
  UARTIMSC_RW,      4,    0,      0x7ff,   0x7ff,   ACCESS_RW,
  UARTRIS_RO,       4,    0,      0x7ff,   0,       ACCESS_RO,
  UARTMIS_RO,       4,    0,      0x7ff,   0,       ACCESS_RO,
  UARTICR_W1C,      4,    0,      0,       0x7ff,   ACCESS_W1C,
  UARTDMACR_RW,     4,    0,      0x7,     0x7,     ACCESS_RW,
  UARTPERIPHID0_RO, 4,    0x11,   0xff,    0,       ACCESS_RO,
  UARTPERIPHID1_RO, 4,    0x10,   0xff,    0,       ACCESS_RO,
  UARTPERIPHID2_RO, 4,    0x34,   0xff,    0,       ACCESS_RO,
  UARTPERIPHID3_RO, 4,    0x00,   0xff,    0,       ACCESS_RO,
  UARTPCELLID0_RO,  4,    0x0d,   0xff,    0,       ACCESS_RO,
  UARTPCELLID1_RO,  4,    0xf0,   0xff,    0,       ACCESS_RO,
  UARTPCELLID2_RO,  4,    0x05,   0xff,    0,       ACCESS_RO,
  UARTPCELLID3_RO,  4,    0xb1,   0xff,    0,       ACCESS_RO,
];
