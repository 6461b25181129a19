/**
 * A controller that is a vdev, in AssemblyScript, with two vdevs on its lines. Oracle: a model of the controller that is
 * written here, from the words at the head of the module and not from its code.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENXIO } from "../../abi/generated/constants.ts";
import { UserError } from "../../host/errors.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import { stateDigest, VmSnapshot } from "../../host/vm/snapshot.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { read, write } from "../support/vm.ts";
import { AT, CLIENT, compileModules, GIS, machine, PIC, vmOfText } from "./modules.ts";

let folder: string;
let remove: () => void;
beforeAll(async () => {
  ({ folder, remove } = await compileModules());
}, 60_000);
afterAll(() => remove());

const value = (vm: Vm, address: bigint) => {
  const [status, got] = read(vm, address);
  expect(status).toBe(AccessStatus.done);
  return Number(got);
};
const put = (vm: Vm, address: bigint, to: number | bigint) =>
  expect(write(vm, address, BigInt(to))).toBe(AccessStatus.done);

/** One thing a guest makes happen. */
type Act =
  | { readonly what: "signal" | "extra"; readonly who: "a" | "b"; readonly on: boolean }
  | { readonly what: "mask"; readonly bits: number }
  | { readonly what: "ack"; readonly bits: number };

/** The controller as its description has it: lines held by names, bits kept in sets. */
class Model {
  readonly #held = new Map<number, Set<string>>();
  readonly #latched = new Set<number>();
  #mask = 0;
  #edge = 0;

