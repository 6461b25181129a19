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
  const what = { kind: "vdev" as const, vdev: vdev.index, cookie, flags, handle: 0 };
  return addRegion(vm, space, { start, length, owner: vdev.name, what });
}

/** Puts back a region that was taken away, the same object. Its range must be free. */
export function restoreRegion(vm: Vm, space: Space, region: Region): string | undefined {
  return addRegion(vm, space, region);
}

function addRegion(vm: Vm, space: Space, region: Region): string | undefined {
  const { what, start, length } = region;
  if (what.kind !== "vdev") return undefined;
  const vdev = vm.vdevs[what.vdev]!;
  const refused = sentenceOf(() => {
    what.handle = vm.dispatcher.claim(claimOf(vdev, space, region));
  });
  if (refused !== undefined) return refused; // the dispatcher has room for many regions, but not for any number
  const untrappable = sentenceOf(() => vm.onRegion?.("add", space, start, length));
  if (untrappable !== undefined) {
    vm.dispatcher.release(what.handle);
    return untrappable;
  }
  vm.spaces[space].add(region);
  vdev.regions.push(region);
  vm.changes.added();
  return undefined;
}

/**
 * Gives a region another vdev of the same module instance, cookie or flags. It keeps its range, so that no access ever
 * finds nobody there, and nothing can refuse it.
 */
export function changeRegion(vm: Vm, space: Space, region: Region, vdev: Vdev, cookie: number, flags: number): void {
  const { what } = region;
  if (what.kind !== "vdev") return;
  const { start, length } = region;
  const changed: Region = {
    start,
    length,
    owner: vdev.name,
    what: { kind: "vdev", vdev: vdev.index, cookie, flags, handle: what.handle },
  };
  vm.dispatcher.change(what.handle, claimOf(vdev, space, changed));
  vm.spaces[space].replace(region, changed);
  forget(vm, region);
  vdev.regions.push(changed);
  vm.changes.displaced(space, region, vm.context.trap);
}

/** Takes a range back from the vdev that has it. */
export function releaseRegion(vm: Vm, space: Space, region: Region): void {
  const { what } = region;
  if (what.kind !== "vdev") return;
  vm.dispatcher.release(what.handle);
  vm.spaces[space].remove(region);
  forget(vm, region);
  vm.changes.displaced(space, region, vm.context.trap);
  vm.onRegion?.("remove", space, region.start, region.length);
}

/** Makes accesses to the regions of a module instance that was stopped reach it again. */
export function runRegion(vm: Vm, space: Space, region: Region): void {
  if (region.what.kind !== "vdev") return;
  vm.dispatcher.change(region.what.handle, claimOf(vm.vdevs[region.what.vdev]!, space, region));
}

/** The region the last guest access reached, also when its own callback has taken the region away or changed it. */
export function accessedRegion(vm: Vm, space: Space, address: bigint): Region | undefined {
  return vm.changes.before(vm.context.trap, space, address) ?? vm.spaces[space].find(address);
}

function forget(vm: Vm, region: Region): void {
  if (region.what.kind !== "vdev") return;
  const { regions } = vm.vdevs[region.what.vdev]!;
  regions.splice(regions.indexOf(region), 1);
}

function claimOf({ index, vdp, factory, instance }: Vdev, space: Space, { start, length, what }: Region): Claim {
  const { cookie, flags } = what.kind === "vdev" ? what : { cookie: 0, flags: 0 };
  return {
    space,
    start,
    length,
    vdev: index,
    vdp,
    cookie,
    vread: (flags & GRF_VIRT_RD) !== 0 ? factory.vread : 0,
    vwrite: (flags & GRF_VIRT_WR) !== 0 ? factory.vwrite : 0,
    sizes: factory.sizes,
    type: space === "io" ? QST_X86_IO : QST_MEMORY,
    frames: instance.frames,
    slots: instance.slots!,
    isDirect: instance.mayWait,
  };
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
