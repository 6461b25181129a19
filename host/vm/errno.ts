import * as constants from "../../abi/generated/constants.ts";

const names = new Map<number, string>();
for (const [name, value] of Object.entries(constants)) {
  if (/^E[A-Z0-9]+$/.test(name) && typeof value === "number" && !names.has(value)) names.set(value, name);
}

/** `EINVAL (22)`, or the number alone. */
export function errnoName(value: number): string {
  const name = names.get(Math.abs(value));
  return name === undefined ? `errno ${value}` : `${value < 0 ? "-" : ""}${name} (${value})`;
}
