import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorOf, withoutPlaces } from "../../config/test-support.ts";
import { LINE_ACTS } from "../../vm/events.ts";
import { POWER_STATES } from "../../vm/power.ts";
import type { AccessWidth } from "../bus.ts";
import { formatStep } from "./format-step.ts";
import { parseScript } from "./parse-script.ts";
import type { Expectation, ScriptCommand, ScriptStep } from "./step.ts";
import { CONTROL_WORDS, LINE_COUNTS, widthMask } from "./step.ts";

const parse = (text: string) => parseScript(text, "s.qt");
const plain = (text: string) => withoutPlaces(parse(text));
const refusal = (text: string) => errorOf(() => parse(text));

describe("a script's words", () => {
  it("are qtest's: accesses of every width, memory and ports", () => {
    expect(plain("readb 0x10\nreadw 16\nreadl 0XFF\nreadq 0xffffffffffffffff\ninb 0x3f8\ninw 1\ninl 0xffff")).toEqual([
      { kind: "read", space: "memory", width: 1, address: 16n },
      { kind: "read", space: "memory", width: 2, address: 16n },
      { kind: "read", space: "memory", width: 4, address: 255n },
      { kind: "read", space: "memory", width: 8, address: 0xffff_ffff_ffff_ffffn },
      { kind: "read", space: "io", width: 1, address: 0x3f8n },
      { kind: "read", space: "io", width: 2, address: 1n },
      { kind: "read", space: "io", width: 4, address: 0xffffn },
    ]);
    expect(plain("writeb 1 0xff\nwriteq 2 0xffffffffffffffff\noutw 3 0xffff")).toEqual([
      { kind: "write", space: "memory", width: 1, address: 1n, value: 255n },
      { kind: "write", space: "memory", width: 8, address: 2n, value: 0xffff_ffff_ffff_ffffn },
      { kind: "write", space: "io", width: 2, address: 3n, value: 0xffffn },
    ]);
  });

  it("move bytes, time, interrupts and the run", () => {
    expect(
      plain(
        "read 0x1000 4\nwrite 0x1000 2 0xA00b\nmemset 1 2 3\nclock_step\nclock_step 5\nclock_set 7\nirq gic 37\nirq gic:37",
      ),
    ).toEqual([
      { kind: "readBytes", address: 0x1000n, size: 4 },
      { kind: "writeBytes", address: 0x1000n, bytes: Uint8Array.of(0xa0, 0x0b) },
      { kind: "memset", address: 1n, size: 2, byte: 3 },
      { kind: "clockStep" },
      { kind: "clockStep", ns: 5n },
      { kind: "clockSet", ns: 7n },
      { kind: "irq", pic: "gic", line: 37 },
      { kind: "irq", pic: "gic", line: 37 },
    ]);
    expect(plain("vcpu 3\npower 2 off\ndump\nstatus\nbutton\nterminate")).toEqual([
      { kind: "vcpu", vcpu: 3 },
      { kind: "power", cpu: 2, state: "off" },
      { kind: "control", what: "dump" },
      { kind: "control", what: "status" },
      { kind: "control", what: "button" },
      { kind: "control", what: "terminate" },
    ]);
  });

  it("expect values, masks, bytes, errors, the end and interrupt levels", () => {
    const all =
      "expect 5\nexpect 0x10/0xf0\nexpect bytes 0x0102\nexpect ok\nexpect error\nexpect stop\nexpect irq a:1 on\nexpect irq a:1 off";
    expect(parse(all).map((step) => step.kind === "expect" && step.expectation)).toEqual([
      { kind: "value", value: 5n },
      { kind: "value", value: 0x10n, mask: 0xf0n },
      { kind: "bytes", bytes: Uint8Array.of(1, 2) },
      { kind: "ok" },
      { kind: "error" },
      { kind: "stop" },
      { kind: "irq", pic: "a", line: 1, level: true },
      { kind: "irq", pic: "a", line: 1, level: false },
    ]);
  });

  it("print the rest of the line, or a string", () => {
    const texts = parse('print Hello,  you  # not this\nprint "a # b\\n"\nprint').map(
      (step) => step.kind === "print" && step.text,
    );
    expect(texts).toEqual(["Hello,  you", "a # b\n", ""]);
  });

  it("repeat a block, also inside another", () => {
    expect(plain("repeat 2 { # outer\n  readb 1\n  repeat 3 {\n  status\n }\n}\nbutton")).toEqual([
      {
        kind: "repeat",
        count: 2,
        body: [
          { kind: "read", space: "memory", width: 1, address: 1n },
          { kind: "repeat", count: 3, body: [{ kind: "control", what: "status" }] },
        ],
      },
      { kind: "control", what: "button" },
    ]);
  });

  it("stand one a line, with comments, blank lines and either line end", () => {
    const steps = parse("\uFEFF# first\r\n\r\n  status # why\r\n\tbutton\r\n");
    expect(steps.map((step) => step.place)).toEqual([
      { file: "s.qt", line: 3, column: 3 },
      { file: "s.qt", line: 4, column: 2 },
    ]);
  });
});

