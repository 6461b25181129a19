import {
  VFF_INTR_NO,
  VFF_INTR_NONPCI,
  VFF_INTR_REQ,
  VFF_LOC_NO,
  VFF_VDEV_LOC_TYPES,
  VFF_VDEV_MEM,
  VFF_VDEV_PCI,
  VFF_VDEV_X86_IO,
} from "../../abi/generated/constants.ts";
import { UserError } from "../errors.ts";
import type { VdevPlan } from "./plan.ts";
import type { Factory } from "./vdev.ts";

/** Kinds of places a vdev can be at. */
export type LocationKind = "memory" | "io" | "pci";

const KIND_BIT: Record<LocationKind, number> = { memory: VFF_VDEV_MEM, io: VFF_VDEV_X86_IO, pci: VFF_VDEV_PCI };
const KIND_NAME: Record<LocationKind, string> = { memory: "memory", io: "an x86 port", pci: "a PCI function" };
const KIND_LIST: Record<LocationKind, string> = { memory: "memory", io: "x86 port", pci: "PCI" };

/**
 * What a factory's flags say about the options of its vdev, before any callback: `loc` and `intr` forbidden, `intr`
 * required. (VFF_INTR_NONPCI has to wait until the vdev's place is known: `checkInterrupt`.)
 * @param example an interrupt the vdev could be given, as the end of a sentence
 * @throws UserError with the place of the option
 */
export function checkGivenOptions(plan: VdevPlan, factory: Factory, example: () => string): void {
  const { loc, type, upstream } = plan;
  const intr = plan.intr ?? (upstream && { place: upstream });
  const has = (bit: number) => (factory.flags & bit) !== 0;
  if (loc !== undefined && has(VFF_LOC_NO)) {
    throw new UserError(
      `vdev ${type} takes no location (its factory has VFF_LOC_NO); leave \`loc\` out`,
      loc.place ?? plan.place,
    );
  }
  if (intr !== undefined && has(VFF_INTR_NO)) {
    throw new UserError(
      `vdev ${type} takes no interrupt (its factory has VFF_INTR_NO); leave \`intr\` out`,
      intr.place ?? plan.place,
    );
  }
  if (intr === undefined && has(VFF_INTR_REQ) && !has(VFF_INTR_NO)) {
    const sentence = `vdev ${type} needs an interrupt: give it one with \`intr PIC:LINE\``;
    throw new UserError(`${sentence}${example()}`, plan.place);
  }
  if (upstream !== undefined && factory.pic === 0) {
    throw new UserError(
      `vdev ${type} is no interrupt controller, and \`intr apic\` is for an I/O APIC; write \`intr PIC:LINE\``,
      upstream,
    );
  }
  if (plan.hostvector !== undefined && factory.pic === 0) {
    throw new UserError(`vdev ${type} is no interrupt controller, and only those have a hostvector`, plan.hostvector);
  }
  const name = plan.name ?? type;
  if (factory.pic !== 0 && name.includes(":")) {
    const sentence = `the interrupt controller "${name}" cannot have a colon in its name: \`intr\` is written NAME:LINE`;
    throw new UserError(sentence, plan.place);
  }
}

/** Whether the manual lets the vdev, or the host for it, choose what the user did not give. */
export function mayAssignLocation({ flags }: Factory): boolean {
  return (flags & (VFF_LOC_NO | VFF_VDEV_LOC_TYPES)) === 0;
}

/** The same for interrupts; a PCI vdev may always leave its own out. */
export function mayAssignInterrupt({ flags }: Factory, isPci: boolean): boolean {
  if ((flags & (VFF_INTR_NO | VFF_INTR_REQ)) !== 0) return false;
  return isPci || (flags & VFF_INTR_NONPCI) === 0;
}

/** Why a vdev cannot be at a place of that kind; undefined when it can. */
export function kindRefusal(name: string, { flags }: Factory, kind: LocationKind): string | undefined {
  const allowed = flags & VFF_VDEV_LOC_TYPES;
  if (allowed === 0 || (allowed & KIND_BIT[kind]) !== 0) return undefined;
  const kinds = (["memory", "io", "pci"] as const).filter((one) => (allowed & KIND_BIT[one]) !== 0);
  const list = kinds.map((one) => KIND_LIST[one]).join(" and ");
  return `${name} takes ${list} locations only, and this is ${KIND_NAME[kind]}`;
}
