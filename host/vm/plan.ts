import type { SourcePlace } from "../errors.ts";

/** How a VM treats a broken rule: `strict` stops the module instance, `report` refuses the call and goes on. */
export type Policy = "strict" | "report";
/** Whether vdevs of one type share a module instance, as in qvm, or each has its own. */
export type Instances = "shared" | "private";
/** Whether the VM goes on without a module instance that faulted, or ends. */
export type OnFault = "continue" | "stop";
/** What an access nobody handles does: `fail` is a bus error, `ignore` reads all ones and drops writes. */
export type Unsupported = "fail" | "ignore" | "terminate";

export interface RamPlan {
  readonly start: bigint;
  readonly length: bigint;
  readonly writable: boolean;
  readonly place?: SourcePlace;
}

/** `loc` as the configuration has it. Without a kind the vdev's own default space is meant. */
export interface LocPlan {
  readonly space: "memory" | "io" | undefined;
  readonly address: bigint;
  readonly place?: SourcePlace;
}

export interface IntrPlan {
  readonly pic: string;
  readonly line: number;
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
  /** A GICv2m frame: messages to `address` + 0x40 pulse lines from `base` on. */
  readonly msi?: { readonly address: bigint; readonly base: number; readonly count: number } | undefined;
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
  readonly policy: Policy | undefined;
  readonly place?: SourcePlace;
  /** Own options in order, once the factory has said which there are. @throws UserError for an unknown one */
  options(optionList: readonly string[]): readonly OptionPlan[];
}

/** All a VM is made from. A configuration file becomes one of these; a test may write one directly. */
export interface VmPlan {
  readonly system: string;
  readonly cpus: number;
  readonly ram: readonly RamPlan[];
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
}
