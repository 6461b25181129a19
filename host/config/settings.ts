import { UserError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import { readChoice } from "./arguments.ts";
import { readNumber } from "./numbers.ts";
import { readStartTime } from "./start-time.ts";
import type { Setting } from "./vm-config.ts";
import type { ConfigWord } from "./words.ts";

/** What a variable can belong to. `vm`: the whole VM (the manual's guest). */
export type SettingScope = "vm" | "cpu" | "vdev";

export const POLICIES = ["strict", "report"] as const;
export const INSTANCES = ["shared", "private"] as const;
export const ON_FAULT = ["continue", "stop"] as const;
export const ARCHITECTURES = ["arm", "x86"] as const;
export const THREADS = ["deterministic", "parallel"] as const;
export const TIME = ["virtual", "wall"] as const;

/** vdevbox's own variables among a list of settings; what is not set is left out. */
export interface VdevboxSettings {
  /** What a violation does: fault the module instance, or be collected. */
  readonly policy?: (typeof POLICIES)[number];
  /** Whether the vdevs of one type share a module instance. */
  readonly instances?: (typeof INSTANCES)[number];
  /** What becomes of the VM when a module instance faults. */
  readonly onFault?: (typeof ON_FAULT)[number];
  /** Virtual nanoseconds that every guest access takes. */
  readonly accessNs?: bigint;
  /** Kind of machine the guest is told it has. */
  readonly architecture?: (typeof ARCHITECTURES)[number];
  /** Steps one callback may take. */
  readonly steps?: bigint;
  /** Bytes of stack recursive functions of a module may take. */
  readonly stackBytes?: bigint;
  /** Of the schedule in a VM with threads. */
  readonly seed?: bigint;
  /** Whether vdevs' threads take turns or run in parallel. */
  readonly threads?: (typeof THREADS)[number];
  readonly races?: boolean;
  readonly restless?: bigint;
  readonly growth?: bigint;
  readonly invariants?: boolean;
  /** What moves time. */
  readonly time?: (typeof TIME)[number];
  /** The time of day at virtual time 0, in nanoseconds since 1970-01-01T00:00:00Z. */
  readonly startTimeNs?: bigint;
}

/** An hour; with it, sums of many accesses stay exact. */
const MAX_ACCESS_NS = 3_600_000_000_000n;
/** Values of what is on or off. */
/** What turns a variable off and on, as qvm's page `set` has it. */
const OFF = ["off", "0", "no", "false"] as const;
const ON = ["on", "1", "yes", "true"] as const;
const SWITCH = [...OFF, ...ON] as const;
const isOn = (value: string | undefined): boolean => ON.some((word) => word === value);
const MAX_SEED = 0xffff_ffffn;
const MAX_GROWTH = 0xffff_ffffn;
/** What the limits of the sandbox can count. */
const MAX_STEPS = 1n << 30n;
/** A module starts with fewer steps than this only to fault. */
const MIN_STEPS = 1000n;
/** With what functions without recursion take, well inside V8's stack of a megabyte. */
const MAX_STACK_BYTES = 384n << 10n;

interface Variable {
  readonly scopes: readonly SettingScope[];
  /** It says something of every vdev, so that one may take it for a setting of the vdev it stands behind. */
  readonly ofEachVdev?: true;
  /** Why it has no effect here. */
  readonly without?: string;
  check?(value: ConfigWord): void;
}

const oneOf = (name: string, choices: readonly string[]) => (value: ConfigWord) => {
  readChoice(value.text, value, `the value of ${name}`, choices);
};

const within = (name: string, min: bigint, max: bigint) => (value: ConfigWord) => {
  const number = readNumber(value.text, value, `the value of ${name}`, max);
  if (number < min) throw new UserError(`the value of ${name} must be at least ${min}, not ${value.text}`, value.place);
};

/** A 64-bit difference may go down, too. */
const signed = (name: string) => (value: ConfigWord) => {
  readNumber(value.text.replace(/^-/, ""), value, `the value of ${name}`);
};

const address = (name: string) => (value: ConfigWord) => {
  readNumber(value.text, value, `the value of ${name}`);
};

const fileName = (name: string) => (value: ConfigWord) => {
  if (value.text === "") throw new UserError(`the value of ${name} must be the name of a file`, value.place);
};

const NO_HARDWARE = "there is no controller of the host behind it";

const VARIABLES: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ["vdevbox-policy", { scopes: ["vdev", "vm"], check: oneOf("vdevbox-policy", POLICIES) }],
  ["vdevbox-instances", { scopes: ["vm"], ofEachVdev: true, check: oneOf("vdevbox-instances", INSTANCES) }],
  ["vdevbox-on-fault", { scopes: ["vm"], ofEachVdev: true, check: oneOf("vdevbox-on-fault", ON_FAULT) }],
  ["vdevbox-access-ns", { scopes: ["vm"], check: within("vdevbox-access-ns", 0n, MAX_ACCESS_NS) }],
  ["vdevbox-architecture", { scopes: ["vm"], check: oneOf("vdevbox-architecture", ARCHITECTURES) }],
  ["vdevbox-steps", { scopes: ["vm"], ofEachVdev: true, check: within("vdevbox-steps", MIN_STEPS, MAX_STEPS) }],
  ["vdevbox-stack", { scopes: ["vm"], ofEachVdev: true, check: within("vdevbox-stack", 0n, MAX_STACK_BYTES) }],
  ["vdevbox-seed", { scopes: ["vm"], check: within("vdevbox-seed", 0n, MAX_SEED) }],
  ["vdevbox-races", { scopes: ["vm"], check: oneOf("vdevbox-races", SWITCH) }],
  ["vdevbox-restless", { scopes: ["vm"], check: within("vdevbox-restless", 0n, MAX_SEED) }],
  ["vdevbox-growth", { scopes: ["vm"], check: within("vdevbox-growth", 0n, MAX_GROWTH) }],
  ["vdevbox-invariants", { scopes: ["vm"], check: oneOf("vdevbox-invariants", SWITCH) }],
  ["threads", { scopes: ["vm"], check: oneOf("threads", THREADS) }],
  ["vdevbox-time", { scopes: ["vm"], check: oneOf("vdevbox-time", TIME) }],
  ["vdevbox-start-time", { scopes: ["vm"], check: (value) => void readStartTime(value) }],
  [
    "exit-on-halt",
    {
      scopes: ["cpu", "vm"],
      without: "a guest that halts waits for the next timer",
      check: oneOf("exit-on-halt", SWITCH),
    },
  ],
  ["fdt-dump-file", { scopes: ["vm"], without: "no device tree is built yet", check: fileName("fdt-dump-file") }],
  ["counter-offset", { scopes: ["vm"], without: "guests see virtual time from 0 on", check: signed("counter-offset") }],
  ...["host-paddr-gicd", "host-paddr-gich", "host-paddr-gicv", "host-paddr-gicr"].map((name): [string, Variable] => [
    name,
    { scopes: ["vdev", "vm"], without: NO_HARDWARE, check: address(name) },
  ]),
]);

