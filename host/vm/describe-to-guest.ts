import { QST_PCI, VDEV_CTRL_GEN_ACPI, VDEV_CTRL_GEN_FDT, VDEV_CTRL_PCI_BARS } from "../../abi/generated/constants.ts";
import { vpci_bar } from "../../abi/generated/layouts.ts";
import { architectureOf } from "./architecture.ts";
import { errnoName } from "./errno.ts";
import { locationOf } from "./location.ts";
import { askControl, type ControlCall } from "./startup-control.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/** The node of the device tree that vdevs hang theirs under: a number of ours, since no tree is built yet. */
export const FDT_VDEV_ROOT = 1;
/** BARs of a PCI function; a vdev answers minus this when it has some. */
const BARS = 6;

/**
 * Asks every vdev to describe itself to the guest: VDEV_CTRL_PCI_BARS when it is a PCI function, then
 * VDEV_CTRL_GEN_FDT in a VM of ARM's kind or VDEV_CTRL_GEN_ACPI in a PC. No page gives their place in the order; here
 * every vdev has its place and its interrupt by then, and threads do not exist yet.
 *
 * What these callbacks answer is no refusal to start: the VM goes on, and the vdev is told of in a warning.
 */
export function describeToGuest(vm: Vm): void {
  for (const vdev of vm.vdevs) if (locationOf(vdev).type === QST_PCI) askBars(vm, vdev);
  const architecture = architectureOf(vm);
  if (architecture === undefined) return;
  const call: ControlCall =
    architecture === "arm"
      ? { callback: "GEN_FDT", ctrl: VDEV_CTRL_GEN_FDT, arg: FDT_VDEV_ROOT }
      : { callback: "GEN_ACPI", ctrl: VDEV_CTRL_GEN_ACPI };
  for (const vdev of vm.vdevs) {
    const result = askControl(vm, vdev, call);
    if (result !== 0) vm.log("warn", vdev, `VDEV_CTRL_${call.callback} answered ${errnoName(result)}`);
  }
}

/** 0: no BARs; -6: six `vpci_bar`, supplied through `arg`. Nothing maps them: there is no PCI bus yet. */
function askBars(vm: Vm, vdev: Vdev): void {
  const arg = vdev.instance.alloc(BARS * vpci_bar.SIZEOF);
  const result = askControl(vm, vdev, { callback: "PCI_BARS", ctrl: VDEV_CTRL_PCI_BARS, arg });
  if (result !== 0 && result !== -BARS) {
    vm.log("warn", vdev, `VDEV_CTRL_PCI_BARS answered ${errnoName(result)}, and neither 0 nor -${BARS}`);
  }
  vm.log("info", vdev, "is a PCI function, and there is no PCI bus yet: no guest can reach it");
}
