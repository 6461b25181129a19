import type { Entry } from "../../abi/definition/schema.ts";

type Value = number | bigint | string;

/** Every number and string of the definition: enum values, constants, VDEV_CTRL_*. Aliases are allowed, clashes are not. */
export function constantsOfEntries(entries: readonly Entry[]): ReadonlyMap<string, Value> {
  const all = new Map<string, Value>();
  const add = (name: string, value: Value) => {
    if (all.has(name)) throw new Error(`the definition gives ${name} twice`);
    all.set(name, value);
  };
  for (const entry of entries) {
    if (entry.kind === "enum") for (const { name, value } of entry.values) add(name, value);
    if (entry.kind === "constant") add(entry.name, entry.value);
    if (entry.kind === "callback" && entry.value !== undefined) add(entry.name, entry.value.value);
  }
  return all;
}

/** abi/generated/constants.ts; 64-bit values are bigint. */
export function generateConstants(entries: readonly Entry[]): string {
  const lines = [...constantsOfEntries(entries)].map(([name, value]) => `export const ${name} = ${literal(value)};`);
  return ["// Generated from abi/definition by build/generators: do not edit.", "", ...lines, ""].join("\n");
}

function literal(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  const digits = value > 255 ? `0x${value.toString(16)}` : value.toString();
  return typeof value === "bigint" ? `${digits}n` : digits;
}
