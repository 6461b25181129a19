import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import { readNumber } from "./numbers.ts";
import { readPciLocation } from "./pci-location.ts";
import type {
  IntrPin,
  LocationItem,
  LogFilter,
  MemoryItem,
  NumberItem,
  PassLocation,
  PassPin,
  ReservedLocation,
} from "./vm-config.ts";
import { LOG_DESTINATIONS, PASS_ATTRIBUTES, SEVERITIES, type Severity } from "./vm-config.ts";
import { listOf, partOf } from "./word-parts.ts";
import type { ConfigWord } from "./words.ts";

const SPACE_END = 1n << 64n;
/** The very last address stands for "no location" in a state block (QSL_NO_LOCATION). */
const LAST_ADDRESS = SPACE_END - 2n;
const LAST_PORT = 0xffffn;
const MAX_LINE = 0xffff_ffffn;
const MAX_VECTOR = 0xffff_ffffn;

/** One of a fixed list of words. */
export function readChoice<T extends string>(text: string, word: ConfigWord, what: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const list = choices.join(", ");
  throw new UserError(`${what} must be one of ${list}, not "${text}"${didYouMean(text, choices)}`, word.place);
}

/** `[addr,]len` of ram or rom. */
export function readRam(word: ConfigWord, kind: "ram" | "rom"): MemoryItem {
  const { place } = word;
  const parts = listOf(word);
  if (parts.length > 2) {
    throw new UserError(`"${kind}" takes address,length, not ${parts.length} numbers`, word.place);
  }
  const [first, second] = parts;
  const address = second && readNumber(first.text, first, `the address of ${kind}`);
  const size = second ?? first;
  const length = readNumber(size.text, size, `the length of ${kind}`);
  if (length === 0n) throw new UserError(`the length of ${kind} must not be zero`, size.place);
  if (address === undefined) return { kind, place, length };
  if (address + length > SPACE_END) {
    throw new UserError(`this ${kind} reaches past the end of the 64-bit memory space`, word.place);
  }
  return { kind, place, address, length, lengthPlace: size.place };
}

const SPACES = ["mem", "io", "pci"] as const;

/** The word in front of a location's colon, and what stands behind it. */
function splitSpace(word: ConfigWord): { space: (typeof SPACES)[number] | undefined; rest: ConfigWord } {
  const colon = word.text.indexOf(":");
  if (colon < 0) return { space: undefined, rest: word };
  const prefix = word.text.slice(0, colon);
  const space = SPACES.find((one) => one === prefix);
  if (space === undefined) {
    const hint = didYouMean(prefix, SPACES);
    throw new UserError(`a loc starts with mem:, io: or pci:, not "${prefix}:"${hint}`, word.place);
  }
  return { space, rest: partOf(word, colon + 1) };
}

/** `addr`, `mem:addr`, `io:port`, `pci:bus:dev[.func]` or `pci:VID/DID` of a vdev. */
export function readLocation(word: ConfigWord): LocationItem {
  const { space, rest } = splitSpace(word);
  const { text } = rest;
  const place = word.place;
  if (space === "pci") return { space, pci: readPciLocation(text, word), place };
  if (text.includes(",")) {
    throw new UserError("the loc of a vdev is one address: the vdev itself knows how long its registers are", place);
  }
  if (space === "io") return { space: "io", address: readNumber(text, word, "a port", LAST_PORT), place };
  return {
    space: space === undefined ? "default" : "memory",
    address: readNumber(text, word, "an address", LAST_ADDRESS),
    place,
  };
}

/** The parts of `addr,len` and what is behind them, in memory unless `io:` is in front. */
function readSpan(of: "pass" | "reserve", word: ConfigWord, isPort: boolean, start: ConfigWord, size: ConfigWord) {
  const address = readNumber(start.text, start, isPort ? "a port" : "an address", isPort ? LAST_PORT : undefined);
  const length = readNumber(size.text, size, `the length of ${of}`);
  if (length === 0n) throw new UserError(`the length of ${of} must not be zero`, size.place);
  if (address + length > (isPort ? LAST_PORT + 1n : SPACE_END)) {
    throw new UserError(
      `this ${of} reaches past the end of the ${isPort ? "port" : "64-bit memory"} space`,
      word.place,
    );
  }
  return { address, length };
}

/** What `pass` says of an access: see docs/configuration.md. */
const PERMISSIONS = "rwxcemdnst";

/**
 * `[mem:]addr,len[,perms][=host]`, `io:port,len[,perms][=host]` or a PCI device, of `pass`; in 8.0 a comma may stand in
 * front of the `=`.
 */
