import { QVM_OPTION_NO_ARG_PREFIX, VFF_INTR_NO } from "../../abi/generated/constants.ts";
import { VDEV_WORDS } from "../config/grammar.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { architectureOf } from "../vm/architecture.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";
import type { GivenOption } from "./option-pieces.ts";

/** The option that gives a vdev its line. */
export const INTR = "intr";
/** Lines of an 8259 that few devices have, and where those of a GIC begin that are no board's first. */
const LINES_8259 = [5, 9, 10, 11];
const FIRST_LINE_GIC = 96;

/** An option that the configuration does not give. */
export interface FreeOption extends Omit<GivenOption, "argument"> {
  readonly takesNone: boolean;
  readonly instance: ModuleInstance;
  /** All arguments there are to try, where that is known. */
  readonly values?: readonly string[];
}

/** The vdevs' own options that a configuration does not give, and `intr` of those that may have a line. */
export function freeOptions(vm: Vm): FreeOption[] {
  return vm.vdevs.flatMap((vdev) => [...freeIntr(vm, vdev), ...freeOwn(vdev)]);
}

function freeOwn({ plan, factory, instance }: Vdev): FreeOption[] {
  const { place } = plan;
  if (place === undefined) return [];
  const given = new Set<string>([...VDEV_WORDS, ...plan.options(factory.optionList).map(({ name }) => name)]);
  const all = factory.optionList.map((entry) => {
    const takesNone = entry.startsWith(QVM_OPTION_NO_ARG_PREFIX);
    return { vdev: place, name: takesNone ? entry.slice(1) : entry, takesNone, instance };
  });
  return all.filter(({ name }) => !given.has(name));
}

/** A line of its own on a controller of the machine; of either kind of machine where it is not known which it is. */
function freeIntr(vm: Vm, { plan, factory, instance, index }: Vdev): FreeOption[] {
  const { place } = plan;
  const signals = instance.module.calls.some(({ name }) => name === "guest_intr_signal");
  if (place === undefined || plan.intr !== undefined || (factory.flags & VFF_INTR_NO) !== 0 || !signals) return [];
  const architecture = architectureOf(vm);
  const values = [
    ...(architecture === "x86" ? [] : [`gic:${FIRST_LINE_GIC + index}`]),
    ...(architecture === "arm" ? [] : [`8259:${LINES_8259[index % LINES_8259.length]}`]),
  ];
  return [{ vdev: place, name: INTR, takesNone: false, instance, values }];
}
