import { QSL_NO_LOCATION, QST_X86_IO } from "../../abi/generated/constants.ts";
import { locationOf } from "./location.ts";
import type { Architecture } from "./plan.ts";
import type { Vm } from "./vm.ts";

/** Interrupt controllers only one kind of machine has; `apic` is an I/O APIC's upstream. */
const CONTROLLERS: Readonly<Record<string, Architecture>> = { gic: "arm", ioapic: "x86", "8259": "x86", apic: "x86" };

/**
 * What kind of machine a VM is, once every vdev has its place: what the configuration says; else x86 when a vdev is at
 * ports, and what the vdevs' interrupt controllers tell. No page says how qvm sees it (it is built for one of the two).
 * @returns undefined when nothing tells, or when vdevs contradict each other
 */
export function architectureOf(vm: Vm): Architecture | undefined {
  if (vm.plan.architecture !== undefined) return vm.plan.architecture;
  const signs = new Set<Architecture>();
  const typeOfName = new Map(vm.vdevs.map((vdev) => [vdev.name, vdev.type]));
  for (const { name, type } of vm.plan.controllers ?? []) {
    typeOfName.set(name, type);
    signs.add(CONTROLLERS[type]!);
  }
  for (const vdev of vm.vdevs) {
    const { address, type } = locationOf(vdev);
    if (address !== QSL_NO_LOCATION && type === QST_X86_IO) signs.add("x86");
    const pic = vdev.plan.intr?.pic;
    for (const controller of [vdev.type, pic === undefined ? "" : (typeOfName.get(pic) ?? pic)]) {
      const sign = Object.hasOwn(CONTROLLERS, controller) ? CONTROLLERS[controller] : undefined;
      if (sign !== undefined) signs.add(sign);
    }
  }
  return signs.size === 1 ? [...signs][0] : undefined;
}
