import type { Entry, FunctionEntry, GateEntry, GateParam, Param } from "../../abi/definition/schema.ts";
import { allowedMask, type CallbackMasks, callbackMasks, threadMask } from "./masks.ts";

/** abi/generated/gate-table.ts: what the gate consumes, every mask worked out. */
export function generateGateTable(entries: readonly Entry[]): string {
  return [
    "// Generated from abi/definition by build/generators: do not edit.",
    'import type { GateEntry } from "../definition/schema.ts";',
    "",
    "/** One record for every function a module may import. */",
    `export const GATE_TABLE: readonly GateEntry[] = ${JSON.stringify(gateTable(entries))};`,
    "",
  ].join("\n");
}

/** The records themselves. Functions that run inside the module have none. */
export function gateTable(entries: readonly Entry[]): readonly GateEntry[] {
  const possible = callbackMasks(entries);
  return entries.flatMap((entry) =>
    entry.kind === "function" && entry.body !== "assembly" ? [gateEntry(entry, entry.body, possible)] : [],
  );
}

function gateEntry(entry: FunctionEntry, body: GateEntry["body"], possible: CallbackMasks): GateEntry {
  const { params, rawParams } = lower(entry);
  return {
    name: entry.name,
    module: entry.header === "posix" ? "posix" : "qvm",
    header: entry.header,
    prototype: entry.prototype,
    body,
    params,
    rawParams,
    result: entry.result,
    allowedStartup: allowedMask(entry, "startup", possible),
    allowedRunning: allowedMask(entry, "running", possible),
    phase: entry.phase,
    threads: threadMask(entry.threads.value),
    threadsStatus: entry.threads.status,
    advisedAgainst: threadMask(entry.adviseAgainst?.threads ?? []),
    advice: entry.adviseAgainst?.note ?? "",
    threadSafe: entry.threadSafe,
    lockNeeded: lockNeeded(entry),
    mayBlock: entry.mayBlock,
    source: entry.sources.find((source) => source.startsWith("https://")) ?? "",
  };
}

/** Every C parameter is one i32, a 64-bit one two; a u64 result adds a hidden pointer at the end. */
export function lower(entry: FunctionEntry): { readonly params: readonly GateParam[]; readonly rawParams: number } {
  let at = 0;
  const params = entry.params.map((param) => {
    const lowered = { name: param.name, type: param.type, at };
    at += isWide(param) ? 2 : 1;
    return lowered;
  });
  return { params, rawParams: at + (entry.result.kind === "u64" ? 1 : 0) };
}

function isWide({ type }: Param): boolean {
  return type.kind === "guest-address" || (type.kind === "int" && type.bits === 64);
}

function lockNeeded(entry: FunctionEntry): GateEntry["lockNeeded"] {
  for (const rule of entry.locks ?? []) if ("needed" in rule) return rule.needed;
  return "never";
}