  signal(line: number, who: string, on: boolean): void {
    const before = this.#up(line);
    const held = this.#held.get(line) ?? new Set();
    this.#held.set(line, held);
    if (on) held.add(who);
    else held.delete(who);
    if (!before && this.#up(line) && this.#isEdge(line)) this.#latched.add(line);
  }

  set mask(mask: number) {
    this.#mask = mask;
  }

  /** Only set before anything is up: what a change in mid-flight does is the module's own affair. */
  set edge(edge: number) {
    this.#edge = edge;
  }

  ack(bits: number): void {
    for (const line of [...this.#latched]) if ((bits >> line) & 1) this.#latched.delete(line);
  }

  message(data: number): void {
    this.#latched.add(data & 7);
  }

  get lines(): number {
    return this.#bits((line) => this.#up(line));
  }

  get pending(): number {
    return this.#bits((line) => this.#latched.has(line) || (this.#up(line) && !this.#isEdge(line)));
  }

  get output(): boolean {
    return (this.pending & ~this.#mask) !== 0;
  }

  #up(line: number): boolean {
    return (this.#held.get(line)?.size ?? 0) > 0;
  }

  #isEdge(line: number): boolean {
    return ((this.#edge >> line) & 1) === 1;
  }

  #bits(holds: (line: number) => boolean): number {
    return [0, 1, 2, 3, 4, 5, 6, 7].reduce((bits, line) => bits | (holds(line) ? 1 << line : 0), 0);
  }
}

describe.each(["shared", "private"])("with instances %s", (instances) => {
  const SHARED = `set vdevbox-instances ${instances}`;

  it("agrees with the model over any row of signals, masks and acknowledgements", () => {
    // Both clients share line 2, and each has one of its own through its second interrupt.
    const { vm } = vmOfText(folder, machine("intr pic0:2 extra pic0:b", "intr pic0:2 extra pic0:5", SHARED));
    const start = new VmSnapshot(vm);
    const act = fc.oneof(
      fc.record({ what: fc.constant("signal" as const), who: fc.constantFrom("a", "b"), on: fc.boolean() }),
      fc.record({ what: fc.constant("extra" as const), who: fc.constantFrom("a", "b"), on: fc.boolean() }),
      fc.record({ what: fc.constantFrom("mask" as const, "ack" as const), bits: fc.integer({ min: 0, max: 0xff }) }),
    );
    const run = (edge: number, acts: readonly Act[]) => {
      start.restore();
      const model = new Model();
      model.edge = edge;
      put(vm, AT.pic + PIC.edge, edge);
      for (const one of acts) {
        if (one.what === "mask") {
          model.mask = one.bits;
          put(vm, AT.pic + PIC.mask, one.bits);
        } else if (one.what === "ack") {
          model.ack(one.bits);
          put(vm, AT.pic + PIC.ack, one.bits);
        } else {
          const line = one.what === "signal" ? 2 : one.who === "a" ? 1 : 5;
          model.signal(line, one.who, one.on);
          const register = one.what === "signal" ? CLIENT.signal : CLIENT.extra;
          put(vm, AT[one.who] + register, one.on ? GIS.on : GIS.off);
        }
        expect(value(vm, AT.pic + PIC.lines)).toBe(model.lines);
        expect(value(vm, AT.pic + PIC.pending)).toBe(model.pending);
        expect(vm.lines.level("gic", 40)).toBe(model.output);
        expect(vm.lines.level("pic0", 2)).toBe(((model.lines >> 2) & 1) === 1);
      }
      expect(vm.findings.all).toEqual([]);
    };
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xff }), fc.array(act, { maxLength: 30 }), run), { numRuns: 60 });
  });

  it("tells the VM what the guest unmasked and acknowledged, of lines that are in use", () => {
    const { vm, events } = vmOfText(folder, machine("intr pic0:3", "intr pic0:4", SHARED));
    expect(value(vm, AT.pic + PIC.asked)).toBe(0b11000);
    put(vm, AT.pic + PIC.mask, 0xff);
    put(vm, AT.a + CLIENT.signal, GIS.on);
    put(vm, AT.pic + PIC.mask, 0);
    put(vm, AT.pic + PIC.ack, 0xff);
    const told = events.filter((event) => event.kind === "guest-intr");
    expect(told.map(({ line, ack, unmask }) => ({ line, ack, unmask }))).toEqual([
      { line: 3, ack: false, unmask: true },
      { line: 4, ack: false, unmask: true },
      { line: 3, ack: true, unmask: false },
    ]);
    expect(vm.lines.report().find(({ line }) => line === "pic0:3")).toMatchObject({ raised: 1, taken: 1, high: true });
  });

  it("is put back by a snapshot, its module's state and its lines together", () => {
    const { vm } = vmOfText(folder, machine("intr pic0:2", "intr pic0:2", SHARED));
    put(vm, AT.a + CLIENT.signal, GIS.on);
    const snapshot = new VmSnapshot(vm);
    const before = stateDigest(vm);
    put(vm, AT.b + CLIENT.signal, GIS.on);
    put(vm, AT.a + CLIENT.signal, GIS.off);
    put(vm, AT.a + CLIENT.target, AT.pic + 0x10000000n);
    put(vm, AT.a + CLIENT.message, 3);
    snapshot.restore();
    expect(stateDigest(vm)).toBe(before);
    put(vm, AT.a + CLIENT.signal, GIS.off);
    expect(vm.lines.high()).toEqual([]);
    expect(value(vm, AT.pic + PIC.pending)).toBe(0);
  });
});

