/** Oracle: README.md beside this file, which follows Arm DDI 0183. */
import { describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { type DeviceLab, deviceLab } from "../../test/support/device.ts";
import { readmeRows, rowsOf } from "../../test/support/registers.ts";
import { read, write } from "../../test/support/vm.ts";
import * as R from "./registers.ts";

const BASE = 0x1c090000;
/** With UARTCLK at 16 MHz and a divisor of 1 a bit takes a microsecond, a character 8N1 ten. */
const BIT = 1000n;
const CHARACTER = 10n * BIT;
const lab = deviceLab("pl011");
const pl011 = (options = "") => lab(`vdev pl011 loc 0x1c090000 intr gic:37 clock 16000000 hostdev - ${options}`);
const rows = rowsOf(R);

const get = (one: DeviceLab, offset: number) => one.get(BASE + offset);
const set = (one: DeviceLab, offset: number, value: number) => one.set(BASE + offset, value);
const line = ({ vm }: DeviceLab) => vm.lines.level("gic", 37);
const send = ({ vm }: DeviceLab, text: string | number[]) =>
  vm.character.send("pl011", typeof text === "string" ? new TextEncoder().encode(text) : Uint8Array.from(text));
const bytesOut = ({ events }: DeviceLab) =>
  events.flatMap((event) => (event.kind === "output" ? [...event.bytes] : []));
const out = (one: DeviceLab) => String.fromCharCode(...bytesOut(one));

const N8 = 0x60;
const FIFOS = N8 | R.LCR_FEN;
const ON = R.CR_UARTEN | R.CR_TXE | R.CR_RXE;

/** A UART as a driver sets it up: 1 Mbaud, frame and control as given, all interrupts let through. */
function uart(lcr = FIFOS, cr = ON, options = ""): DeviceLab {
  const one = pl011(options);
  set(one, R.UARTIBRD_RW, 1);
  set(one, R.UARTLCR_H_RW, lcr);
  set(one, R.UARTCR_RW, cr);
  set(one, R.UARTIMSC_RW, 0x7ff);
  return one;
}

describe("the register table", () => {
  it("is the README's", () => {
    expect(readmeRows(new URL("./README.md", import.meta.url))).toEqual(rows);
  });

  it("has what Linux looks for: PrimeCell 0x00341011", () => {
    const one = pl011();
    const word = (first: number) =>
      [0, 4, 8, 12].reduce((value, at, i) => value + get(one, first + at) * 256 ** i, 0) >>> 0;
    expect(word(R.UARTPERIPHID0_RO)).toBe(0x341011);
    expect(word(R.UARTPCELLID0_RO)).toBe(0xb105f00d);
  });

  it.each(rows)("$name reads its reset value after reset", ({ offset, reset }) => {
    expect(get(pl011(), offset)).toBe(reset);
  });

  const stored = rows.filter(({ access, name }) => access === "RW" || /LCR_H|UARTCR/.test(name));
  it.each(stored)("$name keeps each of its bits and no other", ({ offset, writable, readable }) => {
    const one = pl011();
    expect(readable).toBe(writable);
    for (let bit = 0; bit < 32; bit++) {
      set(one, offset, 2 ** bit);
      expect(get(one, offset)).toBe(((2 ** bit) & writable) >>> 0);
      set(one, offset, ~(2 ** bit));
      expect(get(one, offset)).toBe((~(2 ** bit) & writable) >>> 0);
    }
  });

  const fixed = rows.filter(({ access }) => access === "RO" || access === "W1C");
  it.each(fixed)("$name takes no write", ({ offset, reset }) => {
    const one = pl011();
    for (let bit = 0; bit < 32; bit++) set(one, offset, 2 ** bit);
    set(one, offset, 0xffffffff);
    expect(get(one, offset)).toBe(reset);
  });
});

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

describe("loopback", () => {
  it("gives the receiver what the transmitter sends, and the host nothing", () => {
    const one = uart(FIFOS, ON | R.CR_LBE);
    for (const byte of [1, 2, 3]) set(one, R.UARTDR_RW, byte);
    send(one, "x");
    one.vm.clockStep(3n * CHARACTER);
    expect([1, 2, 3].map(() => get(one, R.UARTDR_RW))).toEqual([1, 2, 3]);
    expect([get(one, R.UARTFR_RO) & R.FR_RXFE, bytesOut(one)]).toEqual([R.FR_RXFE, []]);
    set(one, R.UARTCR_RW, ON);
    one.vm.clockStep(CHARACTER);
    expect(get(one, R.UARTDR_RW)).toBe(0x78);
  });

  const lines: [string, number, number, number][] = [
    ["RTS to CTS", R.CR_RTS, R.FR_CTS, R.INT_CTS],
    ["DTR to DSR", R.CR_DTR, R.FR_DSR, R.INT_DSR],
    ["Out1 to DCD", R.CR_OUT1, R.FR_DCD, R.INT_DCD],
    ["Out2 to RI", R.CR_OUT2, R.FR_RI, R.INT_RI],
  ];
  it.each(lines)("connects %s, and each change interrupts", (_name, output, input, interrupt) => {
    const one = uart(FIFOS, ON | R.CR_LBE);
    const modem = R.FR_CTS | R.FR_DSR | R.FR_DCD | R.FR_RI;
    for (const level of [true, false]) {
      set(one, R.UARTCR_RW, ON | R.CR_LBE | (level ? output : 0));
      expect(get(one, R.UARTFR_RO) & modem).toBe(level ? input : 0);
      expect([line(one), get(one, R.UARTRIS_RO)]).toEqual([true, interrupt]);
      set(one, R.UARTICR_W1C, interrupt);
      expect(line(one)).toBe(false);
    }
    set(one, R.UARTCR_RW, ON | output); // an output alone is no input
    expect([get(one, R.UARTFR_RO) & modem, get(one, R.UARTRIS_RO)]).toEqual([0, 0]);
  });

  it("takes the modem inputs from outside otherwise", () => {
    expect(get(pl011("modem ri,dcd"), R.UARTFR_RO) & 0x107).toBe(R.FR_RI | R.FR_DCD);
    expect(get(pl011("modem cts,dsr"), R.UARTFR_RO) & 0x107).toBe(R.FR_CTS | R.FR_DSR);
  });

  it("shows a break once, as a character of zeros without a stop bit", () => {
    const one = uart(FIFOS | R.LCR_BRK, ON | R.CR_LBE);
    one.vm.clockStep(CHARACTER - 1n);
    expect(get(one, R.UARTRIS_RO)).toBe(0);
    one.vm.clockStep(1n);
    expect(get(one, R.UARTRIS_RO)).toBe(R.INT_BE | R.INT_FE);
    one.vm.clockStep(10n * CHARACTER);
    expect([get(one, R.UARTDR_RW), get(one, R.UARTRSR_RW)]).toEqual([R.DR_BE | R.DR_FE, 5]);
    expect(get(one, R.UARTFR_RO) & R.FR_RXFE).toBe(R.FR_RXFE);
  });

  it.each([
    ["odd", R.LCR_PEN, true],
    ["even", R.LCR_PEN | R.LCR_EPS, false],
    ["stick high", R.LCR_PEN | 0x80, true],
    ["stick low", R.LCR_PEN | R.LCR_EPS | 0x80, false],
  ])("finds the parity of a break with %s parity wrong: %s", (_name, parity, wrong) => {
    const one = uart(FIFOS | parity | R.LCR_BRK, ON | R.CR_LBE);
    one.vm.clockStep(2n * CHARACTER);
    expect(get(one, R.UARTRIS_RO) & R.INT_PE).toBe(wrong ? R.INT_PE : 0);
    expect(get(one, R.UARTDR_RW) & R.DR_PE).toBe(wrong ? R.DR_PE : 0);
  });
});

describe("every interrupt", () => {
  /** How each is raised. */
  const sources: [string, number, (one: DeviceLab) => void][] = [
    ["RI", R.INT_RI, (one) => set(one, R.UARTCR_RW, ON | R.CR_LBE | R.CR_OUT2)],
    ["CTS", R.INT_CTS, (one) => set(one, R.UARTCR_RW, ON | R.CR_LBE | R.CR_RTS)],
    ["DCD", R.INT_DCD, (one) => set(one, R.UARTCR_RW, ON | R.CR_LBE | R.CR_OUT1)],
    ["DSR", R.INT_DSR, (one) => set(one, R.UARTCR_RW, ON | R.CR_LBE | R.CR_DTR)],
    ["RX", R.INT_RX, (one) => send(one, "0123456789abcdef")],
    ["TX", R.INT_TX, (one) => [..."0123456789abcdefghi"].map((x) => set(one, R.UARTDR_RW, x.charCodeAt(0)))],
    ["RT", R.INT_RT, (one) => send(one, "0")],
    ["FE", R.INT_FE, makeBreak],
    ["PE", R.INT_PE, makeBreak],
    ["BE", R.INT_BE, makeBreak],
    ["OE", R.INT_OE, (one) => send(one, "x".repeat(33))],
  ];

  function makeBreak(one: DeviceLab) {
    set(one, R.UARTCR_RW, ON | R.CR_LBE);
    set(one, R.UARTLCR_H_RW, FIFOS | R.LCR_PEN | R.LCR_BRK);
  }

  it.each(sources)("%s is raised, masked by its own bit and cleared by its own bit", (_name, bit, raise) => {
    const one = uart();
    set(one, R.UARTIMSC_RW, 0);
    raise(one);
    one.vm.clockStep(100n * CHARACTER);
    const raw = get(one, R.UARTRIS_RO);
    expect(raw & bit).toBe(bit);
    expect([line(one), get(one, R.UARTMIS_RO)]).toEqual([false, 0]);
    for (let other = 1; other <= R.INT_OE; other <<= 1) {
      set(one, R.UARTIMSC_RW, other);
      expect([line(one), get(one, R.UARTMIS_RO)]).toEqual([(raw & other) !== 0, raw & other]);
    }
    set(one, R.UARTIMSC_RW, bit);
    set(one, R.UARTICR_W1C, 0x7ff & ~bit);
    expect([line(one), get(one, R.UARTRIS_RO)]).toEqual([true, bit]);
    set(one, R.UARTICR_W1C, bit);
    expect([line(one), get(one, R.UARTRIS_RO)]).toEqual([false, 0]);
  });
});

describe("an access", () => {
  it("of 1 or 2 bytes reads its bytes of the register", () => {
    const one = pl011();
    set(one, R.UARTCR_RW, 0xff87);
    expect([0, 1, 2, 3].map((at) => one.get(BASE + R.UARTCR_RW + at, 1))).toEqual([0x87, 0xff, 0, 0]);
    expect([0, 1, 2].map((at) => one.get(BASE + R.UARTCR_RW + at, 2))).toEqual([0xff87, 0xff, 0]);
  });

  it("of 1 or 2 bytes writes the whole register with zeros above, and nothing at its other bytes", () => {
    const one = pl011();
    set(one, R.UARTIBRD_RW, 0x1234);
    one.set(BASE + R.UARTIBRD_RW + 1, 0xff, 1);
    expect(get(one, R.UARTIBRD_RW)).toBe(0x1234);
    one.set(BASE + R.UARTIBRD_RW, 0x56, 1);
    expect(get(one, R.UARTIBRD_RW)).toBe(0x56);
  });

  it("of 8 bytes, or one that would leave its register, is a bus error and takes no character", () => {
    const one = uart();
    send(one, "a");
    one.vm.clockStep(CHARACTER);
    const at = BigInt(BASE);
    expect(read(one.vm, at, 8)[0]).toBe(AccessStatus.busError);
    expect(read(one.vm, at + 1n, 4)[0]).toBe(AccessStatus.busError);
    expect(write(one.vm, at + 3n, 0x62n, 2)).toBe(AccessStatus.busError);
    expect(get(one, R.UARTDR_RW)).toBe(0x61);
    one.vm.clockStep(10n * CHARACTER);
    expect(out(one)).toBe("");
  });

  it("of every offset without a register reads 0 and writes nothing", () => {
    const one = pl011();
    const known = new Set(rows.map(({ offset }) => offset));
    let reserved = 0;
    for (let offset = 0; offset < R.PL011_SIZE; offset += 4) {
      if (known.has(offset)) continue;
      set(one, offset, 0xffffffff);
      expect(get(one, offset)).toBe(0);
      reserved++;
    }
    for (const { offset, reset, name } of rows) if (name !== "UARTDR_RW") expect(get(one, offset)).toBe(reset);
    expect(one.status()[2]).toMatch(new RegExp(`^misuse: ${2 * reserved} reserved offsets, 1 wrong directions`));
  });
});

describe("the configuration", () => {
  it.each([
    "clock 0",
    "clock x",
    "clock 1x",
    "clock -1",
    "modem rts",
    "modem cts,",
    "modem ,cts",
    'modem ""',
    "modem ctsdsr",
  ])("refuses %s", (option) => expect(() => pl011(option)).toThrow(/with EINVAL/));

  it("has no host device but -, and says so", () => {
    expect(() => lab("vdev pl011 loc 0x1000 hostdev /dev/ser1")).toThrow(
      /is to use the host device "\/dev\/ser1"; vdevbox has "-" only/,
    );
  });

  it("sends nowhere and hears nothing without hostdev, and each way with its own", () => {
    for (const [hostdev, hears, speaks] of [
      ["", false, false],
      ["hostdev >-", false, true],
      ["hostdev <-", true, false],
      ["hostdev <- hostdev >-", true, true],
    ] as const) {
      const one = lab(`vdev pl011 loc 0x1c090000 clock 16000000 firmware ${hostdev}`);
      set(one, R.UARTDR_RW, 0x61);
      one.vm.clockStep(1_000_000n);
      expect(out(one)).toBe(speaks ? "a" : "");
      expect(one.vm.character.refusal("pl011", 1) === undefined).toBe(hears);
      expect(one.status()[1]).toMatch(/sent 1, 0 waiting/);
    }
  });

  it("firmware leaves it as a boot loader does: 115200 8N1, FIFOs, enabled", () => {
    const one = lab("vdev pl011 loc 0x1c090000 firmware hostdev >-");
    const values = [R.UARTIBRD_RW, R.UARTFBRD_RW, R.UARTLCR_H_RW, R.UARTCR_RW].map((offset) => get(one, offset));
    expect(values).toEqual([13, 1, 0x70, 0x301]); // 24 MHz / (16 * 115200) = 13 + 1/64
    set(one, R.UARTDR_RW, 0x61);
    one.vm.clockStep(90_000n);
    expect(out(one)).toBe("a");
  });

  it("says that batch and delayed have no effect", () => {
    const one = pl011("batch 2000 delayed forever");
    const warnings = one.events.flatMap((event) =>
      event.kind === "log" && event.source === "pl011" ? [event.text] : [],
    );
    expect(warnings).toEqual([expect.stringMatching(/batch has no effect/), expect.stringMatching(/delayed has no/)]);
  });
});

it("reports its status and what was wrong", () => {
  const one = uart();
  expect(one.status()).toEqual([
    "fr 0x90, lcr_h 0x70, cr 0x301, imsc 0x7ff, ris 0x0",
    "1000000 baud; sent 0, 0 waiting; received 0, 0 waiting, 0 lost",
  ]);
  set(one, R.UARTIFLS_RW, 5);
  set(one, R.UARTIBRD_RW, 0);
  set(one, R.UARTLCR_H_RW, FIFOS);
  set(one, R.UARTCR_RW, ON); // no divisor: as if it were 1
  set(one, R.UARTFR_RO, 1);
  get(one, R.UARTICR_W1C);
  expect(one.status().slice(1)).toEqual([
    "1000000 baud; sent 0, 0 waiting; received 0, 0 waiting, 0 lost",
    "misuse: 0 reserved offsets, 2 wrong directions, 0 wrong widths, 0 writes when full, 0 reads when empty, 2 wrong settings",
  ]);
});

it("is one of many: a second one has its own state", () => {
  const one = lab("vdev pl011 loc 0x1000 firmware hostdev >- vdev pl011 loc 0x2000 firmware hostdev >- name second");
  one.set(0x1000, 0x61);
  one.set(0x2000, 0x62);
  one.vm.clockStep(1_000_000n);
  const said = one.events.flatMap((event) => (event.kind === "output" ? [`${event.vdev} ${event.bytes}`] : []));
  expect(said).toEqual(["pl011 97", "second 98"]);
});

it("is put back by a snapshot: FIFOs, what is on its way, what the host holds and has sent", () => {
  const one = uart();
  one.vm.character.hold("pl011", true);
  set(one, R.UARTDR_RW, 0x61);
  one.vm.clockStep(CHARACTER);
  set(one, R.UARTDR_RW, 0x62);
  send(one, "xyz");
  one.vm.clockStep(CHARACTER / 2n);
  const before = new VmSnapshot(one.vm);
  for (let round = 0; round < 3; round++) {
    const from = bytesOut(one).length;
    one.vm.character.hold("pl011", false);
    one.vm.clockStep(40n * CHARACTER);
    expect(bytesOut(one).slice(from)).toEqual([0x61, 0x62]);
    expect([1, 2, 3].map(() => get(one, R.UARTDR_RW))).toEqual([0x78, 0x79, 0x7a]);
    before.restore();
    expect([line(one), get(one, R.UARTFR_RO)]).toEqual([false, R.FR_BUSY | R.FR_RXFE | R.FR_TXFE]);
  }
});

it("breaks no rule and allocates nothing after its start", () => {
  const one = uart();
  const heap = () => one.vm.instances[0]!.alloc(16);
  const before = heap();
  for (let i = 0; i < 200; i++) {
    set(one, R.UARTDR_RW, i);
    send(one, [i]);
    one.vm.clockStep(CHARACTER);
    get(one, R.UARTDR_RW);
  }
  expect(heap() - before).toBeLessThanOrEqual(32);
  expect(one.vm.findings.all).toEqual([]);
});
