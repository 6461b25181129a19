/** Oracle: README.md beside this file, which follows Arm DDI 0183. */
import { describe, expect, it } from "vitest";
import { BIT, CHARACTER, FIFOS, get, line, N8, ON, send, set, uart } from "../../test/support/pl011.ts";
import * as R from "./registers.ts";

describe("the receiver", () => {
  it("takes a character in the time of its bits", () => {
    const one = uart();
    send(one, "A");
    one.vm.clockStep(CHARACTER - 1n);
    expect(get(one, R.UARTFR_RO) & R.FR_RXFE).toBe(R.FR_RXFE);
    one.vm.clockStep(1n);
    expect(get(one, R.UARTFR_RO) & R.FR_RXFE).toBe(0);
    expect(get(one, R.UARTDR_RW)).toBe(0x41);
    expect(get(one, R.UARTFR_RO) & R.FR_RXFE).toBe(R.FR_RXFE);
  });

  it.each([
    [0x00, 0x1f],
    [0x20, 0x3f],
    [0x40, 0x7f],
    [0x60, 0xff],
  ])("takes the data bits that LCR_H = %i says", (lcr, mask) => {
    const one = uart(lcr);
    send(one, [0xff]);
    one.vm.clockStep(CHARACTER);
    expect(get(one, R.UARTDR_RW)).toBe(mask);
  });

  it("fills to 32 in order, and an overrun is told three times: at once, in UARTRSR, and with the next character", () => {
    const one = uart();
    send(
      one,
      Array.from({ length: 34 }, (_, i) => i),
    );
    one.vm.clockStep(32n * CHARACTER);
    expect([get(one, R.UARTFR_RO) & R.FR_RXFF, get(one, R.UARTRIS_RO) & R.INT_OE]).toEqual([R.FR_RXFF, 0]);
    one.vm.clockStep(2n * CHARACTER); // two are lost
    expect([get(one, R.UARTRIS_RO) & R.INT_OE, get(one, R.UARTRSR_RW)]).toEqual([R.INT_OE, 8]);
    for (let i = 0; i < 32; i++) expect(get(one, R.UARTDR_RW)).toBe(i);
    send(one, "xy");
    one.vm.clockStep(2n * CHARACTER);
    expect([get(one, R.UARTDR_RW), get(one, R.UARTDR_RW)]).toEqual([0x78 | R.DR_OE, 0x79]);
    expect(get(one, R.UARTRSR_RW)).toBe(8);
    set(one, R.UARTRSR_RW, 0); // any value clears
    expect(get(one, R.UARTRSR_RW)).toBe(0);
    expect(one.status()[1]).toMatch(/received 34, 0 waiting, 2 lost$/);
  });

  it("holds one character without FIFOs", () => {
    const one = uart(N8);
    send(one, "ab");
    one.vm.clockStep(CHARACTER);
    expect([get(one, R.UARTFR_RO) & R.FR_RXFF, get(one, R.UARTMIS_RO)]).toEqual([R.FR_RXFF, R.INT_RX]);
    one.vm.clockStep(CHARACTER);
    expect(get(one, R.UARTRIS_RO) & R.INT_OE).toBe(R.INT_OE);
    expect(get(one, R.UARTDR_RW)).toBe(0x61);
    expect(get(one, R.UARTFR_RO) & R.FR_RXFE).toBe(R.FR_RXFE);
  });

  it("reads 0 when there is nothing, which is counted", () => {
    const one = uart();
    expect(get(one, R.UARTDR_RW)).toBe(0);
    expect(one.status()[2]).toMatch(/ 1 reads when empty/);
  });

  it.each([
    ["UARTEN", R.CR_TXE | R.CR_RXE],
    ["RXE", R.CR_UARTEN | R.CR_TXE],
  ])("leaves the host waiting without %s", (_name, cr) => {
    const one = uart(FIFOS, cr);
    send(one, "ab");
    one.vm.clockStep(50n * CHARACTER);
    expect(get(one, R.UARTFR_RO) & R.FR_RXFE).toBe(R.FR_RXFE);
    set(one, R.UARTCR_RW, ON);
    one.vm.clockStep(2n * CHARACTER);
    expect([get(one, R.UARTDR_RW), get(one, R.UARTDR_RW)]).toEqual([0x61, 0x62]);
  });

  it("keeps the host from sending with RTS, from the trigger level on", () => {
    const one = uart(FIFOS, ON | R.CR_RTSEN);
    send(
      one,
      Array.from({ length: 40 }, (_, i) => i),
    );
    one.vm.clockStep(100n * CHARACTER);
    expect(get(one, R.UARTRIS_RO) & R.INT_OE).toBe(0);
    const got: number[] = [];
    for (let i = 0; i < 16; i++) got.push(get(one, R.UARTDR_RW));
    expect(get(one, R.UARTFR_RO) & R.FR_RXFE).toBe(R.FR_RXFE);
    for (let i = 16; i < 40; i++) {
      one.vm.clockStep(CHARACTER);
      got.push(get(one, R.UARTDR_RW));
    }
    expect(got).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });
});

