import { EBUSY, EINVAL, ENOSPC, EOK, QSL_NO_LOCATION } from "../../abi/generated/constants.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, u64 } from "./body.ts";

/** Reservations one VM may have: every call goes past all of them. */
const LIMIT = 4096;
/** Reservations that make one unit of work to go past. */
const RESERVATIONS_PER_WORK = 16;

const LAST_ADDRESS = (1n << 64n) - 1n;

function charge(vm: Vm, instance: ModuleInstance): void {
  chargeHostWork(vm, instance, (vm.reservations.count * vm.ram.ranges.length) / RESERVATIONS_PER_WORK);
}

function findFree(
  vm: Vm,
  instance: ModuleInstance,
  size: bigint,
  align: bigint,
  first: bigint,
  last: bigint,
  at: number,
): number {
  charge(vm, instance);
  const free = vm.reservations.count < LIMIT ? vm.reservations.findFree(size, align, first, last) : undefined;
  instance.setU64(at, free ?? QSL_NO_LOCATION);
  return 0;
}

export const gramBodies = bodies({
  gram_find_free: (vm, instance, _gsp, sizeLo, sizeHi, alignLo, alignHi, _flags, result) =>
    findFree(vm, instance, u64(sizeLo!, sizeHi!), u64(alignLo!, alignHi!), 0n, LAST_ADDRESS, result! >>> 0),

  gram_find_free_range(
    vm,
    instance,
    _gsp,
    sizeLo,
    sizeHi,
    alignLo,
    alignHi,
    _flags,
    startLo,
    startHi,
    endLo,
    endHi,
    result,
  ) {
    const first = u64(startLo!, startHi!);
    const last = u64(endLo!, endHi!);
    return findFree(vm, instance, u64(sizeLo!, sizeHi!), u64(alignLo!, alignHi!), first, last, result! >>> 0);
  },

  gram_reserve(vm, instance, lo, hi, sizeLo, sizeHi) {
    charge(vm, instance);
    if (vm.reservations.count >= LIMIT) return ENOSPC;
    const wrong = vm.reservations.reserve(u64(lo!, hi!), u64(sizeLo!, sizeHi!));
    if (wrong === undefined) return EOK;
    return wrong === "taken" ? EBUSY : EINVAL;
  },
});
