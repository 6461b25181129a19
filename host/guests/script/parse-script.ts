import type { SourcePlace } from "../../errors.ts";
import { UserError } from "../../errors.ts";
import { didYouMean } from "../../nearest-word.ts";
import { POWER_STATES } from "../../vm/power.ts";
import type { AccessWidth, Space } from "../bus.ts";
import { readWord, writeWord } from "./format-step.ts";
import { LineReader, MAX_U64 } from "./line-reader.ts";
import type { Expectation, ScriptCommand, ScriptStep } from "./step.ts";
import {
  CONTROL_WORDS,
  LINE_COUNTS,
  MAX_BYTES,
  MAX_DEPTH,
  MAX_PULSE_CODE,
  MAX_REPEAT,
  MAX_VCPU,
  widthMask,
} from "./step.ts";
import { checkTogether } from "./together.ts";

type CommandReader = (line: LineReader) => ScriptCommand;

/**
 * Reads a script: one command a line, `#` starts a comment, `repeat N {` and `together {` go up to the line `}`.
 *
 * @throws UserError at the first mistake, with its place and what was expected
 */
export function parseScript(text: string, file: string): ScriptStep[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const blocks: { steps: ScriptStep[]; word: "repeat" | "together"; count: number; place: SourcePlace }[] = [];
  let steps: ScriptStep[] = [];
  for (const [index, lineText] of lines.entries()) {
    const line = new LineReader(lineText, file, index + 1);
    if (line.atEnd) continue;
    const place = line.place;
    const word = line.word("a command");
    const name = word.quoted ? "" : word.text;
    if (name === "repeat" || name === "together") {
      if (blocks.length === MAX_DEPTH) throw new UserError(`${name} goes at most ${MAX_DEPTH} deep`, place);
      blocks.push({ steps, word: name, count: name === "repeat" ? readRepeat(line) : 1, place });
      if (name === "together") line.literal("{");
      steps = [];
    } else if (name === "}") {
      const block = blocks.pop();
      if (block === undefined) throw new UserError('this "}" closes nothing: no repeat or together is open', place);
      if (block.word === "together") checkTogether(steps, block.place);
      const kind = block.word === "repeat" ? { kind: block.word, count: block.count } : { kind: block.word };
      block.steps.push({ ...kind, body: steps, place: block.place });
      steps = block.steps;
    } else {
      const read = COMMANDS.get(name);
      if (read === undefined) throw unknownCommand(word.text, place);
      steps.push({ ...read(line), place });
    }
    line.end();
  }
  const open = blocks.at(-1);
  if (open !== undefined)
    throw new UserError(`this ${open.word} is not closed: the script ends without its "}"`, open.place);
  return steps;
}

function accessCommands(): [string, CommandReader][] {
  const spaces: [Space, bigint, readonly AccessWidth[]][] = [
    ["memory", MAX_U64, [1, 2, 4, 8]],
    ["io", 0xffffn, [1, 2, 4]],
  ];
  return spaces.flatMap(([space, max, widths]) =>
    widths.flatMap((width): [string, CommandReader][] => {
      const where = space === "io" ? "a port" : "an address";
      const what = `a value of ${width} ${width === 1 ? "byte" : "bytes"}`;
      return [
        [readWord(space, width), (line) => ({ kind: "read", space, width, address: line.number(where, max) })],
        [
          writeWord(space, width),
          (line) => {
            const address = line.number(where, max);
            return { kind: "write", space, width, address, value: line.number(what, widthMask(width)) };
          },
        ],
      ];
    }),
  );
}