describe("a line of a controller", () => {
  it("answers what the controller answers, and a query for ISRs reaches it", () => {
    const { vm } = vmOfText(folder, machine("intr pic0:2", "intr gic:41"));
    put(vm, AT.a + CLIENT.signal, GIS.isr); // this controller changes nothing and answers EOK
    expect(value(vm, AT.a + CLIENT.result)).toBe(0);
    put(vm, AT.b + CLIENT.signal, GIS.isr);
    expect(value(vm, AT.b + CLIENT.result) | 0).toBe(-95); // -ENOTSUP: a host controller is no ISR's
    put(vm, AT.a + CLIENT.signal, GIS.on | GIS.off);
    expect(value(vm, AT.a + CLIENT.result)).toBe(22); // EINVAL
    expect(vm.lines.high()).toEqual([]);
  });

  it("is level-triggered as a vdev is told, as the hardware of a host controller is", () => {
    const { vm } = vmOfText(folder, machine("intr pic0:2", "intr 8259:5"));
    expect(value(vm, AT.a + CLIENT.level)).toBe(1);
    expect(value(vm, AT.b + CLIENT.level)).toBe(0);
  });

  it("has the text its controller gives it", () => {
    const { vm } = vmOfText(folder, machine("intr pic0:2", "intr gic:1"));
    put(vm, AT.a + CLIENT.text, 0);
    expect(value(vm, AT.a + CLIENT.result)).toBe("pic0:c".length);
    expect(
      Buffer.from([0, 8, 16, 24].map((shift) => (value(vm, AT.a + CLIENT.text) >>> shift) & 0xff)).toString(),
    ).toBe("pic\0");
    put(vm, AT.b + CLIENT.text, 0);
    expect(value(vm, AT.b + CLIENT.result)).toBe("gic:1".length);
  });

  it("may not be written as text into memory that was allocated while running", () => {
    const { vm } = vmOfText(folder, machine("intr pic0:2", "intr gic:41"));
    expect(write(vm, AT.a + CLIENT.text, 1n)).toBe(AccessStatus.busError);
    const [finding] = vm.findings.all;
    expect(finding).toMatchObject({
      severity: "violation",
      rule: "thread-safety",
      call: { name: "guest_intr_string" },
    });
    expect(finding!.stack[0]!.file).toMatch(/client\.ts$/);
  });

  it("is chosen by itself for a vdev that asks: of the first controller, and for it alone", () => {
    const { vm } = vmOfText(folder, machine("auto", "auto"));
    put(vm, AT.a + CLIENT.signal, GIS.on);
    put(vm, AT.b + CLIENT.signal, GIS.on);
    expect(vm.lines.high()).toEqual(["gic:40", "pic0:0", "pic0:1"]);
  });
});

describe("a message", () => {
  it("reaches the controller that has registered its address, with data and cookie", () => {
    const { vm, events } = vmOfText(folder, machine("", ""));
    const target = AT.pic + 0x10000000n;
    put(vm, AT.a + CLIENT.target, target + 8n); // the mask leaves the low twelve bits out
    put(vm, AT.a + CLIENT.message, 0x23);
    expect(value(vm, AT.a + CLIENT.result)).toBe(0);
    expect(value(vm, AT.pic + PIC.address)).toBe(Number(target) + 8);
    expect(value(vm, AT.pic + PIC.message)).toBe(0x23 | (7 << 16));
    expect(value(vm, AT.pic + PIC.pending)).toBe(1 << 3);
    expect(vm.lines.level("gic", 40)).toBe(true);
    expect(events.filter((event) => event.kind === "msi")).toEqual([
      { kind: "msi", source: "a", address: target + 8n, data: 0x23, target: "pic0" },
    ]);
  });

  it("to the local APIC of a PC is its vector, an edge that waits to be taken", () => {
    const { vm } = vmOfText(folder, machine("", ""));
    put(vm, AT.a + CLIENT.target, 0xfee00000);
    put(vm, AT.a + CLIENT.message, 0x41);
    const vector = vm.lines.at(vm.interrupts.controllers.apic, 0x41);
    expect(vector.high).toBe(false);
    expect(vm.lines.take(vector)).toBe(true);
    expect(vm.lines.take(vector)).toBe(false);
  });

  it("pulses a line of a gic with an MSI frame, and only the lines the frame has", () => {
    const { vm } = vmOfText(folder, machine("", "", "vdev gic msi 0x2d000000,64,2"));
    put(vm, AT.a + CLIENT.target, 0x2d000040);
    for (const [data, result] of [
      [64, 0],
      [65, 0],
      [66, ENXIO],
      [63, ENXIO],
    ] as const) {
      put(vm, AT.a + CLIENT.message, data);
      expect(value(vm, AT.a + CLIENT.result)).toBe(result);
    }
    expect(vm.lines.report().map(({ line, raised, high }) => [line, raised, high])).toEqual([
      ["gic:64", 1, false],
      ["gic:65", 1, false],
    ]);
  });

  it("that nobody takes is refused and counted", () => {
    const { vm } = vmOfText(folder, machine("", ""));
    put(vm, AT.a + CLIENT.target, 0x12345678);
    put(vm, AT.a + CLIENT.message, 1);
    put(vm, AT.a + CLIENT.message, 1);
    expect(value(vm, AT.a + CLIENT.result)).toBe(ENXIO);
    expect(vm.interrupts.msis.counts).toEqual([{ address: 0x12345678n, data: 1, target: "", times: 2 }]);
  });
});

