/** Oracle: README.md beside this file, which follows Arm DDI 0183. */
import { describe, expect, it } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import type { DeviceLab } from "../../test/support/device.ts";
import {
  BASE,
  bytesOut,
  CHARACTER,
  FIFOS,
  get,
  lab,
  line,
  ON,
  out,
  pl011,
  send,
  set,
  uart,
} from "../../test/support/pl011.ts";
import { read, write } from "../../test/support/vm.ts";
import * as R from "./registers.ts";

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

  it("where no register is counts as misuse, each time", () => {
    const one = pl011();
    for (const offset of [0x008, 0x01c, 0x04c, 0x080, 0xfdc]) {
      set(one, offset, 0xffffffff);
      get(one, offset);
    }
    expect(one.status()[2]).toMatch(/^misuse: 10 reserved offsets, 0 wrong directions/);
  });
});

describe("the configuration", () => {
  it.each([
    "clock 0",
    "clock x",
    "clock 1x",
    "clock -1",
    "clock 010",
    "clock 24M",
    "clock 4294967296",
    "clock 18446744073709551617",
    "delayed -9",
    "delayed 1x",
    "delayed 010",
    "batch soon",
    "batch forever",
    "modem rts",
    "modem cts,",
    "modem ,cts",
    'modem ""',
    "modem ctsdsr",
  ])("refuses %s", (option) => expect(() => pl011(option)).toThrow(/with EINVAL/));

  it.each(["clock 1", "clock 0xFFFFFFFF", "delayed 0", "delayed 5", "delayed forever", "batch 2000"])(
    "takes %s",
    (option) => {
      expect(pl011(option).vm.ended).toBeUndefined();
    },
  );

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
