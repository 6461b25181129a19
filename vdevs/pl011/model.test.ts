/** Oracle: a UART that ticks bit by bit, against the vdev that computes its times. Both follow Arm DDI 0183. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { deviceLab } from "../../test/support/device.ts";
import * as R from "./registers.ts";

const BASE = 0x1c090000;
const BIT_NS = 1000n; // 16 MHz, divisor 1
const HOST_BUFFER = 64;
const lab = deviceLab("pl011");

interface Shift {
  character: number;
  bits: number;
}

class Model {
  tx: number[] = [];
  rx: number[] = [];
  txShift: Shift | undefined;
  rxShift: Shift | undefined;
  breakBits: number | undefined;
  breakSeen = false;
  quietBits: number | undefined;
  lcr = 0;
  cr = 0x300;
  ifls = 0x12;
  imsc = 0;
  ris = 0;
  rsr = 0;
  overrun = false;
  modem = 0;
  hostIn: number[] = [];
  hostOut: number[] = [];
  hostHeld: number[] | undefined;

  get fifos() {
    return (this.lcr & R.LCR_FEN) !== 0;
  }
  get depth() {
    return this.fifos ? 32 : 1;
  }
  get loop() {
    return (this.cr & R.CR_LBE) !== 0;
  }
  level(code: number) {
    return [4, 8, 16, 24, 28, 28, 28, 28][code]!;
  }
  get txLevel() {
    return this.fifos ? this.level(this.ifls & 7) : 0;
  }
  get rxLevel() {
    return this.fifos ? this.level(this.ifls >> 3) : 1;
  }
  get frameBits() {
    return 7 + ((this.lcr >> 5) & 3) + (this.lcr & R.LCR_PEN ? 1 : 0) + (this.lcr & R.LCR_STP2 ? 1 : 0);
  }
  get dataMask() {
    return (1 << (5 + ((this.lcr >> 5) & 3))) - 1;
  }
  on(bit: number) {
    return (this.cr & bit) !== 0 && (this.cr & R.CR_UARTEN) !== 0;
  }
  get inputs() {
    if (!this.loop) return 0;
    const rts = this.cr & R.CR_RTSEN ? this.rx.length < this.rxLevel : (this.cr & R.CR_RTS) !== 0;
    return (
      (rts ? 1 : 0) | (this.cr & R.CR_DTR ? 2 : 0) | (this.cr & R.CR_OUT1 ? 4 : 0) | (this.cr & R.CR_OUT2 ? 0x100 : 0)
    );
  }

  tick() {
    const due = {
      tx: this.txShift !== undefined && this.txShift.bits > 0 && --this.txShift.bits === 0,
      rx: this.rxShift !== undefined && --this.rxShift.bits === 0,
      broken: this.breakBits !== undefined && --this.breakBits === 0,
      quiet: this.quietBits !== undefined && --this.quietBits === 0,
    };
    if (due.tx) this.begin(); // which sends what has no bits left
    if (due.rx) {
      const { character } = this.rxShift!;
      this.rxShift = undefined;
      this.arrive(character);
      this.begin();
    }
    if (due.broken && this.breakBits === 0) {
      this.breakBits = undefined;
      this.breakSeen = true;
      const odd = (this.lcr & R.LCR_PEN) !== 0 && (this.lcr & R.LCR_EPS) === 0;
      this.arrive(R.DR_BE | R.DR_FE | (odd ? R.DR_PE : 0));
      this.begin();
    }
    if (due.quiet && this.quietBits === 0) {
      this.quietBits = undefined;
      if (this.rx.length > 0) this.ris |= R.INT_RT;
      this.begin();
    }
  }

  begin() {
    if (this.txShift?.bits === 0 && this.leave(this.txShift.character)) this.txShift = undefined;
    const cts = (this.cr & R.CR_CTSEN) === 0 || (this.inputs & R.FR_CTS) !== 0;
    const breaking = (this.lcr & R.LCR_BRK) !== 0;
    if (this.txShift === undefined && this.tx.length > 0 && this.on(R.CR_TXE) && cts && !breaking) {
      this.txShift = { character: this.tx.shift()! & this.dataMask, bits: this.frameBits };
      if (this.tx.length === this.txLevel) this.ris |= R.INT_TX;
    }
    if (breaking && this.loop && this.on(R.CR_TXE) && this.txShift === undefined) {
      if (!this.breakSeen) this.breakBits ??= this.frameBits;
    } else {
      this.breakBits = undefined;
      this.breakSeen = false;
    }
    const wanted = (this.cr & R.CR_RTSEN) === 0 || this.rx.length < this.rxLevel;
    if (this.rxShift === undefined && this.hostIn.length > 0 && this.on(R.CR_RXE) && !this.loop && wanted) {
      this.rxShift = { character: this.hostIn.shift()! & this.dataMask, bits: this.frameBits };
    }
    const changed = this.inputs ^ this.modem;
    this.modem = this.inputs;
    for (const [input, interrupt] of [
      [1, R.INT_CTS],
      [2, R.INT_DSR],
      [4, R.INT_DCD],
      [0x100, R.INT_RI],
    ] as const)
      if (changed & input) this.ris |= interrupt;
  }

  leave(character: number): boolean {
    if (this.loop) this.arrive(character);
    else if (this.hostHeld === undefined) this.hostOut.push(character);
    else if (this.hostHeld.length < HOST_BUFFER) this.hostHeld.push(character);
    else return false;
    return true;
  }

  arrive(character: number) {
    if (this.loop && !this.on(R.CR_RXE)) return;
    this.quietBits = 32;
    if (this.rx.length >= this.depth) {
      this.overrun = true;
      this.rsr |= 8;
      this.ris |= R.INT_OE;
      return;
    }
    if (character & R.DR_FE) this.ris |= R.INT_FE;
    if (character & R.DR_PE) this.ris |= R.INT_PE;
    if (character & R.DR_BE) this.ris |= R.INT_BE;
    this.rx.push(this.overrun ? character | R.DR_OE : character);
    this.overrun = false;
    if (this.rx.length === this.rxLevel) this.ris |= R.INT_RX;
  }

  read(): number {
    const character = this.rx.shift();
    if (character === undefined) return 0;
    this.rsr = (this.rsr & 8) | ((character >> 8) & 7);
    if (this.rx.length < this.rxLevel) this.ris &= ~R.INT_RX;
    if (this.rx.length === 0) {
      this.ris &= ~R.INT_RT;
      this.quietBits = undefined;
    }
    this.begin();
    return character;
  }

  write(offset: number, value: number) {
    if (offset === R.UARTDR_RW && this.tx.length < this.depth) {
      this.tx.push(value);
      if (this.tx.length > this.txLevel) this.ris &= ~R.INT_TX;
    }
    if (offset === R.UARTRSR_RW) this.rsr = 0;
    if (offset === R.UARTLCR_H_RW) {
      if ((value ^ this.lcr) & R.LCR_FEN) {
        this.tx = [];
        this.rx = [];
        this.quietBits = undefined;
        this.ris &= ~(R.INT_RX | R.INT_RT);
      }
      this.lcr = value;
    }
    if (offset === R.UARTCR_RW) this.cr = value;
    if (offset === R.UARTIFLS_RW) this.ifls = value;
    if (offset === R.UARTIMSC_RW) this.imsc = value;
    if (offset === R.UARTICR_W1C) this.ris &= ~value;
    this.begin();
  }

  hold(held: boolean) {
    if (held) this.hostHeld ??= [];
    else if (this.hostHeld !== undefined) {
      this.hostOut.push(...this.hostHeld);
      this.hostHeld = undefined;
      this.begin();
    }
  }

  state() {
    const flags =
      this.inputs |
      (this.txShift !== undefined || this.tx.length > 0 ? R.FR_BUSY : 0) |
      (this.rx.length === 0 ? R.FR_RXFE : 0) |
      (this.tx.length === this.depth ? R.FR_TXFF : 0) |
      (this.rx.length === this.depth ? R.FR_RXFF : 0) |
      (this.tx.length === 0 ? R.FR_TXFE : 0);
    const mis = this.ris & this.imsc;
    return { line: mis !== 0, flags, ris: this.ris, mis, rsr: this.rsr, out: this.hostOut };
  }
}

/** A word whose bits are set as often as `[bit, percent]` says: drivers keep a UART working most of the time. */
const often = (...choices: [number, number][]) =>
  fc
    .tuple(...choices.map(() => fc.nat(99)))
    .map((draws) => choices.reduce((word, [bit, percent], i) => word | (draws[i]! < percent ? bit : 0), 0));
