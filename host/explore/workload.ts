import { UserError } from "../errors.ts";
import { formatStep } from "../guests/script/format-step.ts";
import { parseScript } from "../guests/script/parse-script.ts";
import type { Expectation, ScriptStep } from "../guests/script/step.ts";
import { accessOf } from "../guests/script/together.ts";
import type { GuestBytes } from "../memory/undecided-memory.ts";
import type { GuestAccess } from "../vm/begun-access.ts";

/** One access of a vCPU, and what its script expects of it. */
export interface VcpuStep {
  readonly access: GuestAccess;
  readonly step: ScriptStep;
  readonly expectation?: ScriptStep & { readonly kind: "expect"; readonly expectation: Expectation };
}

/** What a script does that no vCPU does. */
export type OutsideStep = Extract<
  ScriptStep,
  { readonly kind: "control" | "pulse" | "input" | "flow" | "power" | "irqAct" | "clockStep" }
>;

/** What the guest does in a schedule: each vCPU its accesses in their order, and what comes from outside in its order. */
export interface Workload {
  /** What the guest has written to its memory before its first access. */
  readonly memory?: readonly GuestBytes[];
  readonly vcpus: readonly (readonly VcpuStep[])[];
  readonly outside: readonly OutsideStep[];
}

/** Accesses of one vCPU in a schedule. */
const ACCESSES_MAX = 10_000;

/**
 * The workload of a script: accesses by the `vcpu` they come from. What stands between accesses of different vCPUs says
 * nothing about their order: that is what is searched.
 * @throws UserError for what makes no sense without an order
 */
export function workloadOf(steps: readonly ScriptStep[], cpus: number): Workload {
  const vcpus: VcpuStep[][] = Array.from({ length: cpus }, () => []);
  const outside: OutsideStep[] = [];
  const memory: GuestBytes[] = [];
  let vcpu = 0;
  const fill = (step: ScriptStep, address: bigint, bytes: Uint8Array): void => {
    if (vcpus.some((list) => list.length > 0)) {
      throw new UserError(
        "explore fills guest memory before the first access: write this above, or as writel and its kin",
        step.place,
      );
    }
    memory.push({ address, bytes });
  };
  const add = (step: ScriptStep): void => {
    switch (step.kind) {
      case "vcpu":
        if (step.vcpu >= cpus) {
          throw new UserError(`there is no vCPU ${step.vcpu}: the VM has ${cpus}; --vcpus N gives it more`, step.place);
        }
        vcpu = step.vcpu;
        return;
      case "repeat":
        for (let i = 0; i < step.count; i++) for (const inner of step.body) add(inner);
        return;
      case "together":
        for (const inner of step.body) add(inner);
        return;
      case "read":
      case "write": {
        const list = vcpus[vcpu]!;
        if (list.length >= ACCESSES_MAX)
          throw new UserError(
            `more than ${ACCESSES_MAX} accesses of vCPU ${vcpu}: a search needs short scripts`,
            step.place,
          );
        list.push({ access: accessOf(step, vcpu), step });
        return;
      }
      case "writeBytes":
        fill(step, step.address, step.bytes);
        return;
      case "memset":
        fill(step, step.address, new Uint8Array(step.size).fill(step.byte));
        return;
      case "expect":
        expect(step, vcpus[vcpu]!);
        return;
      case "control":
        if (step.what === "terminate") return; // every schedule ends with it
        outside.push(step);
        return;
      case "pulse":
      case "input":
      case "flow":
      case "power":
      case "irqAct":
      case "clockStep":
        outside.push(step);
        return;
      case "print":
        return;
      default:
        throw new UserError(
          "explore makes accesses of one width one by one: write readl and its kin instead",
          step.place,
        );
    }
  };
  for (const step of steps) add(step);
  return { ...(memory.length > 0 && { memory }), vcpus, outside };
}

function expect(step: Extract<ScriptStep, { kind: "expect" }>, list: VcpuStep[]): void {
  const last = list.at(-1);
  const { kind } = step.expectation;
  if (last === undefined || last.expectation !== undefined || kind === "irq" || kind === "bytes" || kind === "stop") {
    throw new UserError(
      "explore checks `expect VALUE`, `expect VALUE/MASK`, `expect ok` and `expect error`, once behind an access of the same vCPU",
      step.place,
    );
  }
  list[list.length - 1] = { ...last, expectation: step };
}

/** The workload as a script that `parseWorkload` reads. */
export function formatWorkload({ memory = [], vcpus, outside }: Workload): string {
  const lines = memory.map(({ address, bytes }) => formatStep({ kind: "writeBytes", address, bytes }));
  for (const [vcpu, list] of vcpus.entries()) {
    if (list.length === 0) continue;
    lines.push(`vcpu ${vcpu}`);
    for (const { step, expectation } of list) {
      lines.push(formatStep(step));
      if (expectation !== undefined) lines.push(formatStep(expectation));
    }
  }
  lines.push(...outside.map(formatStep));
  return lines.map((line) => `${line}\n`).join("");
}

/** @throws UserError for a text that is no script */
export function parseWorkload(text: string, file: string, cpus: number): Workload {
  return workloadOf(parseScript(text, file), cpus);
}
