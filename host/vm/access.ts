import { GRF_VIRT_RD, GRF_VIRT_WR } from "../../abi/generated/constants.ts";
import * as L from "../dispatcher/assembly/layout.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { AccessStatus, type Space } from "../guests/bus.ts";
import { formatAddress } from "../memory/format.ts";
import { joinHalves } from "../memory/halves.ts";
import { directRead, directWrite, makeDirect } from "./direct-access.ts";
import { accessedRegion } from "./regions.ts";
import { unsupportedAction } from "./unsupported.ts";
import type { Vdev } from "./vdev.ts";
import { EXIT, type Vm } from "./vm.ts";

/** vdev_ref_status. */
export const VRS = { normal: 0, noAdvance: 1, abort: 2, busError: 3, continue: 4, terminate: 5, errno: 0x100 } as const;

/** What a read that the dispatcher did not simply finish means to the guest. */
export function settleRead(
  vm: Vm,
  answer: number,
  space: Space,
  lo: number,
  hi: number,
  width: number,
  vcpu: number,
): AccessStatus {
  let status = answer;
  if (status === L.DIRECT && isDirect(vm, space, lo, hi)) {
    status = makeDirect(vm, directRead(vm, space, lo, hi, width, vcpu));
  }
  return settleReadStatus(vm, status, space, lo, hi, width);
}

/** What the status of a vdev, or the dispatcher's answer where no vdev was asked, means to the guest. */
export function settleReadStatus(
  vm: Vm,
  status: number,
  space: Space,
  lo: number,
  hi: number,
  width: number,
): AccessStatus {
  if (status === 0) return AccessStatus.done;
  if (status >= 0 || isVdevs(vm, space, lo, hi, width, GRF_VIRT_RD)) {
    return settleStatus(vm, status, "vread", space, lo, hi);
  }
  if (status === L.UNCLAIMED && space === "memory") {
    const bytes = vm.ram.load(joinHalves(lo, hi), width);
    if (bytes !== undefined) {
      vm.valueLo = littleEndian(bytes, 0, Math.min(width, 4));
      vm.valueHi = width === 8 ? littleEndian(bytes, 4, 4) : 0;
      return AccessStatus.done;
    }
    if (vm.ram.holds(joinHalves(lo, hi), width)) return unsupported(vm, L.NO_HANDLER, "read", space, lo, hi, width);
  }
  return unsupported(vm, status, "read", space, lo, hi, width);
}

/** The same for a write. */
export function settleWrite(
  vm: Vm,
  answer: number,
  space: Space,
  lo: number,
  hi: number,
  width: number,
  valueLo: number,
  valueHi: number,
  vcpu: number,
): AccessStatus {
  let status = answer;
  if (status === L.DIRECT && isDirect(vm, space, lo, hi)) {
    status = makeDirect(vm, directWrite(vm, space, lo, hi, width, valueLo, valueHi, vcpu));
  }
  return settleWriteStatus(vm, status, space, lo, hi, width, valueLo, valueHi);
}

/** The same for a write. */
export function settleWriteStatus(
  vm: Vm,
  status: number,
  space: Space,
  lo: number,
  hi: number,
  width: number,
  valueLo: number,
  valueHi: number,
): AccessStatus {
  if (status === 0) return AccessStatus.done;
  if (status >= 0 || isVdevs(vm, space, lo, hi, width, GRF_VIRT_WR)) {
    return settleStatus(vm, status, "vwrite", space, lo, hi);
  }
  if (status === L.UNCLAIMED && space === "memory") {
    const address = joinHalves(lo, hi);
    if (vm.ram.store(address, toBytes(valueLo, valueHi, width))) return AccessStatus.done;
    if (vm.ram.holds(address, width)) return unsupported(vm, L.NO_HANDLER, "write", space, lo, hi, width);
  }
  return unsupported(vm, status, "write", space, lo, hi, width);
}

function toBytes(lo: number, hi: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  for (let i = 0; i < width; i++) bytes[i] = i < 4 ? lo >>> (8 * i) : hi >>> (8 * (i - 4));
  return bytes;
}

function littleEndian(bytes: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value |= bytes[from + i]! << (8 * i);
  return value >>> 0;
}

/**
 * Whether a negative answer was the vdev's and not the dispatcher's own: a vread that returns -1 must not pass for an
 * address where nothing is. It was when there was nothing to refuse the access for.
 */
function isVdevs(vm: Vm, space: Space, lo: number, hi: number, width: number, access: number): boolean {
  if (vm.ended !== undefined) return false;
  const address = joinHalves(lo, hi);
  const region = accessedRegion(vm, space, address);
  if (region?.what.kind !== "vdev") return false;
  const { instance, factory } = vm.vdevs[region.what.vdev]!;
  const handler = access === GRF_VIRT_RD ? factory.vread : factory.vwrite;
  if (instance.stopped !== undefined || handler === 0 || (region.what.flags & access) === 0) return false;
  if (address + BigInt(width) > region.start + region.length) return false;
  return factory.sizes === 0 || ((factory.sizes >>> width) & 1) === 1;
}

