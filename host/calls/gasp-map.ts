import { ENXIO, EOK, PROT_READ, PROT_WRITE } from "../../abi/generated/constants.ts";
import { gasp_map_handle_t } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, remark, u64, violation } from "./body.ts";
import { remarkDoubleFetch } from "./double-fetch.ts";

/** @returns the address in module memory, or 0 */
function map(vm: Vm, instance: ModuleInstance, call: string, prot: number, address: bigint, length: number): number {
  const rights = { read: (prot & PROT_READ) !== 0, write: (prot & PROT_WRITE) !== 0 };
  if (!rights.read && !rights.write) return 0;
  if (instance.module.shared !== undefined) {
    const message = "maps no guest memory where threads run in parallel";
    const advice = "Use guest_cpu_read(), gasp_read() and their kin, or leave out `set threads parallel`.";
    remark(vm, instance, "limit", call, message, advice);
    return 0;
  }
  const mapped = vm.windows.map(instance, address, length >>> 0, rights, call);
  remarkDoubleFetch(vm, instance, call, mapped?.changed);
  return mapped?.address ?? 0;
}

export const gaspMapBodies = bodies({
  gasp_map_vdma: (vm, instance, _vdev, prot, lo, hi, length) =>
    map(vm, instance, "gasp_map_vdma", prot!, u64(lo!, hi!), length!),

  gasp_map_sys: (vm, instance, _gsp, prot, lo, hi, length) =>
    map(vm, instance, "gasp_map_sys", prot!, u64(lo!, hi!), length!),

  gasp_map_contig(vm, instance, _vdev, prot, paddr, plength) {
    const address = instance.u64(paddr! >>> 0);
    const most = Math.min(vm.ram.contiguous(address), vm.windows.room(instance));
    const length = Math.min(instance.u32(plength! >>> 0), most);
    const window = map(vm, instance, "gasp_map_contig", prot!, address, length);
    // A sandbox shows no host addresses: guest-physical stands for host-physical.
    if (window !== 0) instance.setU32(plength! >>> 0, length);
    return window;
  },

  gasp_unmap(vm, instance, _gsp, pointer, length) {
    const mapped = vm.windows.unmap(instance, pointer! >>> 0);
    if (mapped === undefined) {
      violation(
        vm,
        instance,
        "argument",
        "gasp_unmap",
        "was given a pointer that is no mapping of this vdev",
        "gasp_unmap() takes what gasp_map_vdma(), gasp_map_sys() or gasp_map_contig() returned",
        "Unmap every mapping once, with its own pointer.",
      );
    } else if (mapped !== length! >>> 0) {
      const message = `was given ${length! >>> 0} bytes of a mapping of ${mapped}`;
      remark(vm, instance, "argument", "gasp_unmap", message, "Unmap a mapping with the length it was made with.");
    }
    return 0;
  },

  gasp_map_firmware(vm, instance, lo, hi, length, prot, handle) {
    const window = map(vm, instance, "gasp_map_firmware", prot!, u64(lo!, hi!), length!);
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
