import { GRF_VIRT_RD, GRF_VIRT_WR, QST_MEMORY, QST_X86_IO } from "../../abi/generated/constants.ts";
import * as L from "../dispatcher/assembly/layout.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import type { Space } from "../guests/bus.ts";
import type { Region } from "../memory/address-space.ts";
import { joinHalves } from "../memory/halves.ts";
import type { Thread } from "../threads/thread.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/** An access of a vdev that the host makes itself, because the vdev may wait in it. */
export interface DirectAccess {
  readonly callback: number;
  readonly vcpu: number;
  /** Begins the callback on the thread in progress; a read's value goes to the VM's `valueLo` and `valueHi`. */
  readonly start: Thread["start"];
}

/**
 * Makes an access, to its end: other threads run meanwhile.
 * @returns what the dispatcher would have: a vdev_ref_status or one of its negative answers
 */
export function makeDirect(vm: Vm, access: DirectAccess | undefined): number {
  if (access === undefined) return L.NO_HANDLER;
  const { start, callback, vcpu } = access;
  return vm.threads!.runToEnd(start, callback, THREAD.vcpu!, vcpu) ?? L.STOPPED;
}

/** @returns undefined where nobody handles reads */
export function directRead(
  vm: Vm,
  space: Space,
  lo: number,
  hi: number,
  width: number,
  vcpu: number,
): DirectAccess | undefined {
  const target = targetOf(vm, space, lo, hi);
  const fn = target === undefined || (target.flags & GRF_VIRT_RD) === 0 ? 0 : target.vdev.factory.vread;
  if (target === undefined || fn === 0) return undefined;
  const { vdev, cookie } = target;
  const { __vdevbox_vread: vread, __vdevbox_operand: operand } = vdev.instance.exports;
  const meta = width | (typeOf(space) << 16);
  const address = joinHalves(lo, hi);
  return access(vm, vdev, CALLBACK.vread!, vcpu, (frame) => {
    const answer = vread(frame, fn, vdev.vdp, cookie, address, meta);
    if (answer === 0n && width !== 8) {
      // As while it is left, at every switch: arithmetic of bigints takes longer than all the rest.
      vm.valueLo = 0;
      vm.valueHi = 0;
      return 0;
    }
    vm.valueLo = Number(answer & 0xffffffffn);
    vm.valueHi = width === 8 ? Number((operand(frame) >> 32n) & 0xffffffffn) : 0;
    return Number(BigInt.asIntN(32, answer >> 32n));
  });
}

/** @returns undefined where nobody handles writes */
export function directWrite(
  vm: Vm,
  space: Space,
  lo: number,
  hi: number,
  width: number,
  valueLo: number,
  valueHi: number,
  vcpu: number,
): DirectAccess | undefined {
  const target = targetOf(vm, space, lo, hi);
  const fn = target === undefined || (target.flags & GRF_VIRT_WR) === 0 ? 0 : target.vdev.factory.vwrite;
  if (target === undefined || fn === 0) return undefined;
  const { vdev, cookie } = target;
  const { __vdevbox_vwrite: vwrite } = vdev.instance.exports;
  const meta = width | (typeOf(space) << 16);
  const address = joinHalves(lo, hi);
  const value = joinHalves(valueLo, valueHi);
  return access(vm, vdev, CALLBACK.vwrite!, vcpu, (frame) => vwrite(frame, fn, vdev.vdp, cookie, address, meta, value));
}

function access(vm: Vm, vdev: Vdev, callback: number, vcpu: number, enter: (frame: number) => number): DirectAccess {
  const start = () => vm.activations.enter(vdev.instance, vdev.index, callback, THREAD.vcpu!, vcpu, enter);
  return { callback, vcpu, start };
}

function targetOf(vm: Vm, space: Space, lo: number, hi: number) {
  const region: Region | undefined = vm.spaces[space].find(joinHalves(lo, hi));
  if (region?.what.kind !== "vdev") return undefined;
  return { vdev: vm.vdevs[region.what.vdev]!, cookie: region.what.cookie, flags: region.what.flags };
}

function typeOf(space: Space): number {
  return space === "io" ? QST_X86_IO : QST_MEMORY;
}
