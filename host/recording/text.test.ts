import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorOf } from "../config/test-support.ts";
import { SEVERITIES } from "../config/vm-config.ts";
import type { AccessWidth } from "../guests/bus.ts";
import { CONTROL_WORDS, widthMask } from "../guests/script/step.ts";
import { POWER_STATES } from "../vm/power.ts";
import type { AccessOutcome, Recording, RecordingEvent, RecordingHeader } from "./event.ts";
import { createRecordingWriter, formatEvent, formatRecording, parseRecording } from "./text.ts";

const SHA = "0123456789abcdef".repeat(4);
const HEADER: RecordingHeader = {
  conf: [{ name: "trace.conf", text: "system lab\n\n# a comment\nvdev trace loc 0x1000\n" }],
  modules: [{ name: "trace", sha256: SHA }],
  seed: 42n,
  guest: { kind: "script", spec: "first light.qt" },
};
const HEADER_TEXT = `# vdevbox recording 1
conf trace.conf 5
|system lab
|
|# a comment
|vdev trace loc 0x1000
|
module trace ${SHA}
seed 0x2a
guest script "first light.qt"
`;
const END = { exit: 0, state: "00ff" };
const END_TEXT = "end exit=0 state=00ff\n";
const parse = (text: string) => parseRecording(text, "r.rec");
const refusal = (text: string) => errorOf(() => parse(text));
const events = (lines: string) => parse(`${HEADER_TEXT}${lines}${END_TEXT}`).events;

describe("the text of a recording", () => {
  it("has its header first, the configuration quoted line by line", () => {
    expect(formatRecording({ header: HEADER, events: [], end: END })).toBe(HEADER_TEXT + END_TEXT);
    expect(parse(HEADER_TEXT + END_TEXT)).toEqual({ header: HEADER, events: [], end: END });
  });

  it.each<[RecordingEvent, string]>([
    [
      { kind: "read", space: "memory", width: 4, address: 0xe000_0000n, vcpu: 0, outcome: "ok", value: 0x2an },
      "readl 0xe0000000 vcpu=0 => ok 0x2a",
    ],
    [{ kind: "read", space: "io", width: 1, address: 0x3f8n, vcpu: 3, outcome: "error" }, "inb 0x3f8 vcpu=3 => error"],
    [
      { kind: "write", space: "memory", width: 8, address: 16n, value: (1n << 64n) - 1n, vcpu: 1, outcome: "ok" },
      "writeq 0x10 0xffffffffffffffff vcpu=1 => ok",
    ],
    [
      { kind: "write", space: "io", width: 2, address: 1n, value: 2n, vcpu: 0, outcome: "stop" },
      "outw 0x1 0x2 vcpu=0 => stop",
    ],
    [{ kind: "clockStep", ns: 1_000_000_000n }, "clock_step 1000000000"],
    [{ kind: "control", what: "status" }, "control status"],
    [{ kind: "irq", pic: "gic", line: 37, level: true }, "irq gic:37 on"],
    [{ kind: "irq", pic: "my pic", line: 0, level: false }, 'irq "my pic:0" off'],
    [{ kind: "irqNote", pic: "gic", line: 37, note: "spurious" }, "irq_note gic:37 spurious"],
    [{ kind: "irqAct", pic: "gic", line: 37, act: "enable-edge" }, "irq_act gic:37 enable-edge"],
    [
      {
        kind: "irqPin",
        pic: "8259",
        line: 5,
        pin: { enabled: true, trigger: "edge", pending: true, inService: false },
      },
      "irq_pin 8259:5 on edge pending -",
    ],
    [
      {
        kind: "irqPin",
        pic: "8259",
        line: 5,
        pin: { enabled: false, trigger: "level", pending: false, inService: true },
      },
      "irq_pin 8259:5 off level - in-service",
    ],
    [{ kind: "irqGuest", pic: "my pic", line: 2, ack: true, unmask: false }, 'irq_guest "my pic:2" - ack'],
    [
      { kind: "msi", vdev: "a", address: 0xfee00000n, data: 0x41, target: "apic:65" },
      "msi a 0xfee00000 0x41 => apic:65",
    ],
    [{ kind: "msi", vdev: "a", address: 0n, data: 0xffffffff, target: "" }, "msi a 0x0 0xffffffff => -"],
    [{ kind: "msi", vdev: "a", address: 0n, data: 0, target: "-" }, 'msi a 0x0 0x0 => "-"'],
    [{ kind: "input", vdev: "pl011", bytes: Uint8Array.of(0x41, 0x0a) }, "input pl011 0x410a"],
    [{ kind: "output", vdev: "pl011", bytes: new Uint8Array() }, "output pl011 0x"],
    [{ kind: "flow", vdev: "pl011", takes: false }, "flow pl011 off"],
    [{ kind: "random", bytes: Uint8Array.of(1) }, "random 0x01"],
    [{ kind: "dmaRead", address: 4096n, bytes: Uint8Array.of(1, 2) }, "dma_read 0x1000 0x0102"],
    [{ kind: "dmaWrite", address: 4096n, bytes: Uint8Array.of(3) }, "dma_write 0x1000 0x03"],
    [{ kind: "schedule", actor: "thread2" }, "schedule thread2"],
    [{ kind: "log", severity: "info", vdev: "trace", text: 'say "hi"\n' }, 'log info trace "say \\"hi\\"\\n"'],
    [{ kind: "report", vdev: "trace", text: "count 3" }, 'report trace "count 3"'],
    [{ kind: "fault", vdev: "trace", text: "out of fuel" }, 'fault trace "out of fuel"'],
    [
      { kind: "violation", rule: "phase", call: "guest_timer_create", vdev: "trace" },
      "violation phase guest_timer_create trace",
    ],
  ])("has one line for %o", (event, text) => {
    expect(formatEvent(event)).toBe(text);
    expect(events(`${text}\n`)).toEqual([event]);
  });

  it("may be annotated with comments and blank lines", () => {
    expect(events("\n# why\n  schedule vcpu2  # here\n")).toEqual([{ kind: "schedule", actor: "vcpu2" }]);
  });

  it("is the same when it is written while the run goes on", () => {
    const parts: string[] = [];
    const writer = createRecordingWriter((text) => parts.push(text), HEADER);
    expect(parts.join("")).toBe(HEADER_TEXT);
    writer.event({ kind: "schedule", actor: "time" });
    expect(parts.join("")).toBe(`${HEADER_TEXT}schedule time\n`);
    writer.end(END);
    expect(parts.join("")).toBe(`${HEADER_TEXT}schedule time\n${END_TEXT}`);
  });
});

