import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "./vm.ts";

/**
 * How much memory modules take while their guest runs: `set vdevbox-growth`, and a fuzzer that makes a guest do the same
 * again and again. No page forbids it, but a device that takes some at each reset fails on a target that runs for months.
 * Seen in modules that tell when their memory grows, which those are that are watched or built for fuzzing.
 */
export class Growth {
  /** Bytes a module may take from the start of the guest on; undefined: as many as its memory has. */
  limit: number | undefined;
  readonly #vm: Vm;
  readonly #before = new Map<ModuleInstance, number>();

  constructor(vm: Vm) {
    this.#vm = vm;
    this.limit = vm.plan.growth;
  }

  /** What vdevs have from here on is counted. */
  guestStarts(): void {
    for (const instance of this.#vm.instances) this.#before.set(instance, instance.bytes.length);
  }

  /** A module's memory has just grown. */
  grown(instance: ModuleInstance): void {
    const before = this.#before.get(instance);
    if (this.limit === undefined || before === undefined || instance.bytes.length - before <= this.limit) return;
    this.#vm.findings.report(instance, {
      severity: "warning",
      rule: "memory-growth",
      message: `the module took more than ${this.limit / 1024} KiB of memory after its guest had started`,
      advice: "Take memory at startup and use it again: what each reset or request takes anew is never given back.",
    });
  }
}
