import type { Entry, HandleKind, ParamKind, Result, StructEntry } from "../../abi/definition/schema.ts";
import { structsByName } from "./layouts.ts";

/** What one generated header says, and what it needs from others. */
export interface HeaderContext {
  readonly header: string;
  readonly names: Names;
  /** Marks a name as used, so that it is imported when another header declares it. @returns the name */
  use(name: string): string;
  /** Marks a name of a hand-written file as used. `from` is relative to abi/. */
  useFrom(from: string, name: string): string;
}

/** What the names of the definition mean in AssemblyScript. */
export interface Names {
  /** Header that declares a name. */
  headerOf(name: string): string | undefined;
  readonly structs: ReadonlyMap<string, StructEntry>;
  /** Type of a struct in signatures: its typedef if it has one (`vdev_t`), else its own name. */
  structType(name: string): string | undefined;
  /** Type of a handle: `guest_timer_t`. */
  handleType(of: HandleKind): string;
  /** Type of an integer: the enum or typedef the C type names, else by width and sign. */
  intType(cType: string, bits: number, signed: boolean): string;
  /** Function type of a callback. */
  callbackType(name: string): string;
}

/** Handles that are plain pointers to what only the host knows, declared in the header `types`. */
export const HANDLE_TYPES: Readonly<Record<Exclude<HandleKind, "vdev" | "opaque">, string>> = {
  guest_cpu: "guest_cpu_t",
  guest_system: "guest_system_t",
  guest_timer: "guest_timer_t",
  guest_power_state_notify: "guest_power_state_notify_t",
  virtq: "virtq_t",
};
export const HANDLES_HEADER = "types";

export function createNames(entries: readonly Entry[]): Names {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const typedefs = new Map<string, string>();
  for (const entry of entries) if (entry.kind === "type") typedefs.set(entry.as, entry.name);
  const handles = new Set<string>(Object.values(HANDLE_TYPES));

  return {
    headerOf: (name) => byName.get(name)?.header ?? (handles.has(name) ? HANDLES_HEADER : undefined),
    structs: structsByName(entries),
    structType(name) {
      return byName.get(name)?.kind === "struct" ? (typedefs.get(name) ?? name) : undefined;
    },
    handleType(of) {
      if (of === "vdev") return "vdev_t";
      return of === "opaque" ? "usize" : HANDLE_TYPES[of];
    },
    intType(cType, bits, signed) {
      const named = byName.get(bareType(cType));
      if (named?.kind === "enum" || named?.kind === "type") return named.name;
      return `${signed ? "i" : "u"}${bits}`;
    },
    callbackType(name) {
      const entry = byName.get(name);
      if (entry?.kind !== "callback") throw new Error(`the ABI definition has no callback ${name}`);
      return name;
    },
  };
}

/** A C type without qualifiers, tags and pointers: `const struct guest_timer *` is `guest_timer`. */
export function bareType(cType: string): string {
  return cType
    .replace(/\b(const|volatile|struct|enum|union)\b|\*/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** AssemblyScript type of a parameter as the author sees it. */
export function paramType(type: ParamKind, context: HeaderContext): string {
  const { names } = context;
  switch (type.kind) {
    case "int":
      return context.use(names.intType(type.cType, type.bits, type.signed));
    case "guest-address":
      return "u64";
    case "struct": {
      const name = context.use(names.structType(type.struct) ?? "usize");
      return type.nullable === true && name !== "usize" ? `${name} | null` : name;
    }
    case "cstring":
      return context.useFrom("string", "cstring");
    case "callback": {
      const name = context.use(names.callbackType(type.callback));
      return type.nullable === true ? `${name} | null` : name;
    }
    case "handle": {
      const name = context.use(names.handleType(type.of));
      return type.of === "vdev" && type.nullable === true ? `${name} | null` : name;
    }
    case "buffer":
    case "out-int":
    case "cookie":
    case "varargs":
      return "usize";
  }
}

/** AssemblyScript type of a result as the author sees it. */
export function resultType(result: Result, context: HeaderContext): string {
  const { names } = context;
  switch (result.kind) {
    case "void":
      return "void";
    case "errno":
      return "i32";
    case "u64":
      return "u64";
    case "int":
      return context.use(names.intType(result.cType, 32, result.signed));
    case "pointer":
      return pointerType(result.cType, context);
    case "handle":
      return context.use(names.handleType(result.of));
  }
}

/** Type of a C pointer: the accessor class of a struct we know, a C string, or a bare address. */
export function pointerType(cType: string, context: HeaderContext): string {
  const bare = bareType(cType);
  const stars = [...cType].filter((letter) => letter === "*").length;
  if (bare === "char" && stars === 1) return context.useFrom("string", "cstring");
  const struct = stars <= 1 ? (context.names.structType(bare) ?? typedefStruct(bare, context)) : undefined;
  return struct === undefined ? "usize" : context.use(struct);
}

/** `vdev_t` names a struct through its typedef. */
function typedefStruct(bare: string, context: HeaderContext): string | undefined {
  return context.names.headerOf(bare) !== undefined && bare === context.names.handleType("vdev") ? bare : undefined;
}
