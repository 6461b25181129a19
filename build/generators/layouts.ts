import type { Entry, Field, StructEntry } from "../../abi/definition/schema.ts";

/** Where a C compiler for wasm32 puts the members: pointers of 4 bytes, 64-bit integers aligned to 8. */
export interface Layout {
  readonly size: number;
  readonly align: number;
  /** Offset of each member, in order. */
  readonly offsets: ReadonlyMap<string, number>;
}

const SCALAR_BYTES = { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8 } as const;
const POINTER_BYTES = 4;

export function layoutOf(struct: StructEntry, structs: ReadonlyMap<string, StructEntry>): Layout {
  const offsets = new Map<string, number>();
  let end = 0;
  let align = 1;
  for (const field of struct.fields) {
    const member = fieldLayout(field, structs);
    const at = roundUp(end, member.align);
    offsets.set(field.name, at);
    end = at + member.size;
    align = Math.max(align, member.align);
  }
  return { size: roundUp(end, align), align, offsets };
}

/** Size and alignment of one member. */
export function fieldLayout(
  { type }: Field,
  structs: ReadonlyMap<string, StructEntry>,
): { readonly size: number; readonly align: number } {
  if (typeof type === "string") return { size: SCALAR_BYTES[type], align: SCALAR_BYTES[type] };
  if ("embed" in type) {
    const inner = structs.get(type.embed);
    if (inner === undefined) throw new Error(`the definition has no struct ${type.embed}`);
    return layoutOf(inner, structs);
  }
  if ("array" in type) return { size: SCALAR_BYTES[type.array] * type.length, align: SCALAR_BYTES[type.array] };
  return { size: POINTER_BYTES, align: POINTER_BYTES };
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

export function structsByName(entries: readonly Entry[]): ReadonlyMap<string, StructEntry> {
  return new Map(entries.flatMap((entry) => (entry.kind === "struct" ? [[entry.name, entry]] : [])));
}

/** abi/generated/layouts.ts: one flat constant a struct; an embedded struct gives the offset of its first byte. */
export function generateLayouts(entries: readonly Entry[]): string {
  const structs = structsByName(entries);
  const parts = [...structs.values()].map((struct) => {
    const { size, align, offsets } = layoutOf(struct, structs);
    const members = { SIZEOF: size, ALIGN: align, ...Object.fromEntries(offsets) };
    return `/** struct ${struct.name}: ${struct.layout}. */\nexport const ${struct.name} = ${JSON.stringify(members)} as const;\n`;
  });
  return ["// Generated from abi/definition by build/generators: do not edit.", "", ...parts].join("\n");
}
