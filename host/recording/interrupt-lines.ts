import { formatHex, formatName, formatPin } from "../guests/script/line-format.ts";
import type { LineReader } from "../guests/script/line-reader.ts";
import { type GuestPin, LINE_NOTES } from "../interrupts/line.ts";
import { LINE_ACTS } from "../vm/events.ts";
import type { RecordingEvent } from "./event.ts";

type InterruptEvent = Extract<RecordingEvent, { kind: "irqNote" | "irqAct" | "irqPin" | "irqGuest" | "msi" }>;

/** What is absent stands as a dash, so that every line has the same number of words. */
const NOT = "-";
const MAX_DATA = 0xffff_ffffn;

/** Events of interrupts beside the levels of lines, one line each. */
export function formatInterruptEvent(event: InterruptEvent): string {
  if (event.kind === "msi") {
    const message = `msi ${formatName(event.vdev)} ${formatHex(event.address)} ${formatHex(BigInt(event.data))}`;
    return `${message} => ${formatTarget(event.target)}`;
  }
  const pin = formatPin(event.pic, event.line);
  switch (event.kind) {
    case "irqNote":
      return `irq_note ${pin} ${event.note}`;
    case "irqAct":
      return `irq_act ${pin} ${event.act}`;
    case "irqPin":
      return `irq_pin ${pin} ${formatGuestPin(event.pin)}`;
    case "irqGuest":
      return `irq_guest ${pin} ${event.unmask ? "unmask" : NOT} ${event.ack ? "ack" : NOT}`;
  }
}

/** A controller may have any name, also that of nobody. */
function formatTarget(target: string): string {
  if (target === "") return NOT;
  return target === NOT ? JSON.stringify(NOT) : formatName(target);
}

function formatGuestPin({ enabled, trigger, pending, inService }: GuestPin): string {
  return `${enabled ? "on" : "off"} ${trigger} ${pending ? "pending" : NOT} ${inService ? "in-service" : NOT}`;
}

/** Reads the words behind the name of each. */
export const INTERRUPT_EVENTS: readonly (readonly [string, (line: LineReader) => InterruptEvent])[] = [
  ["irq_note", (line) => ({ kind: "irqNote", ...line.pin(), note: line.choice(LINE_NOTES) })],
  ["irq_act", (line) => ({ kind: "irqAct", ...line.pin(), act: line.choice(LINE_ACTS) })],
  ["irq_pin", (line) => ({ kind: "irqPin", ...line.pin(), pin: readGuestPin(line) })],
  ["irq_guest", (line) => ({ kind: "irqGuest", ...line.pin(), unmask: flag(line, "unmask"), ack: flag(line, "ack") })],
  ["msi", readMsi],
];

function readGuestPin(line: LineReader): GuestPin {
  const enabled = line.choice(["on", "off"]) === "on";
  const trigger = line.choice(["edge", "level"]);
  return { enabled, trigger, pending: flag(line, "pending"), inService: flag(line, "in-service") };
}

function readMsi(line: LineReader): InterruptEvent {
  const vdev = line.word("a vdev's name").text;
  const address = line.number("an address");
  const data = Number(line.number("the data", MAX_DATA));
  line.literal("=>");
  const target = line.word("who took it");
  return { kind: "msi", vdev, address, data, target: target.text === NOT && !target.quoted ? "" : target.text };
}

function flag(line: LineReader, word: string): boolean {
  return line.choice([word, NOT]) === word;
}
