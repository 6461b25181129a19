import { UserError } from "../errors.ts";
import { parseScript } from "../guests/script/parse-script.ts";
import { joinHalves } from "../memory/halves.ts";
import type { Vm } from "../vm/vm.ts";
import type { Random } from "./chooser.ts";
import { type VcpuStep, type Workload, workloadOf } from "./workload.ts";

/** What a guest does to reset its device: accesses that one vCPU makes in this order, others may come in between. */
export type Reset = readonly VcpuStep[];

/** A reset is part of one schedule in so many. */
const EVERY = 2;

/**
 * @param lines each an access as in a script, `writel 0x10000010 1`
 * @throws UserError for what is no access
 */
export function parseReset(lines: readonly string[]): Reset {
  const steps = parseScript(lines.join("\n"), "--reset");
  for (const { kind, place } of steps) {
    if (kind !== "read" && kind !== "write")
      throw new UserError("a reset is made of accesses of one width, as `writel 0x10000010 1`", place);
  }
  return workloadOf(steps, 1).vcpus[0]!;
}

/** @throws UserError for an access that goes where no vdev is */
export function checkReset(reset: Reset, { spaces }: Vm): void {
  for (const { access, step } of reset) {
    const address = joinHalves(access.lo, access.hi);
    const isThere = spaces[access.space].regions.some(
      ({ start, length, what }) => what.kind === "vdev" && address >= start && address < start + length,
    );
    if (!isThere) throw new UserError(`no vdev is at 0x${address.toString(16)}`, step.place);
  }
}

/**
 * The workload, or the same with the guest resetting the device: any vCPU, before, between or behind its accesses. What a
 * script expects is not expected with a reset in it.
 */
export function maybeReset(workload: Workload, reset: Reset, random: Random): Workload {
  if (reset.length === 0 || random.below(EVERY) !== 0) return workload;
  const which = random.below(workload.vcpus.length);
  const at = random.below(workload.vcpus[which]!.length + 1);
  const inserted = reset.map(({ access, step }) => ({ step, access: { ...access, vcpu: which } }));
  const vcpus = workload.vcpus.map((steps, vcpu) => {
    const unexpected = steps.map(({ access, step }) => ({ access, step }));
    return vcpu === which ? unexpected.toSpliced(at, 0, ...inserted) : unexpected;
  });
  return { ...workload, vcpus };
}
