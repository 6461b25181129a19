import { readChoice } from "../config/arguments.ts";
import { VDEV_WORDS } from "../config/grammar.ts";
import { readNumber } from "../config/numbers.ts";
import type { OwnWord, VdevItem } from "../config/vm-config.ts";
import { listOf } from "../config/word-parts.ts";
import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import type { ControllerPlan } from "../vm/plan.ts";
import type { HostPicType } from "./host-pics.ts";

/** Options the manuals give for the vdevs that host controllers stand for; each takes an argument. */
const OPTIONS: Readonly<Record<Exclude<HostPicType, "apic">, readonly string[]>> = {
  gic: ["version", "gicd", "gicc", "gicr", "its", "num-lpis", "its-prealloc", "msi"],
  ioapic: [],
  "8259": [],
};
const MAX_LINE = 0xffff_ffffn;

/**
 * `vdev gic|ioapic|8259` without a module of that name: a controller of the host's own. Its registers do not exist, so
 * that options about them have no effect.
 * @throws UserError for an option the type does not have
 */
export function controllerPlan(item: VdevItem, type: Exclude<HostPicType, "apic">, before: number): ControllerPlan {
  const { own, place } = item;
  const given = new Set<string>();
  const repeated = new Set<string>();
  let msi: ControllerPlan["msi"];
  let version: OwnWord | undefined;
  for (let at = 0; at < own.length; at += 2) {
    const word = own[at]!;
    const argument = own[at + 1];
    if (word.quoted || !OPTIONS[type].includes(word.text)) throw unknownOption(type, word);
    if (argument === undefined || word.followedBy !== undefined) {
      throw new UserError(`"${word.text}" of vdev ${type} needs an argument`, word.place);
    }
    checkArgument(word.text, argument);
    if (word.text === "version") version = argument;
    if (word.text === "msi") msi = readMsi(argument);
    if (given.has(word.text)) repeated.add(word.text);
    given.add(word.text);
  }
  if (msi !== undefined && version?.text === "3") {
    throw new UserError("a gic has msi in version 2 only", version.place);
  }
  const ignored = [...given].filter((name) => name !== "msi");
  for (const name of ["loc", "log", "sched", "hostvector"] as const) if (item[name] !== undefined) ignored.push(name);
  const [upstream, ...more] = item.intr;
  if (upstream !== undefined) {
    const isUpstream = type === "ioapic" && upstream.line === undefined && more.length === 0;
    if (!isUpstream) {
      const advice = type === "ioapic" ? "write `intr apic`" : `leave \`intr\` out: \`intr apic\` is for an ioapic`;
      throw new UserError(`a controller of the host's own interrupts the processor: ${advice}`, upstream.place);
    }
    ignored.push("intr apic");
  }
  return { type, name: item.name?.text ?? type, before, ignored, repeated: [...repeated], msi, place };
}

/** Ports of the two 8259s of a PC: the first, and the one behind its line 2 whose lines are 8 to 15. */
const PAIR_PORTS: readonly bigint[] = [0x20n, 0xa0n];

/** Whether a stanza may be one half of a pair: an 8259 without a name, at one of the two places the manual gives. */
export function isHalf(item: VdevItem): boolean {
  return portOfHalf(item) !== undefined;
}

/**
 * Whether a stanza is the other half of a pair of 8259s: a PC has two, which its guest knows as lines 0 to 15 of one
 * controller. A stanza with a name is a controller of its own.
 */
export function isOtherHalf(item: VdevItem, half: VdevItem): boolean {
  const ports = [portOfHalf(item), portOfHalf(half)];
  return PAIR_PORTS.every((port) => ports.includes(port));
}

function portOfHalf({ type, name, loc }: VdevItem): bigint | undefined {
  if (type !== "8259" || name !== undefined || loc === undefined) return undefined;
  const isPort = (loc.space === "io" || loc.space === "default") && PAIR_PORTS.includes(loc.address);
  return isPort ? loc.address : undefined;
}

/** The arguments whose values the manual gives; what `its-prealloc` takes is not public. */
function checkArgument(option: string, argument: OwnWord): void {
  if (option === "version") readChoice(argument.text, argument, "the version of a gic", ["2", "3"]);
  if (["gicd", "gicc", "gicr", "its"].includes(option)) readNumber(argument.text, argument, `the address of ${option}`);
  if (option === "num-lpis") readNumber(argument.text, argument, "the number of LPIs");
}

/** `ADDRESS,BASE,COUNT` of a GICv2m frame. */
function readMsi(word: OwnWord): NonNullable<ControllerPlan["msi"]> {
  const [first, second, third, ...more] = listOf(word);
  if (second === undefined || third === undefined || more.length > 0) {
    throw new UserError(`"msi" takes ADDRESS,BASE,COUNT, not "${word.text}"`, word.place);
  }
  const address = readNumber(first.text, first, "the address of msi");
  const base = Number(readNumber(second.text, second, "the first line of msi", MAX_LINE));
  const count = Number(readNumber(third.text, third, "the number of lines of msi", MAX_LINE));
  if (count === 0) throw new UserError("the number of lines of msi must not be zero", third.place);
  return { address, base, count, place: word.place };
}

function unknownOption(type: Exclude<HostPicType, "apic">, word: OwnWord): UserError {
  const list = OPTIONS[type].length === 0 ? "it has none of its own" : `it has ${OPTIONS[type].join(", ")}`;
  const hint = didYouMean(word.text, [...OPTIONS[type], ...VDEV_WORDS]);
  return new UserError(`"${word.text}" is not an option of vdev ${type}${hint}; ${list}`, word.place);
}
