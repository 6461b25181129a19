/**
 * Oracle: what Linux's ib700wdt does, and what it relies on. The driver below makes the same accesses in the same order, in
 * words of our own. It writes with `outb_p`, which writes to port 0x80 behind each access to give an ISA device time.
 */
import { describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { type DeviceLab, deviceLab } from "../../test/support/device.ts";
import { write } from "../../test/support/vm.ts";

const STOP = 0x441;
const START = 0x443;
const DELAY = 0x80;
const SECOND = 1_000_000_000n;
const lab = deviceLab("wdt-ib700", "io");

/** ib700wdt with its character device. */
class Driver {
  readonly one: DeviceLab;
  timeout = 30;
  #mayStop = false;

  constructor(one: DeviceLab) {
    this.one = one;
  }

  open(): this {
    this.ping();
    return this;
  }

  /** What a daemon writes to /dev/watchdog: any text is a ping, a V in it allows to stop. */
  send(text: string): void {
    this.#mayStop = text.includes("V");
    this.ping();
  }

  close(): void {
    if (this.#mayStop) this.disable();
    else this.ping();
    this.#mayStop = false;
  }

  /** @returns whether the driver takes it */
  setTimeout(seconds: number): boolean {
    if (seconds < 0 || seconds > 30) return false;
    this.timeout = seconds;
    this.ping();
    return true;
  }

  ping(): void {
    this.#outb(15 - Math.floor((this.timeout + 1) / 2), START);
  }

  disable(): void {
    this.#outb(0, STOP);
  }

  pass(seconds: bigint): void {
    this.one.vm.clockStep(seconds * SECOND);
  }

  get bitten(): boolean {
    return this.one.vm.ended?.exitCode === 4;
  }

  #outb(value: number, port: number): void {
    this.one.set(port, value);
    expect(write(this.one.vm, BigInt(DELAY), BigInt(value), 1, "io")).toBe(AccessStatus.done);
  }
}

/** Nobody is at port 0x80 of this board: writes there are dropped, as on an ISA bus. */
const driver = () => new Driver(lab("unsupported io ignore vdev wdt-ib700"));

describe("ib700wdt", () => {
  it("does not start it by loading, and starts it by opening", () => {
    const dog = driver();
    dog.pass(3600n);
    expect(dog.bitten).toBe(false);
    dog.open();
    dog.one.vm.clockStep(30n * SECOND - 1n);
    expect(dog.bitten).toBe(false);
    dog.one.vm.clockStep(1n);
    expect(dog.bitten).toBe(true);
  });

  // The hardware has steps of two seconds, and the driver rounds up.
  it.each(Array.from({ length: 30 }, (_, i) => i + 1))("with a timeout of %i s bites no sooner", (seconds) => {
    const dog = driver().open();
    expect(dog.setTimeout(seconds)).toBe(true);
    const rounded = BigInt(2 * Math.ceil(seconds / 2));
    for (let i = 0; i < 3; i++) {
      dog.one.vm.clockStep(rounded * SECOND - 1n);
      expect(dog.bitten).toBe(false);
      dog.send("ping");
    }
    dog.pass(rounded);
    expect(dog.bitten).toBe(true);
  });

  it("has 0 s too: at once", () => {
    const dog = driver().open();
    expect([dog.setTimeout(0), dog.setTimeout(31), dog.setTimeout(-1)]).toEqual([true, false, false]);
    dog.one.vm.clockStep(1000n);
    expect(dog.bitten).toBe(true);
  });

  it("stops at a close behind a V, and goes on behind any other", () => {
    const dog = driver().open();
    dog.send("V");
    dog.close();
    dog.pass(3600n);
    expect(dog.bitten).toBe(false);
    dog.open();
    dog.send("V");
    dog.send("x"); // takes the V back
    dog.pass(20n);
    dog.close(); // one more ping
    dog.pass(29n);
    expect(dog.bitten).toBe(false);
    dog.pass(1n);
    expect(dog.bitten).toBe(true);
  });

  it("is switched off when the system goes down in order, running or not", () => {
    const dog = driver();
    dog.disable();
    dog.open();
    dog.pass(29n);
    dog.disable();
    dog.disable();
    dog.pass(3600n);
    expect([dog.bitten, dog.one.vm.findings.all]).toEqual([false, []]);
  });

  it("works with what the board's manual gives for 16 bits: OUT DX, AX", () => {
    const dog = driver();
    dog.one.set(START, 0x000e, 2);
    dog.pass(1n);
    expect(dog.bitten).toBe(false);
    dog.one.set(STOP, 0x000f, 2);
    dog.pass(100n);
    expect(dog.bitten).toBe(false);
    dog.one.set(START, 0x000e, 2);
    dog.pass(2n);
    expect(dog.bitten).toBe(true);
  });
});