const COMMANDS: ReadonlyMap<string, CommandReader> = new Map<string, CommandReader>([
  ...accessCommands(),
  ["read", (line) => ({ kind: "readBytes", ...readRange(line) })],
  ["write", readWriteBytes],
  ["memset", (line) => ({ kind: "memset", ...readRange(line), byte: line.int("a byte", 0xff) })],
  [
    "clock_step",
    (line) => (line.atEnd ? { kind: "clockStep" } : { kind: "clockStep", ns: line.number("nanoseconds") }),
  ],
  ["clock_set", (line) => ({ kind: "clockSet", ns: line.number("nanoseconds") })],
  ["irq", (line) => ({ kind: "irq", ...readIrq(line) })],
  [
    "irq_enable",
    (line) => {
      const { pic, line: number } = readIrqOf(line);
      const trigger = line.atEnd ? undefined : line.choice(["edge", "level"]);
      return { kind: "irqAct", pic, line: number, act: trigger === undefined ? "enable" : `enable-${trigger}` };
    },
  ],
  ["irq_disable", (line) => ({ kind: "irqAct", ...readIrq(line), act: "disable" })],
  ["irq_take", (line) => ({ kind: "irqAct", ...readIrq(line), act: "take" })],
  ["irq_count", (line) => ({ kind: "irqCount", ...readIrqOf(line), count: line.choice(LINE_COUNTS) })],
  ["input", (line) => ({ kind: "input", vdev: line.word("a vdev's name").text, bytes: readInput(line) })],
  [
    "flow",
    (line) => ({
      kind: "flow",
      vdev: line.word("a vdev's name").text,
      takes: line.choice(["on", "off"]) === "on",
    }),
  ],
  ...CONTROL_WORDS.map((what): [string, CommandReader] => [what, () => ({ kind: "control", what })]),
  ["power", (line) => ({ kind: "power", cpu: line.int("a CPU's number", MAX_VCPU), state: line.choice(POWER_STATES) })],
  [
    "pulse",
    (line) => ({
      kind: "pulse",
      vdev: line.word("a vdev's name").text,
      code: line.int("a pulse's code", MAX_PULSE_CODE),
    }),
  ],
  ["vcpu", (line) => ({ kind: "vcpu", vcpu: line.int("a vCPU's number", MAX_VCPU) })],
  ["print", (line) => ({ kind: "print", text: line.atQuote ? line.word("a text").text : line.rest() })],
  ["expect", (line) => ({ kind: "expect", expectation: readExpectation(line) })],
]);

function readRepeat(line: LineReader): number {
  const count = line.int("how often", MAX_REPEAT);
  line.literal("{");
  return count;
}

function readRange(line: LineReader): { address: bigint; size: number } {
  const address = line.number("an address");
  const place = line.place;
  const size = line.int("a size", MAX_BYTES);
  if (size === 0) throw new UserError("the size must not be zero", place);
  if (address + BigInt(size) - 1n > MAX_U64) {
    throw new UserError("these bytes reach past the end of the 64-bit memory space", place);
  }
  return { address, size };
}

function readWriteBytes(line: LineReader): ScriptCommand {
  const { address, size } = readRange(line);
  const place = line.place;
  const bytes = line.bytes("the bytes");
  if (bytes.length !== size) {
    throw new UserError(`the size is ${size}, but ${bytes.length} bytes are given`, place);
  }
  return { kind: "writeBytes", address, bytes };
}

/** `PIC LINE`, or `PIC:LINE` as everywhere else. */
function readIrq(line: LineReader): { pic: string; line: number } {
  const word = line.word("a PIC");
  if (line.atEnd && word.text.includes(":")) return line.parsePin(word);
  if (word.text === "" || word.text.includes(":")) throw line.unexpected("a PIC's name without a colon", word);
  return { pic: word.text, line: line.int("an interrupt line", 0xffff_ffff) };
}

/** The same in front of more words. */
function readIrqOf(line: LineReader): { pic: string; line: number } {
  const word = line.word("a PIC");
  if (word.text.includes(":")) return line.parsePin(word);
  return { pic: word.text, line: line.int("an interrupt line", 0xffff_ffff) };
}

/** A text in quotes, as UTF-8, or bytes in hex. */
function readInput(line: LineReader): Uint8Array {
  return line.atQuote ? new TextEncoder().encode(line.word("a text").text) : line.bytes("a text in quotes, or bytes");
}

function readExpectation(line: LineReader): Expectation {
  const word = line.word("what is expected");
  switch (word.quoted ? "" : word.text) {
    case "ok":
    case "error":
    case "stop":
      return { kind: word.text as "ok" | "error" | "stop" };
    case "bytes":
      return { kind: "bytes", bytes: line.bytes("the bytes") };
    case "irq":
      return { kind: "irq", ...line.pin(), level: line.choice(["on", "off"]) === "on" };
  }
  const expected = 'a value, VALUE/MASK, "ok", "error", "stop", "bytes" or "irq"';
  const slash = word.text.indexOf("/");
  const value = line.parseNumber({ ...word, text: slash < 0 ? word.text : word.text.slice(0, slash) }, expected);
  if (slash < 0) return { kind: "value", value };
  const column = word.column + slash + 1;
  const mask = line.parseNumber({ ...word, text: word.text.slice(slash + 1), column }, "a mask");
  if ((value & ~mask) !== 0n) {
    throw new UserError("the value has bits outside its mask, so nothing could ever match", line.placeAt(word.column));
  }
  return { kind: "value", value, mask };
}

function unknownCommand(text: string, place: SourcePlace): UserError {
  const names = [...COMMANDS.keys(), "repeat", "together"];
  const hint = didYouMean(text, names);
  return new UserError(`"${text}" is not a command${hint === "" ? `; commands are ${names.join(", ")}` : hint}`, place);
}
