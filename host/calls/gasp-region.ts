import {
  EBUSY,
  EINVAL,
  ENOTSUP,
  ENXIO,
  EOK,
  EPERM,
  GRF_ACTIVE,
  GRF_NOCACHE,
  GRF_NONE,
  GRF_PASS_ANY,
  GRF_PASS_WR,
  GRF_VIRT_ANY,
  QST_MEMORY,
  QST_X86_IO,
} from "../../abi/generated/constants.ts";
import { gasp_region, qvm_state_block } from "../../abi/generated/layouts.ts";
import { EndOfVm } from "../gate/finding.ts";
import { type Region, SPACE_END } from "../memory/address-space.ts";
import { formatAddress } from "../memory/format.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import { changeRegion, claimRegion, releaseRegion } from "../vm/regions.ts";
import type { Vdev } from "../vm/vdev.ts";
import { EXIT, type Vm } from "../vm/vm.ts";
import { bodies, vdevOf, violation } from "./body.ts";
import { spaceOf } from "./gasp-space.ts";
import { writeRegionInfo } from "./region-info.ts";

/** Regions one call may set: bounds the loop over a count the vdev gives. */
const REGION_COUNT_LIMIT = 1024;

/** Units of host work a change of a region costs, and what costs one more: bytes of it, and regions there are. */
const REGION_WORK = 50;
const BYTES_PER_REGION_WORK = 16384;
const REGIONS_PER_WORK = 64;

interface RegionRequest {
  readonly flags: number;
  readonly cookie: number;
  readonly vdp: number;
  readonly start: bigint;
  readonly length: bigint;
  readonly type: number;
}

function readRegion(instance: ModuleInstance, at: number): RegionRequest {
  const guest = at + gasp_region.guest;
  return {
    flags: instance.u32(at + gasp_region.flags),
    cookie: instance.u32(at + gasp_region.cookie),
    vdp: instance.u32(at + gasp_region.vdev),
    start: instance.u64(guest + qvm_state_block.location),
    length: BigInt(instance.u32(guest + qvm_state_block.length)),
    type: instance.view.getUint16(guest + qvm_state_block.type, true),
  };
}

/**
 * One region as gasp_region_set_soft() sets it: flags GRF_NONE delete an existing one, others change it, and a new one
 * is added; on RAM or ROM it changes rights of pages. Nothing is changed when it fails. @returns EOK or an errno
 */
function setRegion(vm: Vm, instance: ModuleInstance, request: RegionRequest): number {
  const space = spaceOf(request.type);
  if (space === undefined || request.length === 0n) return EINVAL;
  if (request.start + request.length > SPACE_END[space]) return EINVAL;
  const { regions } = vm.spaces[space];
  const units = Number(request.length) / BYTES_PER_REGION_WORK + regions.length / REGIONS_PER_WORK;
  chargeHostWork(vm, instance, REGION_WORK + units);
  const existing = vm.spaces[space].find(request.start);
  if (existing === undefined) return request.flags === GRF_NONE ? ENXIO : addRegion(vm, instance, request);
  if (existing.what.kind !== "vdev") return setPageRights(vm, existing, request);
  if (existing.start !== request.start || existing.length !== request.length) return EBUSY;
  if (vm.vdevs[existing.what.vdev]?.instance !== instance) return EPERM;
  if (request.flags === GRF_NONE) {
    releaseRegion(vm, space, existing);
    return EOK;
  }
  const owner = ownerOf(vm, instance, request);
  if (typeof owner === "number") return owner;
  changeRegion(vm, space, existing, owner, request.cookie, request.flags);
  return EOK;
}

function addRegion(vm: Vm, instance: ModuleInstance, request: RegionRequest): number {
  const owner = ownerOf(vm, instance, request);
  if (typeof owner === "number") return owner;
  const { start, length, cookie, flags } = request;
  const refused = claimRegion(vm, owner, spaceOf(request.type)!, start, length, cookie, flags);
  if (refused === undefined) return EOK;
  vm.log("error", owner, refused);
  return EBUSY;
}

