import type { AccessWidth, Space } from "../guests/bus.ts";
import type { Line } from "../interrupts/line.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";

/** A range of addresses that reaches a vdev. */
export interface FuzzedRegion {
  readonly space: Space;
  readonly start: bigint;
  /** Bytes, at most 2^32 - 1: what lies behind is not reached. */
  readonly length: number;
  /** That the vdev takes. */
  readonly widths: readonly AccessWidth[];
  readonly vdev: Vdev;
}

/** All of a VM that a guest and its surroundings can touch. */
export interface Surface {
  readonly regions: readonly FuzzedRegion[];
  readonly cpus: number;
  /** Vdevs the host sends bytes to. */
  readonly inputs: readonly Vdev[];
  /** Vdevs whose output the host takes or not. */
  readonly outputs: readonly Vdev[];
  /** Lines of host controllers that vdevs drive. */
  readonly lines: readonly Line[];
  /** Somebody wants to know when CPUs wait. */
  readonly power: boolean;
  readonly button: boolean;
  readonly ram: boolean;
  /** Addresses at which guest memory begins. */
  readonly ramStarts: readonly bigint[];
}

const LENGTH_MAX = 0xffff_ffffn;
const WIDTHS: readonly AccessWidth[] = [1, 2, 4, 8];

/** What there is to touch in a VM whose guest is about to start. */
export function surfaceOf(vm: Vm): Surface {
  const regions = (["memory", "io"] as const).flatMap((space) => regionsOf(vm, space));
  const devices = vm.vdevs.map((vdev) => vm.character.of(vdev)).filter((device) => device !== undefined);
  return {
    regions,
    cpus: vm.plan.cpus,
    inputs: devices.filter(({ hasInput }) => hasInput).map(({ vdev }) => vdev),
    outputs: devices.filter(({ hasOutput }) => hasOutput).map(({ vdev }) => vdev),
    lines: [...vm.lines.all()].filter(({ pic }) => pic.kind === "host"),
    power: vm.power.observed,
    button: vm.power.buttons().length > 0,
    ram: vm.ram.ranges.length > 0,
    ramStarts: vm.ram.ranges.map(({ start }) => start),
  };
}

function regionsOf(vm: Vm, space: Space): FuzzedRegion[] {
  return vm.spaces[space].regions.flatMap(({ start, length, what }) => {
    if (what.kind !== "vdev" || length === 0n) return [];
    const vdev = vm.vdevs[what.vdev]!;
    const { sizes } = vdev.factory;
    const taken = WIDTHS.filter((width) => sizes === 0 || ((sizes >>> width) & 1) === 1);
    const fitting = taken.filter((width) => BigInt(width) <= length && (space === "memory" || width < 8));
    const widths = fitting.length > 0 ? fitting : [1 as const];
    return [{ space, start, length: Number(length < LENGTH_MAX ? length : LENGTH_MAX), widths, vdev }];
  });
}
