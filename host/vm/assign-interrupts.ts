import { QST_PCI, VFF_INTR_NO, VFF_INTR_NONPCI } from "../../abi/generated/constants.ts";
import { guest_intr, vdev_s } from "../../abi/generated/layouts.ts";
import { UserError } from "../errors.ts";
import { isTaken } from "../interrupts/assign.ts";
import { architectureOf } from "./architecture.ts";
import { exampleInterrupt } from "./example-interrupt.ts";
import { locationOf } from "./location.ts";
import type { IntrPlan } from "./plan.ts";
import type { Vdev } from "./vdev.ts";
import { mayAssignInterrupt } from "./vdev-rules.ts";
import type { Vm } from "./vm.ts";

/** Lines below are no device's: a GIC's software and private interrupts, the ISA interrupts of a PC. */
const FIRST_LINE: Readonly<Record<string, number>> = { gic: 32, ioapic: 16 };

/**
 * The rules of VFF_INTR_* once every vdev has its place, and a line for vdevs that were given none, chose none in
 * VDEV_CTRL_ASSIGN, may be given one and use one. Which line the host takes is a rule of ours: the lowest that no vdev
 * has, on the machine's own controller; none when it is not known what machine it is.
 * @param connect fills v_intr as the `intr` option does
 * @throws UserError for a vdev that needs an interrupt and has none
 */
export function assignInterrupts(vm: Vm, connect: (vdev: Vdev, intr: IntrPlan) => void): void {
  const waiting = vm.vdevs.filter((vdev) => isWithout(vdev) && !isContent(vm, vdev));
  if (waiting.length === 0) return;
  const architecture = architectureOf(vm);
  const type = architecture === "arm" ? "gic" : architecture === "x86" ? "ioapic" : undefined;
  // A vdev of that type that is a controller takes the place of the host's own, and may have another name.
  const pic = vm.interrupts.controllers.all.find((one) => type === (one.kind === "vdev" ? one.vdev.type : one.type));
  if (type === undefined || pic === undefined) return;
  let line = FIRST_LINE[type] ?? 0;
  for (const vdev of waiting) {
    while (line < pic.lines && (isTaken(vm.lines, pic, line) || vm.plan.reserved?.lines.has(line) === true)) line++;
    if (line >= pic.lines) return;
    connect(vdev, { pic: pic.name, line, ...(vdev.plan.place && { place: vdev.plan.place }) });
    vm.log("info", vdev, `was given no interrupt, chose none in VDEV_CTRL_ASSIGN, and was put on ${pic.name}:${line}`);
    line++;
  }
}

function isWithout(vdev: Vdev): boolean {
  return vdev.plan.intr === undefined && vdev.instance.u32(vdev.vdp + vdev_s.v_intr + guest_intr.pic) === 0;
}

/** Whether a vdev is to stay without an interrupt. @throws UserError when it cannot */
function isContent(vm: Vm, vdev: Vdev): boolean {
  const { factory, instance, name, plan } = vdev;
  const isPci = locationOf(vdev).type === QST_PCI;
  if (!isPci && (factory.flags & (VFF_INTR_NONPCI | VFF_INTR_NO)) === VFF_INTR_NONPCI) {
    const sentence = `${name} needs an interrupt unless it is a PCI device: give it one with \`intr PIC:LINE\``;
    throw new UserError(`${sentence}${exampleInterrupt(vm, plan)}`, plan.place);
  }
  return !mayAssignInterrupt(factory, isPci) || !usesInterrupts(instance.module.calls);
}

/** A module that never signals needs no line. */
function usesInterrupts(calls: readonly { readonly name: string }[]): boolean {
  return calls.some(({ name }) => name === "guest_intr_signal");
}
