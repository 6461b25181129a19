import { CALLBACKS } from "../../abi/definition/schema.ts";
import { CALLBACK } from "../gate/situation.ts";
import type { Space } from "../guests/bus.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { defaultPasses } from "../sandbox/passes/instrument.ts";
import type { VmEvent } from "../vm/events.ts";
import type { VmPlan } from "../vm/plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";
import { FUZZ_HOST_WORK, FUZZ_STEPS } from "./fuzz-vm.ts";

/** What an activation was for: an access of a register, or another callback. */
export type CostSite =
  | {
      readonly kind: "access";
      readonly vdev: Vdev;
      readonly space: Space;
      readonly offset: number;
      readonly width: number;
      readonly op: "read" | "write";
    }
  | { readonly kind: "callback"; readonly vdev: Vdev; readonly callback: string };

/** What the most expensive activation of a site took. */
export interface SiteCost {
  readonly site: CostSite;
  /** Steps, as `set vdevbox-steps` counts them. */
  readonly steps: number;
  /** It ran into a limit, of steps or of what the host does for it: no end of it was seen. `steps` is the limit of steps. */
  readonly isOver: boolean;
}

/** A VM that tells how many steps each callback takes. */
export class CostMeter {
  readonly vm: Vm;
  /** The most expensive activations since `clear`, by site. */
  readonly costs = new Map<string, SiteCost>();
  readonly #budget: number;
  /** Findings of the program up to its last access. */
  #findings = 0;

  /** @throws UserError when the VM cannot be made */
  constructor(plan: VmPlan) {
    this.#budget = Math.min(FUZZ_STEPS, plan.limits?.steps ?? FUZZ_STEPS);
    const { restless: _, growth: __, ...rest } = plan;
    const limits = { ...plan.limits, steps: this.#budget, hostWork: FUZZ_HOST_WORK };
    const stack = plan.limits?.stackBytes;
    const passes = defaultPasses({
      startBudget: this.#budget,
      keepsRest: true,
      ...(stack !== undefined && { recursionBytes: stack }),
    });
    this.vm = createVm({ ...rest, limits, races: false }, { fuzz: "edges", passes });
    for (const instance of this.vm.instances) this.#watch(instance);
    this.vm.listener = (event) => this.#hear(event);
  }

  clear(): void {
    this.costs.clear();
    this.#findings = 0;
    for (const { exports } of this.vm.instances) exports.__vdevbox_fuel_rest!.value = -1;
  }

  /** Accesses go through the dispatcher, and everything else through `call`. */
  #watch(instance: ModuleInstance): void {
    const { call } = instance;
    const { context, vdevs } = this.vm;
    const measured: ModuleInstance["call"] = (...args) => {
      const vdev = vdevs[context.vdev];
      const callback = CALLBACKS[context.callback] ?? "none";
      let hasReturned = false;
      try {
        const result = call(...args);
        hasReturned = true;
        return result;
      } finally {
        if (vdev !== undefined && context.callback !== CALLBACK.none && (hasReturned || instance.limit === "fuel")) {
          const steps = hasReturned ? this.#stepsOf(instance) : this.#budget;
          if (steps !== undefined) this.#tell({ kind: "callback", vdev, callback }, steps, !hasReturned);
        }
      }
    };
    (instance as { call: ModuleInstance["call"] }).call = measured;
  }

  #hear(event: VmEvent): void {
    if (event.kind !== "access") return;
    const { space, address, width, op } = event;
    const region = this.vm.spaces[space].regions.find(
      ({ start, length, what }) => what.kind === "vdev" && address >= start && address < start + length,
    );
    if (region?.what.kind !== "vdev") return;
    const vdev = this.vm.vdevs[region.what.vdev]!;
    // A module that has stopped refuses all that comes behind.
    const { all } = this.vm.findings;
    const isOver = all.length > this.#findings && all.at(-1)!.rule === "limit";
    this.#findings = all.length;
    const steps = isOver ? this.#budget : this.#stepsOf(vdev.instance);
    if (steps === undefined) return;
    const offset = Number(address - region.start);
    this.#tell({ kind: "access", vdev, space, offset, width, op }, steps, isOver);
  }

  /** Undefined when no activation has ended since it was asked last. */
  #stepsOf({ exports, fuelBudget }: ModuleInstance): number | undefined {
    const rest = exports.__vdevbox_fuel_rest!;
    const left = rest.value as number;
    rest.value = -1;
    return left < 0 ? undefined : fuelBudget - left;
  }

  #tell(site: CostSite, steps: number, isOver: boolean): void {
    const key = keyOf(site);
    if (steps > (this.costs.get(key)?.steps ?? -1)) this.costs.set(key, { site, steps, isOver });
  }
}

function keyOf(site: CostSite): string {
  if (site.kind === "callback") return `${site.vdev.index} ${site.callback}`;
  return `${site.vdev.index} ${site.space} ${site.offset} ${site.width} ${site.op}`;
}
