import { type Finding, type StackFrame, StopModule, type VdevName } from "../gate/finding.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { stackOf } from "../sandbox/stack.ts";
import { chargeHostWork, FINDING_WORK } from "./host-work.ts";
import { formatLocation } from "./location.ts";
import type { Vm } from "./vm.ts";

/** Findings kept in full; further ones are only counted. */
const KEPT = 1000;
/** Findings of one rule, call and vdev whose places are looked up; a stack costs far more than a call. */
const PLACES = 100;

/** A finding without what the VM adds: where it happened, and whom it concerns. */
export type Remark = Pick<Finding, "severity" | "rule" | "message" | "advice"> &
  Partial<Pick<Finding, "call" | "reason" | "accesses">> & {
    /** The error whose stack says where; the place of this call unless given. */
    readonly stackOf?: Error;
    /** Other places, with an error made at each where there is one. */
    readonly also?: readonly { readonly what: string; readonly stackOf?: Error | undefined }[];
  };

/** All that vdevs did wrong in one VM. The same at the same place and in the same callback is told once and counted. */
export class Findings {
  readonly #vm: Vm;
  readonly #all: Finding[] = [];
  readonly #counts = new Map<string, number>();
  /** Findings so far by rule, call and vdev. */
  readonly #kinds = new Map<string, number>();
  #total = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** In the order they happened; equal ones once. */
  get all(): readonly Finding[] {
    return this.#all;
  }

  get total(): number {
    return this.#total;
  }

  count(severity: Finding["severity"]): number {
    return this.#all.filter((finding) => finding.severity === severity).length;
  }

  /** How often a finding was made. */
  times(finding: Finding): number {
    return this.#counts.get(keyOf(finding)) ?? 0;
  }

  /** Forgets all: another run begins. */
  clear(): void {
    this.#all.length = 0;
    this.#counts.clear();
    this.#kinds.clear();
    this.#total = 0;
    this.#vm.races?.tellAgain();
  }

  /** Adds what the VM knows, and keeps and announces the finding. */
  record(instance: ModuleInstance, remark: Remark): Finding {
    const { stackOf: error, also, ...facts } = remark;
    const situation = this.#vm.context.situation();
    const vdev = this.#vm.vdevs[situation.vdev];
    const stops =
      remark.severity === "fault" ||
      // A race is what a search looks for: the module goes on under either policy.
      (remark.severity === "violation" && remark.rule !== "race" && this.isStrict(situation.vdev));
    const isFrequent = this.#isFrequent(remark, situation.vdev, stops);
    const finding: Finding = {
      ...facts,
      situation,
      vdev: vdev === undefined ? undefined : this.nameOf(situation.vdev),
      module: instance.module.file,
      stack: isFrequent ? [] : this.stackAt(error),
      ...(also !== undefined && {
        also: also.map(({ what, stackOf }) => ({ what, stack: stackOf === undefined ? [] : this.stackAt(stackOf) })),
      }),
      affected: stops ? instance.vdevs.map((index) => this.#vm.vdevs[index]!.name) : [],
    };
    this.#total++;
    if (isFrequent) return finding;
    const key = keyOf(finding);
    const seen = this.#counts.get(key) ?? 0;
    this.#counts.set(key, seen + 1);
    if (seen > 0 || this.#all.length >= KEPT) return finding;
    this.#all.push(finding);
    this.#vm.emit({ kind: "finding", finding });
    return finding;
  }

  /** Records, and stops the module when a documented rule was broken under `strict`. */
  report(instance: ModuleInstance, remark: Remark): void {
    chargeHostWork(this.#vm, instance, FINDING_WORK);
    const finding = this.record(instance, remark);
    if (finding.severity === "violation" && this.isStrict(finding.situation.vdev)) throw new StopModule(finding);
  }

  nameOf(index: number): VdevName {
    const vdev = this.#vm.vdevs[index]!;
    return { name: vdev.name, type: vdev.type, location: formatLocation(vdev) };
  }

  /** Whether a broken documented rule stops this vdev's module instance. */
  isStrict(vdev: number): boolean {
    return (this.#vm.vdevs[vdev]?.policy ?? this.#vm.plan.policy) === "strict";
  }

  /** Whether this kind of finding was made so often that its place is no longer looked up. */
  #isFrequent(remark: Remark, vdev: number, stops: boolean): boolean {
    const kind = `${remark.severity}|${remark.rule}|${remark.call?.name}|${vdev}`;
    const seen = (this.#kinds.get(kind) ?? 0) + 1;
    this.#kinds.set(kind, seen);
    return seen > PLACES && !stops;
  }

  /** Frames of the vdevs in the stack of an error made in a call to the host; of this very moment without one. */
  stackAt(error: Error | undefined): readonly StackFrame[] {
    const place = error ?? this.#vm.threads?.placeOfCall();
    return stackOf(place, (id) => this.#vm.instances.find((instance) => instance.module.id === id)?.module);
  }
}

function keyOf(finding: Finding): string {
  const frame = finding.stack[0];
  const where = frame === undefined ? "" : `${frame.file}:${frame.line}:${frame.column}:${frame.function}`;
  const { callback, phase } = finding.situation;
  const what = finding.call?.name ?? finding.message;
  return [finding.severity, finding.rule, what, where, finding.vdev?.name, callback, phase].join("|");
}
