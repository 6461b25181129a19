/**
 * Oracle: what Linux's AMBA bus and sp805_wdt do, and what they rely on. The driver below makes the same accesses in the
 * same order, in words of our own; offsets and bits are those the driver knows, seconds those its users see.
 */
import { describe, expect, it } from "vitest";
import { type DeviceLab, deviceLab } from "../../test/support/device.ts";

const BASE = 0x1c0f0000;
const LOAD = 0x000;
const VALUE = 0x004;
const CONTROL = 0x008;
const INTCLR = 0x00c;
const RIS = 0x010;
const LOCK = 0xc00;
/** Of CONTROL: the interrupt and the reset. The driver calls the watchdog running when it sees both. */
const ENABLE = 3;
const UNLOCK_KEY = 0x1acce551;
const SECOND = 1_000_000_000n;
const lab = deviceLab("wdt-sp805");

/** sp805_wdt, as the watchdog core drives it. */
class Driver {
  readonly one: DeviceLab;
  readonly rate: number;
  /** What it loads; the counter runs twice. */
  load = 0;
  /** Seconds it tells its users. */
  timeout = 0;
  /** The watchdog ran before the driver came: the core keeps it alive. */
  runsAlready = false;

  constructor(one: DeviceLab, rate = 25_000_000) {
    this.one = one;
    this.rate = rate;
  }

  read(offset: number): number {
    return this.one.get(BASE + offset);
  }

  write(value: number, offset: number): void {
    this.one.set(BASE + offset, value);
  }

  /** The bus matches all of the part and the designer, and the whole PrimeCell number. */
  probe(seconds = 60): this {
    const word = (at: number) => [0, 1, 2, 3].reduce((id, i) => id + (this.read(at + 4 * i) & 0xff) * 256 ** i, 0);
    expect(word(0xff0)).toBe(0xb105f00d);
    expect(word(0xfe0) & 0xffffff).toBe(0x141805);
    this.setTimeout(seconds);
    this.runsAlready = (this.read(CONTROL) & ENABLE) === ENABLE;
    if (this.runsAlready) this.enable();
    return this;
  }

  setTimeout(seconds: number): void {
    const load = Math.floor(this.rate / 2) * seconds - 1;
    this.load = Math.min(Math.max(load, 1), 0xffffffff);
    this.timeout = Math.floor(((this.load + 1) * 2 + Math.floor(this.rate / 2)) / this.rate);
  }

  timeLeft(): number {
    const left = this.read(VALUE) + ((this.read(RIS) & 1) === 0 ? this.load + 1 : 0);
    return Math.floor(left / this.rate);
  }

  enable(): void {
    this.#config(false);
  }

  ping(): void {
    this.#config(true);
  }

  disable(): void {
    this.write(UNLOCK_KEY, LOCK);
    this.write(0, CONTROL);
    this.#lock();
  }

  /** Restarts the machine: counts from 0, so both zeros are there at once. */
  restart(): void {
    this.write(UNLOCK_KEY, LOCK);
    this.write(0, CONTROL);
    this.write(0, LOAD);
    this.write(ENABLE, CONTROL);
    this.read(LOCK);
  }

  pass(ns: bigint): void {
    this.one.vm.clockStep(ns);
  }

  get bitten(): boolean {
    return this.one.vm.ended?.exitCode === 4;
  }

  #config(ping: boolean): void {
    this.write(UNLOCK_KEY, LOCK);
    this.write(this.load, LOAD);
    this.write(1, INTCLR);
    if (!ping) this.write(ENABLE, CONTROL);
    this.#lock();
  }

  #lock(): void {
    this.write(1, LOCK);
    expect(this.read(LOCK)).toBe(1); // the driver reads it to have its writes arrive
  }
}

const driver = (options = "", rate?: number) => new Driver(lab(`vdev wdt-sp805 intr gic:49 ${options}`), rate);

