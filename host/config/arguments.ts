import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import { readNumber } from "./numbers.ts";
import type { IntrPin, LocationItem, LogFilter, RamItem } from "./vm-config.ts";
import { LOG_DESTINATIONS, SEVERITIES } from "./vm-config.ts";
import type { ConfigWord } from "./words.ts";

const SPACE_END = 1n << 64n;
const LAST_PORT = 0xffffn;
const MAX_LINE = 0xffff_ffffn;

/** One of a fixed list of words. */
export function readChoice<T extends string>(text: string, word: ConfigWord, what: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const list = choices.join(", ");
  throw new UserError(`${what} must be one of ${list}, not "${text}"${didYouMean(text, choices)}`, word.place);
}

/** `[addr,]len` of ram. */
export function readRam(word: ConfigWord, option: ConfigWord): RamItem {
  const parts = word.text.split(",");
  if (parts.length > 2) {
    throw new UserError(`"${option.text}" takes address,length, not ${parts.length} numbers`, word.place);
  }
  const length = readNumber(parts.at(-1)!, word, `the length of ${option.text}`);
  if (length === 0n) throw new UserError(`the length of ${option.text} must not be zero`, word.place);
  if (parts.length === 1) return { place: option.place, length };
  const address = readNumber(parts[0]!, word, `the address of ${option.text}`);
  if (address + length > SPACE_END) {
    throw new UserError(`this ${option.text} reaches past the end of the 64-bit memory space`, word.place);
  }
  return { place: option.place, address, length };
}

/** `addr`, `mem:addr` or `io:port` of a vdev. */
export function readLocation(word: ConfigWord): LocationItem {
  const colon = word.text.indexOf(":");
  const prefix = word.text.slice(0, Math.max(0, colon));
  const place = word.place;
  if (prefix === "pci") {
    throw new UserError("vdevbox has no PCI bus yet: give this vdev a loc mem:ADDRESS or io:PORT", place);
  }
  if (colon >= 0 && prefix !== "mem" && prefix !== "io") {
    throw new UserError(`a loc starts with mem: or io:, not "${prefix}:"`, place);
  }
  const text = word.text.slice(colon + 1);
  if (text.includes(",")) {
    throw new UserError("the loc of a vdev is one address: the vdev itself knows how long its registers are", place);
  }
  if (prefix === "io") return { space: "io", address: readNumber(text, word, "a port", LAST_PORT), place };
  return { space: colon < 0 ? "default" : "memory", address: readNumber(text, word, "an address"), place };
}

/** `pic:line[,pic:line…]`, or `apic` for an I/O APIC's own upstream. */
export function readPins(word: ConfigWord): IntrPin[] {
  return word.text.split(",").map((text) => readPin(text, word));
}

function readPin(text: string, word: ConfigWord): IntrPin {
  const place = word.place;
  if (text === "apic") return { pic: "apic", place };
  const parts = text.split(":");
  if (parts.length !== 2 || parts[0] === "") {
    throw new UserError(`an interrupt is written PIC:LINE, as in gic:42, not "${text}"`, place);
  }
  if (parts[1]!.includes("=")) {
    throw new UserError("a host vector (=N) is for pass only: a vdev has no physical interrupt behind it", place);
  }
  return { pic: parts[0]!, line: Number(readNumber(parts[1]!, word, "an interrupt line", MAX_LINE)), place };
}

/** `sev[,sev…]` and `dest`, two words. */
export function readLogFilter(option: ConfigWord, list: ConfigWord, destination: ConfigWord): LogFilter {
  const severities = list.text.split(",").map((text) => readChoice(text, list, "a severity", SEVERITIES));
  return {
    severities,
    destination: readChoice(destination.text, destination, "where log messages go", LOG_DESTINATIONS),
    place: option.place,
  };
}
