import * as L from "../dispatcher/assembly/layout.ts";
import { THREAD } from "../gate/situation.ts";
import { AccessStatus, type AccessWidth, type Space } from "../guests/bus.ts";
import type { Thread } from "../threads/thread.ts";
import { isDirect, settleReadStatus, settleWriteStatus } from "./access.ts";
import { directRead, directWrite } from "./direct-access.ts";
import type { Vm } from "./vm.ts";

/** One guest access; halves are unsigned 32-bit, and a read has no value. */
export interface GuestAccess {
  readonly op: "read" | "write";
  readonly space: Space;
  readonly lo: number;
  readonly hi: number;
  readonly width: AccessWidth;
  readonly valueLo: number;
  readonly valueHi: number;
  readonly vcpu: number;
}

/**
 * Begins an access in a VM whose threads are given their turns from outside, so that accesses of other vCPUs may come
 * in the middle of it.
 * @returns the thread it runs on, to be given turns until it has ended and then to `endAccess`; the outcome where no
 * vdev is asked
 */
export function beginAccess(vm: Vm, access: GuestAccess): Thread | AccessStatus {
  const { op, space, lo, hi, width, valueLo, valueHi, vcpu } = access;
  if (vm.ended !== undefined) return AccessStatus.stop;
  const { exports } = vm.dispatcher;
  const answer =
    op === "read"
      ? space === "memory"
        ? exports.read_memory(lo, hi, width, vcpu)
        : exports.read_port(lo, hi, width, vcpu)
      : space === "memory"
        ? exports.write_memory(lo, hi, width, valueLo, valueHi, vcpu)
        : exports.write_port(lo, hi, width, valueLo, valueHi, vcpu);
  const direct =
    answer !== L.DIRECT || !isDirect(vm, space, lo, hi)
      ? undefined
      : op === "read"
        ? directRead(vm, space, lo, hi, width, vcpu)
        : directWrite(vm, space, lo, hi, width, valueLo, valueHi, vcpu);
  if (direct !== undefined) return vm.threads!.begin(direct.start, direct.callback, THREAD.vcpu!, vcpu);
  return settle(vm, access, answer === L.DIRECT ? L.NO_HANDLER : answer);
}

/** The outcome of an access whose thread has just ended; a read's value stands in the VM's `valueLo` and `valueHi`. */
export function endAccess(vm: Vm, access: GuestAccess, thread: Thread): AccessStatus {
  return settle(vm, access, thread.result ?? L.STOPPED);
}

function settle(vm: Vm, access: GuestAccess, status: number): AccessStatus {
  const { op, space, lo, hi, width, valueLo, valueHi, vcpu } = access;
  const outcome =
    op === "read"
      ? settleReadStatus(vm, status, space, lo, hi, width)
      : settleWriteStatus(vm, status, space, lo, hi, width, valueLo, valueHi);
  const value = op === "read" ? [vm.valueLo, vm.valueHi] : [valueLo, valueHi];
  if (vm.watchesAccesses) vm.accessed(op, space, lo, hi, width, value[0]!, value[1]!, vcpu, outcome);
  return vm.ended === undefined ? outcome : AccessStatus.stop;
}
