import { SEVERITIES } from "../config/vm-config.ts";
import type { SourcePlace } from "../errors.ts";
import { UserError } from "../errors.ts";
import { parseActor } from "../explore/actor.ts";
import type { AccessWidth, Space } from "../guests/bus.ts";
import { readWord, writeWord } from "../guests/script/format-step.ts";
import { formatBytes, formatHex, formatName, formatPin } from "../guests/script/line-format.ts";
import { LineReader, MAX_U64 } from "../guests/script/line-reader.ts";
import { CONTROL_WORDS, MAX_VCPU, widthMask } from "../guests/script/step.ts";
import { didYouMean } from "../nearest-word.ts";
import { POWER_STATES } from "../vm/power.ts";
import type {
  AccessOutcome,
  RecordedModule,
  RecordedText,
  Recording,
  RecordingEnd,
  RecordingEvent,
  RecordingHeader,
} from "./event.ts";
import { OLDEST_VERSION, RECORDING_VERSION } from "./event.ts";
import { formatInterruptEvent, INTERRUPT_EVENTS } from "./interrupt-lines.ts";
import { AccessLines, ReadEvents } from "./read-events.ts";
import { RepeatFolder } from "./repeats.ts";

const FIRST_LINE = "# vdevbox recording ";
/** The end of a recording whose run went on. */
const LIMIT_LINE = "end limit";
/** In front of every line of an embedded text, so that no text can be taken for an event. */
const QUOTE = "|";
const OUTCOMES: readonly AccessOutcome[] = ["ok", "error", "stop", "retry"];
const MAX_EXIT = 255;
const MAX_ERRNO = 0xffff;
const MAX_CONF_LINES = 10_000_000;

/** Writes a recording while the run goes on. */
export interface RecordingWriter {
  event(event: RecordingEvent): void;
  /** The last line; nothing may follow. A text without it counts as cut off. Left out: the run goes on without it. */
  end(end: RecordingEnd | undefined): void;
}

/** @param write gets whole lines; it is called once for the header, and for every event or repetition of events */
export function createRecordingWriter(write: (text: string) => void, header: RecordingHeader): RecordingWriter {
  write(formatHeader(header));
  const folder = new RepeatFolder(formatEvent, (line) => write(`${line}\n`));
  return {
    event: (event) => folder.add(event),
    end: (end) => {
      folder.flush();
      write(`${end === undefined ? LIMIT_LINE : formatEnd(end)}\n`);
    },
  };
}

/** The text of a whole recording; `parseRecording` gives the same recording back. */
export function formatRecording(recording: Recording): string {
  const parts: string[] = [];
  const writer = createRecordingWriter((text) => parts.push(text), recording.header);
  for (const event of recording.events) writer.event(event);
  writer.end(recording.end);
  return parts.join("");
}

