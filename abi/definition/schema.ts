/**
 * The shape of the ABI definition: one entry for every function, callback, struct, enum, constant and type of the
 * qvm vdev API. Everything else in `abi/` is generated from these entries. Adding a function is adding one entry.
 */

/** Releases of the manual an entry was seen in. The baseline is 7.0. */
export type Version = "7.0" | "7.1" | "8.0";

/**
 * Where a statement comes from. `documented`: a public manual page says so. `inferred`: it follows from the manual or
 * from published code, but no page says it. `vdevbox`: our own choice, because nobody knows. `unknown`: not known.
 */
export type Status = "documented" | "inferred" | "vdevbox" | "unknown";

/** A statement with where it comes from. `note` is one sentence for the reader of a report. */
export interface Rule<T> {
  readonly value: T;
  readonly status: Status;
  readonly note?: string;
}

/**
 * What a vdev can be doing when it makes a call. The order is the wire value: the dispatcher and the host keep the
 * index in one memory word, and the gate tests one bit of a 32-bit mask with it.
 */
export const CALLBACKS = [
  "none",
  "module-start",
  "OPTIONS_START",
  "OPTION",
  "OPTIONS_END",
  "ASSIGN",
  "PCI_BARS",
  "GEN_FDT",
  "GEN_ACPI",
  "GUEST_CONFIGURED",
  "GUEST_STARTING",
  "STATUS",
  "BUTTON",
  "TERMINATE",
  "vread",
  "vwrite",
  "timer",
  "pulse",
  "thread",
  "pic-signal",
  "pic-notify",
  "pic-parse",
  "pic-string",
  "pic-table-spec",
  "msi-deliver",
  "instruction",
  "power-state",
] as const;
export type CallbackName = (typeof CALLBACKS)[number];

/** Threads of a qvm process. That timer and pulse callbacks run apart from main and vCPU is our assumption. */
export const THREADS = ["main", "vcpu", "timer", "pulse", "vdev"] as const;
export type ThreadKind = (typeof THREADS)[number];

export const PHASES = ["startup", "running"] as const;
export type Phase = (typeof PHASES)[number];

/** When a function may be called. `after-options-start` is any time after VDEV_CTRL_OPTIONS_START has returned. */
export type CallPhase = "startup" | "running" | "both" | "module-start" | "after-options-start" | "unknown";

/** Thread safety as the manual's tables give it; the conditional forms are spelled out. */
export type ThreadSafety =
  | "yes"
  | "no"
  | "unknown"
  | "startup-only"
  | "under-gasp-lock-when-running"
  | "no-allocation-when-running";

/** One parameter, as the C prototype has it. `in`/`out` is seen from the host: `out` is written by the host. */
export type ParamKind =
  | { readonly kind: "int"; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean; readonly cType: string }
  | { readonly kind: "guest-address"; readonly cType: string }
  | {
      readonly kind: "struct";
      readonly struct: string;
      readonly access: "in" | "out" | "inout";
      readonly nullable?: boolean;
      /** Name of the parameter that counts the elements, when this is an array. */
      readonly count?: string;
    }
  | {
      readonly kind: "buffer";
      readonly access: "in" | "out";
      /** Name of the parameter that gives the length in bytes. */
      readonly length: string;
      readonly nullable?: boolean;
    }
  | {
      readonly kind: "out-int";
      readonly bits: 32 | 64;
      readonly nullable?: boolean;
      readonly inout?: boolean;
      /** Name of the parameter that counts the elements, when this is an array. */
      readonly count?: string;
    }
  | { readonly kind: "cstring"; readonly nullable?: boolean }
  | { readonly kind: "callback"; readonly callback: string; readonly nullable?: boolean }
  | { readonly kind: "handle"; readonly of: HandleKind; readonly nullable?: boolean }
  /** A pointer or number handed back later and never looked into (`void *data`). */
  | { readonly kind: "cookie" }
  /** printf arguments: lowered to one pointer to 8-byte slots, one slot an argument. */
  | { readonly kind: "varargs" };

/** C text by version, as the manual prints it; `vdevbox`: our own, when no page shows one. */
export type Prototypes = Partial<Record<Version | "7.0/7.1" | "vdevbox", string>>;

/** Things the host knows by a number that must belong to the calling module instance. */
export type HandleKind =
  | "vdev"
  | "guest_cpu"
  | "guest_system"
  | "guest_timer"
  | "guest_power_state_notify"
  | "virtq"
  | "opaque";

export interface Param {
  readonly name: string;
  readonly type: ParamKind;
}

/** `errno`: EOK or an errno. `pointer`: address in module memory or 0. `u64`: returned through a hidden pointer. */
export type Result =
  | { readonly kind: "void" }
  | { readonly kind: "errno" }
  | { readonly kind: "int"; readonly signed: boolean; readonly cType: string }
  | { readonly kind: "u64"; readonly cType: string }
  | { readonly kind: "pointer"; readonly cType: string }
  | { readonly kind: "handle"; readonly of: HandleKind };

/** A lock rule of the address space lock. */
export type LockRule =
  | { readonly lock: "gasp_lock"; readonly needed: "always" | "running" }
  | { readonly lock: "gasp_lock"; readonly takes: true }
  | { readonly lock: "gasp_lock"; readonly releases: true };

