import type {
  ConstantEntry,
  EntryBase,
  FunctionEntry,
  HandleKind,
  LockRule,
  Param,
  Result,
  Rule,
  ThreadSafety,
  Version,
} from "./schema.ts";

/** Releases by the ones an entry was seen in. */
export const V70: readonly Version[] = ["7.0"];
export const V71: readonly Version[] = ["7.1"];
export const V80: readonly Version[] = ["8.0"];
export const V70_71: readonly Version[] = ["7.0", "7.1"];
export const V70_80: readonly Version[] = ["7.0", "8.0"];
export const V71_80: readonly Version[] = ["7.1", "8.0"];
export const ALL: readonly Version[] = ["7.0", "7.1", "8.0"];
/** Ours: in no release. */
export const NONE: readonly Version[] = [];

// ------------------------------------------------------------------------------------------------- statements

function rule<T>(value: T, status: Rule<T>["status"], note?: string): Rule<T> {
  return note === undefined ? { value, status } : { value, status, note };
}

/** A public page says so. */
export const documented = <T>(value: T, note?: string): Rule<T> => rule(value, "documented", note);
/** Follows from a page or from published code, but no page says it. */
export const inferred = <T>(value: T, note?: string): Rule<T> => rule(value, "inferred", note);
/** Our own choice. */
export const ours = <T>(value: T, note?: string): Rule<T> => rule(value, "vdevbox", note);
/** Nobody knows: nothing is enforced. */
export const unknown: Rule<"unknown"> = { value: "unknown", status: "unknown" };

export const ANY_THREAD = inferred("any" as const);
/** At startup qvm has its main thread only. */
export const MAIN_ONLY = documented(["main"] as const, "startup is single-threaded");
export const NEVER_BLOCKS = inferred("no" as const);
export const mayBlock = (note: string): Rule<"yes"> => inferred("yes", note);

// ------------------------------------------------------------------------------------------------- parameters

interface Nullable {
  readonly nullable?: boolean;
}
export const NULLABLE: Nullable = { nullable: true };

function int(bits: 8 | 16 | 32 | 64, signed: boolean, usual: string) {
  return (name: string, cType = usual): Param => ({ name, type: { kind: "int", bits, signed, cType } });
}
export const i8 = int(8, true, "int8_t");
export const u16 = int(16, false, "uint16_t");
export const i32 = int(32, true, "int");
export const u32 = int(32, false, "unsigned");
export const u64 = int(64, false, "uint64_t");

export const guestAddress = (name: string): Param => ({ name, type: { kind: "guest-address", cType: "uint64_t" } });

export const struct = (
  name: string,
  of: string,
  access: "in" | "out" | "inout",
  more: Nullable & { readonly count?: string } = {},
): Param => ({ name, type: { kind: "struct", struct: of, access, ...more } });

export const buffer = (name: string, access: "in" | "out", length: string, more: Nullable = {}): Param => ({
  name,
  type: { kind: "buffer", access, length, ...more },
});

export const outInt = (
  name: string,
  bits: 32 | 64,
  more: Nullable & { readonly inout?: boolean; readonly count?: string } = {},
): Param => ({ name, type: { kind: "out-int", bits, ...more } });

export const cstring = (name: string, more: Nullable = {}): Param => ({ name, type: { kind: "cstring", ...more } });
export const callback = (name: string, of: string): Param => ({ name, type: { kind: "callback", callback: of } });
export const handle = (name: string, of: HandleKind, more: Nullable = {}): Param => ({
  name,
  type: { kind: "handle", of, ...more },
});
export const cookie = (name: string): Param => ({ name, type: { kind: "cookie" } });
export const varargs = (): Param => ({ name: "args", type: { kind: "varargs" } });

// ---------------------------------------------------------------------------------------------------- results

export const VOID: Result = { kind: "void" };
export const ERRNO: Result = { kind: "errno" };
export const U64: Result = { kind: "u64", cType: "uint64_t" };
export const intResult = (cType: string, signed = true): Result => ({ kind: "int", signed, cType });
export const pointerResult = (cType: string): Result => ({ kind: "pointer", cType });
export const handleResult = (of: HandleKind): Result => ({ kind: "handle", of });

// ------------------------------------------------------------------------------------------------------ locks

export const TAKES: LockRule = { lock: "gasp_lock", takes: true };
export const RELEASES: LockRule = { lock: "gasp_lock", releases: true };
export const UNDER_LOCK: LockRule = { lock: "gasp_lock", needed: "always" };
export const UNDER_LOCK_WHEN_RUNNING: LockRule = { lock: "gasp_lock", needed: "running" };

// ---------------------------------------------------------------------------------------------------- entries

/** What the functions of one header, or of a family in it, have in common. */
export interface Family {
  readonly header: string;
  readonly threadSafe: Rule<ThreadSafety>;
  readonly adviseAgainst?: FunctionEntry["adviseAgainst"];
}

type Common = "kind" | "name" | "header" | "threads" | "threadSafe" | "mayBlock" | "body" | "c";
export type FunctionSpec = Omit<FunctionEntry, Common> & Partial<Omit<FunctionEntry, "kind" | "name" | "header">>;

/**
 * Makes the functions of a family. Left out of a `spec`: any thread (inferred; main only for startup functions), the
 * family's thread safety, no blocking (inferred), a complete body, no prototype of the manual.
 */
export function functionsOf(family: Family): (name: string, spec: FunctionSpec) => FunctionEntry {
  const { header, threadSafe, adviseAgainst } = family;
  return (name, spec) => ({
    kind: "function",
    name,
    header,
    c: {},
    threads: spec.phase.value === "startup" && spec.phase.status === "documented" ? MAIN_ONLY : ANY_THREAD,
    threadSafe,
    mayBlock: NEVER_BLOCKS,
    body: "complete",
    ...(adviseAgainst === undefined ? {} : { adviseAgainst }),
    ...spec,
  });
}

type ConstantSpec = Omit<EntryBase, "name" | "header" | "summary"> & Pick<ConstantEntry, "status" | "type">;

/** Makes constants of one kind: `constant("GTC_MAX", 63, "Largest cause.")`. */
export function constantsOf(
  header: string,
  common: ConstantSpec,
): (name: string, value: ConstantEntry["value"], summary: string, more?: Partial<ConstantEntry>) => ConstantEntry {
  return (name, value, summary, more = {}) => ({ kind: "constant", name, header, summary, value, ...common, ...more });
}
