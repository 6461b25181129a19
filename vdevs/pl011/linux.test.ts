/**
 * Oracle: what Linux's AMBA bus, amba-pl011 and its earlycon do, and what they rely on. The driver below makes the same
 * accesses in the same order, in words of our own; offsets and bits are those the driver knows.
 */
import { describe, expect, it } from "vitest";
import type { AccessWidth } from "../../host/guests/bus.ts";
import type { DeviceLab } from "../../test/support/device.ts";
import { BASE, bytesOut, lab, line, out, pl011, send } from "../../test/support/pl011.ts";

const DR = 0x00;
const FR = 0x18;
const IBRD = 0x24;
const FBRD = 0x28;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const ICR = 0x44;

const FR_BUSY = 0x08;
const FR_RXFE = 0x10;
const FR_TXFF = 0x20;
const CR_UARTEN = 0x001;
const CR_TXE = 0x100;
const CR_RXE = 0x200;
const CR_DTR = 0x400;
const CR_RTS = 0x800;
const CR_CTSEN = 0x8000;
const LCR_BRK = 0x01;
const LCR_FEN = 0x10;
const INT_RX = 0x10;
const INT_TX = 0x20;
const INT_RT = 0x40;
const INT_ERRORS = 0x780;

const CLOCK = 16_000_000;
const MICROSECOND = 1000n;
const TEXT = "The quick brown fox jumps over the lazy dog, and the UART says it in one go, however long it takes. ";

/** amba-pl011 for Arm's own part, with 16-bit accesses as it makes them, or 32-bit ones of `reg-io-width = <4>`. */
class Driver {
  readonly one: DeviceLab;
  readonly width: AccessWidth;
  im = 0;
  fifosize = 0;
  readonly received: number[] = [];
  waiting: number[] = [];

  constructor(one: DeviceLab, width: AccessWidth = 2) {
    this.one = one;
    this.width = width;
  }

  read(offset: number): number {
    return this.one.get(BASE + offset, this.width);
  }

  write(value: number, offset: number): void {
    this.one.set(BASE + offset, value, this.width);
  }

  relax(): void {
    this.one.vm.clockStep(MICROSECOND);
  }

  /** The bus reads both words as bytes of four registers, and probe masks what a boot loader may have left. */
  probe(): void {
    const word = (at: number) => [0, 1, 2, 3].reduce((id, i) => id + this.one.get(BASE + at + 4 * i, 4) * 256 ** i, 0);
    expect(word(0xff0)).toBe(0xb105f00d);
    const id = word(0xfe0);
    expect(id & 0xfffff).toBe(0x41011);
    this.fifosize = ((id >> 20) & 0xf) < 3 ? 16 : 32;
    this.write(0, IMSC);
    this.write(0xffff, ICR);
  }

  startup(): void {
    this.write(INT_ERRORS | INT_RT | INT_RX, ICR);
    const im = this.read(IMSC);
    this.write(INT_RT | INT_RX, IMSC);
    this.write(im, IMSC);
    this.write(0x12, IFLS);
    const cr = this.read(CR) & (CR_RTS | CR_DTR);
    this.write(cr | CR_UARTEN | CR_RXE | CR_TXE, CR);
    this.write(INT_RT | INT_RX, ICR);
    for (let i = 0; i < 2 * this.fifosize && (this.read(FR) & FR_RXFE) === 0; i++) this.read(DR);
    this.im = INT_RT | INT_RX;
    this.write(this.im, IMSC);
  }

  /** @param lcrH the frame; FIFOs are added @param disables older kernels turn the UART off meanwhile */
  setTermios(baud: number, lcrH = 0x60, disables = true): void {
    const quotient = Math.round((CLOCK * 4) / baud);
    const cr = this.read(CR);
    if (disables) this.write(0, CR);
    this.write(quotient & 0x3f, FBRD);
    this.write(quotient >> 6, IBRD);
    this.write(lcrH | LCR_FEN, LCR_H); // must come after the two
    this.write(cr | CR_RXE, CR);
  }

  startTx(bytes: Iterable<number>): void {
    this.waiting.push(...bytes);
    if (!this.fillFifo(false)) return;
    this.im |= INT_TX;
    this.write(this.im, IMSC);
  }

