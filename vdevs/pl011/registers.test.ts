/**
 * Oracle: Arm DDI 0183, revision r1p5, chapter 3, written out here a second time; its table 3-1 and the register
 * descriptions after it. Nothing here is taken from registers.ts but what is tested.
 */
import { describe, expect, it } from "vitest";
import { type DeviceLab, putBack } from "../../test/support/device.ts";
import { bytesOut, get, line, pl011, send, set } from "../../test/support/pl011.ts";
import { bitsSeen, type Expected, testRegisters } from "../../test/support/registers.ts";
import * as table from "./registers.ts";

const EXPECTED: readonly Expected[] = [
  ["UARTDR_RW", 0x000, 4, 0, 0xfff, 0xff, "special"],
  ["UARTRSR_RW", 0x004, 4, 0, 0xf, 0xff, "special"],
  ["UARTFR_RO", 0x018, 4, 0x90, 0x1ff, 0, "RO"],
  ["UARTILPR_RW", 0x020, 4, 0, 0xff, 0xff, "RW"],
  ["UARTIBRD_RW", 0x024, 4, 0, 0xffff, 0xffff, "RW"],
  ["UARTFBRD_RW", 0x028, 4, 0, 0x3f, 0x3f, "RW"],
  ["UARTLCR_H_RW", 0x02c, 4, 0, 0xff, 0xff, "special"],
  ["UARTCR_RW", 0x030, 4, 0x300, 0xff87, 0xff87, "special"],
  ["UARTIFLS_RW", 0x034, 4, 0x12, 0x3f, 0x3f, "RW"],
  ["UARTIMSC_RW", 0x038, 4, 0, 0x7ff, 0x7ff, "RW"],
  ["UARTRIS_RO", 0x03c, 4, 0, 0x7ff, 0, "RO"],
  ["UARTMIS_RO", 0x040, 4, 0, 0x7ff, 0, "RO"],
  ["UARTICR_W1C", 0x044, 4, 0, 0, 0x7ff, "W1C"],
  ["UARTDMACR_RW", 0x048, 4, 0, 0x7, 0x7, "RW"],
  ["UARTPERIPHID0_RO", 0xfe0, 4, 0x11, 0xff, 0, "RO"],
  ["UARTPERIPHID1_RO", 0xfe4, 4, 0x10, 0xff, 0, "RO"],
  ["UARTPERIPHID2_RO", 0xfe8, 4, 0x34, 0xff, 0, "RO"],
  ["UARTPERIPHID3_RO", 0xfec, 4, 0x00, 0xff, 0, "RO"],
  ["UARTPCELLID0_RO", 0xff0, 4, 0x0d, 0xff, 0, "RO"],
  ["UARTPCELLID1_RO", 0xff4, 4, 0xf0, 0xff, 0, "RO"],
  ["UARTPCELLID2_RO", 0xff8, 4, 0x05, 0xff, 0, "RO"],
  ["UARTPCELLID3_RO", 0xffc, 4, 0xb1, 0xff, 0, "RO"],
];

const CONSTANTS = {
  PL011_SIZE: 4096,
  ...{ DR_FE: 0x100, DR_PE: 0x200, DR_BE: 0x400, DR_OE: 0x800, DR_ERRORS_AT: 8 },
  ...{ FR_CTS: 0x001, FR_DSR: 0x002, FR_DCD: 0x004, FR_BUSY: 0x008, FR_RXFE: 0x010 },
  ...{ FR_TXFF: 0x020, FR_RXFF: 0x040, FR_TXFE: 0x080, FR_RI: 0x100 },
  DIVISOR_ONE: 64,
  ...{ LCR_BRK: 0x01, LCR_PEN: 0x02, LCR_EPS: 0x04, LCR_STP2: 0x08, LCR_FEN: 0x10, LCR_WLEN_AT: 5 },
  ...{ CR_UARTEN: 0x0001, CR_LBE: 0x0080, CR_TXE: 0x0100, CR_RXE: 0x0200, CR_DTR: 0x0400 },
  ...{ CR_RTS: 0x0800, CR_OUT1: 0x1000, CR_OUT2: 0x2000, CR_RTSEN: 0x4000, CR_CTSEN: 0x8000 },
  ...{ INT_RI: 0x001, INT_CTS: 0x002, INT_DCD: 0x004, INT_DSR: 0x008, INT_RX: 0x010, INT_TX: 0x020 },
  ...{ INT_RT: 0x040, INT_FE: 0x080, INT_PE: 0x100, INT_BE: 0x200, INT_OE: 0x400, INT_ERRORS_AT: 7 },
};

const DR = 0x000;
const RSR = 0x004;
const FR = 0x018;
const IBRD = 0x024;
const LCR_H = 0x02c;
const CR = 0x030;
const IMSC = 0x038;
const RIS = 0x03c;
const MIS = 0x040;
const ICR = 0x044;
const BITS = Array.from({ length: 32 }, (_, bit) => 2 ** bit);
const FIFOS_8N1 = 0x70;
/** Longer than 32 characters of 12 bits, at 1 Mbaud. */
const LONG = 500_000n;

const fresh = putBack(() => pl011());

describe("the registers", () => {
  testRegisters({
    table,
    expected: EXPECTED,
    constants: CONSTANTS,
    unit: 4,
    size: 4096,
    fresh() {
      const one = fresh();
      return { get: (offset) => get(one, offset), set: (offset, value) => set(one, offset, value) };
    },
    keeps: ["UARTLCR_H_RW", "UARTCR_RW"],
    others: ["UARTDR_RW", "UARTRSR_RW"],
    touches: { UARTCR_RW: ["UARTFR_RO", "UARTRIS_RO"] }, // in loopback the modem outputs are inputs
  });
});

