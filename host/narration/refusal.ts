import { counted, listed } from "../plural.ts";
import type { VmEvent } from "../vm/events.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";

export type AccessEvent = Extract<VmEvent, { kind: "access" }>;

const WIDTHS = [1, 2, 4, 8];

/**
 * Why an access was not simply done, as the middle of a sentence.
 * @param stoppedNow whether the vdev stopped in the middle of this access
 */
export function refusal(vm: Vm, access: AccessEvent, stoppedNow: boolean): string {
  const region = vm.spaces[access.space].find(access.address);
  if (region === undefined) return "nothing is there";
  if (region.what.kind !== "vdev") return `${region.owner} cannot be ${access.op === "read" ? "read" : "written"}`;
  const vdev = vm.vdevs[region.what.vdev]!;
  const past = access.address + BigInt(access.width) - (region.start + region.length);
  if (past > 0n) return `${counted(Number(past), "byte")} of it past the end of ${vdev.name}`;
  return vdevRefusal(vdev, access, stoppedNow);
}

function vdevRefusal({ name, instance, factory }: Vdev, access: AccessEvent, stoppedNow: boolean): string {
  const { sizes } = factory;
  const callback = access.op === "read" ? "vread" : "vwrite";
  if (stoppedNow) return `${name} was stopped in the middle of it`;
  if (instance.stopped !== undefined) return `${name} has stopped`;
  if (sizes !== 0 && ((sizes >>> access.width) & 1) === 0) {
    const allowed = WIDTHS.filter((width) => ((sizes >>> width) & 1) === 1);
    return `${name} takes accesses of ${listed(allowed.map(String))} ${allowed.at(-1) === 1 ? "byte" : "bytes"} only`;
  }
  if (factory[callback] === 0) return `${name} has no ${callback}`;
  return `${name} refuses it`;
}