  /** @returns whether there is more to send. In the interrupt half a FIFO is free, and nothing is asked. */
  fillFifo(fromIrq: boolean): boolean {
    for (let count = this.fifosize >> 1; this.waiting.length > 0; ) {
      if (fromIrq && count-- === 0) break;
      if (!fromIrq && (this.read(FR) & FR_TXFF) !== 0) return true;
      this.write(this.waiting.shift() as number, DR);
    }
    if (this.waiting.length > 0) return true;
    this.im &= ~INT_TX;
    this.write(this.im, IMSC);
    return false;
  }

  /** The handler of the interrupt. @returns whether it was for us */
  interrupt(): boolean {
    let status = this.read(RIS) & this.im;
    const handled = status !== 0;
    for (let pass = 0; status !== 0; pass++) {
      expect(pass).toBeLessThan(256); // Linux gives up here
      this.write(status & ~(INT_TX | INT_RT | INT_RX), ICR);
      if ((status & (INT_RT | INT_RX)) !== 0) this.emptyFifo();
      if ((status & INT_TX) !== 0) this.fillFifo(true);
      status = this.read(RIS) & this.im;
    }
    return handled;
  }

  emptyFifo(): void {
    while ((this.read(FR) & FR_RXFE) === 0) this.received.push(this.read(DR));
  }

  /** Time passes; the interrupt is served whenever the line is high. @returns how often it was */
  run(ns: bigint): number {
    let interrupts = 0;
    const end = this.one.vm.nowNs + ns;
    while (this.one.vm.nowNs < end) {
      if (line(this.one)) {
        expect(this.interrupt()).toBe(true);
        expect(line(this.one)).toBe(false); // level-triggered: it would come again and again
        interrupts++;
      }
      this.relax();
    }
    return interrupts;
  }

  consoleWrite(text: string): void {
    const cr = this.read(CR);
    this.write((cr & ~CR_CTSEN) | CR_UARTEN | CR_TXE, CR);
    for (const letter of text) {
      while ((this.read(FR) & FR_TXFF) !== 0) this.relax();
      this.write(letter.charCodeAt(0), DR);
    }
    while ((this.read(FR) & FR_BUSY) !== 0) this.relax();
    this.write(cr, CR);
  }

  shutdown(): void {
    this.im = 0;
    this.write(0, IMSC);
    this.write(0xffff, ICR);
    this.write((this.read(CR) & (CR_RTS | CR_DTR)) | CR_UARTEN | CR_TXE, CR);
    this.write(this.read(LCR_H) & ~(LCR_BRK | LCR_FEN), LCR_H);
  }
}

function opened(width: AccessWidth = 2, options = ""): Driver {
  const driver = new Driver(pl011(options), width);
  driver.probe();
  driver.startup();
  driver.setTermios(115200);
  return driver;
}

const codes = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));

describe.each([2, 4] as const)("amba-pl011 with accesses of %i bytes", (width) => {
  it("finds the part, and 32 characters in its FIFO", () => {
    const driver = new Driver(pl011(), width);
    driver.probe();
    expect(driver.fifosize).toBe(32);
  });

  it("sends from its interrupt what does not fit into the FIFO, all of it, half a FIFO at a time", () => {
    const driver = opened(width);
    driver.startTx(codes(TEXT));
    expect(driver.waiting.length).toBe(TEXT.length - 33); // 32 in the FIFO and one on its way
    const interrupts = driver.run(20_000_000n); // a character takes 87 us
    expect(out(driver.one)).toBe(TEXT);
    expect(interrupts).toBeGreaterThanOrEqual(Math.ceil((TEXT.length - 33) / 16));
    expect(interrupts).toBeLessThanOrEqual(Math.ceil((TEXT.length - 33) / 16) + 1);
    expect([driver.im & INT_TX, line(driver.one), driver.read(FR) & FR_BUSY]).toEqual([0, false, 0]);
  });

  it("receives by trigger level, and the rest by timeout", () => {
    const driver = opened(width);
    send(driver.one, TEXT);
    const interrupts = driver.run(20_000_000n);
    expect(driver.received).toEqual(codes(TEXT));
    expect(interrupts).toBe(Math.floor(TEXT.length / 16) + 1); // 16 at a time, and 4 are left
  });

  it("sends and receives at the same time", () => {
    const driver = opened(width);
    driver.startTx(codes(TEXT));
    send(driver.one, TEXT);
    driver.run(20_000_000n);
    expect([out(driver.one), String.fromCharCode(...driver.received)]).toEqual([TEXT, TEXT]);
  });

  it("is told of what it was too slow for: the character after the gap has OE", () => {
    const driver = opened(width);
    send(driver.one, new Array(33).fill(0x61));
    driver.one.vm.clockStep(5_000_000n);
    expect(driver.interrupt()).toBe(true);
    send(driver.one, "z");
    driver.run(5_000_000n);
    expect(driver.received).toEqual([...new Array(32).fill(0x61), 0x87a]);
  });

  it("starts with what came before it was opened thrown away", () => {
    const one = pl011();
    const early = new Driver(one, width);
    early.probe();
    early.setTermios(115200);
    early.write(CR_UARTEN | CR_RXE, CR);
    send(one, "stale");
    one.vm.clockStep(5_000_000n);
    early.startup();
    expect(line(one)).toBe(false);
    send(one, "new");
    early.run(5_000_000n);
    expect(String.fromCharCode(...early.received)).toBe("new");
  });

  it("is quiet once it is shut down, and can be opened again", () => {
    const driver = opened(width);
    send(driver.one, "lost");
    driver.one.vm.clockStep(5_000_000n);
    expect(line(driver.one)).toBe(true);
    driver.shutdown();
    expect([line(driver.one), driver.read(RIS), driver.read(LCR_H), driver.read(CR)]).toEqual([false, 0, 0x60, 0x101]);
    send(driver.one, "kept by the host");
    driver.one.vm.clockStep(5_000_000n);
    expect(line(driver.one)).toBe(false);
    driver.startup();
    driver.setTermios(115200);
    driver.run(5_000_000n);
    expect(String.fromCharCode(...driver.received)).toBe("kept by the host");
  });
});