describe("a damaged recording", () => {
  it("that was cut off anywhere is refused with a sentence", () => {
    const whole = `${HEADER_TEXT}readl 0x10 vcpu=0 => ok 0x2a\nlog info trace "a text"\n${END_TEXT}`;
    for (let length = 0; length < whole.length; length++) {
      expect(refusal(whole.slice(0, length))).toMatch(/^r\.rec:\d+:1: .*(cut off|no recording of vdevbox)/);
    }
  });

  it("that is something else, or of another version, says so", () => {
    expect(refusal("")).toBe(
      'r.rec:1:1: this is no recording of vdevbox: its first line is not "# vdevbox recording 1"',
    );
    expect(refusal("system lab\n")).toContain("r.rec:1:1: this is no recording of vdevbox");
    expect(refusal("# vdevbox recording 2\n")).toContain("this recording has version 2, and this vdevbox reads 1");
    expect(refusal(HEADER_TEXT.replaceAll("\n", "\r\n"))).toContain("this recording has CRLF line ends");
  });

  it.each([
    ["readl 0x10 vcpu=0 => ok", "1:24: expected a value of 32 bits, but the line ends here"],
    ["readb 0x10 vcpu=0 => ok 0x100", "1:25: 0x100 is too large: expected a value of 8 bits of at most 0xff"],
    ["readl 0x10 vcpu=0 => error 5", '1:28: expected the end of the line, found "5"'],
    ["readl 0x10 vcpu=0 => maybe", '1:22: expected "ok" or "error" or "stop" or "retry", found "maybe"'],
    ["readl 0x10 vcpu=0 ok 1", '1:19: expected "=>", found "ok"'],
    ["readl 0x10 cpu=0 => ok 1", '1:12: expected vcpu=NUMBER, found "cpu=0"'],
    ["readl 0x10 vcpu=x => ok 1", '1:17: expected the number of vcpu (decimal or 0x hex), found "x"'],
    ["readl 0x10 vcpu=1024 => ok 1", "1:17: 1024 is too large"],
    ["inb 0x10000 vcpu=0 => ok 1", "1:5: 0x10000 is too large"],
    ["inq 0x10 vcpu=0 => ok 1", '1:1: "inq" is not an event of a recording (did you mean'],
    ["writew 0x10 0x10000 vcpu=0 => ok", "1:13: 0x10000 is too large"],
    ["irq gic on", '1:5: expected PIC:LINE, as in gic:42, found "gic"'],
    ["irq gic:1 up", '1:11: expected "on" or "off", found "up"'],
    ["input pl011 0x1", "1:13: expected the bytes (0x and two hex digits for each byte)"],
    ["log loud trace x", '1:5: expected "fatal" or'],
    ['log info trace "x', "1:16: expected a text, found a broken string"],
    ["schedul 1", '1:1: "schedul" is not an event of a recording (did you mean "schedule"?)'],
    ["power 0 sleep", '1:9: expected "on" or "wait" or "off", found "sleep"'],
    ["power 1024 on", "1:7: "],
    ["dump 65536", "1:6: "],
    ["control reboot", '1:9: expected "status" or "button" or "dump" or "terminate", found "reboot"'],
    ["conf x 1", '1:1: "conf" is not an event of a recording'],
    ["end exit=256 state=00", "1:10: 256 is too large"],
    ["end exit=0 state=0", '1:12: expected state= and lower-case hex digits, found "state=0"'],
    ["end exit=0", "1:11: expected state=HEX, but the line ends here"],
    ["end exit=0 state=00 x", "1:21: expected the end of the line"],
  ])("with the line %j tells its place", (line, expected) => {
    const [number, rest] = [HEADER_TEXT.split("\n").length, expected.slice(2)];
    expect(refusal(`${HEADER_TEXT}${line}\n${END_TEXT}`)).toContain(`r.rec:${number}:${rest}`);
  });

  it.each([
    ["conf a 2\n|x\nseed 0\n", '4:1: expected line 2 of 2 of the configuration, with "|" in front'],
    ["module m abc\n", '2:10: expected a SHA-256 of 64 lower-case hex digits, found "abc"'],
    ["guest rom\n", '2:1: expected "conf" or "module" or "seed", found "guest"'],
    ["seed 0\nschedule 1\n", '3:1: expected "guest", found "schedule"'],
    ["seed 0x10000000000000000\n", "2:6: 0x10000000000000000 is too large"],
    ["seed 0\nguest rom a b\n", '3:13: expected the end of the line, found "b"'],
  ])("with the header %j tells its place", (header, expected) => {
    expect(refusal(`# vdevbox recording 1\n${header}${END_TEXT}`)).toContain(`r.rec:${expected}`);
  });

  it("with anything behind its end is refused", () => {
    for (const more of ["schedule time\n", "\n", "x"]) {
      expect(refusal(HEADER_TEXT + END_TEXT + more)).toContain('nothing may follow the "end" line');
    }
  });

  it("with any one character changed is read or refused with a sentence", () => {
    const whole = `${HEADER_TEXT}readl 0x10 vcpu=0 => ok 0x2a\nirq gic:1 on\nlog info trace "a \\n text"\n${END_TEXT}`;
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.string({ unit: "binary", maxLength: 2 }), (at, change) => {
        try {
          parse(whole.slice(0, at) + change + whole.slice(at + 1));
        } catch (error) {
          expect((error as Error).name).toBe("UserError");
        }
      }),
      { numRuns: 500 },
    );
  });
});

