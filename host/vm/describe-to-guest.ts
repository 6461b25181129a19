import { QST_PCI, VDEV_CTRL_GEN_ACPI, VDEV_CTRL_GEN_FDT, VDEV_CTRL_PCI_BARS } from "../../abi/generated/constants.ts";
import { guest_intr, vdev_s, vpci_bar } from "../../abi/generated/layouts.ts";
import { TEXT_BYTES } from "../interrupts/controllers.ts";
import { picAt } from "../interrupts/handles.ts";
import { counted } from "../plural.ts";
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
    describeInterrupt(vm, vdev);
  }
}

/**
 * A firmware table names a vdev's interrupt, and only the controller knows how: `table_spec` of a controller that is a
 * vdev encodes it. When it is asked, for which component, and what it answers, no page says; here it is once for the
 * v_intr of each vdev, behind that vdev's own callback, and a number below 0 is an errno. No table is built: what it
 * says goes to the log.
 */
function describeInterrupt(vm: Vm, vdev: Vdev): void {
  const { instance, vdp } = vdev;
  const intr = vdp + vdev_s.v_intr;
  const { controllers, calls } = vm.interrupts;
  const pic = picAt(controllers, instance, instance.u32(intr + guest_intr.pic));
  if (pic?.kind !== "vdev") return;
  const param = instance.u32(intr + guest_intr.param);
  const spec = calls.tableSpec(pic, { param, srcId: instance.u32(intr + guest_intr.src_id) });
  if (spec === undefined) return;
  const { result, bytes } = spec;
  const whose = `the interrupt of ${vdev.name}`;
  if (result < 0) vm.log("warn", pic.vdev, `table_spec of ${whose} answered ${errnoName(result)}`);
  else if (result > TEXT_BYTES) {
    vm.log("warn", pic.vdev, `table_spec of ${whose} answered ${result}, and its buffer has ${TEXT_BYTES} bytes`);
  } else {
    const hex = Buffer.from(bytes).toString("hex");
    vm.log("debug", pic.vdev, `table_spec describes ${whose} in ${counted(result, "byte")}${hex && `: ${hex}`}`);
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
