/** Oracle: README.md beside this file, which follows Arm DDI 0183. */
import { describe, expect, it } from "vitest";
import { BIT, bytesOut, CHARACTER, FIFOS, get, line, N8, ON, out, set, uart } from "../../test/support/pl011.ts";
import * as R from "./registers.ts";

describe("the transmitter", () => {
  it("sends a character in the time of its bits", () => {
    const one = uart();
    set(one, R.UARTDR_RW, 0x41);
    one.vm.clockStep(CHARACTER - 1n);
    expect([out(one), get(one, R.UARTFR_RO) & R.FR_BUSY]).toEqual(["", R.FR_BUSY]);
    one.vm.clockStep(1n);
    expect([out(one), get(one, R.UARTFR_RO) & R.FR_BUSY]).toEqual(["A", 0]);
  });

  /** Bits of a frame: start, data, parity, stop. */
  const frames: [string, number, number][] = [
    ["5N1", 0x00, 7],
    ["6N1", 0x20, 8],
    ["7N1", 0x40, 9],
    ["8N1", N8, 10],
    ["8E1", N8 | R.LCR_PEN | R.LCR_EPS, 11],
    ["8N2", N8 | R.LCR_STP2, 11],
    ["8O2", N8 | R.LCR_PEN | R.LCR_STP2, 12],
  ];
  it.each(frames)("takes the bits of %s", (_name, lcr, bits) => {
    const one = uart(lcr);
    set(one, R.UARTDR_RW, 1);
    one.vm.clockStep(BigInt(bits) * BIT - 1n);
    expect(bytesOut(one)).toEqual([]);
    one.vm.clockStep(1n);
    expect(bytesOut(one)).toEqual([1]);
  });

  it.each([
    [0x00, 0x1f],
    [0x20, 0x3f],
    [0x40, 0x7f],
    [0x60, 0xff],
  ])("sends the data bits that LCR_H = %i says", (lcr, mask) => {
    const one = uart(lcr);
    set(one, R.UARTDR_RW, 0xffffffff);
    one.vm.clockStep(100n * BIT);
    expect(bytesOut(one)).toEqual([mask]);
  });

  it("takes the baud rate from the divisor, its 64ths included, once LCR_H is written", () => {
    const one = uart();
    set(one, R.UARTIBRD_RW, 3);
    set(one, R.UARTFBRD_RW, 16); // 3.25 times as long
    set(one, R.UARTDR_RW, 1);
    one.vm.clockStep(CHARACTER);
    expect(bytesOut(one)).toEqual([1]);
    set(one, R.UARTLCR_H_RW, FIFOS);
    set(one, R.UARTDR_RW, 2);
    one.vm.clockStep((CHARACTER * 325n) / 100n - 1n);
    expect(bytesOut(one)).toEqual([1]);
    one.vm.clockStep(1n);
    expect(bytesOut(one)).toEqual([1, 2]);
  });

  it("keeps the order, 32 characters and the one on its way, and loses what is written when full", () => {
    const one = uart();
    for (let i = 0; i < 33; i++) {
      expect(get(one, R.UARTFR_RO) & R.FR_TXFF).toBe(0);
      set(one, R.UARTDR_RW, i);
    }
    expect(get(one, R.UARTFR_RO) & (R.FR_TXFF | R.FR_TXFE)).toBe(R.FR_TXFF);
    set(one, R.UARTDR_RW, 99);
    one.vm.clockStep(33n * CHARACTER);
    expect(bytesOut(one)).toEqual(Array.from({ length: 33 }, (_, i) => i));
    expect(get(one, R.UARTFR_RO) & (R.FR_TXFF | R.FR_TXFE)).toBe(R.FR_TXFE);
    expect(one.status()[2]).toMatch(/ 1 writes when full/);
  });

  it("holds one character and the one on its way without FIFOs", () => {
    const one = uart(N8);
    set(one, R.UARTDR_RW, 1);
    expect(get(one, R.UARTFR_RO) & (R.FR_TXFF | R.FR_TXFE)).toBe(R.FR_TXFE);
    set(one, R.UARTDR_RW, 2);
    expect(get(one, R.UARTFR_RO) & (R.FR_TXFF | R.FR_TXFE)).toBe(R.FR_TXFF);
    set(one, R.UARTDR_RW, 3);
    one.vm.clockStep(5n * CHARACTER);
    expect(bytesOut(one)).toEqual([1, 2]);
  });

  it.each([
    ["UARTEN", R.CR_TXE | R.CR_RXE],
    ["TXE", R.CR_UARTEN | R.CR_RXE],
  ])("waits without %s, busy, and finishes a character it has begun", (_name, cr) => {
    const one = uart();
    set(one, R.UARTDR_RW, 0x61);
    set(one, R.UARTDR_RW, 0x62);
    set(one, R.UARTCR_RW, cr);
    one.vm.clockStep(50n * CHARACTER);
    expect([out(one), get(one, R.UARTFR_RO) & R.FR_BUSY]).toEqual(["a", R.FR_BUSY]);
    set(one, R.UARTCR_RW, ON);
    one.vm.clockStep(CHARACTER);
    expect(out(one)).toBe("ab");
  });

  it("sends nothing while it makes a break", () => {
    const one = uart(FIFOS | R.LCR_BRK);
    set(one, R.UARTDR_RW, 0x61);
    one.vm.clockStep(50n * CHARACTER);
    expect(out(one)).toBe("");
    set(one, R.UARTLCR_H_RW, FIFOS);
    one.vm.clockStep(CHARACTER);
    expect(out(one)).toBe("a");
  });

  it("waits for CTS under hardware flow control", () => {
    const waits = uart(FIFOS, ON | R.CR_CTSEN);
    set(waits, R.UARTDR_RW, 0x61);
    waits.vm.clockStep(50n * CHARACTER);
    expect(out(waits)).toBe("");
    set(waits, R.UARTCR_RW, ON);
    waits.vm.clockStep(CHARACTER);
    expect(out(waits)).toBe("a");
    const asserted = uart(FIFOS, ON | R.CR_CTSEN, "modem cts");
    set(asserted, R.UARTDR_RW, 0x61);
    asserted.vm.clockStep(CHARACTER);
    expect(out(asserted)).toBe("a");
  });

  it("is emptied when FEN changes", () => {
    const one = uart(FIFOS, R.CR_TXE | R.CR_RXE);
    for (let i = 0; i < 5; i++) set(one, R.UARTDR_RW, i);
    expect(get(one, R.UARTFR_RO)).toBe(R.FR_BUSY | R.FR_RXFE);
    set(one, R.UARTLCR_H_RW, N8);
    expect(get(one, R.UARTFR_RO)).toBe(R.FR_TXFE | R.FR_RXFE);
  });

  it("waits for a host that takes no bytes: its FIFO fills, and nothing is lost", () => {
    const one = uart();
    one.vm.character.hold("pl011", true);
    const all = Array.from({ length: 64 + 1 + 32 }, (_, i) => i);
    for (const byte of all) {
      expect(get(one, R.UARTFR_RO) & R.FR_TXFF).toBe(0);
      set(one, R.UARTDR_RW, byte);
      one.vm.clockStep(2n * CHARACTER);
    }
    expect(get(one, R.UARTFR_RO) & (R.FR_TXFF | R.FR_BUSY)).toBe(R.FR_TXFF | R.FR_BUSY);
    expect(bytesOut(one)).toEqual([]);
    one.vm.character.hold("pl011", false);
    one.vm.clockStep(40n * CHARACTER);
    expect(bytesOut(one)).toEqual(all);
  });

  it("sends its last words when the VM ends", () => {
    const one = uart();
    for (const letter of "bye") set(one, R.UARTDR_RW, letter.charCodeAt(0));
    one.vm.terminate();
    expect(out(one)).toBe("bye");
  });

  it.each([2, 64, 64 + 1 + 32])("loses none of %i characters to a host that was held back at the end", (count) => {
    const one = uart();
    one.vm.character.hold("pl011", true);
    const text = Array.from({ length: count }, (_, i) => String.fromCharCode(0x21 + (i % 90)));
    for (const letter of text) {
      set(one, R.UARTDR_RW, letter.charCodeAt(0));
      one.vm.clockStep(CHARACTER);
    }
    expect(out(one)).toBe("");
    one.vm.terminate();
    expect(out(one)).toBe(text.join(""));
  });
});

