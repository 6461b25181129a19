import type { GateEntry, GateParam } from "../../abi/definition/schema.ts";
import * as layouts from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";

/** Longest C string a call takes, its NUL included. */
export const STRING_LIMIT_BYTES = 4096;

/** What handles are checked against: only what belongs to the calling module instance is accepted. */
export interface HandleOwner {
  ownsHandle(instance: ModuleInstance, of: string, handle: number): boolean;
}

/** @returns undefined when the argument is fine, else what is wrong with it, as the end of a sentence */
export type ArgumentCheck = (
  args: readonly number[],
  instance: ModuleInstance,
  owner: HandleOwner,
) => string | undefined;

const sizes = layouts as unknown as Record<string, { readonly SIZEOF: number; readonly ALIGN: number }>;

/** The checks of one function, in the order of its parameters; those that cannot fail are left out. */
export function argumentChecks(entry: GateEntry): readonly ArgumentCheck[] {
  const checks: ArgumentCheck[] = [];
  for (const param of entry.params) {
    const check = checkOf(entry, param);
    if (check !== undefined) checks.push(check);
  }
  if (entry.result.kind === "u64") {
    const at = entry.rawParams - 1;
    checks.push((args, instance) => range("the result", args[at]!, 8, 8, false, instance));
  }
  return checks;
}

function checkOf(entry: GateEntry, param: GateParam): ArgumentCheck | undefined {
  const { name, at, type } = param;
  switch (type.kind) {
    case "struct": {
      const layout = sizes[type.struct];
      if (layout === undefined) return undefined;
      const count = counter(entry, type.count);
      return (args, instance) =>
        range(name, args[at]!, layout.SIZEOF * count(args), layout.ALIGN, type.nullable === true, instance);
    }
    case "buffer": {
      const length = counter(entry, type.length);
      return (args, instance) => range(name, args[at]!, length(args), 1, type.nullable === true, instance);
    }
    case "out-int": {
      const bytes = type.bits / 8;
      const count = counter(entry, type.count);
      return (args, instance) => range(name, args[at]!, bytes * count(args), bytes, type.nullable === true, instance);
    }
    case "cstring":
      return (args, instance) => string(name, args[at]!, type.nullable === true, instance);
    case "callback":
      return (args, instance) => callback(name, args[at]!, type.nullable === true, instance);
    case "handle": {
      if (type.of === "opaque") return undefined;
      return (args, instance, owner) => {
        const handle = args[at]!;
        if (handle === 0) return type.nullable === true ? undefined : `${name} is NULL`;
        if (owner.ownsHandle(instance, type.of, handle)) return undefined;
        return `${name} = ${hex(handle)} is no ${type.of} of this module instance`;
      };
    }
    case "varargs":
      return (args, instance) => range("the argument list", args[at]!, 48, 8, false, instance);
    default:
      return undefined;
  }
}

/** Reads the parameter that counts elements or bytes, as an unsigned number; 1 when there is none. */
function counter(entry: GateEntry, name: string | undefined): (args: readonly number[]) => number {
  if (name === undefined) return () => 1;
  const param = entry.params.find((other) => other.name === name);
  if (param === undefined) throw new Error(`${entry.name} has no parameter ${name}`);
  return (args) => args[param.at]! >>> 0;
}

function range(
  name: string,
  address: number,
  bytes: number,
  align: number,
  nullable: boolean,
  instance: ModuleInstance,
): string | undefined {
  const start = address >>> 0;
  if (start === 0) return nullable || bytes === 0 ? undefined : `${name} is NULL`;
  const size = instance.bytes.length;
  if (start + bytes > size)
    return `${name} = ${hex(start)} with ${bytes} bytes reaches past the module's ${size} bytes of memory`;
  if (start % align !== 0) return `${name} = ${hex(start)} is not aligned to ${align} bytes`;
  return undefined;
}

function string(name: string, address: number, nullable: boolean, instance: ModuleInstance): string | undefined {
  const start = address >>> 0;
  if (start === 0) return nullable ? undefined : `${name} is NULL`;
  const bytes = instance.bytes;
  if (start >= bytes.length) return `${name} = ${hex(start)} is past the module's ${bytes.length} bytes of memory`;
  if (bytes.subarray(start, start + STRING_LIMIT_BYTES).includes(0)) return undefined;
  return `${name} is a string without a NUL in its first ${STRING_LIMIT_BYTES} bytes`;
}

function callback(name: string, index: number, nullable: boolean, instance: ModuleInstance): string | undefined {
  if (index === 0) return nullable ? undefined : `${name} is NULL`;
  if (index > 0 && index < instance.table.length && instance.table.get(index) !== null) return undefined;
  return `${name} = ${index} is no function of the module's table`;
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** Each C argument as the report shows it. Never fails, whatever the values are. */
export function describeArguments(
  entry: GateEntry,
  args: readonly number[],
  instance: ModuleInstance,
): { name: string; value: string }[] {
  return entry.params.map((param) => ({ name: param.name, value: describe(param, args, instance) }));
}

function describe(param: GateParam, args: readonly number[], instance: ModuleInstance): string {
  const raw = args[param.at] ?? 0;
  const { type } = param;
  if (type.kind === "int" || type.kind === "guest-address") {
    const wide = type.kind === "guest-address" || type.bits === 64;
    const value = wide ? (BigInt(args[param.at + 1]! >>> 0) << 32n) | BigInt(raw >>> 0) : BigInt(raw >>> 0);
    if (type.kind === "guest-address") return `0x${value.toString(16)}`;
    return (type.signed ? BigInt.asIntN(type.bits, value) : value).toString();
  }
  if (raw === 0) return "NULL";
  if (type.kind === "cstring" && string("", raw, false, instance) === undefined) {
    return JSON.stringify(instance.cstring(raw).slice(0, 60));
  }
  return hex(raw);
}
