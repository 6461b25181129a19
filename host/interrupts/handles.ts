import { guest_intr } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Controllers, Pic } from "./controllers.ts";

/**
 * The vdev_t by which a module names a controller: its own vdev's, or zeroed bytes in its memory that stand for one it
 * cannot reach. A guest_intr never lets a module look into another one.
 */
export function picAddress(instance: ModuleInstance, pic: Pic): number {
  return pic.kind === "vdev" && pic.vdev.instance === instance ? pic.vdev.vdp : instance.picHandle(pic.name);
}

/** The controller a module means by a vdev_t; undefined when it is none. */
export function picAt(controllers: Controllers, instance: ModuleInstance, address: number): Pic | undefined {
  const own = controllers.ofAddress(instance, address);
  if (own !== undefined) return own;
  const name = instance.picOf(address);
  return name === undefined ? undefined : controllers.find(name);
}

/** The vdev_t by which a module is told of a vdev that may be another module's. */
export function vdevAddress(instance: ModuleInstance, vdev: Vdev): number {
  // No controller's name has a colon, so that this cannot be taken for one.
  return vdev.instance === instance ? vdev.vdp : instance.picHandle(`vdev:${vdev.name}`);
}

/** Writes a guest_intr into a module's memory. */
export function fillInterrupt(instance: ModuleInstance, address: number, pic: Pic, param: number, srcId: number): void {
  instance.setU32(address + guest_intr.pic, picAddress(instance, pic));
  instance.setU32(address + guest_intr.param, param);
  instance.setU32(address + guest_intr.src_id, srcId);
}