const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
const text = fc.string({ unit: "binary" });
const bytes = fc.uint8Array({ maxLength: 20 });
const outcome = fc.constantFrom<AccessOutcome>("ok", "error", "stop", "retry");
const where = fc.oneof(
  fc.record({ space: fc.constant("memory" as const), width: fc.constantFrom<AccessWidth>(1, 2, 4, 8), address: u64 }),
  fc.record({
    space: fc.constant("io" as const),
    width: fc.constantFrom<AccessWidth>(1, 2, 4),
    address: fc.bigInt(0n, 0xffffn),
  }),
);
const event: fc.Arbitrary<RecordingEvent> = fc.oneof(
  fc.tuple(where, u64, fc.nat(1023), outcome).map(([at, value, vcpu, how]): RecordingEvent => {
    if (how !== "ok") return { kind: "read", ...at, vcpu, outcome: how };
    return { kind: "read", ...at, vcpu, outcome: how, value: value & widthMask(at.width) };
  }),
  fc.tuple(where, u64, fc.nat(1023), outcome).map(([at, value, vcpu, how]): RecordingEvent => {
    return { kind: "write", ...at, value: value & widthMask(at.width), vcpu, outcome: how };
  }),
  u64.map((ns): RecordingEvent => ({ kind: "clockStep", ns })),
  fc.constantFrom(...CONTROL_WORDS).map((what): RecordingEvent => ({ kind: "control", what })),
  fc
    .tuple(fc.constantFrom("input" as const, "output" as const), text, bytes)
    .map(([kind, vdev, data]): RecordingEvent => {
      return { kind, vdev, bytes: data };
    }),
  fc.tuple(text, fc.boolean()).map(([vdev, takes]): RecordingEvent => ({ kind: "flow", vdev, takes })),
  bytes.map((data): RecordingEvent => ({ kind: "random", bytes: data })),
  fc
    .tuple(fc.constantFrom("dmaRead" as const, "dmaWrite" as const), u64, bytes)
    .map(([kind, address, data]): RecordingEvent => {
      return { kind, address, bytes: data };
    }),
  fc.nat(0xffff).map((errno): RecordingEvent => ({ kind: "dump", errno })),
  fc.tuple(fc.nat(1023), fc.constantFrom(...POWER_STATES)).map(([cpu, state]): RecordingEvent => {
    return { kind: "power", cpu, state };
  }),
  fc.nat(99_999_999).map((thread): RecordingEvent => ({ kind: "schedule", actor: `thread${thread}` })),
  fc.tuple(text, fc.nat(0xffff_ffff), fc.boolean()).map(([pic, line, level]): RecordingEvent => {
    return { kind: "irq", pic: `p${pic}`, line, level };
  }),
  fc.tuple(fc.constantFrom(...SEVERITIES), text, text).map(([severity, vdev, what]): RecordingEvent => {
    return { kind: "log", severity, vdev, text: what };
  }),
  fc
    .tuple(fc.constantFrom("report" as const, "fault" as const), text, text)
    .map(([kind, vdev, what]): RecordingEvent => {
      return { kind, vdev, text: what };
    }),
  fc.tuple(text, text, text).map(([rule, call, vdev]): RecordingEvent => ({ kind: "violation", rule, call, vdev })),
);
const hex = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((data) => Buffer.from(data).toString("hex"));
const recording: fc.Arbitrary<Recording> = fc.record({
  header: fc.record({
    conf: fc.array(fc.record({ name: text, text: fc.array(text, { maxLength: 4 }).map((lines) => lines.join("\n")) }), {
      maxLength: 2,
    }),
    modules: fc.array(fc.record({ name: text, sha256: hex(32, 32) }), { maxLength: 2 }),
    seed: u64,
    guest: fc.record({ kind: text, spec: text }, { requiredKeys: ["kind"] }),
  }),
  events: fc.array(event, { maxLength: 10 }),
  end: fc.record({ exit: fc.nat(255), state: hex(1, 32) }),
});

describe("any recording", () => {
  it("reads back as it was", () => {
    fc.assert(
      fc.property(recording, (original) => {
        expect(parse(formatRecording(original))).toEqual(original);
      }),
      { numRuns: 300 },
    );
  });

  it("has each event on one line", () => {
    fc.assert(
      fc.property(event, (one) => {
        expect(formatEvent(one)).not.toContain("\n");
      }),
    );
  });
});
