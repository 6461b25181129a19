import {
  EBUSY,
  EINVAL,
  ENXIO,
  EOK,
  EPERM,
  GRF_MEMORY,
  GRF_NONE,
  GRF_PASS_RD,
  GRF_PASS_WR,
  QSL_NO_LOCATION,
  QST_MEMORY,
  QST_PCI_IO,
  QST_X86_IO,
} from "../../abi/generated/constants.ts";
import { gasp_map_handle_t, gasp_region, qvm_state_block } from "../../abi/generated/layouts.ts";
import { EndOfVm } from "../gate/finding.ts";
import type { Region, Space } from "../memory/address-space.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import { claimRegion, releaseRegion } from "../vm/regions.ts";
import { EXIT, type Vm } from "../vm/vm.ts";
import { bodies, u64, vdevOf, violation } from "./body.ts";

/** PROT_* of POSIX. */
const PROT = { read: 1, write: 2 } as const;

/** Regions one call may set: bounds the loop over a count the vdev gives. */
const REGION_COUNT_LIMIT = 1024;

/** Units of host work a change of a region costs, and bytes of the region that cost one more. */
const REGION_WORK = 50;
const BYTES_PER_REGION_WORK = 16384;

function spaceOf(type: number): Space | undefined {
  if (type === QST_MEMORY || type === QST_PCI_IO) return "memory";
  return type === QST_X86_IO ? "io" : undefined;
}

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
 * is added. @returns EOK or an errno
 */
function setRegion(vm: Vm, instance: ModuleInstance, request: RegionRequest): number {
  const space = spaceOf(request.type);
  if (space === undefined || request.length === 0n) return EINVAL;
  chargeHostWork(vm, instance, REGION_WORK + Number(request.length) / BYTES_PER_REGION_WORK);
  const existing = vm.spaces[space].find(request.start);
  const exact = existing !== undefined && existing.start === request.start && existing.length === request.length;
  if (existing !== undefined && !exact) return EBUSY;
  if (existing !== undefined && !isOwn(vm, instance, existing)) return EPERM;
  if (request.flags === GRF_NONE) {
    if (existing === undefined) return ENXIO;
    releaseRegion(vm, space, existing);
    return EOK;
  }
  const vdev = vdevOf(vm, instance, request.vdp);
  if (vdev === undefined) return EINVAL;
  if (existing !== undefined) releaseRegion(vm, space, existing);
  const refused = claimRegion(vm, vdev, space, request.start, request.length, request.cookie, request.flags);
  if (refused === undefined) return EOK;
  vm.log("error", vdev, refused);
  return EBUSY;
}

function isOwn(vm: Vm, instance: ModuleInstance, region: Region): boolean {
  return region.what.kind === "vdev" && vm.vdevs[region.what.vdev]?.instance === instance;
}

/** @returns the index of the first region that could not be set, or the count */
function setRegions(vm: Vm, instance: ModuleInstance, count: number, regions: number): number {
  const wanted = Math.min(count >>> 0, REGION_COUNT_LIMIT);
  for (let i = 0; i < wanted; i++) {
    const request = readRegion(instance, (regions >>> 0) + i * gasp_region.SIZEOF);
    const errno = setRegion(vm, instance, request);
    if (errno !== EOK) {
      instance.errno = errno;
      return i;
    }
  }
  return wanted;
}

function findFree(vm: Vm, type: number, size: bigint, align: bigint, min?: bigint, max?: bigint): bigint {
  const space = spaceOf(type & 0xffff);
  if (space === undefined || size === 0n) return QSL_NO_LOCATION;
  return vm.spaces[space].findFree(size, align, min, max) ?? QSL_NO_LOCATION;
}

function map(vm: Vm, instance: ModuleInstance, prot: number, address: bigint, length: number): number {
  return vm.windows.map(instance, address, length >>> 0, {
    read: (prot & PROT.read) !== 0,
    write: (prot & PROT.write) !== 0,
  });
}

function writeRegionInfo(
  vm: Vm,
  instance: ModuleInstance,
  space: Space,
  region: Region,
  type: number,
  at: number,
): void {
  const { what } = region;
  const vdev = what.kind === "vdev" ? vm.vdevs[what.vdev] : undefined;
  const ramFlags = GRF_MEMORY | GRF_PASS_RD | (what.kind === "ram" ? GRF_PASS_WR : 0);
  instance.setU32(at + gasp_region.flags, what.kind === "vdev" ? what.flags : ramFlags);
  instance.setU32(at + gasp_region.cookie, what.kind === "vdev" ? what.cookie : 0);
  instance.setU32(at + gasp_region.vdev, vdev?.instance === instance ? vdev.vdp : 0);
  instance.setU64(at + gasp_region.host_location, 0n);
  const guest = at + gasp_region.guest;
  instance.setU64(guest + qvm_state_block.location, region.start);
  instance.setU32(guest + qvm_state_block.length, Number(BigInt.asUintN(32, region.length)));
  instance.view.setUint16(guest + qvm_state_block.type, space === "io" ? QST_X86_IO : type, true);
  instance.view.setUint16(guest + qvm_state_block.flags, 0, true);
}