describe("set_termios", () => {
  const bauds = [1200, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1_000_000];
  const frames: [string, number, number][] = [
    ["8N1", 0x60, 10],
    ["7E1", 0x46, 10],
    ["5N2", 0x08, 8],
    ["8O2", 0x6a, 12],
    ["8 with stick parity", 0xe2, 11],
  ];

  it.each(bauds)("gets %i baud, to 1 %%, in every frame, whether the UART is turned off meanwhile or not", (baud) => {
    for (const [name, lcrH, bits] of frames) {
      for (const disables of [true, false]) {
        const driver = opened();
        driver.setTermios(baud, lcrH, disables);
        driver.write(0x11, DR);
        const nominal = BigInt(Math.round((bits * 1e9) / baud));
        driver.one.vm.clockStep((nominal * 99n) / 100n);
        expect([name, bytesOut(driver.one).length, driver.read(FR) & FR_BUSY]).toEqual([name, 0, FR_BUSY]);
        driver.one.vm.clockStep((nominal * 2n) / 100n);
        expect([name, bytesOut(driver.one), driver.read(FR) & FR_BUSY]).toEqual([name, [0x11], 0]);
      }
    }
  });

  it("takes a new rate with LCR_H and not before: a console that prints in between is not garbled", () => {
    const driver = opened();
    driver.write(1, FBRD);
    driver.write(5000, IBRD);
    driver.consoleWrite("still at 115200");
    expect(driver.one.vm.nowNs).toBeLessThan(15n * 90_000n);
    expect(out(driver.one)).toBe("still at 115200");
  });
});

describe("the console", () => {
  it("waits for the FIFO and for the line, and leaves the control register as it was", () => {
    const driver = opened();
    const cr = driver.read(CR);
    driver.consoleWrite(TEXT);
    expect([out(driver.one), driver.read(CR)]).toEqual([TEXT, cr]);
  });

  it("prints with flow control on and nobody clear to send", () => {
    const driver = opened();
    driver.write(driver.read(CR) | CR_CTSEN, CR);
    driver.startTx([0x58]);
    driver.run(1_000_000n);
    expect(out(driver.one)).toBe("");
    driver.consoleWrite("panic");
    expect(out(driver.one)).toBe("Xpanic");
    expect(driver.read(CR) & CR_CTSEN).toBe(CR_CTSEN);
  });
});

it("earlycon prints by bytes on what the boot loader set up", () => {
  const one = lab("vdev pl011 loc 0x1c090000 firmware hostdev >-");
  for (const letter of "Booting Linux") {
    while ((one.get(BASE + FR, 4) & FR_TXFF) !== 0) one.vm.clockStep(MICROSECOND);
    one.set(BASE + DR, letter.charCodeAt(0), 1);
    while ((one.get(BASE + FR, 4) & FR_BUSY) !== 0) one.vm.clockStep(MICROSECOND);
  }
  expect(out(one)).toBe("Booting Linux");
});
