import {
  EBUSY,
  EINVAL,
  EOK,
  EPERM,
  QSL_NO_LOCATION,
  QST_MEMORY,
  QST_PCI_IO,
  QST_X86_IO,
} from "../../abi/generated/constants.ts";
import type { Space } from "../memory/address-space.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Suspended } from "../threads/suspended.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import { findUnreserved, NOTHING_RESERVED } from "../vm/reserved.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, u64, violation } from "./body.ts";

/** Regions that make one unit of work to go past. */
const REGIONS_PER_WORK = 2;

/** The space a QST_* type is of; undefined when it is none with addresses. */
export function spaceOf(type: number): Space | undefined {
  if (type === QST_MEMORY || type === QST_PCI_IO) return "memory";
  return type === QST_X86_IO ? "io" : undefined;
}

function findFree(
  vm: Vm,
  instance: ModuleInstance,
  type: number,
  size: bigint,
  align: bigint,
  min = 0n,
  max?: bigint,
): bigint {
  const space = spaceOf(type);
  if (space === undefined || size === 0n) return QSL_NO_LOCATION;
  const reserved = (vm.plan.reserved ?? NOTHING_RESERVED)[space];
  chargeHostWork(vm, instance, ((reserved.length + 1) * vm.spaces[space].regions.length) / REGIONS_PER_WORK);
  const free = findUnreserved(reserved, size, min, (first) => vm.spaces[space].findFree(size, align, first, max));
  return free ?? QSL_NO_LOCATION;
}

/** Another thread has the lock: this one goes on when it is given back. */
function waitForLock(vm: Vm, instance: ModuleInstance, kind: number): number | Suspended {
  if (vm.locks.heldByOther(kind) === undefined) return vm.locks.lock(kind, instance.id) ? EOK : EBUSY;
  const holder = () => vm.locks.heldByOther(kind);
  const wait = { for: "mutex", of: vm.locks, name: "the address space lock", holder } as const;
  return vm.threads!.wait(wait, () => waitForLock(vm, instance, kind));
}

export const gaspSpaceBodies = bodies({
  gasp_lock(vm, instance, _gsp, type) {
    const kind = type! & 0xffff;
    if (kind !== QST_MEMORY && kind !== QST_X86_IO) return EINVAL;
    if (vm.locks.heldByOther(kind) !== undefined) return waitForLock(vm, instance, kind);
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
    const found = findFree(vm, instance, type! >>> 0, u64(sizeLo!, sizeHi!), u64(alignLo!, alignHi!));
    instance.setU64(result! >>> 0, found);
    return 0;
  },

  gasp_find_free_range(vm, instance, _gsp, type, sizeLo, sizeHi, alignLo, alignHi, minLo, minHi, maxLo, maxHi, result) {
    const found = findFree(
      vm,
      instance,
      type! >>> 0,
      u64(sizeLo!, sizeHi!),
      u64(alignLo!, alignHi!),
      u64(minLo!, minHi!),
      u64(maxLo!, maxHi!),
    );
    instance.setU64(result! >>> 0, found);
    return 0;
  },
});
