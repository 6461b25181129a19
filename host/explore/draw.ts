import type { AccessWidth, Space } from "../guests/bus.ts";
import type { ScriptStep } from "../guests/script/step.ts";
import { joinHalves } from "../memory/halves.ts";
import { comparedConstants } from "../sandbox/compared-constants.ts";
import type { GuestAccess } from "../vm/begun-access.ts";
import type { Vm } from "../vm/vm.ts";
import type { Random } from "./chooser.ts";
import type { VcpuStep, Workload } from "./workload.ts";

/** Registers of a region that are tried: those at its beginning. */
const REGISTERS = 64;
/**
 * What schedules are like; each is drawn with a few registers and values that come again and again, so that vCPUs meet, and
 * each in another way: what one kind never comes to, another does (Groce et al., Swarm Testing, ISSTA 2012).
 */
const ACCESSES_MOST = [4, 4, 4, 4, 8, 16];
const FOCUS_MOST = [1, 2, 2, 3, 3, 4, 6];
/** Places of a workload of one access each. */
const SMALL_FOCUS = 3;
const VALUES_MOST = [1, 2, 4, 8];
/** Of four accesses. */
const READS = [1, 2, 2, 3];
/** The same for accesses behind a way that is known: all may be drawn from what takes few accesses more. */
const BEHIND_MOST = 3;
const FOCUS_BEHIND = [1, 1, 2, 3];
/** One way in so many is gone with some of its accesses left out. */
const LEAVES_EVERY = 8;
/** One register, or value, in so many is one that was there on the way. */
const AGAIN_EVERY = 3;
/** Constants of the modules that are kept: what they compare with. */
const CONSTANTS = 256;
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

/** What the accesses of one schedule are drawn from. */
interface Style {
  readonly focus: readonly Target[];
  readonly value: () => number;
  readonly isRead: () => boolean;
}

/** A workload in which one vCPU goes a way that is known first. */
export interface WayOn {
  readonly workload: Workload;
  readonly first: number;
  /** Accesses of that way. */
  readonly before: number;
}

/** Draws what vCPUs do in a schedule: few accesses of few registers, of those that answer. */
export class WorkloadDrawer {
  readonly #targets: readonly Target[];
  readonly #byAddress = new Map<string, Target>();
  readonly #cpus: number;
  /** What the modules compare with, as far as a guest can write it. */
  readonly constants: readonly number[];

  /** @param vm as `assembleVm` leaves it */
  constructor(vm: Vm, cpus: number) {
    this.#cpus = cpus;
    this.#targets = (["memory", "io"] as const).flatMap((space) => targetsOf(vm, space));
    this.constants = constantsOf(vm);
    for (const target of this.#targets) this.#byAddress.set(keyOf(target.space, target.address), target);
  }

  /** Whether there is anything to access. */
  get isEmpty(): boolean {
    return this.#targets.length === 0;
  }

  draw(random: Random): Workload {
    const most = random.pick(ACCESSES_MOST);
    const style = this.#style(random, this.#focus(random, random.pick(FOCUS_MOST)), this.#values(random));
    return this.#workload(random, style, () => random.below(most + 1));
  }

  /** One access of each vCPU. */
  drawSmall(random: Random): Workload {
    if (this.isEmpty) return { vcpus: [], outside: [] };
    const style: Style = {
      focus: this.#focus(random, 1 + random.below(SMALL_FOCUS)),
      value: () => (random.below(4) === 0 ? random.next() : random.pick(VALUES)),
      isRead: () => random.below(2) === 0,
    };
    return this.#workload(random, style, () => 1);
  }

  /**
   * One vCPU goes a way that is known, most often as it is, and then all make a few accesses.
   * @param change of those
   */
  drawBehind(way: readonly VcpuStep[], random: Random, change: (behind: Workload) => Workload): WayOn {
    const first = random.below(this.#cpus);
    const leaves = random.below(LEAVES_EVERY) === 0;
    const begun = way.filter(() => !leaves || random.below(way.length) !== 0);
    const before = begun.map(({ step, access }) => ({ step, access: { ...access, vcpu: first } }));
    const behind = change(this.behind(begun, random));
    const vcpus = behind.vcpus.map((steps, vcpu) => (vcpu === first ? [...before, ...steps] : steps));
    return { workload: { vcpus, outside: [] }, first, before: before.length };
  }

  /** A few accesses of each vCPU, for where a way has come to. */
  behind(way: readonly VcpuStep[], random: Random): Workload {
    return this.#workload(random, this.#behind(way, random), () => random.below(BEHIND_MOST + 1));
  }

  /** What was accessed and written comes again more often than by chance. */
  #behind(begun: readonly VcpuStep[], random: Random): Style {
    const known = begun.flatMap(({ access: { space, lo, hi } }) => {
      const target = this.#byAddress.get(keyOf(space, joinHalves(lo, hi)));
      return target === undefined ? [] : [target];
    });
    const written = begun.flatMap(({ access: { op, valueLo } }) => (op === "write" ? [valueLo] : []));
    const again = <T>(one: T, others: readonly T[]): T =>
      others.length > 0 && random.below(AGAIN_EVERY) === 0 ? random.pick(others) : one;
    const focus = this.#focus(random, random.pick(FOCUS_BEHIND)).map((target) => again(target, known));
    return this.#style(
      random,
      focus,
      this.#values(random).map((value) => again(value, written)),
    );
  }

  #focus(random: Random, count: number): Target[] {
    return Array.from({ length: this.isEmpty ? 0 : count }, () => this.#target(random));
  }

  #values(random: Random): number[] {
    return Array.from({ length: random.pick(VALUES_MOST) }, () => this.#value(random));
  }

  #style(random: Random, focus: readonly Target[], values: readonly number[]): Style {
    const reads = random.pick(READS);
    return { focus, value: () => random.pick(values), isRead: () => random.below(4) < reads };
  }

  #workload(random: Random, style: Style, accesses: () => number): Workload {
    if (this.isEmpty) return { vcpus: [], outside: [] };
    const vcpus = Array.from({ length: this.#cpus }, (_, vcpu) =>
      Array.from({ length: accesses() }, () => this.#step(random, style, vcpu)),
    );
    return { vcpus, outside: [] };
  }

  #value(random: Random): number {
    const kind = random.below(4);
    if (kind === 0) return random.next();
    if (kind === 1 && this.constants.length > 0) {
      const beside = random.below(8) === 0 ? random.below(3) - 1 : 0;
      return (random.pick(this.constants) + beside) >>> 0;
    }
    return random.pick(VALUES);
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

  #step(random: Random, style: Style, vcpu: number): VcpuStep {
    const { space, address, width, refusedReads, refusedWrites } = random.pick(style.focus);
    const reads = refusedWrites >= REFUSED || (refusedReads < REFUSED && style.isRead());
    const value = reads ? 0 : cut(style.value(), width);
    return stepOf({ op: reads ? "read" : "write", space, address, width, value, vcpu });
  }

  /** An access was refused: it is made less often. */
  refused({ op, space, lo, hi }: GuestAccess): void {
    const target = this.#byAddress.get(keyOf(space, joinHalves(lo, hi)));
    if (target === undefined) return;
    if (op === "read") target.refusedReads++;
    else target.refusedWrites++;
  }
}

function constantsOf({ instances }: Vm): number[] {
  const all = new Set(instances.flatMap(({ module }) => comparedConstants(module.wasm)));
  return [...all]
    .filter((value) => value <= 0xffff_ffffn)
    .slice(0, CONSTANTS)
    .map(Number);
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