/** Whether the dispatcher said so, and not a vdev whose status is the same number. */
export function isDirect(vm: Vm, space: Space, lo: number, hi: number): boolean {
  return vdevAt(vm, space, lo, hi)?.instance.mayWait === true;
}

/** The effect of what vread or vwrite returned. */
function settleStatus(
  vm: Vm,
  status: number,
  callback: "vread" | "vwrite",
  space: Space,
  lo: number,
  hi: number,
): AccessStatus {
  const vdev = vdevAt(vm, space, lo, hi);
  if (status >= 0 && (status & L.UNANSWERED) !== 0) {
    const plain = status & ~L.UNANSWERED;
    if (plain === VRS.normal && vdev !== undefined) remarkUnanswered(vm, vdev);
    if (plain === VRS.normal) return AccessStatus.done;
    return settleStatus(vm, plain, callback, space, lo, hi);
  }
  if (status === VRS.noAdvance) return AccessStatus.noAdvance;
  if (status === VRS.busError) return AccessStatus.busError;
  if (status === VRS.terminate) {
    vm.end(EXIT.normal, `${vdev?.name ?? "a vdev"} answered VRS_TERMINATE`);
    return AccessStatus.stop;
  }
  if (status >= VRS.errno && status < VRS.errno + 0x1000) {
    vm.log(
      "error",
      vdev,
      `${callback} at ${formatAddress(space, joinHalves(lo, hi))} failed with errno ${status - VRS.errno}`,
    );
    return AccessStatus.busError;
  }
  if (vdev !== undefined) remarkResult(vm, vdev, callback, status);
  return AccessStatus.busError;
}

/** VRS_ABORT is internal to qvm, VRS_CONTINUE is for instruction callbacks, all else is no vdev_ref_status. */
function remarkResult(vm: Vm, vdev: Vdev, callback: "vread" | "vwrite", status: number): void {
  const hex = `0x${(status >>> 0).toString(16)}`;
  const name = status === VRS.abort ? "VRS_ABORT" : status === VRS.continue ? "VRS_CONTINUE" : hex;
  during(vm, vdev, callback, () => {
    const finding = vm.findings.record(vdev.instance, {
      severity: "violation",
      rule: "result",
      message: `${callback} of ${vdev.name} returned ${name}, which it may not`,
      reason: {
        text: `${callback} returns VRS_NORMAL, VRS_NO_ADVANCE, VRS_BUS_ERROR, VRS_TERMINATE or VRS_ERRNO + errno`,
        status: "documented",
      },
      advice:
        "The guest got a bus error. Map the error of guest_cpu_read() or guest_cpu_write() with guest_cpu_to_vrs().",
    });
    if (vm.findings.isStrict(vdev.index)) vm.stopInstance(vdev.instance, finding);
  });
}

function remarkUnanswered(vm: Vm, vdev: Vdev): void {
  during(vm, vdev, "vread", () =>
    vm.findings.record(vdev.instance, {
      severity: "warning",
      rule: "result",
      message: `vread of ${vdev.name} returned VRS_NORMAL without giving the guest a value`,
      advice: "Call guest_cpu_write() on oopnd before returning VRS_NORMAL, or return VRS_BUS_ERROR.",
    }),
  );
}

/** The callback has returned, but the finding belongs to it. */
function during(vm: Vm, vdev: Vdev, callback: "vread" | "vwrite", record: () => void): void {
  const vcpu = vm.context.vcpu;
  vm.context.enter(CALLBACK[callback], THREAD.vcpu, vdev.index, vcpu);
  record();
  vm.context.enter(CALLBACK.none, THREAD.main, -1, 0);
}

function vdevAt(vm: Vm, space: Space, lo: number, hi: number): Vdev | undefined {
  const region = accessedRegion(vm, space, joinHalves(lo, hi));
  return region?.what.kind === "vdev" ? vm.vdevs[region.what.vdev] : undefined;
}

const REASONS: Record<number, string> = {
  [L.UNCLAIMED]: "nothing is there",
  [L.PAST_END]: "the access reaches past the end of the region",
  [L.BAD_WIDTH]: "acc_sizes does not allow this width",
  [L.NO_HANDLER]: "nobody handles this kind of access",
  [L.STOPPED]: "the vdev has stopped",
};

/** An access nobody handles: what the VM's `unsupported` option says. */
function unsupported(
  vm: Vm,
  status: number,
  op: "read" | "write",
  space: Space,
  lo: number,
  hi: number,
  width: number,
): AccessStatus {
  const vdev = vdevAt(vm, space, lo, hi);
  const where = formatAddress(space, joinHalves(lo, hi));
  const policy = unsupportedAction(vm.plan, space, vdev !== undefined);
  vm.log("debug", vdev, `${width}-byte ${op} at ${where}: ${REASONS[status]}`);
  vm.valueLo = op === "read" ? (width >= 4 ? 0xffffffff : 2 ** (8 * width) - 1) : vm.valueLo;
  vm.valueHi = op === "read" && width === 8 ? 0xffffffff : 0;
  if (policy === "terminate") {
    vm.end(EXIT.unsupported, `unsupported ${width}-byte ${op} at ${where}: ${REASONS[status]}`);
    return AccessStatus.stop;
  }
  return policy === "ignore" ? AccessStatus.done : AccessStatus.busError;
}