describe("the transmit interrupt", () => {
  it.each([
    [0, 4],
    [1, 8],
    [2, 16],
    [3, 24],
    [4, 28],
  ])("of trigger code %i comes on the way down through %i characters", (code, level) => {
    const one = uart();
    set(one, R.UARTIFLS_RW, code);
    for (let i = 0; i < level + 2; i++) set(one, R.UARTDR_RW, i); // one on its way, level + 1 in the FIFO
    expect(get(one, R.UARTRIS_RO) & R.INT_TX).toBe(0);
    one.vm.clockStep(CHARACTER - 1n);
    expect(line(one)).toBe(false);
    one.vm.clockStep(1n);
    expect([line(one), get(one, R.UARTMIS_RO)]).toEqual([true, R.INT_TX]);
    set(one, R.UARTDR_RW, 0); // above the level again
    expect([line(one), get(one, R.UARTMIS_RO)]).toEqual([false, 0]);
  });

  it("does not come while the FIFO was never above its level", () => {
    const one = uart();
    for (let i = 0; i < 17; i++) set(one, R.UARTDR_RW, i); // 16 in the FIFO
    one.vm.clockStep(40n * CHARACTER);
    expect(get(one, R.UARTRIS_RO)).toBe(0);
  });

  it("is cleared by UARTICR and comes again", () => {
    const one = uart();
    for (let i = 0; i < 18; i++) set(one, R.UARTDR_RW, i);
    one.vm.clockStep(CHARACTER);
    set(one, R.UARTICR_W1C, 0x7ff & ~R.INT_TX);
    expect(line(one)).toBe(true);
    set(one, R.UARTICR_W1C, R.INT_TX);
    one.vm.clockStep(40n * CHARACTER);
    expect(line(one)).toBe(false);
    for (let i = 0; i < 18; i++) set(one, R.UARTDR_RW, i);
    one.vm.clockStep(CHARACTER);
    expect(line(one)).toBe(true);
  });

  it("without FIFOs comes when the character leaves its register", () => {
    const one = uart(N8);
    expect(line(one)).toBe(false);
    set(one, R.UARTDR_RW, 1); // at once on its way
    expect(get(one, R.UARTMIS_RO)).toBe(R.INT_TX);
    set(one, R.UARTDR_RW, 2);
    expect(get(one, R.UARTMIS_RO)).toBe(0);
    one.vm.clockStep(CHARACTER);
    expect([line(one), get(one, R.UARTMIS_RO)]).toEqual([true, R.INT_TX]);
  });
});
