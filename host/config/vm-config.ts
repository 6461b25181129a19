import type { SourcePlace } from "../errors.ts";
import type { ConfigWord } from "./words.ts";

/** What a configuration says, as plain data. Nothing in it has been looked up in a module yet. */
export interface VmConfig {
  readonly system?: Named;
  /** One vCPU each. None means one vCPU with the defaults: see `vcpuCount`. */
  readonly cpus: readonly CpuItem[];
  /** RAM and ROM in their order, which says where those without an address are. */
  readonly memory: readonly MemoryItem[];
  readonly vdevs: readonly VdevItem[];
  /** Checked so that a whole configuration can be read; vdevbox passes nothing through. */
  readonly passes: readonly PassItem[];
  readonly reserves: readonly ReserveItem[];
  /** Images, in order. */
  readonly loads: readonly LoadItem[];
  readonly cmdline?: Named;
  readonly loggers: readonly LogFilter[];
  readonly dump?: Named;
  readonly safety?: "none" | "warn" | "required";
  readonly debug: boolean;
  readonly dryrun: boolean;
  /** VM-wide variables; of one name the last. */
  readonly settings: readonly Setting[];
  /** Of one kind of access the last. */
  readonly unsupported: readonly UnsupportedItem[];
  /** What was accepted but has no effect here, one sentence each. */
  readonly notes: readonly ConfigNote[];
}

/** A text the user chose, with where it stands. */
export interface Named {
  readonly text: string;
  readonly place: SourcePlace;
}

export interface CpuItem {
  readonly place: SourcePlace;
  /** Host priority of the vCPU thread. */
  readonly sched?: number;
  /** Host CPUs the thread may run on. */
  readonly runmask?: readonly number[];
  readonly partition?: string;
  readonly cluster?: string;
  readonly settings: readonly Setting[];
}

export interface MemoryItem {
  readonly kind: "ram" | "rom";
  /** Of the range, behind the option. */
  readonly place: SourcePlace;
  /** Left out: right behind the highest one in front of it. */
  readonly address?: bigint;
  /** Bytes; never 0. */
  readonly length: bigint;
  /** Of the length, where it is not that of the range. */
  readonly lengthPlace?: SourcePlace;
}

export interface VdevItem {
  /** The word after `vdev`: the module is `vdev-TYPE`. */
  readonly type: string;
  readonly place: SourcePlace;
  readonly loc?: LocationItem;
  /** Lines this vdev drives, in order; hpet has several. */
  readonly intr: readonly IntrPin[];
  readonly name?: Named;
  readonly log?: LogFilter;
  readonly sched?: NumberItem;
  readonly hostvector?: NumberItem;
  readonly settings: readonly Setting[];
  /** The vdev's own options, not yet told apart from their arguments: see `bindOptions`. */
  readonly own: readonly OwnWord[];
}

/** A word of a vdev's own options. */
export interface OwnWord extends ConfigWord {
  /** The option of the grammar that stands right behind; a vdev's option cannot take its argument past it. */
  readonly followedBy?: ConfigWord;
}

export type LocationItem =
  /** `default`: no `mem:` or `io:` in front, so the vdev's own default space. */
  | { readonly space: "memory" | "io" | "default"; readonly address: bigint; readonly place: SourcePlace }
  | { readonly space: "pci"; readonly pci: PciLocation; readonly place: SourcePlace };

export interface PciFunction {
  readonly by: "function";
  readonly bus: number;
  readonly device: number;
  readonly function: number;
}

/** A PCI device by its place on a bus, or by who made it. */
export type PciLocation =
  | PciFunction
  | {
      readonly by: "id";
      readonly vendor: number;
      readonly device: number;
      /** Which of several with that id, from 0. */
      readonly index?: number;
    };

export interface IntrPin {
  readonly pic: string;
  /** A number, or a name that only the controller knows. Left out for `apic`, an I/O APIC's own upstream. */
  readonly line?: number | string;
  readonly place: SourcePlace;
}

export interface NumberItem {
  readonly value: number;
  readonly place: SourcePlace;
}

export const SEVERITIES = ["fatal", "internal", "error", "warn", "info", "debug", "verbose"] as const;
export type Severity = (typeof SEVERITIES)[number];

export const LOG_DESTINATIONS = ["stdout", "stderr", "slog", "none"] as const;
export type LogDestination = (typeof LOG_DESTINATIONS)[number];

/** Messages of exactly these severities go there; filters add up. See log-routes.ts. */
export interface LogFilter {
  readonly severities: readonly Severity[];
  readonly destination: LogDestination;
  readonly place: SourcePlace;
}

/** What the VM takes for nobody by itself: the configuration and vdevs still may. */
export interface ReserveItem {
  readonly place: SourcePlace;
  readonly locs: readonly ReservedLocation[];
  /** Numbers of guest interrupts. */
  readonly intr: readonly NumberItem[];
}

export type ReservedLocation =
  | {
      readonly space: "memory" | "io";
      readonly address: bigint;
      /** Bytes; never 0. */
      readonly length: bigint;
      readonly place: SourcePlace;
    }
  | { readonly space: "pci"; readonly pci: PciFunction; readonly place: SourcePlace };

export interface PassItem {
  readonly place: SourcePlace;
  /** All of them are passed. */
  readonly locs: readonly PassLocation[];
  readonly intr: readonly PassPin[];
  readonly settings: readonly Setting[];
}

/** `mem:addr,len,perms=host` of a physical device, or a PCI device. */
export type PassLocation =
  | {
      readonly space: "memory" | "io";
      readonly address: bigint;
      readonly length: bigint;
      /** Signs and letters, `rwx` and others. */
      readonly permissions?: string;
      /** Where the host has it. */
      readonly host?: bigint;
      readonly place: SourcePlace;
    }
  | {
      readonly space: "pci";
      readonly pci: PciLocation;
      /** The device that appears there. */
      readonly host?: PciLocation;
      readonly place: SourcePlace;
    };

/** `gic:44=150`: a line of the guest, and the host's vector that feeds it. */
export interface PassPin extends IntrPin {
  /** `t`: an interrupt service thread delivers it; `u`: it may be unmasked at once. */
  readonly attributes?: readonly PassAttribute[];
  readonly vector?: number;
}

export const PASS_ATTRIBUTES = ["t", "u"] as const;
export type PassAttribute = (typeof PASS_ATTRIBUTES)[number];

export interface LoadItem {
  readonly kind: "image" | "initrd";
  readonly file: string;
  readonly place: SourcePlace;
}

/** One `set VAR VALUE`. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly place: SourcePlace;
}

export const UNSUPPORTED_KINDS = ["mem", "io", "register", "instruction", "reference"] as const;
export type UnsupportedKind = (typeof UNSUPPORTED_KINDS)[number];

export const UNSUPPORTED_ACTIONS = ["ignore", "fail", "abort"] as const;
export type UnsupportedAction = (typeof UNSUPPORTED_ACTIONS)[number];

/** What to do with accesses of a kind that nobody handles. No page lists the words and what they cover; that is ours. */
export interface UnsupportedItem {
  readonly kind: UnsupportedKind;
  readonly action: UnsupportedAction;
  readonly place: SourcePlace;
}

export interface ConfigNote {
  readonly text: string;
  readonly place: SourcePlace;
}

/** vCPUs of the VM: one a `cpu`, and one when there is none. */
export function vcpuCount(config: VmConfig): number {
  return Math.max(1, config.cpus.length);
}