export interface EntryBase {
  readonly name: string;
  /** Header without `.h`: `vdev-core`, `guest`, …; `posix` for what comes from libc. */
  readonly header: string;
  readonly versions: readonly Version[];
  readonly summary: string;
  /** The public pages the facts come from. */
  readonly sources: readonly string[];
  readonly notes?: string;
  /** Names the manual groups (`GIT_X86_*`), when this entry stands for them. */
  readonly covers?: readonly string[];
}

export interface FunctionEntry extends EntryBase {
  readonly kind: "function";
  readonly c: Prototypes;
  /** `unknown`: cannot be called, refused at load by name. `vdevbox`: the signature is ours. */
  readonly prototype: Status;
  readonly params: readonly Param[];
  /** What the parameters mean, in prose. */
  readonly arguments?: string;
  readonly result: Result;
  readonly returns?: string;
  readonly phase: Rule<CallPhase>;
  /** Callbacks that may call it beyond what the phase says, or may not. */
  readonly callbacks?: {
    readonly only?: readonly CallbackName[];
    readonly except?: readonly CallbackName[];
    readonly status: Status;
  };
  readonly threads: Rule<readonly ThreadKind[] | "any">;
  /** Threads the manual advises against: a warning, never a fault. */
  readonly adviseAgainst?: { readonly threads: readonly ThreadKind[]; readonly note: string };
  readonly threadSafe: Rule<ThreadSafety>;
  readonly locks?: readonly LockRule[];
  readonly mayBlock: Rule<"yes" | "no">;
  /** `complete`: the host has it. `later`: gated, answers ENOSYS. `assembly`: pure AssemblyScript, no host call. */
  readonly body: "complete" | "later" | "assembly";
}

export interface CallbackEntry extends EntryBase {
  readonly kind: "callback";
  readonly c: Prototypes;
  /** Name in CALLBACKS, for callbacks the gate tells apart. */
  readonly callback?: CallbackName;
  readonly params: readonly Param[];
  readonly arguments?: string;
  readonly result: Result;
  /** VDEV_CTRL_* value for control callbacks. */
  readonly value?: Rule<number>;
  readonly phase: Rule<"startup" | "running" | "both" | "unknown">;
  readonly thread: Rule<ThreadKind | "caller">;
}

/** A field type: a C type the layout generator knows, another struct embedded, or an array. */
export interface Field {
  readonly name: string;
  readonly type:
    | "u8"
    | "i8"
    | "u16"
    | "i16"
    | "u32"
    | "i32"
    | "u64"
    | "i64"
    | { readonly pointer: string }
    | { readonly callback: string }
    | { readonly cstring: true }
    | { readonly embed: string }
    | { readonly array: "u8" | "u32" | "u64"; readonly length: number };
  readonly doc?: string;
}

export interface StructEntry extends EntryBase {
  readonly kind: "struct";
  readonly c: Prototypes;
  /** Status of the layout used here; `vdevbox` when members had to be chosen. */
  readonly layout: Status;
  readonly fields: readonly Field[];
}

export interface EnumEntry extends EntryBase {
  readonly kind: "enum";
  readonly c: Prototypes;
  readonly type: "u8" | "u16" | "u32" | "i32";
  readonly values: readonly {
    readonly name: string;
    readonly value: number;
    readonly status: Status;
    readonly note?: string;
  }[];
}

export interface ConstantEntry extends EntryBase {
  readonly kind: "constant";
  readonly type: "u16" | "u32" | "i32" | "u64" | "string";
  readonly value: number | bigint | string;
  readonly status: Status;
}

export interface TypeEntry extends EntryBase {
  readonly kind: "type";
  readonly c: string;
  readonly as: string;
}

/** A function-like macro over unsigned integers; `expression` is valid C and AssemblyScript, absent when unknown. */
export interface MacroEntry extends EntryBase {
  readonly kind: "macro";
  readonly c?: string;
  readonly params: readonly string[];
  readonly expression?: string;
  readonly status: Status;
}

export type Entry = FunctionEntry | CallbackEntry | StructEntry | EnumEntry | ConstantEntry | TypeEntry | MacroEntry;

// ---------------------------------------------------------------------------------------------------------------
// What the gate uses: one flat record a function, generated into abi/generated/gate-table.ts.

/** One raw i32 argument of an import, after lowering: a 64-bit parameter takes two (low, high). */
export interface GateParam {
  readonly name: string;
  readonly type: ParamKind;
  /** Index of the first raw argument. */
  readonly at: number;
}

export interface GateEntry {
  readonly name: string;
  readonly module: "qvm" | "posix";
  readonly header: string;
  readonly prototype: Status;
  readonly body: "complete" | "later";
  readonly params: readonly GateParam[];
  /** Raw i32 arguments, the hidden result pointer of a u64 result included (always last). */
  readonly rawParams: number;
  readonly result: Result;
  /** Bit i set: may be called in CALLBACKS[i]. One mask for each phase. */
  readonly allowedStartup: number;
  readonly allowedRunning: number;
  readonly phase: Rule<CallPhase>;
  /** Bit i set: may be called on THREADS[i]. */
  readonly threads: number;
  readonly threadsStatus: Status;
  /** Bit i set: advised against on THREADS[i]. */
  readonly advisedAgainst: number;
  readonly advice: string;
  readonly threadSafe: Rule<ThreadSafety>;
  readonly lockNeeded: "never" | "running" | "always";
  readonly mayBlock: Rule<"yes" | "no">;
  readonly source: string;
}