describe("a mistake in a script", () => {
  it.each([
    ["raedl 0x1000", '1:1: "raedl" is not a command (did you mean "readl"?)'],
    ["frobnicate", '1:1: "frobnicate" is not a command; commands are readb,'],
    ['"status"', '1:1: "status" is not a command'],
    ["readl", "1:6: expected an address, but the line ends here"],
    ["readl  # none", "1:8: expected an address, but the line ends here"],
    ["readl here", '1:7: expected an address (decimal or 0x hex), found "here"'],
    ["readl -4", "1:7: expected an address"],
    [
      "readl 0x10000000000000000",
      "1:7: 0x10000000000000000 is too large: expected an address of at most 0xffffffffffffffff",
    ],
    ["inb 0x10000", "1:5: 0x10000 is too large: expected a port of at most 0xffff"],
    ["inq 1", '1:1: "inq" is not a command (did you mean'],
    ["writeb 1 0x100", "1:10: 0x100 is too large: expected a value of 1 byte of at most 0xff"],
    ["writel 1", "1:9: expected a value of 4 bytes, but the line ends here"],
    ["readl 1 2", '1:9: expected the end of the line, found "2"'],
    ["read 0 0", "1:8: the size must not be zero"],
    ["read 0 0x100001", "1:8: 0x100001 is too large: expected a size"],
    ["read 0xffffffffffffffff 2", "1:25: these bytes reach past the end"],
    ["write 0 2 0x01", "1:11: the size is 2, but 1 bytes are given"],
    ["write 0 1 0x1", "1:11: expected the bytes (0x and two hex digits for each byte)"],
    ["irq gic:1 2", '1:5: expected a PIC\'s name without a colon, found "gic:1"'],
    ["irq_take", "1:9: expected a PIC, but the line ends here"],
    ["irq_take gic:1 2", '1:10: expected a PIC\'s name without a colon, found "gic:1"'],
    ["irq_enable gic:1 both", '1:18: expected "edge" or "level", found "both"'],
    ["irq_count gic:1 all", "1:17: expected "],
    ["irq gic:x", '1:5: expected PIC:LINE, as in gic:42, found "gic:x"'],
    ["expect", "1:7: expected what is expected"],
    ["expect maybe", '1:8: expected a value, VALUE/MASK, "ok", "error", "stop", "bytes" or "irq"'],
    ["expect 5/x", "1:10: expected a mask"],
    ["expect 0x11/0xf0", "1:8: the value has bits outside its mask"],
    ["expect irq gic:1 high", '1:18: expected "on" or "off", found "high"'],
    ['print "open', "1:7: expected a text, found a broken string"],
    ['print "a" b', '1:11: expected the end of the line, found "b"'],
    ["readl \u00a05", '1:7: expected an address, found the character "\u00a0"'],
    ["repeat 2", '1:9: expected "{"'],
    ["repeat 2 {\nstatus", '1:1: this repeat is not closed: the script ends without its "}"'],
    ["status\n}", '2:1: this "}" closes nothing: no repeat or together is open'],
    ["repeat 1 {\n".repeat(9), "9:1: repeat goes at most 8 deep"],
    ["repeat 1000001 {\n}", "1:8: 1000001 is too large: expected how often"],
  ])("in %j is told with its place", (text, expected) => expect(refusal(text)).toContain(`s.qt:${expected}`));
});