/** Every variable that is known, for documentation and its test. */
export const VARIABLE_NAMES: readonly string[] = [...VARIABLES.keys()];

/** A checked `set`, and where it belongs. */
export interface PlacedSetting {
  readonly scope: SettingScope | "pass";
  readonly setting: Setting;
  /** A sentence for the user, when something is worth telling. */
  readonly note?: string;
  /** What the note says is only that it holds for the whole VM. */
  readonly isVmWide?: true;
}

/**
 * Finds out what a `set` applies to: the open context when the variable can belong to it, else the VM.
 *
 * @throws UserError for an unknown variable of vdevbox's own, or a value it cannot have
 */
export function placeSetting(
  option: ConfigWord,
  name: ConfigWord,
  value: ConfigWord,
  open: SettingScope | "pass",
): PlacedSetting {
  const setting = { name: name.text, value: value.text, place: option.place };
  const variable = VARIABLES.get(name.text);
  if (variable === undefined) {
    const hint = didYouMean(name.text, VARIABLES.keys());
    if (name.text.startsWith("vdevbox-")) {
      throw new UserError(`vdevbox has no variable "${name.text}"${hint}`, name.place);
    }
    return {
      scope: open,
      setting,
      note: `the variable "${name.text}" is not known to vdevbox and has no effect${hint}`,
    };
  }
  variable.check?.(value);
  const applies = variable.scopes.some((scope) => scope === open);
  if (variable.without !== undefined) {
    const note = `"${name.text}" is kept and changes nothing: ${variable.without}`;
    return { scope: applies ? open : "vm", setting, note };
  }
  if (applies) return { scope: open, setting };
  const surprising = open === "vdev" && variable.ofEachVdev === true;
  const note = `"${name.text}" holds for the whole VM, also when set inside a ${open}`;
  return surprising ? { scope: "vm", setting, note, isVmWide: true } : { scope: "vm", setting };
}

