import type { SourcePlace } from "../errors.ts";
import type { ReservedPlan } from "./reserved.ts";

/** How a VM treats a broken rule: `strict` stops the module instance, `report` refuses the call and goes on. */
export type Policy = "strict" | "report";
/** Whether vdevs of one type share a module instance, as in qvm, or each has its own. */
export type Instances = "shared" | "private";
/** Whether the VM goes on without a module instance that faulted, or ends. */
export type OnFault = "continue" | "stop";
/** What an access nobody handles does: `fail` is a bus error, `ignore` reads all ones and drops writes. */
export type Unsupported = "fail" | "ignore" | "terminate";

/** `virtual`: time moves for a reason that is in the recording. `wall`: it follows the host's monotonic clock. */
export type TimeMode = "virtual" | "wall";

/** Whether vdevs' threads take turns, the same way in each run, or run in parallel. */
export type ThreadMode = "deterministic" | "parallel";

/** 2020-01-01T00:00:00Z: a constant, so that every run sees the same time of day. */
export const DEFAULT_START_TIME_NS = 1_577_836_800_000_000_000n;

export interface RamPlan {
  readonly start: bigint;
  readonly length: bigint;
  readonly writable: boolean;
  readonly place?: SourcePlace;
}

/** Addresses or ports of a device that is passed through. */
export interface PassedRange {
  readonly space: "memory" | "io";
  readonly address: bigint;
  readonly length: bigint;
  readonly place: SourcePlace;
}

/** What accesses nobody handles are told apart by: by space, and those that meet a vdev which does not handle them. */
export type UnsupportedKind = "mem" | "io" | "reference";
/** Kind of machine a guest finds. */
export type Architecture = "arm" | "x86";

/** `loc` as the configuration has it. Without a kind the vdev's own default space is meant. */
export type LocPlan =
  | { readonly space: "memory" | "io" | undefined; readonly address: bigint; readonly place?: SourcePlace }
  /** `function`: bus, device and function as the one number of PCI; undefined lets the host choose. */
  | { readonly space: "pci"; readonly function: number | undefined; readonly place?: SourcePlace };

export interface IntrPlan {
  readonly pic: string;
  /** A number, or a name for the controller's `parse`. */
  readonly line: number | string;
  readonly place?: SourcePlace;
}

/** Messages to `address` + 0x40 pulse lines from `base` on. */
export interface MsiPlan {
  readonly address: bigint;
  readonly base: number;
  readonly count: number;
  readonly place?: SourcePlace;
}

/** A controller of the host's own that the configuration declares. */
export interface ControllerPlan {
  readonly type: "gic" | "ioapic" | "8259";
  readonly name: string;
  /** Index of the vdev it stands in front of: users of a controller come after it. */
  readonly before: number;
  /** Options that have no effect, as they are written. */
  readonly ignored: readonly string[];
  /** Own options given more than once, of which the last counts. */
  readonly repeated?: readonly string[];
  /** A GICv2m frame. */
  readonly msi?: MsiPlan | undefined;
  readonly place?: SourcePlace;
}

/** One own option, bound to its place in the factory's option_list. */
export interface OptionPlan {
  readonly index: number;
  readonly name: string;
  readonly argument?: string;
  readonly place?: SourcePlace;
}

export interface VdevPlan {
  readonly type: string;
  /** The module's file. */
  readonly file: string;
  readonly name: string | undefined;
  readonly loc: LocPlan | undefined;
  readonly intr: IntrPlan | undefined;
  /** Where `intr apic` was given: the vdev's own upstream is the processor, as an I/O APIC's is. */
  readonly upstream?: SourcePlace;
  /** What `intr` names behind the first: for a vdev that parses the option itself. */
  readonly morePins?: readonly IntrPlan[];
  readonly policy: Policy | undefined;
  /** `sched`: the priority v_sched gets; nothing here is scheduled by it. */
  readonly sched?: number;
  /** Where `hostvector` was given: only interrupt controllers have one. */
  readonly hostvector?: SourcePlace;
  readonly place?: SourcePlace;
  /** Own options in order, once the factory has said which there are. @throws UserError for an unknown one */
  options(optionList: readonly string[]): readonly OptionPlan[];
}

/** All a VM is made from. A configuration file becomes one of these; a test may write one directly. */
export interface VmPlan {
  readonly system: string;
  readonly cpus: number;
  readonly ram: readonly RamPlan[];
  /** What the host chooses for nobody; left out: nothing. */
  readonly reserved?: ReservedPlan;
  /** Addresses and ports of devices that are passed through: no vdev is placed there. Left out: none. */
  readonly passed?: readonly PassedRange[];
  readonly vdevs: readonly VdevPlan[];
  /** Left out: those that every VM has, under the names of their types. */
  readonly controllers?: readonly ControllerPlan[];
  readonly policy: Policy;
  readonly instances: Instances;
  readonly onFault: OnFault;
  readonly unsupported: Unsupported;
  /** File a guest dump goes to; further ones of the run get a number behind it. */
  readonly dump?: string;
  /** Virtual nanoseconds one guest access takes. 0: time moves only when stepped. */
  readonly accessNs: number;
  /** What moves time: the guest's accesses, steps and halts (default), or the host's clock. See docs/time.md. */
  readonly time?: TimeMode;
  /** The time of day when the VM starts, in nanoseconds since 1970-01-01T00:00:00Z; left out: 2020-01-01. */
  readonly startTimeNs?: bigint;
  /** Kinds of accesses that `unsupported` does not hold for. */
  readonly unsupportedKinds?: Partial<Record<UnsupportedKind, Unsupported>>;
  /** Which tables describe the VM to its guest; left out: derived from the vdevs, see host/vm/architecture.ts. */
  readonly architecture?: Architecture;
  /** Limits of module instances; of each left out the default holds. */
  readonly limits?: LimitsPlan;
  /** The VM is built and described, and no guest runs. */
  readonly dryrun?: boolean;
  /** Whether vdevs are asked for their invariants after whatever happens; see invariants.ts. */
  readonly invariants?: boolean;
  /** `parallel`: threads of vdevs run at the same time, each on a worker; else they take turns. See docs/threads.md. */
  readonly threads?: ThreadMode;
  /** Data races are looked for. */
  readonly races?: boolean;
  /** A guest that changes memory while a vdev reads it, from this seed: see host/memory/restless-guest.ts. */
  readonly restless?: number;
  /** Bytes a module may take while its guest runs; more are told, see growth.ts. */
  readonly growth?: number;
  /** Of the schedule in a VM with threads; without, threads change over only where they wait. */
  readonly seed?: number | undefined;
}

/** Whether a VM sees every access of its modules to their memory, for what the plan asks. */
export function isWatched({ restless, growth }: VmPlan): boolean {
  return restless !== undefined || growth !== undefined;
}

/** What one activation of a module may take. */
export interface LimitsPlan {
  /** Steps of a callback, 1 to 2^30. */
  readonly steps?: number;
  /** Stack of recursive functions, in bytes. */
  readonly stackBytes?: number;
  /** Work of the host for a callback; see host-work.ts. */
  readonly hostWork?: number;
}