const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
const width = fc.constantFrom<AccessWidth>(1, 2, 4, 8);
const portWidth = fc.constantFrom<AccessWidth>(1, 2, 4);
const name = fc.string({ unit: "binary", minLength: 1 }).filter((text) => !text.includes(":"));
const line = fc.nat(0xffff_ffff);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 });
const address = fc.bigInt(0n, (1n << 64n) - 100n);
/** A generator of commands of one kind. */
function of<K extends string, T extends object>(kind: K, rest: { [P in keyof T]: fc.Arbitrary<T[P]> }) {
  return fc.record({ kind: fc.constant(kind), ...rest }) as unknown as fc.Arbitrary<{ kind: K } & T>;
}

const expectation: fc.Arbitrary<Expectation> = fc.oneof(
  of("value", { value: u64 }),
  fc.tuple(u64, u64).map(([value, mask]) => ({ kind: "value" as const, value: value & mask, mask })),
  of("bytes", { bytes }),
  fc.constantFrom<Expectation>({ kind: "ok" }, { kind: "error" }, { kind: "stop" }),
  of("irq", { pic: name, line, level: fc.boolean() }),
);
const leaf: fc.Arbitrary<ScriptCommand> = fc.oneof(
  of("read", { space: fc.constant("memory" as const), width, address: u64 }),
  of("read", { space: fc.constant("io" as const), width: portWidth, address: fc.bigInt(0n, 0xffffn) }),
  fc.tuple(width, u64, u64).map(([w, at, value]): ScriptCommand => {
    return { kind: "write", space: "memory", width: w, address: at, value: value & widthMask(w) };
  }),
  fc.tuple(portWidth, fc.bigInt(0n, 0xffffn), u64).map(([w, at, value]): ScriptCommand => {
    return { kind: "write", space: "io", width: w, address: at, value: value & widthMask(w) };
  }),
  of("readBytes", { address, size: fc.integer({ min: 1, max: 50 }) }),
  of("writeBytes", { address, bytes }),
  of("memset", { address, size: fc.integer({ min: 1, max: 50 }), byte: fc.nat(255) }),
  fc.constant<ScriptCommand>({ kind: "clockStep" }),
  of("clockStep", { ns: u64 }),
  of("clockSet", { ns: u64 }),
  of("irq", { pic: name, line }),
  of("irqAct", { pic: name, line, act: fc.constantFrom(...LINE_ACTS) }),
  of("irqCount", { pic: name, line, count: fc.constantFrom(...LINE_COUNTS) }),
  of("input", { vdev: name, bytes }),
  of("flow", { vdev: name, takes: fc.boolean() }),
  of("control", { what: fc.constantFrom(...CONTROL_WORDS) }),
  of("power", { cpu: fc.nat(1023), state: fc.constantFrom(...POWER_STATES) }),
  of("vcpu", { vcpu: fc.nat(1023) }),
  of("print", { text: fc.string({ unit: "binary" }) }),
  of("expect", { expectation }),
);
const place = { file: "generated" };
const placed = (command: fc.Arbitrary<ScriptCommand>) => command.map((step): ScriptStep => ({ ...step, place }));
const step: fc.Arbitrary<ScriptCommand> = fc.letrec<{ step: ScriptCommand }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 3, depthIdentifier: "repeat" },
    leaf,
    of("repeat", {
      count: fc.nat(1_000_000),
      body: fc.array(placed(tie("step")), { maxLength: 3, depthIdentifier: "repeat" }),
    }),
  ),
})).step;

describe("a formatted script", () => {
  it("reads back as the same steps", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const text = steps.map(formatStep).join("\n");
        expect(withoutPlaces(parseScript(text, "formatted"))).toEqual(withoutPlaces(steps));
      }),
      { numRuns: 300 },
    );
  });

  it("is the canonical text of a script", () => {
    expect(parse("  readl 4096 # a\nexpect 16/255").map(formatStep)).toEqual(["readl 0x1000", "expect 0x10/0xff"]);
    expect(parse("repeat 2 {\nwriteb 1 2\n}").map(formatStep)).toEqual(["repeat 2 {\n  writeb 0x1 0x2\n}"]);
  });
});
