import type { RuleName } from "../../../host/gate/finding.ts";
import { fileOf, linesOf, modelOf } from "./devices.ts";

/** What kind of finding a planted mistake is: a rule of the host's, or one that only a fuzzer's own oracles tell. */
export type DeviceClass = RuleName | OracleClass;
export type OracleClass = "invariant" | "memory-growth" | "reference" | "reset";

/** A planted mistake, and where its finding must point. */
export interface PlantedDevice {
  /** The vdev's type, and the name of its file in `assembly/` and of its script in `triggers/`. */
  readonly name: string;
  readonly class: DeviceClass;
  /** The rule an ordinary run tells of it when its trigger script runs; undefined: only expectations fail. */
  readonly told: RuleName | undefined;
  readonly file: string;
  /** Lines marked `// BUG`: the mistake. A finding names one of them, unless there are lines in `toldAt`. */
  readonly bug: readonly number[];
  /** Lines marked `// TOLD`: the invariant that fails. */
  readonly toldAt: readonly number[];
  /** What the configuration sets so that the host sees the mistake. */
  readonly settings: readonly string[];
  /** Of a mistake that only comparing tells: what is compared when it shows. */
  readonly compared: string | undefined;
  /** A model of the device in `models/`. */
  readonly model: string | undefined;
  /** How the guest resets the device. */
  readonly reset: string | undefined;
}

const RULES: Readonly<Record<string, RuleName>> = {
  "dma-window": "abort",
  "fifo-overrun": "abort",
  "descriptor-loop": "limit",
  "counter-underflow": "abort",
  "size-overflow": "abort",
  "double-fetch": "double-fetch",
  "reset-during-transfer": "abort",
  "ring-wrap": "abort",
  "magic-key": "trap",
  "register-pair": "race",
  "zero-divisor": "trap",
  "leaked-lock": "lock",
  "command-words": "abort",
  "late-timer": "phase",
  "guest-count": "limit",
  "own-registers": "argument",
  "behind-mapping": "mapping",
  "zero-period": "limit",
};

/** Told by a fuzzer only. An ordinary run sees what the guest sees: the expectations of the trigger script fail. */
const ORACLES: Readonly<Record<string, OracleClass>> = {
  "masked-msi": "invariant",
  "stale-buffer": "invariant",
  "truncated-address": "invariant",
  "survives-reset": "invariant",
  "memory-growth": "memory-growth",
  "lost-events": "reference",
  "kept-flip-flop": "reset",
};
/** Mistakes of the fuzzer's classes that end in a fault of another rule when a script goes on long enough. */
const ENDS_AS: Readonly<Record<string, RuleName>> = { "memory-growth": "limit" };

const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  "descriptor-loop": ["vdevbox-steps 1000000"],
  "double-fetch": ["vdevbox-restless 1"],
  "register-pair": ["vdevbox-races on"],
};

/** What shows a mistake that only comparing tells. */
const COMPARED: Readonly<Record<string, string>> = {
  "lost-events": "at offset 0x0 of lost-events",
  "kept-flip-flop": "at offset 0x4 of kept-flip-flop after a reset",
};
const RESETS: Readonly<Record<string, string>> = { "kept-flip-flop": "writel 0xe0000008 0x1" };

/** Every planted mistake. */
export const PLANTED_DEVICES: readonly PlantedDevice[] = Object.entries({ ...RULES, ...ORACLES }).map(
  ([name, which]) => ({
    name,
    class: which,
    told: RULES[name] ?? ENDS_AS[name],
    file: fileOf(name),
    bug: linesOf(name, "BUG"),
    toldAt: linesOf(name, "TOLD"),
    settings: SETTINGS[name] ?? [],
    compared: COMPARED[name],
    model: which === "reference" ? modelOf(name) : undefined,
    reset: RESETS[name],
  }),
);