function formatHeader(header: RecordingHeader): string {
  const { kind, spec } = header.guest;
  const lines = [`${FIRST_LINE}${RECORDING_VERSION}`];
  for (const { name, text } of header.conf) {
    const block = text.split("\n");
    lines.push(`conf ${formatName(name)} ${block.length}`, ...block.map((line) => `${QUOTE}${line}`));
  }
  for (const { name, sha256 } of header.modules) lines.push(`module ${formatName(name)} ${sha256}`);
  lines.push(`seed ${formatHex(header.seed)}`);
  lines.push(spec === undefined ? `guest ${formatName(kind)}` : `guest ${formatName(kind)} ${formatName(spec)}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** The address written last: most accesses go where the one before went, and its text is half the work. */
let last = { address: -1n, text: "" };

function addressText(address: bigint): string {
  if (address !== last.address) last = { address, text: formatHex(address) };
  return last.text;
}

/** One event as its line, without the line break. */
export function formatEvent(event: RecordingEvent): string {
  switch (event.kind) {
    case "read": {
      const access = `${readWord(event.space, event.width)} ${addressText(event.address)} vcpu=${event.vcpu}`;
      return `${access} => ${event.outcome === "ok" ? `ok ${formatHex(event.value)}` : event.outcome}`;
    }
    case "write": {
      const access = `${writeWord(event.space, event.width)} ${addressText(event.address)} ${formatHex(event.value)}`;
      return `${access} vcpu=${event.vcpu} => ${event.outcome}`;
    }
    case "clockStep":
      return `clock_step ${event.ns}`;
    case "control":
      return `control ${event.what}`;
    case "pulse":
      return `pulse ${formatName(event.vdev)} ${event.code}`;
    case "input":
    case "output":
      return `${event.kind} ${formatName(event.vdev)} ${formatBytes(event.bytes)}`;
    case "flow":
      return `flow ${formatName(event.vdev)} ${event.takes ? "on" : "off"}`;
    case "random":
      return `random ${formatBytes(event.bytes)}`;
    case "dmaRead":
      return `dma_read ${formatHex(event.address)} ${formatBytes(event.bytes)}`;
    case "dmaWrite":
      return `dma_write ${formatHex(event.address)} ${formatBytes(event.bytes)}`;
    case "power":
      return `power ${event.cpu} ${event.state}`;
    case "dump":
      return `dump ${event.errno}`;
    case "together":
      return `together ${JSON.stringify(event.script)}`;
    case "schedule":
      return `schedule ${event.actor}`;
    case "irq":
      return `irq ${formatPin(event.pic, event.line)} ${event.level ? "on" : "off"}`;
    case "irqNote":
    case "irqAct":
    case "irqPin":
    case "irqGuest":
    case "msi":
      return formatInterruptEvent(event);
    case "log":
      return `log ${event.severity} ${formatName(event.vdev)} ${JSON.stringify(event.text)}`;
    case "report":
    case "fault":
      return `${event.kind} ${formatName(event.vdev)} ${JSON.stringify(event.text)}`;
    case "violation":
      return `violation ${formatName(event.rule)} ${formatName(event.call)} ${formatName(event.vdev)}`;
  }
}

function formatEnd({ exit, state }: RecordingEnd): string {
  return `end exit=${exit} state=${state}`;
}

/**
 * Reads the text of a recording. Blank lines and comments between events are skipped.
 *
 * @throws UserError at the first thing that is not as `formatRecording` writes it, also when the text was cut off
 */
export function parseRecording(text: string, file: string): Recording {
  const lines = new RecordingLines(text, file);
  const version = readVersion(lines);
  const header = parseHeader(lines);
  const events = new ReadEvents();
  const accesses = new AccessLines();
  for (;;) {
    const access = accesses.parse(lines.peek());
    if (access !== undefined) {
      events.add(access);
      lines.raw();
      continue;
    }
    const line = lines.words();
    const word = line.word("an event");
    const name = word.quoted ? "" : word.text;
    if (name === "end") {
      const end = parseEnd(line, version > 1);
      lines.finish();
      return { header, events: events.all, end };
    }
    if (name === "repeat" && version > 1) {
      events.repeat(line);
      line.end();
      continue;
    }
    const read = EVENTS.get(name);
    if (read === undefined) {
      const hint = didYouMean(word.text, [...EVENTS.keys(), "end"]);
      throw new UserError(`"${word.text}" is not an event of a recording${hint}`, line.placeAt(word.column));
    }
    events.add(read(line));
    line.end();
  }
}

/** @returns the version of the format */
function readVersion(lines: RecordingLines): number {
  const line = lines.first();
  const expected = `${FIRST_LINE}${RECORDING_VERSION}`;
  for (let version = OLDEST_VERSION; version <= RECORDING_VERSION; version++) {
    if (line === `${FIRST_LINE}${version}`) return version;
  }
  if (line.startsWith(FIRST_LINE) && line.endsWith("\r")) {
    throw new UserError("this recording has CRLF line ends, so it was changed since; record it again", lines.place);
  }
  const version = line.startsWith(FIRST_LINE) ? line.slice(FIRST_LINE.length) : "";
  if (!/^[0-9]+$/.test(version)) {
    throw new UserError(`this is no recording of vdevbox: its first line is not "${expected}"`, lines.place);
  }
  const sentence = `this recording has version ${version}, and this vdevbox reads ${OLDEST_VERSION} to ${RECORDING_VERSION}`;
  throw new UserError(`${sentence}; record it again`, lines.place);
}

/** `conf` and `module` lines, then `seed`, then `guest`. */
function parseHeader(lines: RecordingLines): RecordingHeader {
  const conf: RecordedText[] = [];
  const modules: RecordedModule[] = [];
  for (;;) {
    const line = lines.words();
    const word = line.choice(["conf", "module", "seed"]);
    if (word === "conf") {
      conf.push(parseConf(line, lines));
      continue;
    }
    if (word === "module") {
      modules.push({ name: line.word("a module's name").text, sha256: parseHex(line, "a SHA-256", 64) });
      line.end();
      continue;
    }
    const seed = line.number("the seed");
    line.end();
    return { conf, modules, seed, guest: parseGuest(lines.words()) };
  }
}

function parseConf(line: LineReader, lines: RecordingLines): RecordedText {
  const name = line.word("the name of the configuration").text;
  const count = line.int("how many lines follow", MAX_CONF_LINES);
  line.end();
  const block: string[] = [];
  for (let i = 0; i < count; i++) {
    const text = lines.raw();
    if (!text.startsWith(QUOTE)) {
      throw new UserError(
        `expected line ${i + 1} of ${count} of the configuration, with "${QUOTE}" in front`,
        lines.place,
      );
    }
    block.push(text.slice(QUOTE.length));
  }
  return { name, text: block.join("\n") };
}

function parseGuest(line: LineReader): RecordingHeader["guest"] {
  line.literal("guest");
  const kind = line.word("the kind of guest").text;
  if (line.atEnd) return { kind };
  const spec = line.word("what the guest ran").text;
  line.end();
  return { kind, spec };
}

/** @returns undefined for the end at the limit, if the recording may have it */
function parseEnd(line: LineReader, mayBeLimit: boolean): RecordingEnd | undefined {
  const first = line.word("exit=NUMBER");
  if (mayBeLimit && first.text === "limit" && !first.quoted) {
    line.end();
    return undefined;
  }
  const exit = Number(keyed(line, "exit", BigInt(MAX_EXIT), first));
  const word = line.word("state=HEX");
  const state = /^state=((?:[0-9a-f]{2})+)$/.exec(word.text)?.[1];
  if (word.quoted || state === undefined) throw line.unexpected("state= and lower-case hex digits", word);
  line.end();
  return { exit, state };
}

type EventReader = (line: LineReader) => RecordingEvent;

const EVENTS: ReadonlyMap<string, EventReader> = new Map<string, EventReader>([
  ...accessReaders(),
  ["clock_step", (line) => ({ kind: "clockStep", ns: line.number("nanoseconds") })],
  ["control", (line) => ({ kind: "control", what: line.choice(CONTROL_WORDS) })],
  ["pulse", (line) => ({ kind: "pulse", vdev: readVdev(line), code: line.int("a pulse's code", 0xff) })],
  ["input", (line) => ({ kind: "input", vdev: readVdev(line), bytes: line.bytes("the bytes") })],
  ["output", (line) => ({ kind: "output", vdev: readVdev(line), bytes: line.bytes("the bytes") })],
  ["flow", (line) => ({ kind: "flow", vdev: readVdev(line), takes: line.choice(["on", "off"]) === "on" })],
  ["random", (line) => ({ kind: "random", bytes: line.bytes("the bytes") })],
  ["dma_read", (line) => ({ kind: "dmaRead", ...readBlock(line) })],
  ["dma_write", (line) => ({ kind: "dmaWrite", ...readBlock(line) })],
  ["power", (line) => ({ kind: "power", cpu: line.int("a CPU's number", MAX_VCPU), state: line.choice(POWER_STATES) })],
  ["dump", (line) => ({ kind: "dump", errno: line.int("an errno", MAX_ERRNO) })],
  ["together", (line) => ({ kind: "together", script: line.word("a script").text })],
  ["schedule", (line) => ({ kind: "schedule", actor: readActor(line) })],
  ["irq", (line) => ({ kind: "irq", ...line.pin(), level: line.choice(["on", "off"]) === "on" })],
  ...INTERRUPT_EVENTS,
  [
    "log",
    (line) => ({
      kind: "log",
      severity: line.choice(SEVERITIES),
      vdev: readVdev(line),
      text: line.word("a text").text,
    }),
  ],
  ["report", (line) => ({ kind: "report", vdev: readVdev(line), text: line.word("a text").text })],
  ["fault", (line) => ({ kind: "fault", vdev: readVdev(line), text: line.word("a text").text })],
  [
    "violation",
    (line) => {
      const rule = line.word("a rule").text;
      return { kind: "violation", rule, call: line.word("a call").text, vdev: readVdev(line) };
    },
  ],
]);

function accessReaders(): [string, EventReader][] {
  const spaces: [Space, bigint, readonly AccessWidth[]][] = [
    ["memory", MAX_U64, [1, 2, 4, 8]],
    ["io", 0xffffn, [1, 2, 4]],
  ];
  return spaces.flatMap(([space, max, widths]) =>
    widths.flatMap((width): [string, EventReader][] => [
      [readWord(space, width), (line) => parseRead(line, space, width, max)],
      [writeWord(space, width), (line) => parseWrite(line, space, width, max)],
    ]),
  );
}

function parseRead(line: LineReader, space: Space, width: AccessWidth, max: bigint): RecordingEvent {
  const address = line.number("an address", max);
  const vcpu = Number(keyed(line, "vcpu", BigInt(MAX_VCPU)));
  line.literal("=>");
  const outcome = line.choice(OUTCOMES);
  const access = { kind: "read", space, width, address, vcpu } as const;
  if (outcome !== "ok") return { ...access, outcome };
  return { ...access, outcome, value: line.number(`a value of ${8 * width} bits`, widthMask(width)) };
}

function parseWrite(line: LineReader, space: Space, width: AccessWidth, max: bigint): RecordingEvent {
  const address = line.number("an address", max);
  const value = line.number(`a value of ${8 * width} bits`, widthMask(width));
  const vcpu = Number(keyed(line, "vcpu", BigInt(MAX_VCPU)));
  line.literal("=>");
  return { kind: "write", space, width, address, value, vcpu, outcome: line.choice(OUTCOMES) };
}

function readVdev(line: LineReader): string {
  return line.word("a vdev's name").text;
}

function readActor(line: LineReader): string {
  const word = line.word("who goes on");
  if (word.quoted || parseActor(word.text) === undefined)
    throw line.unexpected("thread3, vcpu0, time or the like", word);
  return word.text;
}

function readBlock(line: LineReader): { address: bigint; bytes: Uint8Array } {
  const address = line.number("an address");
  return { address, bytes: line.bytes("the bytes") };
}

/** `KEY=NUMBER`, one word. */
function keyed(line: LineReader, key: string, max: bigint, word = line.word(`${key}=NUMBER`)): bigint {
  if (word.quoted || !word.text.startsWith(`${key}=`)) throw line.unexpected(`${key}=NUMBER`, word);
  const skipped = key.length + 1;
  const number = { ...word, text: word.text.slice(skipped), column: word.column + skipped };
  return line.parseNumber(number, `the number of ${key}`, max);
}

function parseHex(line: LineReader, expected: string, digits: number): string {
  const word = line.word(expected);
  const right = !word.quoted && word.text.length === digits && /^[0-9a-f]*$/.test(word.text);
  if (!right) throw line.unexpected(`${expected} of ${digits} lower-case hex digits`, word);
  return word.text;
}

/** The lines of a recording in order. */
class RecordingLines {
  readonly #file: string;
  readonly #lines: readonly string[];
  /** What follows the last line break. Every line of a recording ends with one, so this is a part of a line or nothing. */
  readonly #rest: string;
  #next = 0;

  constructor(text: string, file: string) {
    const lines = text.split("\n");
    this.#rest = lines.pop()!;
    this.#lines = lines;
    this.#file = file;
  }

  /** Of the line read last. */
  get place(): SourcePlace {
    return { file: this.#file, line: this.#next, column: 1 };
  }

  /** The first line, also when there is no other. */
  first(): string {
    this.#next = 1;
    return this.#lines[0] ?? this.#rest;
  }

  /** The next line, which stays the next; nothing when there is none. */
  peek(): string {
    return this.#lines[this.#next] ?? "";
  }

  raw(): string {
    const line = this.#lines[this.#next++];
    if (line !== undefined) return line;
    throw new UserError('the recording stops here without its "end" line: it was cut off, record it again', this.place);
  }

  /** The next line that says something. */
  words(): LineReader {
    for (;;) {
      const line = new LineReader(this.raw(), this.#file, this.#next);
      if (!line.atEnd) return line;
    }
  }

  finish(): void {
    if (this.#next === this.#lines.length && this.#rest === "") return;
    this.#next++;
    throw new UserError('nothing may follow the "end" line of a recording', this.place);
  }
}
