import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import { readNumber } from "./numbers.ts";
import { readPciLocation } from "./pci-location.ts";
import type { IntrPin, LocationItem, LogFilter, PassLocation, PassPin, RamItem } from "./vm-config.ts";
import { LOG_DESTINATIONS, SEVERITIES, type Severity } from "./vm-config.ts";
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

/** `[addr,]len` of ram. */
export function readRam(word: ConfigWord, option: ConfigWord): RamItem {
  const { place } = word;
  const parts = listOf(word);
  if (parts.length > 2) {
    throw new UserError(`"${option.text}" takes address,length, not ${parts.length} numbers`, word.place);
  }
  const [first, second] = parts;
  const address = second && readNumber(first.text, first, `the address of ${option.text}`);
  const size = second ?? first;
  const length = readNumber(size.text, size, `the length of ${option.text}`);
  if (length === 0n) throw new UserError(`the length of ${option.text} must not be zero`, size.place);
  if (address === undefined) return { place, length };
  if (address + length > SPACE_END) {
    throw new UserError(`this ${option.text} reaches past the end of the 64-bit memory space`, word.place);
  }
  return { place, address, length, lengthPlace: size.place };
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

/** `mem:addr,len[,perms]`, `io:port,len[,perms]` or a PCI device, of `pass`. */
export function readPassLocation(word: ConfigWord): PassLocation {
  const { space: prefix, rest } = splitSpace(word);
  if (prefix === "pci") return { space: prefix, pci: readPciLocation(rest.text, word), place: word.place };
  const [start, size, permissions, ...more] = listOf(rest);
  if (size === undefined || more.length > 0) {
    throw new UserError(`the loc of a pass is ADDRESS,LENGTH,PERMISSIONS, as in mem:0xfe200000,0x1000,rw`, word.place);
  }
  if (permissions !== undefined && !/^[a-z]+$/.test(permissions.text)) {
    throw new UserError(`permissions are letters, as in rw, not "${permissions.text}"`, permissions.place);
  }
  const isPort = prefix === "io";
  const address = readNumber(start.text, start, isPort ? "a port" : "an address", isPort ? LAST_PORT : undefined);
  const length = readNumber(size.text, size, "the length of pass");
  if (length === 0n) throw new UserError("the length of pass must not be zero", size.place);
  if (address + length > (isPort ? LAST_PORT + 1n : SPACE_END)) {
    throw new UserError(`this pass reaches past the end of the ${isPort ? "port" : "64-bit memory"} space`, word.place);
  }
  const space = isPort ? "io" : "memory";
  return { space, address, length, place: word.place, ...(permissions && { permissions: permissions.text }) };
}

/** `pic:line[=vector][,…]` of `pass`. */
export function readPassPins(list: ConfigWord): PassPin[] {
  return listOf(list).map((word) => {
    const [pin, vector, ...more] = word.text.split("=");
    if (more.length > 0 || pin === "apic")
      throw new UserError(`an interrupt of pass is PIC:LINE=VECTOR, not "${word.text}"`, word.place);
    const read = readPin({ ...word, text: pin! });
    if (typeof read.line === "string") readNumber(read.line, word, "an interrupt line", MAX_LINE);
    if (vector === undefined) return read;
    return { ...read, vector: Number(readNumber(vector, word, "a host vector", MAX_VECTOR)) };
  });
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
