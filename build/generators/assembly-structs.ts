import type { Field, StructEntry } from "../../abi/definition/schema.ts";
import { docComment, statusLine } from "./assembly-docs.ts";
import { type HeaderContext, pointerType } from "./assembly-names.ts";
import { layoutOf } from "./layouts.ts";

/** Larger structs are not offered on the stack of a callback (448 bytes in all). */
const STACK_LIMIT_BYTES = 256;
const ELEMENT_BYTES = { u8: 1, u32: 4, u64: 8 } as const;

/** The accessor class of a struct: no fields of its own, so it lies on the very bytes C would use. */
export function structSource(struct: StructEntry, context: HeaderContext): string {
  const layout = layoutOf(struct, context.names.structs);
  const name = struct.name;
  const members = struct.fields.map((field) => fieldSource(field, layout.offsets.get(field.name) as number, context));
  return [
    docComment([
      struct.summary,
      "",
      `Layout: ${struct.layout}. ${statusLine(struct)}`,
      ...(struct.notes ? [struct.notes] : []),
    ]),
    "@unmanaged",
    "@final",
    `export class ${name} {`,
    "  /** `sizeof` in C, in bytes. */",
    `  static readonly SIZEOF: i32 = ${layout.size};`,
    "",
    "  /** Zeroed bytes for one, never given back: for module start and startup. */",
    `  static alloc(): ${name} {`,
    `    const address = heap.alloc(${layout.size});`,
    `    memory.fill(address, 0, ${layout.size});`,
    `    return changetype<${name}>(address);`,
    "  }",
    ...(layout.size <= STACK_LIMIT_BYTES ? localSource(name, layout.size, context) : []),
    "",
    "  /** Element of an array that begins here: `pointer[index]`. */",
    "  @inline",
    `  at(index: i32): ${name} {`,
    `    return changetype<${name}>(changetype<usize>(this) + index * ${layout.size});`,
    "  }",
    ...members.flatMap((lines) => ["", ...lines.map((line) => (line === "" ? "" : `  ${line}`))]),
    "}",
    "",
  ].join("\n");
}

function localSource(name: string, size: number, context: HeaderContext): string[] {
  const alloc = context.useFrom("runtime/frame", "stack_alloc");
  return [
    "",
    `  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */`,
    "  @inline",
    `  static local(): ${name} {`,
    `    return changetype<${name}>(${alloc}(${size}));`,
    "  }",
  ];
}

function fieldSource(field: Field, offset: number, context: HeaderContext): string[] {
  const { name, type, doc } = field;
  const address = "changetype<usize>(this)";
  const documented = doc === undefined ? [] : [`/** ${doc} */`];
  if (typeof type === "string") return [...documented, ...scalarSource(name, type, offset)];
  if ("cstring" in type) return [...documented, ...scalarSource(name, context.useFrom("string", "cstring"), offset)];
  if ("embed" in type) {
    const view = context.use(context.names.structType(type.embed) as string);
    return [...documented, `get ${name}(): ${view} {`, `  return changetype<${view}>(${address} + ${offset});`, "}"];
  }
  if ("array" in type) return [...documented, ...arraySource(name, type.array, type.length, offset)];
  if ("callback" in type) return callbackSource(field, type.callback, offset, context);
  const pointee = pointerType(type.pointer.includes("*") ? type.pointer : `${type.pointer} *`, context);
  return [
    ...documented,
    ...(pointee === "usize" || pointee === "cstring"
      ? scalarSource(name, pointee, offset)
      : pointerSource(name, pointee, offset)),
  ];
}

function scalarSource(name: string, type: string, offset: number): string[] {
  return [
    `get ${name}(): ${type} {`,
    `  return load<${type}>(changetype<usize>(this), ${offset});`,
    "}",
    `set ${name}(value: ${type}) {`,
    `  store<${type}>(changetype<usize>(this), value, ${offset});`,
    "}",
  ];
}

function pointerSource(name: string, type: string, offset: number): string[] {
  return [
    `get ${name}(): ${type} {`,
    `  return changetype<${type}>(load<usize>(changetype<usize>(this), ${offset}));`,
    "}",
    `set ${name}(value: ${type}) {`,
    `  store<usize>(changetype<usize>(this), changetype<usize>(value), ${offset});`,
    "}",
  ];
}

function arraySource(name: string, type: keyof typeof ELEMENT_BYTES, length: number, offset: number): string[] {
  const size = ELEMENT_BYTES[type];
  const at = `changetype<usize>(this) + index * ${size}`;
  return [
    `/** Address of the ${length} elements. */`,
    `get ${name}(): usize {`,
    `  return changetype<usize>(this) + ${offset};`,
    "}",
    `/** \`${name}[index]\`, index below ${length}. */`,
    `${name}_at(index: u32): ${type} {`,
    `  return load<${type}>(${at}, ${offset});`,
    "}",
    `set_${name}_at(index: u32, value: ${type}): void {`,
    `  store<${type}>(${at}, value, ${offset});`,
    "}",
  ];
}

function callbackSource({ name, doc }: Field, callback: string, offset: number, context: HeaderContext): string[] {
  const type = context.use(context.names.callbackType(callback));
  const stored = "Takes a function of the module; what is stored is its index in the module's table.";
  return [
    ...docComment(doc === undefined ? [stored] : [doc, stored]).split("\n"),
    `set ${name}(fn: ${type}) {`,
    `  store<u32>(changetype<usize>(this), fn.index, ${offset});`,
    "}",
    "/** The index that is stored, 0 for NULL. */",
    `get ${name}_index(): u32 {`,
    `  return load<u32>(changetype<usize>(this), ${offset});`,
    "}",
  ];
}
