import { QSL_NO_LOCATION, QST_PCI, QST_X86_IO } from "../../abi/generated/constants.ts";
import { qvm_state_block, vdev_s } from "../../abi/generated/layouts.ts";
import { formatAddress } from "../memory/format.ts";
import { formatFunction, functionOf } from "./pci-functions.ts";
import type { Vdev } from "./vdev.ts";

/** v_block of a vdev: where it is in the guest. */
export interface Location {
  readonly address: bigint;
  readonly length: number;
  readonly type: number;
}

export function locationOf(vdev: Vdev): Location {
  const block = vdev.vdp + vdev_s.v_block;
  const { instance } = vdev;
  return {
    address: instance.u64(block + qvm_state_block.location),
    length: instance.u32(block + qvm_state_block.length),
    type: instance.view.getUint16(block + qvm_state_block.type, true),
  };
}

/** As a report names it: `0x1c090000`, `io:0x3f8`, `pci:0:3.0`, `no location`. */
export function formatLocation(vdev: Vdev): string {
  const { address, type } = locationOf(vdev);
  if (address === QSL_NO_LOCATION) return "no location";
  if (type === QST_PCI) return formatFunction(functionOf(address));
  return formatAddress(type === QST_X86_IO ? "io" : "memory", address);
}