describe("a configuration", () => {
  const sentence = (text: string) => {
    try {
      vmOfText(folder, text);
    } catch (error) {
      if (error instanceof UserError) return error.toString();
      throw error;
    }
    return "started";
  };

  it.each([
    [machine("intr nobody:2", ""), /no interrupt controller nobody; known are pic0, gic, ioapic, 8259/],
    [
      machine("intr pik0:2", ""),
      /there is no interrupt controller pik0 \(did you mean "pic0"\?\); known are pic0, gic,/,
    ],
    [machine("intr pic0:9", ""), /test.qvmconf:4:.*pic0 knows no line 9/],
    [machine("intr b:1", ""), /b comes after a: put the stanza of a controller before its users'/],
    [machine("", "intr a:1"), /a is no interrupt controller/],
    ["vdev pic name p loc 0x1000 intr p:1", /p cannot interrupt itself/],
    ["vdev pic name p:1 loc 0x1000", /"p:1" cannot have a colon in its name/],
    ["vdev pic name apic loc 0x1000", /cannot be named apic/],
    ["vdev client loc 0x1000 intr pic9:1\nvdev ioapic name pic9", /pic9 comes after client/],
    ["vdev ioapic name pic9\nvdev client loc 0x1000 intr ioapic:1", /no interrupt controller ioapic; known are pic9/],
    ["vdev ioapic name pic9\nvdev client loc 0x1000 intr pic9:24", /pic9 has lines 0 to 23, and not 24/],
    ["vdev ioapic name x\nvdev pic name x loc 0x1000", /two interrupt controllers are named x/],
    ["vdev ioapic name p:9", /an interrupt controller cannot be named p:9: a colon ends the name/],
    ["vdev client loc 0x1000 intr apic:65", /apic:65 cannot be named in a configuration/],
    ["vdev ioapic speed 5", /"speed" is not an option of vdev ioapic/],
    ["vdev gic msi 0x1000", /"msi" takes ADDRESS,BASE,COUNT/],
    ["vdev gic msi 0x1000,1000,21", /msi of gic names lines up to 1020, and it has 1020/],
    ["vdev ioapic intr gic:5", /write `intr apic`/],
    ["vdev ioapic intr apic", /^started$/],
    ["vdev gic intr apic", /:1:15: .* leave `intr` out: `intr apic` is for an ioapic/],
    ["vdev 8259 intr apic", /:1:16: .* leave `intr` out/],
    ["vdev pic loc 0x1000 intr apic", /^started$/],
    ["vdev client loc 0x1000 intr apic", /:1:29: vdev client is no interrupt controller, and `intr apic` is for an/],
    ["vdev gic version 9", /:1:18: the version of a gic must be one of 2, 3, not "9"/],
    ["vdev gic version 2 msi 0x2d000000,64,2", /^started$/],
    ["vdev gic version 3 msi 0x2d000000,64,2", /:1:18: a gic has msi in version 2 only/],
    ["vdev gic gicd here", /:1:15: the address of gicd must be a number/],
    ["vdev gic num-lpis many", /:1:19: the number of LPIs must be a number/],
    ["vdev gic verison 3", /\(did you mean "version"\?\)/],
    ["vdev gic lock 3", /\(did you mean "loc"\?\)/],
    // A stanza of a controller every VM has is that controller, with a name and without.
    [
      "vdev client loc 0x1000 intr gic:40\nvdev gic version 3",
      /^test.qvmconf:1:29: gic comes after client: .* at test.qvmconf:2:1$/,
    ],
    [
      "vdev client loc 0x1000 intr gic:40\nvdev gic name g",
      /^test.qvmconf:1:29: gic comes after client: .* at test.qvmconf:2:1$/,
    ],
    ["vdev client loc 0x1000 intr 8259:4\nvdev 8259 loc io:0x20", /8259 comes after client/],
    ["vdev gic name g\nvdev client loc 0x1000 intr g:40\nvdev gic name h", /^started$/],
    ["vdev client loc 0x1000 intr gic:40\nvdev ioapic name x", /^started$/],
    // Two 8259s are a pair when their places are those of one, and nothing else is.
    ["vdev 8259 loc io:0x20\nvdev 8259 loc io:0x20", /two interrupt controllers are named 8259/],
    ["vdev 8259 loc io:0x20\nvdev 8259 loc mem:0xa0", /two interrupt controllers are named 8259/],
    ["vdev 8259 loc io:0x20\nvdev 8259", /two interrupt controllers are named 8259/],
    ["vdev 8259 loc io:0x20\nvdev 8259 loc io:0xa0\nvdev 8259 loc io:0xa0", /two interrupt controllers are named 8259/],
    ["vdev 8259 loc io:0x20\nvdev 8259 loc io:0xa0\nvdev 8259 loc io:0x20", /two interrupt controllers are named 8259/],
    ["vdev 8259 loc io:0x20\nvdev 8259 loc io:0xa0\nvdev client loc 0x1000 intr 8259:16", /8259 has lines 0 to 15/],
    ["vdev 8259 loc io:0x20\nvdev 8259 loc io:0xa0 speed 5", /:2:23: "speed" is not an option of vdev 8259/],
  ])("%s", (text, expected) => {
    expect(sentence(text)).toMatch(expected);
  });

  it("keeps the lines it names out of automatic assignment, wherever they stand", () => {
    const text = `vdev gic name g
      vdev client name a loc 0x1c010000 auto
      vdev client name b loc 0x1c020000 intr g:32`;
    const { vm } = vmOfText(folder, text);
    put(vm, AT.a + CLIENT.signal, GIS.on);
    expect(vm.lines.high()).toEqual(["g:33"]); // 32 is the first SPI
  });

  it.each([
    ["io:0x20", "io:0xa0"],
    ["io:0xa0", "io:0x20"],
    ["0x20", "0xa0"],
  ])("has the two 8259s of a PC, at %s and %s, as one controller of 16 lines", (first, second) => {
    const text = `vdev 8259 loc ${first}
      vdev client name a loc 0x1c010000 intr 8259:4
      vdev 8259 loc ${second}
      vdev client name b loc 0x1c020000 intr 8259:12`;
    const { vm } = vmOfText(folder, text);
    put(vm, AT.a + CLIENT.signal, GIS.on);
    put(vm, AT.b + CLIENT.signal, GIS.on);
    expect(vm.lines.high()).toEqual(["8259:12", "8259:4"]);
    const controllers = vm.interrupts.controllers.all.filter((pic) => pic.kind === "host" && pic.type === "8259");
    expect(controllers.map(({ name, lines }) => [name, lines])).toEqual([["8259", 16]]);
  });

  it("leaves 8259s with names apart", () => {
    const text = `vdev 8259 loc io:0x20 name a0
      vdev 8259 loc io:0xa0 name b0
      vdev client name a loc 0x1c010000 intr a0:1
      vdev client name b loc 0x1c020000 intr b0:1`;
    const { vm } = vmOfText(folder, text);
    put(vm, AT.b + CLIENT.signal, GIS.on);
    expect(vm.lines.high()).toEqual(["b0:1"]);
  });

  it("may give a host controller a name, and says what has no effect", () => {
    const text = "vdev ioapic loc 0xf8000000 intr apic name pic9\nvdev client loc 0x1c010000 intr pic9:4";
    const { vm, events } = vmOfText(folder, text);
    put(vm, AT.a + CLIENT.signal, GIS.on);
    expect(vm.lines.high()).toEqual(["pic9:4"]);
    expect(events.find((event) => event.kind === "log")).toMatchObject({
      severity: "warn",
      text: expect.stringMatching(/pic9 .*without registers: loc, intr apic has no effect/),
    });
  });

  it("may stack controllers", () => {
    const text = `vdev pic name low loc 0x1c000000 intr gic:40
      vdev pic name high loc 0x1c030000 intr low:7
      vdev client name a loc 0x1c010000 intr high:0`;
    const { vm } = vmOfText(folder, text);
    put(vm, AT.a + CLIENT.signal, GIS.on);
    expect(vm.lines.high()).toEqual(["gic:40", "high:0", "low:7"]);
    put(vm, 0x1c030000n + PIC.mask, 1);
    expect(vm.lines.high()).toEqual(["high:0"]);
  });
});
