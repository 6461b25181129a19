import type { CallbackName, CallPhase, Status, ThreadKind, ThreadSafety } from "../../abi/definition/schema.ts";
import type { SourcePlace } from "../errors.ts";
import type { Finding, RuleName } from "../gate/finding.ts";

/** All that `vdevbox check` says of a module. Plain data: it survives JSON. */
export interface CheckReport {
  readonly verdict: "ok" | "findings";
  readonly module: ModuleReport;
  /** ABI functions in the order of the module's imports. */
  readonly imports: readonly ImportReport[];
  /** Names of imported qvm functions whose prototype no public page shows: the signature is vdevbox's own. */
  readonly notPortable: readonly string[];
  /** Constants the sources import whose number is vdevbox's own: code that uses the name is portable. */
  readonly ownConstants: readonly string[];
  readonly factories: readonly FactoryReport[];
  readonly callbacks: readonly CallbackReport[];
  readonly findings: readonly CheckFinding[];
  /** What the reader should know that is no finding: calls without a body yet, callbacks that were not followed. */
  readonly notes: readonly string[];
}

export interface ModuleReport {
  readonly file: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  /** 64 KiB pages. */
  readonly memory: { readonly minimum_pages: number; readonly maximum_pages: number };
  /** Version of the contract between module and host. */
  readonly contract: number;
  /** ABI version given to vdev_register_factory(); undefined when the module registers no factory. */
  readonly vdev_abi?: number;
  /** Whether places in the source are known. */
  readonly source_map: boolean;
}

export interface ImportReport {
  readonly name: string;
  readonly header: string;
  readonly phase: { readonly value: CallPhase; readonly status: Status };
  readonly threads: { readonly value: readonly ThreadKind[] | "any"; readonly status: Status };
  readonly thread_safe: { readonly value: ThreadSafety; readonly status: Status };
  readonly may_block: { readonly value: "yes" | "no"; readonly status: Status };
  readonly lock_needed: "never" | "running" | "always";
  /** Status of the prototype. */
  readonly prototype: Status;
  /** `later`: the call passes its gate and answers ENOSYS. */
  readonly body: "complete" | "later";
  /** Page of the manual. */
  readonly manual?: string;
}

export interface FactoryReport {
  readonly name: string;
  readonly functions: readonly FactoryFunction[];
  readonly options: readonly { readonly name: string; readonly argument: boolean }[];
  /** Names of VFF_* bits; a bit without a name as a number. */
  readonly flags: readonly string[];
  /** Widths in bytes that acc_sizes allows; empty when the factory leaves it 0. */
  readonly access_widths: readonly number[];
  readonly extra_space: number;
}

/** A member of vdev_factory or of its vdev_pic_functions that is set. */
export interface FactoryFunction {
  /** `vread`, `pic.signal`. */
  readonly member: string;
  /** The AssemblyScript function's name. */
  readonly function: string;
  readonly place?: SourcePlace;
}

/** One way into the module, with the ABI calls that can be reached on it. */
export interface CallbackReport {
  /** `vread`, `VDEV_CTRL_STATUS`, `option emit-trace`. */
  readonly title: string;
  readonly callback: CallbackName;
  readonly factory?: string;
  /** Value of `ctrl`, for control. */
  readonly ctrl?: number;
  readonly function: string;
  readonly calls: readonly string[];
  /** Of these, the ones refused when the callback comes before the guest is configured, for those that may. */
  readonly refused_at_startup?: readonly string[];
}

export interface CheckFinding {
  /** As the gate would say; `fault`: the module could not even start. */
  readonly severity: Finding["severity"];
  readonly rule: RuleName | "allocation";
  /** Title of the callback. */
  readonly callback: string;
  /** The ABI function, where there is one. */
  readonly call?: string;
  readonly message: string;
  readonly reason?: Finding["reason"];
  /** The author's line. */
  readonly place?: SourcePlace;
  /** The author's calls from the callback to the one in question, outermost first. */
  readonly chain: readonly ChainStep[];
  readonly advice: string;
}

/** A call in the author's source. */
export interface ChainStep {
  /** The function that calls. */
  readonly function: string;
  readonly place?: SourcePlace;
  /** The callee is any function of the right type: the call goes through the function table. */
  readonly indirect?: true;
}
