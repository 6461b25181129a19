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
  /** What moves time. */
  readonly time?: (typeof TIME)[number];
  /** The time of day at virtual time 0, in nanoseconds since 1970-01-01T00:00:00Z. */
  readonly startTimeNs?: bigint;
}

/** An hour; with it, sums of many accesses stay exact. */
const MAX_ACCESS_NS = 3_600_000_000_000n;

interface Variable {
  readonly scopes: readonly SettingScope[];
  check?(value: ConfigWord): void;
}

const oneOf = (name: string, choices: readonly string[]) => (value: ConfigWord) => {
  readChoice(value.text, value, `the value of ${name}`, choices);
};

const VARIABLES: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ["vdevbox-policy", { scopes: ["vdev", "vm"], check: oneOf("vdevbox-policy", POLICIES) }],
  ["vdevbox-instances", { scopes: ["vm"], check: oneOf("vdevbox-instances", INSTANCES) }],
  ["vdevbox-on-fault", { scopes: ["vm"], check: oneOf("vdevbox-on-fault", ON_FAULT) }],
  [
    "vdevbox-access-ns",
    {
      scopes: ["vm"],
      check: (value) => void readNumber(value.text, value, "the value of vdevbox-access-ns", MAX_ACCESS_NS),
    },
  ],
  ["vdevbox-time", { scopes: ["vm"], check: oneOf("vdevbox-time", TIME) }],
  ["vdevbox-start-time", { scopes: ["vm"], check: (value) => void readStartTime(value) }],
  ["exit-on-halt", { scopes: ["cpu", "vm"] }],
  ["fdt-dump-file", { scopes: ["vm"] }],
  ["counter-offset", { scopes: ["vm"] }],
  ["host-paddr-gicd", { scopes: ["vdev", "vm"] }],
  ["host-paddr-gich", { scopes: ["vdev", "vm"] }],
  ["host-paddr-gicv", { scopes: ["vdev", "vm"] }],
  ["host-paddr-gicr", { scopes: ["vdev", "vm"] }],
]);

/** A checked `set`, and where it belongs. */
export interface PlacedSetting {
  readonly scope: SettingScope | "pass";
  readonly setting: Setting;
  /** A sentence for the user, when something is worth telling. */
  readonly note?: string;
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
    if (name.text.startsWith("vdevbox-")) {
      const hint = didYouMean(name.text, VARIABLES.keys());
      throw new UserError(`vdevbox has no variable "${name.text}"${hint}`, name.place);
    }
    return { scope: open, setting, note: `the variable "${name.text}" is not known to vdevbox and has no effect` };
  }
  variable.check?.(value);
  const applies = variable.scopes.some((scope) => scope === open);
  if (applies) return { scope: open, setting };
  const surprising = open !== "vm" && name.text.startsWith("vdevbox-");
  const note = `"${name.text}" holds for the whole VM, also when set inside a ${open}`;
  return surprising ? { scope: "vm", setting, note } : { scope: "vm", setting };
}

/** vdevbox's own variables of a VM or of one vdev, with their types. */
export function vdevboxSettings(settings: readonly Setting[]): VdevboxSettings {
  const text = (name: string) => settings.findLast((setting) => setting.name === name)?.value;
  const policy = POLICIES.find((choice) => choice === text("vdevbox-policy"));
  const instances = INSTANCES.find((choice) => choice === text("vdevbox-instances"));
  const onFault = ON_FAULT.find((choice) => choice === text("vdevbox-on-fault"));
  const time = TIME.find((choice) => choice === text("vdevbox-time"));
  const start = settings.findLast((setting) => setting.name === "vdevbox-start-time");
  const access = settings.findLast((setting) => setting.name === "vdevbox-access-ns");
  return {
    ...(policy && { policy }),
    ...(instances && { instances }),
    ...(onFault && { onFault }),
    ...(time && { time }),
    ...(start && { startTimeNs: readStartTime({ text: start.value, quoted: false, place: start.place }) }),
    ...(access && {
      accessNs: readNumber(access.value, { text: access.value, quoted: false, place: access.place }, access.name),
    }),
  };
}