/** What asks for a run that can be repeated, with the values that do. */
const REPEATABLE: ReadonlyMap<string, (value: string) => boolean> = new Map<string, (value: string) => boolean>([
  ["vdevbox-seed", () => true],
  ["vdevbox-races", isOn],
  ["vdevbox-restless", () => true],
  ["vdevbox-growth", () => true],
  ["vdevbox-invariants", isOn],
  ["vdevbox-time", (value) => value === "virtual"],
]);

/** @throws UserError for a variable that means nothing where threads run in parallel */
function refuseBesideParallel(settings: readonly Setting[]): void {
  for (const { name, value, place } of settings) {
    if (REPEATABLE.get(name)?.(value) !== true) continue;
    throw new UserError(
      `\`set ${name} ${value}\` does not go with \`set threads parallel\`: threads that really run in parallel follow the host's clock, and no run is like the other; leave out one of the two`,
      place,
    );
  }
}

/** vdevbox's own variables of a VM or of one vdev, with their types. */
export function vdevboxSettings(settings: readonly Setting[]): VdevboxSettings {
  const find = (name: string) => settings.findLast((setting) => setting.name === name);
  const text = (name: string) => find(name)?.value;
  const number = (name: string) => {
    const setting = find(name);
    return setting && readNumber(setting.value, { text: setting.value, quoted: false, place: setting.place }, name);
  };
  const architecture = ARCHITECTURES.find((choice) => choice === text("vdevbox-architecture"));
  const accessNs = number("vdevbox-access-ns");
  const steps = number("vdevbox-steps");
  const stackBytes = number("vdevbox-stack");
  const policy = POLICIES.find((choice) => choice === text("vdevbox-policy"));
  const instances = INSTANCES.find((choice) => choice === text("vdevbox-instances"));
  const onFault = ON_FAULT.find((choice) => choice === text("vdevbox-on-fault"));
  const seed = number("vdevbox-seed");
  const restless = number("vdevbox-restless");
  const growth = number("vdevbox-growth");
  const time = TIME.find((choice) => choice === text("vdevbox-time"));
  const threads = THREADS.find((choice) => choice === text("threads"));
  if (threads === "parallel") refuseBesideParallel(settings);
  const start = settings.findLast((setting) => setting.name === "vdevbox-start-time");
  return {
    ...(policy && { policy }),
    ...(instances && { instances }),
    ...(onFault && { onFault }),
    ...(architecture && { architecture }),
    ...(accessNs !== undefined && { accessNs }),
    ...(steps !== undefined && { steps }),
    ...(stackBytes !== undefined && { stackBytes }),
    ...(seed !== undefined && { seed }),
    ...(restless !== undefined && { restless }),
    ...(growth !== undefined && { growth }),
    ...(isOn(text("vdevbox-races")) && { races: true }),
    ...(isOn(text("vdevbox-invariants")) && { invariants: true }),
    ...(threads && { threads }),
    ...(threads === "parallel" ? { time: "wall" as const } : time && { time }),
    ...(start && { startTimeNs: readStartTime({ text: start.value, quoted: false, place: start.place }) }),
  };
}