export const gaspBodies = bodies({
  gasp_lock(vm, instance, _gsp, type) {
    const kind = type! & 0xffff;
    if (kind !== QST_MEMORY && kind !== QST_X86_IO) return EINVAL;
    if (vm.locks.lock(kind, instance.id)) return EOK;
    violation(
      vm,
      instance,
      "lock",
      "gasp_lock",
      "was called while the lock is already held",
      "the address space lock is taken once and given back with gasp_unlock()",
      "Call gasp_unlock() first; on qvm this call would wait for ever.",
    );
    return EBUSY;
  },

  gasp_unlock(vm, instance, _gsp, type) {
    if (vm.locks.unlock(type! & 0xffff, instance.id)) return EOK;
    violation(
      vm,
      instance,
      "lock",
      "gasp_unlock",
      "was called without gasp_lock()",
      "gasp_lock() must have been called first",
      "Lock and unlock the same type of space, in pairs.",
    );
    return EPERM;
  },

  gasp_find_free(vm, instance, _gsp, type, sizeLo, sizeHi, alignLo, alignHi, result) {
    instance.setU64(result! >>> 0, findFree(vm, type!, u64(sizeLo!, sizeHi!), u64(alignLo!, alignHi!)));
    return 0;
  },

  gasp_find_free_range(vm, instance, _gsp, type, sizeLo, sizeHi, alignLo, alignHi, minLo, minHi, maxLo, maxHi, result) {
    const found = findFree(
      vm,
      type!,
      u64(sizeLo!, sizeHi!),
      u64(alignLo!, alignHi!),
      u64(minLo!, minHi!),
      u64(maxLo!, maxHi!),
    );
    instance.setU64(result! >>> 0, found);
    return 0;
  },

  gasp_region_info(vm, instance, _gsp, block, region) {
    const at = block! >>> 0;
    const type = instance.view.getUint16(at + qvm_state_block.type, true);
    const space = spaceOf(type);
    if (space === undefined) return EINVAL;
    const found = vm.spaces[space].find(instance.u64(at + qvm_state_block.location));
    if (found === undefined) return ENXIO;
    writeRegionInfo(vm, instance, space, found, type, region! >>> 0);
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
      return i;
    }
    return setRegions(vm, instance, wanted, regions!);
  },

  gasp_map_vdma: (vm, instance, _vdev, prot, lo, hi, length) => map(vm, instance, prot!, u64(lo!, hi!), length!),

  gasp_map_sys: (vm, instance, _gsp, prot, lo, hi, length) => map(vm, instance, prot!, u64(lo!, hi!), length!),

  gasp_map_contig(vm, instance, _vdev, prot, paddr, plength) {
    const address = instance.u64(paddr! >>> 0);
    const length = Math.min(instance.u32(plength! >>> 0), vm.ram.contiguous(address));
    const window = map(vm, instance, prot!, address, length);
    // A sandbox shows no host addresses: guest-physical stands for host-physical.
    if (window !== 0) instance.setU32(plength! >>> 0, length);
    return window;
  },

  gasp_unmap(vm, instance, _gsp, pointer) {
    if (vm.windows.unmap(instance, pointer! >>> 0)) return 0;
    violation(
      vm,
      instance,
      "argument",
      "gasp_unmap",
      "was given a pointer that is no mapping of this vdev",
      "gasp_unmap() takes what gasp_map_vdma(), gasp_map_sys() or gasp_map_contig() returned",
      "Unmap every mapping once, with its own pointer.",
    );
    return 0;
  },

  gasp_map_firmware(vm, instance, lo, hi, length, prot, handle) {
    const window = map(vm, instance, prot!, u64(lo!, hi!), length!);
    if (window === 0) return ENXIO;
    instance.setU64((handle! >>> 0) + gasp_map_handle_t.reserved, BigInt(window));
    return EOK;
  },

  gasp_unmap_handle(vm, instance, handle) {
    const at = (handle! >>> 0) + gasp_map_handle_t.reserved;
    vm.windows.unmap(instance, Number(BigInt.asUintN(32, instance.u64(at))));
    instance.setU64(at, 0n);
    return 0;
  },
});