/** Whose region it becomes: the vdev that is called back, or where none is the one that asks. @returns an errno too */
function ownerOf(vm: Vm, instance: ModuleInstance, { flags, vdp, start, type }: RegionRequest): Vdev | number {
  const asking = vm.vdevs[vm.context.vdev];
  const owner = vdp === 0 && (flags & GRF_VIRT_ANY) === 0 ? asking : vdevOf(vm, instance, vdp);
  if (owner === undefined) return EINVAL;
  if ((flags & GRF_PASS_ANY) === 0) return owner;
  const where = formatAddress(spaceOf(type)!, start);
  vm.log("error", owner, `GRF_PASS_* at ${where}: there is no host memory or hardware to pass accesses to`);
  return ENOTSUP;
}

/** "changes page permissions of guest RAM": GRF_PASS_* and GRF_NOCACHE of whole pages. */
function setPageRights(vm: Vm, region: Region, { flags, start, length }: RegionRequest): number {
  if (start + length > region.start + region.length) return EBUSY;
  if (flags === GRF_NONE) return EPERM; // RAM is the guest's: a vdev cannot remove it
  if (region.what.kind === "rom" && (flags & GRF_PASS_WR) !== 0) return EPERM;
  if ((flags & GRF_VIRT_ANY) !== 0 || !vm.ram.trapped) {
    const why = vm.ram.trapped
      ? "accesses to RAM reach no vdev here"
      : "this guest's accesses to its RAM do not come through here";
    vm.log("error", vm.vdevs[vm.context.vdev], `page permissions at ${formatAddress("memory", start)}: ${why}`);
    return ENOTSUP;
  }
  const rights = flags & (GRF_PASS_ANY | GRF_NOCACHE | GRF_ACTIVE);
  return vm.ram.setRights(start, length, rights) ? EOK : EINVAL;
}

/** @returns the index of the first region that could not be set, or the count */
function setRegions(vm: Vm, instance: ModuleInstance, count: number, regions: number): number {
  const wanted = Math.min(count >>> 0, REGION_COUNT_LIMIT);
  for (let i = 0; i < wanted; i++) {
    const errno = setRegion(vm, instance, readRegion(instance, (regions >>> 0) + i * gasp_region.SIZEOF));
    if (errno === EOK) continue;
    vm.threadStates.set({ errno });
    return i;
  }
  return wanted;
}

export const gaspRegionBodies = bodies({
  gasp_region_info(vm, instance, _gsp, block, region) {
    const at = block! >>> 0;
    const type = instance.view.getUint16(at + qvm_state_block.type, true);
    const space = spaceOf(type);
    if (space === undefined) return EINVAL;
    const location = instance.u64(at + qvm_state_block.location);
    const found = vm.spaces[space].find(location);
    if (found === undefined) return ENXIO;
    writeRegionInfo(vm, instance, space, found, location, type, region! >>> 0);
    return EOK;
  },

  gasp_region_set(vm, instance, _gsp, count, regions) {
    const set = setRegions(vm, instance, count!, regions!);
    if (set !== count! >>> 0) throw new EndOfVm(EXIT.fatalBeforeStart, `gasp_region_set() could not set region ${set}`);
    return 0;
  },

  gasp_region_set_soft(vm, instance, _gsp, count, regions) {
    const wanted = Math.min(count! >>> 0, REGION_COUNT_LIMIT);
    for (let i = 0; i < wanted; i++) {
      const { type } = readRegion(instance, (regions! >>> 0) + i * gasp_region.SIZEOF);
      const kind = type === QST_X86_IO ? QST_X86_IO : QST_MEMORY;
      if (vm.locks.isHeld(kind, instance.id)) continue;
      violation(
        vm,
        instance,
        "lock",
        "gasp_region_set_soft",
        `changes region ${i} without the lock of its space`,
        "gasp_region_set_soft() belongs between gasp_lock() and gasp_unlock()",
        "Call gasp_lock() with the type of this region.",
      );
      vm.threadStates.set({ errno: EPERM });
      return i;
    }
    return setRegions(vm, instance, wanted, regions!);
  },
});