describe("the receive interrupt", () => {
  it.each([
    [0, 4],
    [1, 8],
    [2, 16],
    [3, 24],
    [4, 28],
  ])("of trigger code %i comes at %i characters, and goes below", (code, level) => {
    const one = uart();
    set(one, R.UARTIFLS_RW, code << 3);
    send(
      one,
      Array.from({ length: level }, (_, i) => i),
    );
    one.vm.clockStep(BigInt(level) * CHARACTER - 1n);
    expect(line(one)).toBe(false);
    one.vm.clockStep(1n);
    expect([line(one), get(one, R.UARTMIS_RO)]).toEqual([true, R.INT_RX]);
    get(one, R.UARTDR_RW);
    expect([line(one), get(one, R.UARTMIS_RO)]).toEqual([false, 0]);
  });

  it("is cleared by UARTICR, and a FIFO that stays above its level does not raise it again", () => {
    const one = uart();
    send(
      one,
      Array.from({ length: 20 }, () => 1),
    );
    one.vm.clockStep(16n * CHARACTER);
    set(one, R.UARTICR_W1C, R.INT_RX);
    one.vm.clockStep(4n * CHARACTER);
    expect(get(one, R.UARTRIS_RO)).toBe(0);
    for (let i = 0; i < 5; i++) get(one, R.UARTDR_RW); // 15
    send(one, "x");
    one.vm.clockStep(CHARACTER);
    expect(get(one, R.UARTRIS_RO)).toBe(R.INT_RX);
  });
});

describe("the receive timeout", () => {
  it("comes 32 bits after the last character, and goes when the FIFO is empty", () => {
    const one = uart();
    send(one, "ab");
    one.vm.clockStep(2n * CHARACTER + 32n * BIT - 1n);
    expect(line(one)).toBe(false);
    one.vm.clockStep(1n);
    expect([line(one), get(one, R.UARTMIS_RO)]).toEqual([true, R.INT_RT]);
    get(one, R.UARTDR_RW);
    expect(line(one)).toBe(true);
    get(one, R.UARTDR_RW);
    expect(line(one)).toBe(false);
  });

  it("does not come when all was read, nor again once cleared", () => {
    const one = uart();
    send(one, "a");
    one.vm.clockStep(CHARACTER);
    get(one, R.UARTDR_RW);
    one.vm.clockStep(100n * BIT);
    expect(get(one, R.UARTRIS_RO)).toBe(0);
    send(one, "b");
    one.vm.clockStep(CHARACTER + 32n * BIT);
    set(one, R.UARTICR_W1C, R.INT_RT);
    one.vm.clockStep(1000n * BIT);
    expect(get(one, R.UARTRIS_RO)).toBe(0);
  });

  it("wakes a guest that waits", () => {
    const one = uart();
    send(one, "a");
    for (let i = 0; i < 3 && !line(one); i++) one.vm.clockStep();
    expect([line(one), one.vm.nowNs]).toEqual([true, CHARACTER + 32n * BIT]);
  });
});
