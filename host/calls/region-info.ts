import { GRF_MEMORY, QST_X86_IO } from "../../abi/generated/constants.ts";
import { gasp_region, qvm_state_block } from "../../abi/generated/layouts.ts";
import type { Region, Space } from "../memory/address-space.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";

/**
 * Longest piece of RAM one region is reported as: a length has 32 bits, and RAM may have more. The manual says of qvm
 * too that it may have split memory into several regions.
 */
const PIECE_BYTES = 1n << 31n;

interface Reported {
  readonly flags: number;
  readonly cookie: number;
  readonly vdp: number;
  readonly start: bigint;
  readonly length: bigint;
}

/** Writes what gasp_region_info() tells of the region that covers `location`. */
export function writeRegionInfo(
  vm: Vm,
  instance: ModuleInstance,
  space: Space,
  region: Region,
  location: bigint,
  type: number,
  at: number,
): void {
  const { flags, cookie, vdp, start, length } =
    region.what.kind === "vdev" ? ofVdev(vm, instance, region) : ofRam(vm, location);
  instance.setU32(at + gasp_region.flags, flags);
  instance.setU32(at + gasp_region.cookie, cookie);
  instance.setU32(at + gasp_region.vdev, vdp);
  instance.setU64(at + gasp_region.host_location, 0n);
  const guest = at + gasp_region.guest;
  instance.setU64(guest + qvm_state_block.location, start);
  instance.setU32(guest + qvm_state_block.length, Number(BigInt.asUintN(32, length)));
  instance.setU16(guest + qvm_state_block.type, space === "io" ? QST_X86_IO : type);
  instance.setU16(guest + qvm_state_block.flags, 0);
}

/** A vdev_t is told to vdevs of its own module only: it is no pointer in any other. */
function ofVdev(vm: Vm, instance: ModuleInstance, { what, start, length }: Region): Reported {
  if (what.kind !== "vdev") throw new Error("a region of RAM has no vdev");
  const vdev = vm.vdevs[what.vdev];
  const vdp = vdev?.instance === instance ? vdev.vdp : 0;
  return { flags: what.flags, cookie: what.cookie, vdp, start, length };
}

/** The pages around the location with the same rights. */
function ofRam(vm: Vm, location: bigint): Reported {
  const run = vm.ram.runOf(location)!;
  const start = run.start + ((location - run.start) / PIECE_BYTES) * PIECE_BYTES;
  const end = run.start + run.length;
  const length = end - start > PIECE_BYTES ? PIECE_BYTES : end - start;
  return { flags: GRF_MEMORY | run.rights, cookie: 0, vdp: 0, start, length };
}