describe("sp805_wdt", () => {
  it("finds the part, and does not start it by looking", () => {
    const dog = driver().probe();
    dog.pass(3600n * SECOND);
    expect([dog.runsAlready, dog.bitten, dog.one.vm.lines.level("gic", 49)]).toEqual([false, false, false]);
  });

  // 2 x (load + 1) ticks are the timeout. The core's smallest is 1 s; a 32-bit counter twice at 25 MHz is 343.59 s.
  it.each([1, 2, 30, 60, 343])("bites %i s after the last ping, and not before", (seconds) => {
    const dog = driver().probe(seconds);
    dog.enable();
    for (let i = 0; i < 3; i++) {
      dog.pass(BigInt(seconds) * SECOND - 41n); // a tick is 40 ns, and the last zero one tick early: 2N + 1 of 2N + 2
      expect(dog.bitten).toBe(false);
      dog.ping();
    }
    dog.pass(BigInt(seconds) * SECOND - 41n);
    expect(dog.bitten).toBe(false);
    dog.pass(1041n); // a bite may be 1 us late
    expect(dog.bitten).toBe(true);
  });

  it("rounds a timeout beyond the counter down to what the counter has, and tells that", () => {
    const dog = driver().probe(100_000);
    expect([dog.load, dog.timeout]).toEqual([0xffffffff, 344]);
    dog.enable();
    dog.pass(343n * SECOND);
    expect(dog.bitten).toBe(false);
    dog.pass(SECOND);
    expect(dog.bitten).toBe(true);
  });

  it("tells the time that is left, before the interrupt and after it", () => {
    const dog = driver().probe(60);
    dog.enable();
    const told: number[] = [dog.timeLeft()];
    for (let i = 0; i < 5; i++) {
      dog.pass(10n * SECOND);
      told.push(dog.timeLeft());
    }
    expect(told).toEqual([59, 49, 39, 29, 19, 9]);
    expect(dog.read(RIS)).toBe(1);
    dog.ping();
    expect([dog.read(RIS), dog.timeLeft()]).toEqual([0, 59]);
  });

  it("changes the timeout while it runs", () => {
    const dog = driver().probe(60);
    dog.enable();
    dog.pass(50n * SECOND);
    dog.setTimeout(10);
    dog.ping();
    expect(dog.timeLeft()).toBe(9);
    dog.pass(9n * SECOND);
    expect(dog.bitten).toBe(false);
    dog.pass(SECOND);
    expect(dog.bitten).toBe(true);
  });

  it("stops it, and what others write behind the lock does not start it", () => {
    const dog = driver().probe(5);
    dog.enable();
    dog.pass(4n * SECOND);
    dog.disable();
    dog.write(ENABLE, CONTROL);
    dog.write(1, LOAD);
    dog.pass(1000n * SECOND);
    expect([dog.bitten, dog.read(CONTROL) & ENABLE]).toEqual([false, 0]);
    dog.enable();
    dog.pass(5n * SECOND);
    expect(dog.bitten).toBe(true);
  });

  it("sees one that firmware started, takes it over, and gives it its own time", () => {
    const dog = driver();
    dog.write(25_000_000, LOAD);
    dog.write(ENABLE, CONTROL);
    dog.pass(SECOND);
    dog.probe(60);
    expect([dog.runsAlready, dog.timeLeft()]).toEqual([true, 59]);
    dog.pass(59n * SECOND);
    expect(dog.bitten).toBe(false);
  });

  it.each([false, true])("restarts the machine at once, from a stopped watchdog and a running one (%s)", (running) => {
    const dog = driver().probe(60);
    if (running) dog.enable();
    dog.restart();
    dog.pass(2000n);
    expect(dog.bitten).toBe(true);
  });

  it("sleeps and wakes: stopped by suspend, started again by resume with all of its time", () => {
    const dog = driver().probe(30);
    dog.enable();
    dog.pass(29n * SECOND);
    dog.disable();
    dog.pass(86_400n * SECOND);
    dog.enable();
    expect(dog.timeLeft()).toBe(29);
    dog.pass(29n * SECOND);
    expect(dog.bitten).toBe(false);
  });

  it.each([32_768, 1_000_000, 4_000_000_000])("keeps time when its clock has %i Hz", (rate) => {
    const dog = driver(`frequency ${rate}`, rate).probe(2);
    dog.enable();
    expect(dog.timeLeft()).toBe(1);
    const ends = BigInt(Math.floor(((dog.load + 1) * 2 * 1e9) / rate));
    dog.pass(ends - 2n * BigInt(Math.ceil(1e9 / rate)) - 1n);
    expect(dog.bitten).toBe(false);
    dog.pass(2n * BigInt(Math.ceil(1e9 / rate)) + 1001n);
    expect(dog.bitten).toBe(true);
  });

  it("makes no mistake that the watchdog would count", () => {
    const dog = driver().probe(60);
    dog.enable();
    dog.ping();
    dog.timeLeft();
    dog.disable();
    dog.probe(10);
    expect(dog.one.status()[2]).toBe(
      "lost: 0 writes while locked, 0 writes and 0 reads of nothing, 0 misaligned accesses",
    );
    expect(dog.one.vm.findings.all).toEqual([]);
  });
});
