import * as constants from "../../abi/generated/constants.ts";
import { vdev_pic_functions } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Factory } from "../vm/vdev.ts";
import type { SourcePlaces } from "./places.ts";
import type { FactoryReport } from "./report.ts";

const MEMBERS = ["control", "vread", "vwrite", "pulse", "timer"] as const;
const PIC_MEMBERS = ["signal", "notify", "parse", "string", "table_spec"] as const;

/** A member of a factory that points to a function. */
export type Member = (typeof MEMBERS)[number] | `pic.${(typeof PIC_MEMBERS)[number]}`;

/** Function indices of the module as it was before instrumentation, by member; what is NULL is left out. */
export function functionsOf(instance: ModuleInstance, factory: Factory): ReadonlyMap<Member, number> {
  const functions = new Map<Member, number>();
  const add = (member: Member, tableIndex: number) => {
    const index = functionAt(instance, tableIndex);
    if (index !== undefined) functions.set(member, index);
  };
  for (const member of MEMBERS) add(member, factory[member]);
  const { pic } = factory;
  if (pic !== 0 && pic % 4 === 0 && pic + vdev_pic_functions.SIZEOF <= instance.bytes.length) {
    for (const member of PIC_MEMBERS) add(`pic.${member}`, instance.u32(pic + vdev_pic_functions[member]));
  }
  return functions;
}

/** The function in a slot of the module's table. Engines name an exported function by its index, as the standard says. */
function functionAt(instance: ModuleInstance, tableIndex: number): number | undefined {
  if (tableIndex === 0 || tableIndex >= instance.table.length) return undefined;
  const slot = instance.table.get(tableIndex) as { readonly name: string } | null;
  if (slot === null) return undefined;
  const index = Number(slot.name);
  const { offsets } = instance.module.source;
  return offsets === undefined ? index : offsets.toOriginalFunction(index);
}

/** What a factory says of its vdevs. */
export function factoryReport(
  factory: Factory,
  functions: ReadonlyMap<Member, number>,
  places: SourcePlaces,
): FactoryReport {
  return {
    name: factory.name,
    functions: [...functions].map(([member, index]) => {
      const place = places.declaration(index);
      return { member, function: places.functionName(index), ...(place === undefined ? {} : { place }) };
    }),
    options: factory.optionList.map((name) => {
      const argument = !name.startsWith(constants.QVM_OPTION_NO_ARG_PREFIX);
      return { name: optionName(name), argument };
    }),
    flags: flagNames(factory.flags),
    access_widths: bitsOf(factory.sizes),
    extra_space: factory.extraSpace,
  };
}

/** An option as the user writes it. */
export function optionName(listed: string): string {
  const prefix = constants.QVM_OPTION_NO_ARG_PREFIX;
  return listed.startsWith(prefix) ? listed.slice(prefix.length) : listed;
}

function bitsOf(mask: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => ((mask >>> bit) & 1) === 1);
}

function flagNames(flags: number): string[] {
  const names = new Map<number, string>();
  for (const [name, value] of Object.entries(constants)) {
    if (name.startsWith("VFF_") && typeof value === "number" && !names.has(value)) names.set(value, name);
  }
  return bitsOf(flags).map((bit) => names.get(2 ** bit) ?? `0x${(2 ** bit).toString(16)}`);
}