export function readPassLocation(word: ConfigWord): PassLocation {
  const equals = word.text.indexOf("=");
  const guest = equals < 0 ? word : partOf(word, 0, word.text.slice(0, equals));
  const host = equals < 0 ? undefined : partOf(word, equals + 1);
  const { space: prefix, rest } = splitSpace(guest);
  const { place } = word;
  if (prefix === "pci") {
    const device = host && readPciLocation(host.text.replace(/^pci:/, ""), host);
    return { space: prefix, pci: readPciLocation(rest.text, guest), place, ...(device && { host: device }) };
  }
  const [start, size, permissions, ...more] = listOf(
    host === undefined ? rest : { ...rest, text: rest.text.replace(/,$/, "") },
  );
  if (size === undefined || more.length > 0) {
    throw new UserError("the loc of a pass is ADDRESS,LENGTH,PERMISSIONS, as in mem:0xfe200000,0x1000,rw", place);
  }
  for (const letter of permissions?.text ?? "") checkPermission(letter, permissions!);
  if (permissions?.text === "") throw new UserError("permissions are letters, as in rw", permissions.place);
  const isPort = prefix === "io";
  const span = readSpan("pass", word, isPort, start, size);
  return {
    space: isPort ? "io" : "memory",
    ...span,
    place,
    ...(permissions && { permissions: permissions.text }),
    ...(host && { host: readNumber(host.text, host, "the host's address") }),
  };
}

function checkPermission(letter: string, word: ConfigWord): void {
  if (`+-${PERMISSIONS}`.includes(letter)) return;
  const list = [...PERMISSIONS].join(", ");
  throw new UserError(
    `"${letter}" is no permission of pass; there are ${list}, and + and - in front of them`,
    word.place,
  );
}

/** `[mem:]addr,len`, `io:port[,len]` or `pci:bus:dev[.func]` of `reserve`. */
export function readReservedLocation(word: ConfigWord): ReservedLocation {
  const { space, rest } = splitSpace(word);
  const { place } = word;
  if (space === "pci") {
    const pci = readPciLocation(rest.text, word);
    if (pci.by === "function") return { space, pci, place };
    throw new UserError("what is reserved of PCI is a place, pci:BUS:DEVICE.FUNCTION, and no vendor's device", place);
  }
  const isPort = space === "io";
  const [start, size, ...more] = listOf(rest);
  if (more.length > 0 || (size === undefined && !isPort)) {
    throw new UserError("the loc of a reserve is ADDRESS,LENGTH, io:PORT,LENGTH or pci:BUS:DEVICE.FUNCTION", place);
  }
  const span = readSpan("reserve", word, isPort, start, size ?? { ...rest, text: "1" });
  return { space: isPort ? "io" : "memory", ...span, place };
}

/** The number of a guest interrupt, without a controller. */
export function readReservedInterrupt(word: ConfigWord): NumberItem {
  if (/^[^0-9].*:/.test(word.text)) {
    throw new UserError("the intr of a reserve is a number without a controller, as in 39", word.place);
  }
  return { value: Number(readNumber(word.text, word, "a guest interrupt", MAX_LINE)), place: word.place };
}

/** `pic:line[,t|u…][=vector][,…]` of `pass`. */
export function readPassPins(list: ConfigWord): PassPin[] {
  const pins: PassPin[] = [];
  for (const word of listOf(list)) {
    const [text, vector, ...more] = word.text.split("=");
    const attribute = PASS_ATTRIBUTES.find((one) => one === text);
    const before = attribute && pins.at(-1);
    if (more.length > 0 || text === "apic" || (attribute && (before === undefined || before.vector !== undefined)))
      throw new UserError(`an interrupt of pass is PIC:LINE=VECTOR, not "${word.text}"`, word.place);
    const pin: PassPin = before ?? readPin({ ...word, text: text! });
    if (typeof pin.line === "string") readNumber(pin.line, word, "an interrupt line", MAX_LINE);
    if (before !== undefined) pins.pop();
    pins.push({
      ...pin,
      ...(attribute && { attributes: [...(pin.attributes ?? []), attribute] }),
      ...(vector !== undefined && { vector: Number(readNumber(vector, word, "a host vector", MAX_VECTOR)) }),
    });
  }
  return pins;
}

/** `pic:line[,pic:line…]`, or `apic` for an I/O APIC's own upstream. */
export function readPins(list: ConfigWord): IntrPin[] {
  return listOf(list).map(readPin);
}

function readPin(word: ConfigWord): IntrPin {
  const { text, place } = word;
  if (text === "apic") return { pic: "apic", place };
  const parts = text.split(":");
  if (parts.length !== 2 || parts[0] === "") {
    throw new UserError(`an interrupt is written PIC:LINE, as in gic:42, not "${text}"`, place);
  }
  if (parts[1]!.includes("=")) {
    throw new UserError("a host vector (=N) is for pass only: a vdev has no physical interrupt behind it", place);
  }
  const [pic, line] = parts as [string, string];
  // What does not begin as a number is the controller's to understand.
  if (line !== "" && !/^[0-9+-]/.test(line)) return { pic, line, place };
  return { pic, line: Number(readNumber(line, word, "an interrupt line", MAX_LINE)), place };
}

/** Another word for a severity: pages of different versions disagree. */
const SEVERITY_SYNONYMS: Readonly<Record<string, Severity>> = { warning: "warn" };

/** `sev[,sev…]` and `dest`, two words. */
export function readLogFilter(option: ConfigWord, list: ConfigWord, destination: ConfigWord): LogFilter {
  const severities = listOf(list).map((word) => {
    const synonym = Object.hasOwn(SEVERITY_SYNONYMS, word.text) ? SEVERITY_SYNONYMS[word.text] : undefined;
    return synonym ?? readChoice(word.text, word, "a severity", SEVERITIES);
  });
  return {
    severities,
    destination: readChoice(destination.text, destination, "where log messages go", LOG_DESTINATIONS),
    place: option.place,
  };
}