const write = (offset: number, value: fc.Arbitrary<number>) =>
  value.map((number) => ({ kind: "write" as const, offset, value: number }));
const kind = <K extends string, T extends object>(name: K, rest: { [P in keyof T]: fc.Arbitrary<T[P]> }) =>
  fc.record({ kind: fc.constant(name), ...rest }) as unknown as fc.Arbitrary<{ kind: K } & T>;
const lineControl = often(
  [R.LCR_BRK, 10],
  [R.LCR_PEN, 40],
  [R.LCR_EPS, 50],
  [R.LCR_STP2, 30],
  [R.LCR_FEN, 85],
  [0x20, 70],
  [0x40, 70],
);
const control = often(
  [R.CR_UARTEN, 95],
  [R.CR_TXE, 92],
  [R.CR_RXE, 95],
  [R.CR_LBE, 25],
  [R.CR_RTSEN, 20],
  [R.CR_CTSEN, 8],
  [R.CR_RTS, 40],
  [R.CR_DTR, 40],
  [R.CR_OUT1, 40],
  [R.CR_OUT2, 40],
);
const operation = fc.oneof(
  { weight: 4, arbitrary: write(R.UARTDR_RW, fc.nat(255)) },
  { weight: 8, arbitrary: kind("read", { count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 12, arbitrary: kind("step", { bits: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 8, arbitrary: kind("send", { bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) }) },
  { weight: 3, arbitrary: kind("burst", { count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: kind("hold", { held: fc.boolean() }) },
  { weight: 1, arbitrary: write(R.UARTLCR_H_RW, lineControl) },
  { weight: 1, arbitrary: write(R.UARTCR_RW, control) },
  { weight: 1, arbitrary: write(R.UARTIFLS_RW, fc.nat(0x3f)) },
  { weight: 2, arbitrary: write(R.UARTIMSC_RW, fc.nat(0x7ff)) },
  { weight: 4, arbitrary: write(R.UARTICR_W1C, fc.oneof(fc.constant(0x7ff), fc.nat(0x7ff))) },
  { weight: 1, arbitrary: write(R.UARTRSR_RW, fc.constant(0)) },
);
/** How every case begins: as a driver sets the UART up. */
const SETUP = [
  { kind: "write" as const, offset: R.UARTLCR_H_RW, value: R.LCR_FEN | 0x60 },
  { kind: "write" as const, offset: R.UARTIFLS_RW, value: 0 },
  { kind: "write" as const, offset: R.UARTCR_RW, value: R.CR_UARTEN | R.CR_TXE | R.CR_RXE },
];

it("does what the model does, whatever guest and host do and however time passes", () => {
  const one = lab("vdev pl011 loc 0x1c090000 intr gic:37 clock 16000000 hostdev -");
  const { vm } = one;
  const get = (offset: number) => one.get(BASE + offset);
  const reset = new VmSnapshot(vm);
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150, size: "max" }), (operations) => {
      reset.restore();
      const events = one.events.length;
      const model = new Model();
      for (const todo of [...SETUP, ...operations]) {
        if (todo.kind === "write") {
          one.set(BASE + todo.offset, todo.value);
          model.write(todo.offset, todo.value);
        } else if (todo.kind === "burst") {
          for (let i = 0; i < todo.count; i++) {
            one.set(BASE, i);
            model.write(R.UARTDR_RW, i);
          }
        } else if (todo.kind === "read") {
          for (let i = 0; i < todo.count; i++) expect(get(R.UARTDR_RW)).toBe(model.read());
        } else if (todo.kind === "send") {
          vm.character.send("pl011", todo.bytes);
          model.hostIn.push(...todo.bytes);
          model.begin();
        } else if (todo.kind === "hold") {
          vm.character.hold("pl011", todo.held);
          model.hold(todo.held);
        } else {
          vm.clockStep(BigInt(todo.bits) * BIT_NS);
          for (let i = 0; i < todo.bits; i++) model.tick();
        }
        // Line first: it must not need a look at the registers.
        const line = vm.lines.level("gic", 37);
        const out = one.events.slice(events).flatMap((event) => (event.kind === "output" ? [...event.bytes] : []));
        const [flags, ris, mis, rsr] = [R.UARTFR_RO, R.UARTRIS_RO, R.UARTMIS_RO, R.UARTRSR_RW].map(get);
        expect({ line, flags, ris, mis, rsr, out }).toEqual(model.state());
      }
    }),
    { numRuns: 60 },
  );
  expect(vm.findings.all).toEqual([]);
});
