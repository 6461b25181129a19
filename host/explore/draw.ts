import type { AccessWidth, Space } from "../guests/bus.ts";
import type { ScriptStep } from "../guests/script/step.ts";
import { joinHalves } from "../memory/halves.ts";
import type { GuestAccess } from "../vm/begun-access.ts";
import type { Vm } from "../vm/vm.ts";
import type { Random } from "./chooser.ts";
import type { VcpuStep, Workload } from "./workload.ts";

/** Registers of a region that are tried: those at its beginning. */
const REGISTERS = 64;
/** Accesses of one vCPU in one schedule, at most. */
const ACCESSES = 4;
/** Places of one schedule: few, so that vCPUs meet. */
const FOCUS = 3;
/** A place that was refused so often is tried only now and then. */
const REFUSED = 3;
const REFUSED_EVERY = 16;
const VALUES = [0, 1, 2, 3, 4, 0x10, 0x7f, 0xff, 0x8000_0000, 0xffff_ffff];

/** A register that vCPUs can meet in. */
interface Target {
  readonly space: Space;
  readonly address: bigint;
  readonly width: AccessWidth;
  refusedReads: number;
  refusedWrites: number;
}

/** Draws what vCPUs do in a schedule: few accesses of few registers, of those that answer. */
export class WorkloadDrawer {
  readonly #targets: readonly Target[];
  readonly #byAddress = new Map<string, Target>();
  readonly #cpus: number;

  /** @param vm as `assembleVm` leaves it */
  constructor(vm: Vm, cpus: number) {
    this.#cpus = cpus;
    this.#targets = (["memory", "io"] as const).flatMap((space) => targetsOf(vm, space));
    for (const target of this.#targets) this.#byAddress.set(keyOf(target.space, target.address), target);
  }

  /** Whether there is anything to access. */
  get isEmpty(): boolean {
    return this.#targets.length === 0;
  }

  draw(random: Random): Workload {
    return this.#draw(random, () => random.below(ACCESSES + 1));
  }

  /** One access of each vCPU. */
  drawSmall(random: Random): Workload {
    return this.#draw(random, () => 1);
  }

  #draw(random: Random, accesses: () => number): Workload {
    if (this.isEmpty) return { vcpus: [], outside: [] };
    const focus = Array.from({ length: 1 + random.below(FOCUS) }, () => this.#target(random));
    const vcpus = Array.from({ length: this.#cpus }, (_, vcpu) =>
      Array.from({ length: accesses() }, () => this.#step(random, random.pick(focus), vcpu)),
    );
    return { vcpus, outside: [] };
  }

  #target(random: Random): Target {
    // Devices have their registers at the beginning; half of the draws are among the first few.
    const few = Math.min(this.#targets.length, 8);
    for (;;) {
      const target = this.#targets[random.below(random.below(2) === 0 ? few : this.#targets.length)]!;
      const isRefused = target.refusedReads >= REFUSED && target.refusedWrites >= REFUSED;
      if (!isRefused || random.below(REFUSED_EVERY) === 0) return target;
    }
  }

  #step(random: Random, target: Target, vcpu: number): VcpuStep {
    const { space, address, width } = target;
    const reads = target.refusedWrites >= REFUSED || (target.refusedReads < REFUSED && random.below(2) === 0);
    const value = reads ? 0 : random.below(4) === 0 ? random.next() : random.pick(VALUES);
    return stepOf({ op: reads ? "read" : "write", space, address, width, value: cut(value, width), vcpu });
  }

  /** An access was refused: it is made less often. */
  refused({ op, space, lo, hi }: GuestAccess): void {
    const target = this.#byAddress.get(keyOf(space, joinHalves(lo, hi)));
    if (target === undefined) return;
    if (op === "read") target.refusedReads++;
    else target.refusedWrites++;
  }
}

function targetsOf(vm: Vm, space: Space): Target[] {
  return vm.spaces[space].regions.flatMap(({ start, length, what }) => {
    if (what.kind !== "vdev") return [];
    const width = widthOf(vm.vdevs[what.vdev]!.factory.sizes, length);
    const count = Math.min(REGISTERS, Number(length) / width);
    return Array.from({ length: Math.floor(count) }, (_, i) => ({
      ...{ space, address: start + BigInt(i * width), width },
      ...{ refusedReads: 0, refusedWrites: 0 },
    }));
  });
}

/** The width most registers have, of those the vdev takes. */
function widthOf(sizes: number, length: bigint): AccessWidth {
  const allowed = ([4, 1, 2, 8] as const).filter((width) => sizes === 0 || ((sizes >>> width) & 1) === 1);
  return allowed.find((width) => BigInt(width) <= length) ?? 1;
}

function cut(value: number, width: AccessWidth): number {
  return width >= 4 ? value : value & (2 ** (8 * width) - 1);
}

function keyOf(space: Space, address: bigint): string {
  return `${space} ${address}`;
}

function stepOf(access: {
  readonly op: "read" | "write";
  readonly space: Space;
  readonly address: bigint;
  readonly width: AccessWidth;
  readonly value: number;
  readonly vcpu: number;
}): VcpuStep {
  const { op, space, address, width, value, vcpu } = access;
  const place = { file: "<drawn>", line: 1 };
  const step: ScriptStep =
    op === "read"
      ? { kind: "read", space, width, address, place }
      : { kind: "write", space, width, address, value: BigInt(value), place };
  return {
    step,
    access: {
      op,
      space,
      width,
      vcpu,
      lo: Number(BigInt.asUintN(32, address)),
      hi: Number(BigInt.asUintN(32, address >> 32n)),
      valueLo: value,
      valueHi: 0,
    },
  };
}
