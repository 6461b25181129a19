import { GRF_VIRT_RD, GRF_VIRT_WR, QST_MEMORY, QST_X86_IO } from "../../abi/generated/constants.ts";
import type { Claim } from "../dispatcher/dispatcher.ts";
import { UserError } from "../errors.ts";
import type { Region, Space } from "../memory/address-space.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/** Flags of the region qvm makes by itself: reads and writes reach the vdev. */
export const DEFAULT_REGION_FLAGS = GRF_VIRT_RD | GRF_VIRT_WR;

/** Gives a range to a vdev. @returns why not, as a sentence; undefined when done */
export function claimRegion(
  vm: Vm,
  vdev: Vdev,
  space: Space,
  start: bigint,
  length: bigint,
  cookie: number,
  flags: number,
): string | undefined {
  const conflict = vm.spaces[space].conflict(start, length, vdev.name);
  if (conflict !== undefined) return conflict;
  const { instance, factory } = vdev;
  const handle = tryClaim(vm, {
    space,
    start,
    length,
    vdev: vdev.index,
    vdp: vdev.vdp,
    cookie,
    vread: (flags & GRF_VIRT_RD) !== 0 ? factory.vread : 0,
    vwrite: (flags & GRF_VIRT_WR) !== 0 ? factory.vwrite : 0,
    sizes: factory.sizes,
    type: space === "io" ? QST_X86_IO : QST_MEMORY,
    frames: instance.frames,
    slots: instance.slots!,
    isDirect: instance.coroutines !== undefined,
  });
  if (typeof handle === "string") return handle;
  const refused = sentenceOf(() => vm.onRegion?.("add", space, start, length));
  if (refused !== undefined) {
    vm.dispatcher.release(handle);
    return refused;
  }
  const region: Region = {
    start,
    length,
    owner: vdev.name,
    what: { kind: "vdev", vdev: vdev.index, cookie, flags, handle },
  };
  vm.spaces[space].add(region);
  vdev.regions.push(region);
  vm.regionChanges++;
  return undefined;
}

/** The dispatcher has room for many regions, but not for any number. */
function tryClaim(vm: Vm, claim: Claim): number | string {
  let handle = 0;
  const refused = sentenceOf(() => {
    handle = vm.dispatcher.claim(claim);
  });
  return refused ?? handle;
}

/** Why something was refused, for a vdev that asks while it runs: a place its guest cannot trap, or no room. */
function sentenceOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** Takes a range back from the vdev that has it. */
export function releaseRegion(vm: Vm, space: Space, region: Region): void {
  if (region.what.kind !== "vdev") return;
  vm.dispatcher.release(region.what.handle);
  vm.spaces[space].remove(region);
  vm.regionChanges++;
  vm.onRegion?.("remove", space, region.start, region.length);
  const vdev = vm.vdevs[region.what.vdev]!;
  vdev.regions.splice(vdev.regions.indexOf(region), 1);
}
