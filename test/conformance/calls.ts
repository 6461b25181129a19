import type { GateEntry, GateParam } from "../../abi/definition/schema.ts";
import { EINVAL, ENOSYS, EPERM } from "../../abi/generated/constants.ts";
import { GATE_TABLE } from "../../abi/generated/gate-table.ts";

/** Every function a module can import. */
export const CALLABLE: readonly GateEntry[] = GATE_TABLE.filter((entry) => entry.prototype !== "unknown");

/** Functions that end the VM instead of returning. */
export const NEVER_RETURN: readonly string[] = ["guest_terminate", "qvm_fatal", "qvm_outff"];

/** Functions for a thread of a vdev's own, and for one that has pushed a cleanup handler: on others they are told. */
export const NEEDS_OWN_THREAD: readonly string[] = ["pthread_exit", "pthread_cleanup_pop"];

/** The import of a function in the text format, as `$NAME`. */
export function importText(entry: GateEntry): string {
  const params = entry.rawParams === 0 ? "" : `(param${" i32".repeat(entry.rawParams)})`;
  return `(import "${entry.module}" "${entry.name}" (func $${entry.name} ${params} ${returns(entry) ? "(result i32)" : ""}))`;
}

/** Whether the raw import has a result; what has none leaves 0 here. */
export function returns(entry: GateEntry): boolean {
  return entry.result.kind !== "void" && entry.result.kind !== "u64";
}

/** A call of `$NAME` with these operands that leaves one i32. */
export function callText(entry: GateEntry, operands: readonly string[]): string {
  const call = `(call $${entry.name} ${operands.join(" ")})`;
  return returns(entry) ? call : `${call} (i32.const 0)`;
}

/** What C code sees of a call the gate refused or the host has no body for; a u64 stands in its result slot. */
export function failure(entry: GateEntry, why: "refused" | "wrong argument" | "not implemented"): bigint {
  const errno = { refused: EPERM, "wrong argument": EINVAL, "not implemented": ENOSYS }[why];
  switch (entry.result.kind) {
    case "errno":
      return BigInt(errno);
    case "u64":
      return 0xffffffffffffffffn;
    default:
      return 0n;
  }
}

/** The parameters of one kind, for tests that go through all functions that have one. */
export function withParam<K extends GateParam["type"]["kind"]>(
  kind: K,
): { readonly entry: GateEntry; readonly param: GateParam & { readonly type: { readonly kind: K } } }[] {
  return CALLABLE.flatMap((entry) =>
    entry.params
      .filter((param) => param.type.kind === kind)
      .map((param) => ({ entry, param: param as GateParam & { readonly type: { readonly kind: K } } })),
  );
}