/** A UART at 1 Mbaud; loopback unless `cr` says otherwise. */
function started(lcr = FIFOS_8N1, cr = 0x381): DeviceLab {
  const one = fresh();
  set(one, IBRD, 1);
  set(one, LCR_H, lcr);
  set(one, CR, cr);
  return one;
}

/** A break, with odd parity, through the loopback. */
function makeBreak(one: DeviceLab): void {
  set(one, LCR_H, 0x73);
  one.vm.clockStep(LONG);
  set(one, LCR_H, 0x72);
}

/** All eleven interrupts raised, none let through. */
function allRaised(): DeviceLab {
  const one = started();
  set(one, CR, 0x3f81); // RTS, DTR, Out1 and Out2: all four modem inputs change
  makeBreak(one);
  for (let i = 0; i < 33; i++) set(one, DR, i); // one on its way, 32 in the FIFO
  one.vm.clockStep(LONG); // one too many behind the break: OE. On the way TX, RX, and RT at the end
  return one;
}

describe("UARTDR", () => {
  it.each(BITS)("sends bit %i when it is one of eight", (bit) => {
    const one = started(FIFOS_8N1, 0x301);
    set(one, DR, bit);
    one.vm.clockStep(LONG);
    expect(bytesOut(one)).toEqual([bit > 0x80 ? 0 : bit]);
  });

  it("reads each of its twelve bits as 1 and as 0, and no other as 1", () => {
    const reads: number[] = [];
    const one = started(FIFOS_8N1, 0x301);
    send(one, [0, ...BITS.slice(0, 8), ...Array.from({ length: 24 }, () => 0xff)]); // 33, the last one is lost
    one.vm.clockStep(LONG);
    for (let i = 0; i < 32; i++) reads.push(get(one, DR));
    expect(reads.slice(0, 10)).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 128, 0xff]);
    send(one, [0]);
    one.vm.clockStep(LONG);
    reads.push(get(one, DR));
    expect(reads.at(-1)).toBe(0x800); // the overrun goes with the next that is stored
    const broken = started();
    makeBreak(broken);
    reads.push(get(broken, DR));
    expect(reads.at(-1)).toBe(0x700);
    expect(bitsSeen(reads)).toEqual([0xfff, 0xffffffff]);
  });
});

describe("UARTRSR", () => {
  it("reads each of its four bits as 1, and no other", () => {
    const one = started();
    makeBreak(one);
    expect(get(one, DR)).toBe(0x700);
    expect(get(one, RSR)).toBe(0x7);
    for (let i = 0; i < 32; i++) set(one, DR, i);
    one.vm.clockStep(LONG);
    expect(get(one, RSR)).toBe(0x7); // 32 fit
    set(one, DR, 1);
    one.vm.clockStep(LONG);
    expect(get(one, RSR)).toBe(0xf);
    get(one, DR);
    expect(get(one, RSR)).toBe(0x8); // those of the character, and the overrun stays
  });

  it.each([0, ...BITS])("is cleared by any write: %i", (value) => {
    const one = started();
    makeBreak(one);
    get(one, DR);
    expect(get(one, RSR)).toBe(0x7);
    set(one, RSR, value);
    expect(get(one, RSR)).toBe(0);
  });
});

it("UARTFR reads each of its nine bits as 1 and as 0, and no other as 1", () => {
  const one = started();
  const reads = [get(one, FR)];
  const now = (flags: number) => {
    reads.push(get(one, FR));
    expect(reads.at(-1)).toBe(flags);
  };
  now(0x090); // both FIFOs empty
  for (const [output, input] of [
    [0x0800, 0x001],
    [0x0400, 0x002],
    [0x1000, 0x004],
    [0x2000, 0x100],
  ] as const) {
    set(one, CR, 0x381 | output);
    now(0x090 | input);
  }
  set(one, CR, 0x381);
  set(one, DR, 1);
  now(0x098); // busy, the FIFO empty again
  for (let i = 0; i < 32; i++) set(one, DR, 1);
  now(0x038); // full
  one.vm.clockStep(LONG);
  now(0x0c0); // 32 received, one lost
  get(one, DR);
  now(0x080);
  expect(bitsSeen(reads)).toEqual([0x1ff, 0xffffffff]);
});

describe("the interrupts", () => {
  const INTERRUPTS = BITS.slice(0, 11);

  it("are eleven in UARTRIS, and let through by UARTIMSC bit by bit into UARTMIS and to the line", () => {
    const one = allRaised();
    expect([get(one, RIS), get(one, MIS), line(one)]).toEqual([0x7ff, 0, false]);
    for (const bit of BITS) {
      set(one, IMSC, bit);
      expect([bit, get(one, MIS), line(one)]).toEqual([bit, bit <= 0x400 ? bit : 0, bit <= 0x400]);
    }
  });

  it.each(BITS)("of UARTICR: bit %i clears its own and no other", (bit) => {
    const one = allRaised();
    set(one, IMSC, 0x7ff);
    set(one, ICR, bit);
    const left = bit <= 0x400 ? 0x7ff - bit : 0x7ff;
    expect([get(one, RIS), get(one, MIS)]).toEqual([left, left]);
  });

  it("go with the last that is cleared", () => {
    const one = allRaised();
    set(one, IMSC, 0x7ff);
    for (const bit of INTERRUPTS) {
      expect(line(one)).toBe(true);
      set(one, ICR, bit);
    }
    expect([line(one), get(one, RIS)]).toEqual([false, 0]);
  });
});

it("bits that a register does not have are not kept where only the status shows them", () => {
  const one = fresh();
  for (const offset of [LCR_H, CR, IMSC]) set(one, offset, 0xffffffff);
  expect(one.status()[0]).toMatch(/lcr_h 0xff, cr 0xff87, imsc 0x7ff,/);
});
