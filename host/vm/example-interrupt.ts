import { isTaken } from "../interrupts/assign.ts";
import type { Pic } from "../interrupts/controllers.ts";
import { architectureOf } from "./architecture.ts";
import type { VdevPlan } from "./plan.ts";
import type { Vm } from "./vm.ts";

/**
 * Where an example looks for a free line, in this order, each up to the controller's last line: on a PC first the ISA lines
 * that are nobody's by convention, which reach every guest; of a GIC numbers that are a shared peripheral's.
 */
const CANDIDATES = {
  ioapic: { first: [5, 9, 10, 11], from: 16 },
  gic: { first: [], from: 40 },
} as const;

/**
 * An `intr` that would do for a vdev which needs one, to show in a sentence: the machine's own controller, a line that
 * nobody has nor names.
 * @returns `, as in ...`; empty when no such line can be named in front of the vdev's users
 */
export function exampleInterrupt(vm: Vm, plan: VdevPlan): string {
  const isPc = plan.loc?.space === "io" || architectureOf(vm) === "x86";
  const type = isPc ? "ioapic" : "gic";
  const index = vm.plan.vdevs.indexOf(plan);
  const comesLater = vm.plan.controllers?.some((one) => one.type === type && one.before > index) === true;
  const pic = vm.interrupts.controllers.all.find((one) => type === (one.kind === "vdev" ? one.vdev.type : one.type));
  if (pic === undefined || comesLater) return "";
  const { first, from } = CANDIDATES[type];
  for (const line of first) if (isFree(vm, pic, line)) return example(pic, line);
  for (let line = from; line < pic.lines; line++) if (isFree(vm, pic, line)) return example(pic, line);
  return "";
}

function example(pic: Pic, line: number): string {
  return `, as in \`intr ${pic.name}:${line}\``;
}

function isFree(vm: Vm, pic: Pic, line: number): boolean {
  if (line >= pic.lines || isTaken(vm.lines, pic, line) || vm.plan.reserved?.lines.has(line) === true) return false;
  const isIt = (one: { readonly pic: string; readonly line: number | string }) =>
    one.pic === pic.name && Number(one.line) === line;
  return !vm.plan.vdevs.some(({ intr, morePins }) => [...(intr ? [intr] : []), ...(morePins ?? [])].some(isIt));
}
